"""An oracle: numbers are read out of the sentences and computed again from the raw tables."""

import re

import numpy as np
import pandas as pd
import pytest

from churn.features.compute import feature_matrix
from churn.model.explain import explain_rows
from churn.model.reasons.words import Setting

DAY = pd.Timedelta(1, "D")


@pytest.fixture(scope="module")
def told(history, shop, definition, model):
    """Sentences of all customers, each topic pushed up and pushed down, with the raw tables as of the cutoff."""
    t = definition.last_mature_cutoff(history)
    view = history.as_of(t)
    population = definition.population(view)
    X = feature_matrix(view, population, model.signals)
    setting = Setting(model.signals, t, history.timezone)
    sentences = []
    for sign in (1.0, -1.0):
        C = np.full((len(X), X.shape[1] + 1), sign)
        for e in explain_rows(setting, X, C, customers=history.customers[population], whole=True):
            sentences += [(e.customer, p.text) for p in e.pushes if p.text]
    now = pd.Timestamp(t, unit="us", tz="UTC")
    tables = {
        k: v[v["opened" if k == "tickets" else "time"] < now]
        for k, v in shop.tables().items()
        if k != "customers"
    }
    return sentences, now, {k: dict(list(v.groupby("customer"))) for k, v in tables.items()}


def checked(told, pattern, check, least=5):
    sentences, now, tables = told
    found = [(c, m) for c, text in sentences if (m := re.fullmatch(pattern, text))]
    assert len(found) >= least, pattern
    for customer, match in found:
        check(now, {k: v.get(customer) for k, v in tables.items()}, match)


def gaps(orders):
    days = orders["time"].dt.floor("D").drop_duplicates().sort_values()
    return days.diff().dropna() / DAY


def rounds(value, text):
    assert abs(float(text.replace(",", "")) - value) <= 0.5 + 1e-9


def test_silence_and_usual_gap(told):
    def check(now, rows, m):
        rounds(gaps(rows["orders"]).mean(), m[1] or "1")
        silent = (now - rows["orders"]["time"].max()) / DAY
        rounds(silent, m[2])
        assert bool(m[3]) == (silent > gaps(rows["orders"]).max())
        assert len(gaps(rows["orders"])) >= 3

    checked(
        told, r"Ordered every (?:(\d+) )?days?, now silent for (\d+) days?(, longer than ever before)?", check
    )


def test_few_orders(told):
    def check(now, rows, m):
        assert rows["orders"]["time"].dt.floor("D").nunique() == int(m[1])
        rounds(gaps(rows["orders"]).mean(), m[2])
        rounds((now - rows["orders"]["time"].max()) / DAY, m[3])

    checked(
        told, r"Only (\d) days with orders so far, (\d+) days? apart; the last was (\d+) days? ago", check
    )


def test_one_order(told):
    def check(now, rows, m):
        assert len(gaps(rows["orders"])) == 0
        assert (len(rows["orders"]) == 1) == (m[1] == "once")
        rounds((now - rows["orders"]["time"].max()) / DAY, m[2])

    checked(told, r"Ordered (once|on a single day), (\d+) days? ago, and not again; .*", check)


def in_days(rows, now, days, until=0):
    return rows[(rows["time"] >= now - days * DAY) & (rows["time"] < now - until * DAY)]


def test_pace_of_orders(told):
    def check(now, rows, m):
        orders = rows["orders"]
        assert len(in_days(orders, now, 90)) == (0 if m[1] == "no" else int(m[1]))

    checked(told, r"(no|\d+) orders? in the last 90 days (?:instead of|, more than) the usual .*", check, 0)
    checked(told, r"(\d+) orders? in the last 90 days(?:,| instead) .*", check)


def test_spend(told):
    def check(now, rows, m):
        spent = in_days(rows["orders"], now, 90)["amount"].sum()
        assert float(m[1].replace(",", "")) == pytest.approx(spent, abs=0.51 if spent >= 100 else 0.006)

    checked(told, r"Spent ([\d,.]+) in the last 90 days(?:,| instead) .*usual .*", check)


def test_spend_of_the_year(told):
    def check(now, rows, m):
        spent = in_days(rows["orders"], now, 365)["amount"].sum()
        assert float(m[1].replace(",", "")) == pytest.approx(spent, abs=0.51 if spent >= 100 else 0.006)

    checked(told, r"Spent ([\d,.]+) in the last 365 days.*", check)


def test_unanswered_complaints_and_their_dates(told):
    def check(now, rows, m):
        t = rows["tickets"]
        answered = t[["first_reply", "resolved"]].min(axis=1)
        waiting = t[t["is_complaint"].astype(bool) & ~(answered < now)]
        oldest = waiting["opened"].min()
        assert m[1] == f"{oldest.day} {oldest.month_name()} {oldest.year}"
        rounds((now - oldest) / DAY, m[2])

    checked(told, r"Complaint of (\d+ \w+ \d{4}) unanswered for (\d+) days?.*", check)


def test_no_order_since_a_complaint(told):
    def check(now, rows, m):
        last = rows["tickets"][rows["tickets"]["is_complaint"].astype(bool)]["opened"].max()
        assert m[1] == f"{last.day} {last.month_name()} {last.year}"
        assert not (rows["orders"]["time"] > last).any()

    checked(told, r"No order since the complaint of (\d+ \w+ \d{4}), .*", check)


def test_orders_since_a_complaint(told):
    def check(now, rows, m):
        opened = rows["tickets"][rows["tickets"]["is_complaint"].astype(bool)]["opened"]
        same_day = opened[opened.dt.strftime("%Y-%m-%d") == f"{pd.Timestamp(m[2]):%Y-%m-%d}"]
        count = (rows["orders"]["time"] > same_day.max()).sum()
        assert {"once": 1, "twice": 2}.get(m[1]) == count or m[1] == f"{count} times"

    checked(told, r"Ordered (.*) since the complaint of (\d+ \w+ \d{4})", check)


def test_contacts_before_the_silence(told):
    def check(now, rows, m):
        seen = rows["interactions"]
        silent = (now - seen["time"].max()) / DAY
        rounds(silent, m[1])
        window = int(m[1]) + int(m[3])
        assert window in (90, 180)
        assert len(in_days(seen, now, window)) == int(m[2])

    pattern = r"No contact(?: beside orders)? for (\d+) days, after (\d+) in the (\d+) days before"
    checked(told, pattern, check)


def test_a_date_is_in_the_zone_of_the_history():
    late = pd.Timestamp("2025-03-03 23:30", tz="UTC")
    as_of = pd.Timestamp("2025-04-13 23:30", tz="UTC").value // 1000
    days = (pd.Timestamp("2025-04-13 23:30", tz="UTC") - late) / DAY
    assert Setting((), as_of).date(days) == "3 March 2025"
    assert Setting((), as_of, "Europe/Berlin").date(days) == "4 March 2025"
    assert Setting((), as_of, "America/New_York").date(days) == "3 March 2025"
