import pytest

from churn.campaigns.channels.base import DETAIL_LETTERS, Result, settled, short


def test_results_come_back_in_the_batch_s_order(contact):
    batch = [contact("A", "a"), contact("B", "b")]
    results, wrong = settled(batch, [Result("b", "rejected", "no"), Result("a", "sent")])
    assert [(r.key, r.status) for r in results] == [("a", "sent"), ("b", "rejected")]
    assert wrong == []


@pytest.mark.parametrize("answer", [None, 7, "sent", {"a": "sent"}, Result("a", "sent")])
def test_what_is_no_list_of_results_fails_them_all(contact, answer):
    results, wrong = settled([contact("A", "a")], answer)
    assert [r.status for r in results] == ["failed"]
    assert "where a list of results is expected" in wrong[0]


@pytest.mark.parametrize(
    "odd",
    [
        ("a", "sent"),
        Result("a", "done"),
        Result(7, "sent"),
        Result("a", "sent", None),
        Result("a", "sent", "", -1),
        Result("a", "sent", "", float("nan")),
        Result("a", "sent", "", "soon"),
    ],
)
def test_a_result_that_is_none_fails_its_contact_and_no_other(contact, odd):
    results, wrong = settled([contact("A", "a"), contact("B", "b")], [odd, Result("b", "sent")])
    assert [r.status for r in results] == ["failed", "sent"]
    assert wrong == [
        "contacts without a result: 1",
        "results that are no churn.campaigns.Result as it must be: 1",
    ]


def test_missing_foreign_and_contradicting_results(contact):
    batch = [contact("A", "a"), contact("B", "b"), contact("C", "c")]
    answer = [
        Result("a", "sent"),
        Result("a", "failed"),
        Result("b", "sent"),
        Result("b", "sent"),
        Result("z", "sent"),
    ]
    results, wrong = settled(batch, answer)
    assert [r.status for r in results] == ["failed", "sent", "failed"]
    assert "two results" in results[0].detail
    assert wrong == ["contacts without a result: 1", "results for contacts that it was not handed: 1"]


def test_personal_data_are_in_no_representation(contact):
    assert "a@b.example" not in repr(contact(fields={"email": "a@b.example"}))


def test_details_are_one_short_line():
    told = short("a\nb\x1b[31m" + "x" * 1000)
    assert told.startswith("a b [31mx")
    assert len(told) == DETAIL_LETTERS
