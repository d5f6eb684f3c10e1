from churn.data.base import CustomerBase
from churn.data.people import contact_of
from churn.data.store import LogStore


def test_parts_and_whole_agree_in_the_order_asked_for(saved_shop, history):
    chosen = history.customers[[700, 3, 41]]
    parts, whole = (contact_of(CustomerBase.of(d), chosen) for d in (LogStore.of(saved_shop), history))
    assert parts["customer"].tolist() == chosen.tolist()
    assert parts["email"].tolist() == whole["email"].tolist()
    assert "@" in parts["email"][0]


def test_consent_is_yes_no_or_empty(history):
    from dataclasses import replace

    consent = history.contact["consent"].copy()
    consent[:3] = (1.0, 0.0, float("nan"))
    other = replace(history, contact={"consent": consent})
    assert contact_of(CustomerBase.of(other), history.customers[:3])["consent"].tolist() == ["yes", "no", ""]


def test_nobody_and_somebody_unknown(history):
    import pandas as pd

    base = CustomerBase.of(history)
    assert len(contact_of(base, history.customers[:0])) == 0
    assert contact_of(base, pd.Index(["nobody"]))["email"].tolist() == [""]
