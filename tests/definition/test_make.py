import pytest

from churn.definition import Inactivity, make_definition
from churn.errors import ParameterError


def test_what_a_definition_says_of_itself_makes_it_again():
    rule = Inactivity(90, 30, 7)
    assert make_definition(rule.to_dict()) == rule
    assert rule.to_dict() == {"kind": "inactivity", "active_days": 90, "horizon_days": 30, "gap_days": 7}


def test_an_unknown_kind_is_told():
    with pytest.raises(ParameterError, match=r"'silence' is not a kind of churn.*inactivity"):
        make_definition({"kind": "silence"})
