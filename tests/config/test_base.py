import pytest
from pydantic import ValidationError

from churn.config.base import PositiveDays, Settings


class Block(Settings):
    days: PositiveDays = 30


def test_unknown_keys_are_errors_and_values_do_not_change():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Block.model_validate({"day": 3})
    with pytest.raises(ValidationError, match="frozen"):
        Block().days = 4


@pytest.mark.parametrize("value", [True, 0, -1, 3651, "soon"])
def test_what_is_no_number_of_days_is_refused(value):
    with pytest.raises(ValidationError):
        Block(days=value)


@pytest.mark.parametrize("value", [1, 3650])
def test_days_at_both_ends(value):
    assert Block(days=value).days == value
