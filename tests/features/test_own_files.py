"""Files of Python that make signals of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn.errors import ConfigError, MissingFileError
from churn.features.own import load_signals
from churn.features.signal import Signal

MAKES_ONE = "import churn\nmine = churn.signal('mine', \"Count('orders')\", meaning='m')\n"


def loaded(text: str, name: str = "own.py") -> tuple[Signal, ...]:
    Path(name).write_text(text, encoding="utf-8")
    return load_signals([Path(name)])


def test_a_file_makes_signals() -> None:
    assert [s.name for s in loaded(MAKES_ONE)] == ["mine"]
    text = "import churn\n@churn.signal('w', tables=['orders'], meaning='m')\ndef w(orders, as_of):\n    return None\n"
    assert [s.name for s in loaded(MAKES_ONE + text)] == ["mine", "w"]
    assert load_signals([]) == ()


def test_a_signal_with_two_names_in_a_file_is_one_signal() -> None:
    assert len(loaded(MAKES_ONE + "again = mine\n")) == 1


def test_a_file_may_define_classes() -> None:
    """Data classes with postponed annotations look up their module."""
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    b: int = 3\n"
    assert len(loaded(text + MAKES_ONE.replace("import churn\n", "import churn\n"))) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def", "own.py failed: SyntaxError"),
        ("1 / 0", "own.py failed: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)", "own.py failed: SystemExit"),
        ("import churn\nchurn.signal('x', 'Cuont', meaning='m')", "own.py failed: ConfigError"),
        ("", "own.py makes no signal"),
        ("mine = 3", "own.py makes no signal"),
    ],
)
def test_a_file_that_cannot_be_used(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        loaded(text)
    assert said in str(raised.value)


def test_a_file_that_is_no_python_file() -> None:
    with pytest.raises(ConfigError):
        loaded(MAKES_ONE, "own.txt")


def test_a_file_that_is_not_there() -> None:
    for path in (Path("nowhere.py"), Path()):
        with pytest.raises(MissingFileError, match=r"There is no file .*Correct features\.python"):
            load_signals([path])
