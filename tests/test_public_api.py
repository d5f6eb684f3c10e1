"""The public names: what is promised, lazily imported, documented in form, explained by examples that run."""

import re
import subprocess
import sys

import pytest
from numpydoc.validate import validate

import churn
import churn.campaigns

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


@pytest.mark.parametrize("name", sorted(churn.campaigns.__all__))
def test_names_of_campaigns_have_numpydoc_form_and_an_example_that_runs(name):
    thing = getattr(churn.campaigns, name)
    where = f"{thing.__module__}.{thing.__qualname__}"
    problems = [p for p in validate(where)["errors"] if p[0] in CHECKED]
    if isinstance(thing, type):
        # Results are made by functions and list attributes; each is named.
        problems = [p for p in problems if p[0] != "PR01"]
        named = {field.split(":")[0] for field in getattr(thing, "__annotations__", {}) if field[0] != "_"}
        problems += [f for f in sorted(named) if not re.search(rf"\b{f}\b.* : |\b{f}, .* : ", thing.__doc__)]
    assert problems == []
    own = [thing, *(v for k, v in vars(thing).items() if isinstance(thing, type) and k[0] != "_")]
    examples = [getattr(getattr(o, "__func__", o), "__doc__", None) or "" for o in own]
    assert any(">>> " in text for text in examples)
    assert not any("+SKIP" in text for text in examples)


def test_no_module_hides_a_public_name_of_campaigns():
    import importlib
    import pkgutil

    for found in pkgutil.walk_packages(churn.campaigns.__path__, "churn.campaigns."):
        if ".migrations." not in found.name:
            importlib.import_module(found.name)
    hidden = [n for n in churn.campaigns.__all__ if type(getattr(churn.campaigns, n)).__name__ == "module"]
    assert hidden == []
