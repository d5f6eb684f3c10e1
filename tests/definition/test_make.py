import json

import pytest

from churn.definition import Inactivity, LabelTable, LeavingEvent, Subscription, make_definition
from churn.errors import ParameterError


def test_what_a_definition_says_of_itself_makes_it_again():
    rule = Inactivity(90, 30, 7)
    assert make_definition(rule.to_dict()) == rule
    assert rule.to_dict() == {"kind": "inactivity", "active_days": 90, "horizon_days": 30, "gap_days": 7}


def test_an_unknown_kind_is_told():
    with pytest.raises(ParameterError, match=r"'silence' is not a kind of churn.*inactivity"):
        make_definition({"kind": "silence"})


@pytest.mark.parametrize(
    "rule",
    [
        Subscription(60, 7, 10, ("end", "expired")),
        LeavingEvent(90, 30, table="tickets", left_when=("goodbye",), active_in="interactions"),
        LabelTable(90, 30, 7),
    ],
)
def test_every_kind_survives_json(rule):
    assert make_definition(json.loads(json.dumps(rule.to_dict()))) == rule
