"""The id of a run: equal scores of an equal model have an equal one."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd


def run_id(scores: Any) -> str:
    """Return the id of a run: the cutoff, and a hash over the scores and the model.

    Nothing that differs between two equal runs goes into it: no wall-clock time, no folder, no machine.

    Parameters
    ----------
    scores : churn.scoring.Scores
        What a night found; ``model["digest"]`` tells the model.

    Returns
    -------
    str
        Such as ``2025-11-01-3f2a9c41d07b``; fit for the name of a file.
    """
    digest = hashlib.sha256()
    facts = {
        "as_of": scores.as_of,
        "definition": scores.definition,
        "model": scores.model,
        "value": scores.value,
        "retention": scores.retention.to_dict(),
        "listed_because": scores.listed_because,
        "warnings": scores.warnings,
        "currency": scores.currency,
    }
    digest.update(json.dumps(facts, sort_keys=True, default=str).encode())
    for frame in (scores.everyone, scores.at_risk, scores.reasons):
        digest.update(frame_hash(frame))
    return f"{file_name(scores.as_of)}-{digest.hexdigest()[:12]}"


def file_name(as_of: str) -> str:
    """Return a cutoff's local date as part of a file's name.

    Examples
    --------
    >>> file_name("2025-11-01"), file_name("2025-11-01 06:30")
    ('2025-11-01', '2025-11-01T0630')
    """
    return as_of.replace(":", "").replace(" ", "T")


def frame_hash(frame: pd.DataFrame) -> bytes:
    """Return a hash over the values of a frame, whatever the order of its columns and the types of its texts.

    Examples
    --------
    >>> import pandas as pd
    >>> a = pd.DataFrame({"x": [1.0, float("nan")], "y": ["p", None]})
    >>> frame_hash(a) == frame_hash(a[["y", "x"]].astype({"y": "str"})), frame_hash(a) == frame_hash(a[::-1])
    (True, False)
    """
    digest = hashlib.sha256()
    for name in sorted(frame.columns, key=str):
        column = frame[name]
        digest.update(f"{name}\0{len(column)}\0".encode())
        if column.dtype.kind in "iufb":
            values = column.to_numpy()
            if values.dtype.kind == "f":
                values = np.where(np.isnan(values), np.nan, values) + 0.0  # one NaN, one zero
            digest.update(values.dtype.str.encode())
            digest.update(np.ascontiguousarray(values).tobytes())
            continue
        known = column.notna().to_numpy()
        digest.update(known.tobytes())
        texts = pa.array(column[known].astype(str), pa.large_string(), from_pandas=False)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        texts = pa.concat_arrays([texts])  # its buffers begin at the first text
        # Where texts end comes before their letters, so that no letter can stand for the end of a text.
        _, ends, letters = texts.buffers()
        digest.update(np.frombuffer(ends, "<i8")[: len(texts) + 1].tobytes() if ends else b"")
        digest.update(letters or b"")
    return digest.digest()
