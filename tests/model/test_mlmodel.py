import json
import re

import yaml

from churn.model.mlmodel import LOADER, mlflow_files, requirements, versions
from churn.version import __version__

SIGNALS = [{"name": "recency_days", "categories": []}, {"name": "channel", "categories": ["app", "Ökoladen"]}]


def test_mlmodel_names_the_loader_and_the_columns():
    model = yaml.safe_load(mlflow_files(SIGNALS)["MLmodel"])
    assert model["flavors"]["python_function"]["loader_module"] == LOADER == "churn.model.pyfunc"
    assert [(c["name"], c["type"]) for c in json.loads(model["signature"]["inputs"])] == [
        ("recency_days", "double"),
        ("channel", "any"),
    ]
    assert [c["name"] for c in json.loads(model["signature"]["outputs"])] == ["churn_probability", "log_odds"]


def test_the_example_is_a_row_as_the_server_takes_it():
    example = json.loads(mlflow_files(SIGNALS)["serving_input_example.json"])["dataframe_split"]
    assert example == {"columns": ["recency_days", "channel"], "data": [[0.0, "app"]]}


def test_requirements_pin_what_loading_needs_and_churn_first():
    lines = requirements()
    assert lines[0] == f"churn-signals=={__version__}"
    assert {x.split("==")[0] for x in lines} >= {"churn-signals", "lightgbm", "mlflow", "numpy", "pandas"}
    assert all(re.fullmatch(r"[a-z-]+==\S+", line) for line in lines)
    assert mlflow_files(SIGNALS)["requirements.txt"].splitlines() == lines


def test_a_package_that_is_not_there_has_no_version():
    assert versions(["numpy", "no-such-package-here"])["no-such-package-here"] is None
