import pandas as pd

from churn.report import rows
from churn.report.build import write_report
from churn.report.embed import unpacked
from churn.report.folder import read_night
from churn.report.rows import list_payload, timeline_chunks


def _value(payload, key, row):
    values = payload["data"][key]
    return values[row] if isinstance(values, list) else values["names"][values["codes"][row]]


def test_every_value_of_the_list_comes_back(night):
    read = read_night(night)
    payload = list_payload(read)
    assert payload["n"] == len(read.at_risk)
    for row in (0, 1, 10, 119):
        for name in ("customer", "risk_band", "reason_1", "last_order", "stage"):
            assert _value(payload, name, row) == read.at_risk[name][row]
        assert abs(_value(payload, "churn_probability", row) - read.at_risk["churn_probability"][row]) < 1e-4
    assert payload["data"]["days_overdue"][0] is None  # unknown, not NaN, which JSON has not
    assert payload["facets"] == ["risk_band", "stage", "segment: country"]


def test_reasons_stand_in_the_order_of_the_list_those_that_raise_first(night):
    read = read_night(night)
    shuffled = read.reasons.sample(frac=1, random_state=0)
    shuffled.to_parquet(night / "reasons.parquet", index=False)
    reasons = list_payload(read_night(night))["reasons"]
    for row in (0, 3, 119):
        own = slice(reasons["start"][row], reasons["start"][row + 1])
        told = read.reasons[read.reasons["rank"] == row + 1]
        assert [reasons["texts"][i] for i in reasons["text"][own]] == told["text"].tolist()
        assert [bool(u) for u in reasons["up"][own]] == (told["direction"] == "up").tolist()


def test_ids_that_are_numbers_stay_the_same_digits(night):
    table = read_night(night).at_risk.assign(customer=range(2**53 + 1, 2**53 + 121))
    table.to_parquet(night / "at_risk.parquet", index=False)
    assert list_payload(read_night(night))["data"]["customer"][0] == str(2**53 + 1)


def test_personal_data_are_there_only_when_given(night):
    read = read_night(night)
    assert not any(c.get("personal") for c in list_payload(read)["columns"])
    contact = pd.DataFrame({"customer": read.at_risk["customer"][::-1], "email": "a@example.org"})
    payload = list_payload(read, contact)
    assert [c["label"] for c in payload["columns"] if c.get("personal")] == ["Email"]
    assert _value(payload, "contact: email", 5) == "a@example.org"
    assert payload["n"] == 120


def test_events_of_a_customer_are_found_in_their_packet(nights):
    read = read_night(nights(450))
    packets = [unpacked(p) for p in timeline_chunks(read)]
    assert [p["first"] for p in packets] == [0, 200, 400]
    p = packets[2]
    own = slice(p["start"][30], p["start"][31])  # customer 430
    customer = read.at_risk["customer"][430]
    events = read.timeline[read.timeline["customer"] == customer]
    assert p["time"][own] == events["time"].tolist()
    assert [p["texts"][i] for i in p["text"][own]] == events["text"].tolist()
    assert p["open"][own] == [0, 1, 0]
    assert p["older"][30] == 3


def test_a_customer_without_events_and_an_event_of_nobody_listed(night):
    read = read_night(night)
    events = read.timeline[read.timeline["customer"] != "C000000"]
    stranger = events.head(1).assign(customer="somebody else")
    pd.concat([events, stranger]).to_parquet(night / "timeline.parquet", index=False)
    packet = unpacked(timeline_chunks(read_night(night))[0])
    at = read.at_risk["customer"].tolist().index("C000000")
    assert packet["start"][at] == packet["start"][at + 1]
    assert packet["start"][-1] == 3 * 119


def test_an_empty_list_has_its_columns(nights):
    night = nights(20)
    read_night(night).at_risk.head(0).to_parquet(night / "at_risk.parquet", index=False)
    payload = list_payload(read_night(night))
    assert payload["n"] == 0
    assert payload["reasons"]["start"] == [0]
    assert timeline_chunks(read_night(night)) == []


def test_of_a_very_long_list_the_page_holds_the_beginning_and_says_so(night, monkeypatch, tmp_path):
    whole = write_report(night, tmp_path / "whole.html").read_text(encoding="utf-8")
    assert 'id="cut"' not in whole
    monkeypatch.setattr(rows, "MOST_LISTED", 50)
    read = read_night(night)
    payload = list_payload(read)
    assert (payload["n"], payload["listed"], len(payload["reasons"]["start"])) == (50, 120, 51)
    assert {len(v if isinstance(v, list) else v["codes"]) for v in payload["data"].values()} == {50}
    assert len(timeline_chunks(read)) == 1
    cut = write_report(night, tmp_path / "cut.html").read_text(encoding="utf-8")
    assert (
        "Here are the first 50 of 120 listed customers; at_risk.csv beside this file has all of them" in cut
    )


def test_the_page_holds_as_many_customers_as_a_night_writes_events_for():
    from churn.scoring.night import MOST_TIMELINES

    assert rows.MOST_LISTED == MOST_TIMELINES
