from dataclasses import replace

import pytest

from churn.campaigns.uplift.words import verdict


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (
            (500.4, 10.0, 900.0),
            "The uplift model is better and plans use it: contacting 30 % by it brought +500 profit",
        ),
        ((5.0, 0.0, 9.0), "is not shown to be better and plans go on using the save chances"),
        ((5.0, -3.0, 9.0), "is not shown to be better"),
        ((-5.0, -9.0, -1.0), "The uplift model is worse"),
    ],
)
def test_verdict_goes_by_the_lower_end(learned, difference, words):
    assert words in verdict(replace(learned.judgement, difference=difference), money=True)


def test_verdict_names_what_judged_and_the_unit(learned):
    said = verdict(learned.judgement, money=False)
    assert "customers kept per 1,000 customers" in said
    assert "on campaign campaign2, each after what it had learnt from" in said
    many = replace(learned.judgement, campaigns=("a", "b", "c", "d"))
    assert "on campaigns a, b, c and 1 more" in verdict(many, money=True)
