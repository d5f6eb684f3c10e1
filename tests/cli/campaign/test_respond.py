"""``churn campaign respond``: a CRM's file, read as it is, once."""

from __future__ import annotations

FILE = """customer,kind,time,detail
C0,Opened,2026-01-06 10:00,
C0,unsubscribed,2026-01-06T10:00:00+02:00,
C6,bought,2026-01-07,
who,clicked,2026-01-07,
,clicked,2026-01-07,
C1,clicked,yesterday,
C1,clicked,2999-01-01,
"""


def test_a_file_is_recorded_once_and_what_is_left_out_is_told(policy, call, tmp_path):
    (tmp_path / "r.csv").write_text(FILE)
    code, out, _ = call("campaign", "respond", policy, "r.csv")
    assert code == 0
    for words in (
        "3 responses are new (1 bought, 1 opened, 1 unsubscribed), 0 were known.",
        "Not to be contacted any more: 1 more.",
        "1 responses came from customers who are held out",
        "1 rows are of customers who are not in this campaign, such as 'who'.",
        "1 rows were set aside: no customer",
        "1 rows were set aside: no time that can be read, such as 'yesterday'.",
        "1 rows were set aside: a time in the future, such as '2999-01-01'.",
    ):
        assert words in out
    _, told, _ = call("campaign", "respond", policy, "r.csv", "--json")
    assert (told["new"], told["known"], told["suppressed"]) == (0, 3, 0)


def test_mistakes_are_told(policy, call, tmp_path):
    (tmp_path / "r.csv").write_text("customer,when\nC0,2026-01-06\n")
    code, _, err = call("campaign", "respond", policy, "r.csv")
    assert code == 1
    assert "lacks the columns kind, time" in err
    assert "There is no file" in call("campaign", "respond", policy, "x.csv")[2]
    (tmp_path / "r.csv").write_text("customer,kind,time\nC0,danced,2026-01-06\n")
    assert "danced" in call("campaign", "respond", policy, "r.csv")[2]
