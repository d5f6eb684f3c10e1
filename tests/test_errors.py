from __future__ import annotations

import pickle

import pytest

from churn import errors
from churn.errors import (
    ChurnError,
    ConfigError,
    DataError,
    MissingFileError,
    ModelError,
    NotEnoughDataError,
    OutputError,
    ParameterError,
)

FAMILY = {
    ConfigError: (ValueError, "config"),
    DataError: (ValueError, "data"),
    ParameterError: (ValueError, "parameter"),
    MissingFileError: (FileNotFoundError, "missing-file"),
    NotEnoughDataError: (ValueError, "not-enough-data"),
    ModelError: (RuntimeError, "model"),
    OutputError: (RuntimeError, "output"),
}


def test_the_family_is_complete():
    classes = {c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, ChurnError)}
    assert classes == {ChurnError, *FAMILY}


@pytest.mark.parametrize("cls", FAMILY)
def test_class_builtin_and_stable_code(cls):
    builtin, code = FAMILY[cls]
    error = cls("It broke", given="7", allowed="1 to 5", fix="Use 3")
    assert isinstance(error, ChurnError)
    assert isinstance(error, builtin)
    assert error.code == code
    assert str(error) == "It broke. Given: 7. Allowed: 1 to 5. Use 3."
    assert (error.what, error.given, error.allowed, error.fix) == ("It broke", "7", "1 to 5", "Use 3")


@pytest.mark.parametrize("cls", FAMILY)
def test_errors_survive_the_way_to_another_process(cls):
    back = pickle.loads(pickle.dumps(cls("It broke", fix="Use 3.", code="special")))
    assert type(back) is cls
    assert (str(back), back.fix, back.code) == ("It broke. Use 3.", "Use 3.", "special")


def test_own_code_does_not_change_the_class():
    assert ConfigError("x", code="special").code == "special"
    assert ConfigError.code == "config"


@pytest.mark.parametrize(
    ("what", "text"), [("a", "a."), ("a.", "a."), ("a!", "a!"), ("a?", "a?"), ("a:", "a:"), (" a ", "a.")]
)
def test_every_part_is_one_sentence(what, text):
    assert str(ChurnError(what)) == text


def test_parts_left_out_or_empty_are_not_mentioned():
    assert str(ChurnError("a", given=None, allowed="", fix=None)) == "a."
