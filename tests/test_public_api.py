"""The public names: what is promised, lazily imported, documented in form, explained by examples that run."""

import subprocess
import sys

import pytest
from numpydoc.validate import validate

import churn

CHECKED = {  # numpydoc checks that every public docstring passes
    "GL01",
    "GL02",
    "GL03",
    "GL05",
    "GL06",
    "GL07",
    "GL08",
    "SS01",
    "SS02",
    "SS03",
    "SS04",
    "PR01",
    "PR02",
    "PR03",
    "PR04",
    "PR05",
    "PR10",
    "RT01",
    "RT03",
    "YD01",
}


def test_all_names_exist_and_nothing_else_is_promised():
    assert sorted(churn.__all__) == sorted(dir(churn))
    for name in churn.__all__:
        assert getattr(churn, name) is not None
    assert len(churn.__all__) <= 36


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'scoer'"):
        _ = churn.scoer


def test_import_is_light():
    code = "import sys, churn; print(sorted(m for m in sys.modules if m.split('.')[0] in ('numpy', 'pandas', 'mlflow', 'lightgbm')))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


@pytest.mark.parametrize("name", sorted(set(churn.__all__) - {"__version__"}))
def test_docstring_has_numpydoc_form(name):
    thing = getattr(churn, name)
    problems = [p for p in validate(f"{thing.__module__}.{thing.__qualname__}")["errors"] if p[0] in CHECKED]
    if name == "History":  # made by load_history and make_history, never by hand: it lists attributes
        problems = [p for p in problems if p[0] != "PR01"]
    assert problems == []


def test_no_module_hides_a_public_name_of_campaigns():
    import importlib
    import pkgutil

    import churn.campaigns

    for found in pkgutil.walk_packages(churn.campaigns.__path__, "churn.campaigns."):
        if ".migrations." not in found.name:
            importlib.import_module(found.name)
    hidden = [n for n in churn.campaigns.__all__ if type(getattr(churn.campaigns, n)).__name__ == "module"]
    assert hidden == []
