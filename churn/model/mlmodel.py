"""What makes a bundle a model that MLflow can load and serve: an MLmodel file and its kin, as plain text."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from churn.version import __version__

LOADER = "churn.model.pyfunc"
OUTPUTS = ("churn_probability", "log_odds")
_NEEDED = ("lightgbm", "mlflow", "numpy", "pandas", "scipy")


def requirements() -> list[str]:
    """Return what a model needs to be loaded; churn itself is installed from a checkout or a wheel of it."""
    return [f"churn-signals=={__version__}", *(f"{n}=={v}" for n, v in versions(_NEEDED).items() if v)]


def versions(names: Sequence[str]) -> dict[str, str | None]:
    """Return the installed versions of some packages."""
    out: dict[str, str | None] = {}
    for name in names:
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            out[name] = None
    return out


def mlflow_files(signals: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the files that MLflow reads, by name.

    Parameters
    ----------
    signals : sequence of mapping
        Name and categories of each column, in order.

    Returns
    -------
    dict of str to str
        ``MLmodel``, ``requirements.txt``, ``python_env.yaml``, and ``serving_input_example.json``: a feature row
        as ``mlflow models serve`` takes it, made up and not a customer's.
    """
    import yaml

    inputs = [
        {"type": "any" if s["categories"] else "double", "name": s["name"], "required": not s["categories"]}
        for s in signals
    ]
    outputs = [{"type": "double", "name": name, "required": True} for name in OUTPUTS]
    shift = {"name": "shift", "default": 0.0, "shape": None, "type": "double"}
    model = {
        "flavors": {
            "python_function": {
                "env": {"virtualenv": "python_env.yaml"},
                "loader_module": LOADER,
                "python_version": platform.python_version(),
            }
        },
        "mlflow_version": versions(["mlflow"])["mlflow"],
        "signature": {
            "inputs": json.dumps(inputs),
            "outputs": json.dumps(outputs),
            "params": json.dumps([shift]),
        },
    }
    environment = {
        "python": platform.python_version(),
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }
    example = {
        "columns": [s["name"] for s in signals],
        "data": [[s["categories"][0] if s["categories"] else 0.0 for s in signals]],
    }
    return {
        "MLmodel": yaml.safe_dump(model, sort_keys=False, width=1_000_000),
        "requirements.txt": "\n".join(requirements()) + "\n",
        "python_env.yaml": yaml.safe_dump(environment, sort_keys=False),
        "serving_input_example.json": json.dumps({"dataframe_split": example}, ensure_ascii=False) + "\n",
    }
