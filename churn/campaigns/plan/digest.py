"""The hash that tells one plan from any other, and the one that tells whether its files are as they were written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def digest_of(customers: pd.DataFrame, policy: dict[str, Any]) -> str:
    """Return a SHA-256 over a plan's customers and its policy; the order of the rows does not matter.

    Parameters
    ----------
    customers : pandas.DataFrame
        As in `churn.campaigns.plan.make.PLAN_COLUMNS`.
    policy : dict
        `Policy.plain`: addresses of databases and webhooks do not count.
    """
    digest = hashlib.sha256(json.dumps(policy, sort_keys=True).encode("utf-8"))
    ids = customers["customer"].astype(str).to_numpy(dtype=object)
    order = np.argsort(ids, kind="stable")
    for name in customers.columns:
        column = customers[name]
        digest.update(f"\0{name}\0".encode())
        if column.dtype.kind in "iufb":
            digest.update(np.ascontiguousarray(column.to_numpy()[order], dtype=np.float64).tobytes())
            continue
        texts = column.astype(str).to_numpy(dtype=object)[order].tolist()
        digest.update(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)).tobytes())
        digest.update("".join(texts).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def seal_of(summary: dict[str, Any], contacts: Path) -> str:
    """Return a SHA-256 over the summary of a plan, its digest included, and over the bytes of its ``contacts.csv``."""
    told = json.dumps(summary, sort_keys=True, default=str).encode("utf-8")
    return hashlib.sha256(told + b"\0" + contacts.read_bytes()).hexdigest()
