from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from churn.data.simulate import Shop, make_shop
from churn.errors import ParameterError

COLUMNS = {
    "customers": ["customer", "joined", "country", "segment", "consent", "email"],
    "orders": ["customer", "time", "amount", "order_id", "quantity", "products", "channel"],
    "returns": ["customer", "time", "amount"],
    "tickets": [
        "ticket_id",
        "customer",
        "opened",
        "first_reply",
        "resolved",
        "is_complaint",
        "channel",
        "satisfaction",
    ],
    "interactions": ["customer", "time", "kind", "channel"],
}
TIMES = {"customers": "joined", "tickets": "opened"}  # the others: time
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(4000, seed=11, ignored_effect=0.6)


@pytest.fixture(scope="module")
def harmless() -> Shop:
    return make_shop(4000, seed=11, ignored_effect=0)


def test_same_seed_same_shop_and_another_seed_another() -> None:
    one, two, other = make_shop(60, seed=5), make_shop(60, seed=5), make_shop(60, seed=6)
    for name, table in one.tables().items():
        assert_frame_equal(table, two.tables()[name])
    assert_frame_equal(one.truth, two.truth)
    assert not one.orders["amount"].head(50).equals(other.orders["amount"].head(50))


def test_tables_have_their_columns_and_order(shop: Shop) -> None:
    assert {name: table.columns.tolist() for name, table in shop.tables().items()} == COLUMNS
    for name, table in shop.tables().items():
        times = table[TIMES.get(name, "time")]
        assert times.dtype == "datetime64[us, UTC]"
        assert times.is_monotonic_increasing
        assert table.index.equals(pd.RangeIndex(len(table)))
        assert len(table) > 500


@pytest.mark.parametrize("days", [30, 200])
def test_everything_lies_inside_the_span(days: int) -> None:
    small = make_shop(800, seed=2, days=days, end="2024-03-01")
    assert small.start == pd.Timestamp("2024-03-01", tz="UTC") - days * DAY
    assert small.end == pd.Timestamp("2024-03-01", tz="UTC")
    for table in small.tables().values():
        for name in table.columns[table.dtypes == "datetime64[us, UTC]"]:
            known = table[name].dropna()
            assert (known >= small.start).all()
            assert (known < small.end).all()


def test_customers_and_their_orders_fit(shop: Shop) -> None:
    first = shop.orders.groupby("customer")["time"].min().reindex(shop.customers["customer"])
    lead = first.reset_index(drop=True) - shop.customers["joined"]
    assert lead.between(pd.Timedelta(minutes=1), pd.Timedelta(hours=1)).all()
    assert shop.customers["customer"].is_unique
    assert shop.customers["email"].str.fullmatch(r"c\d{6}@example\.com").all()
    assert shop.truth["customer"].equals(shop.customers["customer"])
    assert set(shop.customers["segment"]) == {"consumer", "business"}
    assert 3 <= shop.customers["country"].nunique() <= 10
    assert 0.7 < shop.customers["consent"].mean() < 0.95


def test_orders_are_sound(shop: Shop) -> None:
    orders = shop.orders
    assert orders["order_id"].is_unique
    assert (orders["amount"] > 0).all()
    assert np.allclose(orders["amount"], orders["amount"].round(2))
    assert (orders["quantity"] >= orders["products"]).all()
    assert (orders["products"] >= 1).all()
    assert set(orders["channel"]) == {"web", "app", "store"}
    assert orders["time"].dt.hour.between(8, 21).mean() > 0.75
    assert (shop.returns["amount"] > 0).all()


def test_nobody_orders_after_being_gone(shop: Shop) -> None:
    gone = shop.truth.set_index("customer")["gone_at"]
    for table in (shop.orders, shop.interactions):
        assert not (table["time"] > table["customer"].map(gone) + pd.Timedelta(seconds=1)).any()


def test_ticket_times_are_in_order(shop: Shop) -> None:
    tickets = shop.tickets
    assert tickets["ticket_id"].is_unique
    replied, resolved = tickets["first_reply"].notna(), tickets["resolved"].notna()
    assert (tickets["first_reply"] >= tickets["opened"])[replied].all()
    assert (tickets["resolved"] >= tickets["first_reply"])[resolved].all()
    rated = tickets["satisfaction"].notna()
    assert resolved[rated].all()
    assert tickets["satisfaction"][rated].isin([1, 2, 3, 4, 5]).all()
    assert 0 < rated.mean() < resolved.mean()


def test_late_answers_to_complaints_are_rated_lower(shop: Shop) -> None:
    complaints = shop.tickets[shop.tickets["is_complaint"]]
    late = complaints["first_reply"] - complaints["opened"] > 7 * DAY
    fast = complaints["satisfaction"][~late].mean()
    assert complaints["satisfaction"][late].mean() < fast - 1
    assert fast < shop.tickets["satisfaction"][~shop.tickets["is_complaint"]].mean()


def test_shares_of_replies_to_complaints(shop: Shop) -> None:
    old = shop.tickets[shop.tickets["is_complaint"] & (shop.tickets["opened"] < shop.end - 30 * DAY)]
    wait = old["first_reply"] - old["opened"]
    assert old["first_reply"].isna().mean() == pytest.approx(0.12, abs=0.03)
    assert (wait < 7 * DAY).mean() == pytest.approx(0.70, abs=0.03)


def test_truth_says_why_and_when(shop: Shop) -> None:
    truth = shop.truth
    left = truth["leaves_at"].notna()
    assert set(truth["reason"][left]) == {"ignored complaint", "drifted away"}
    assert all(reason is None for reason in truth["reason"][~left])
    assert truth["gone_at"].notna().equals(left)
    fade = (truth["gone_at"] - truth["leaves_at"])[left] / DAY
    assert np.allclose(fade, truth["fade_days"][left], atol=1e-4)
    assert (truth["leaves_at"][left] < shop.end).all()


def test_ignored_complaints_start_the_leaving_at_that_instant(shop: Shop) -> None:
    complaints = shop.tickets[shop.tickets["is_complaint"]]
    ignored_at = complaints["opened"] + 7 * DAY
    unanswered = complaints["first_reply"].isna() | (complaints["first_reply"] > ignored_at)
    ignored_at = ignored_at[unanswered]
    seconds = pd.Timedelta(seconds=2)
    hurt = shop.truth[shop.truth["reason"] == "ignored complaint"]
    at = ignored_at.groupby(complaints["customer"][unanswered]).agg(list)
    for customer, leaves in zip(hurt["customer"], hurt["leaves_at"], strict=True):
        assert min(abs(leaves - time) for time in at[customer]) < seconds


def test_without_effect_nobody_leaves_over_a_complaint(shop: Shop, harmless: Shop) -> None:
    assert not harmless.truth["reason"].eq("ignored complaint").any()
    assert shop.truth["reason"].eq("ignored complaint").mean() > 0.03


def test_effect_leaves_all_other_draws_alone(shop: Shop, harmless: Shop) -> None:
    assert_frame_equal(shop.customers, harmless.customers)
    latent = ["rate_per_day", "shape", "hazard_per_day", "fade_days"]
    assert_frame_equal(shop.truth[latent], harmless.truth[latent])
    unhurt = shop.truth["customer"][shop.truth["reason"] != "ignored complaint"]
    for name in ("orders", "returns", "interactions", "tickets"):
        numbered = ["order_id", "ticket_id"]
        pair = [s.tables()[name].drop(columns=numbered, errors="ignore") for s in (shop, harmless)]
        one, two = (t[t["customer"].isin(unhurt)].reset_index(drop=True) for t in pair)
        assert_frame_equal(one, two)


def leaving_after(shop: Shop, *, ignored: bool) -> float:
    """Share of those active when a complaint is 7 days old who start to leave in the 60 days after."""
    complaints = shop.tickets[shop.tickets["is_complaint"] & (shop.tickets["opened"] < shop.end - 67 * DAY)]
    at = complaints["opened"] + 7 * DAY
    leaves = complaints["customer"].map(shop.truth.set_index("customer")["leaves_at"])
    active = leaves.isna() | (leaves > at - pd.Timedelta(seconds=2))
    waited = complaints["first_reply"].isna() | (complaints["first_reply"] > at)
    group = active & (waited if ignored else ~waited)
    return float((leaves < at + 60 * DAY)[group].mean())


def test_ignored_complaints_drive_customers_away(shop: Shop, harmless: Shop) -> None:
    answered = leaving_after(shop, ignored=False)
    assert answered < 0.15
    assert leaving_after(shop, ignored=True) == pytest.approx(0.6 + 0.4 * answered, abs=0.06)
    without = [leaving_after(harmless, ignored=ignored) for ignored in (True, False)]
    assert without[0] == pytest.approx(without[1], abs=0.05)


def test_visits_and_amounts_fade_before_a_customer_is_gone(shop: Shop) -> None:
    truth = shop.truth[shop.truth["gone_at"] < shop.end].set_index("customer")
    joined = shop.customers.set_index("customer")["joined"]
    truth = truth[truth["leaves_at"] - joined.reindex(truth.index) > 35 * DAY]

    def mean_per_customer(end: pd.Series) -> float:
        visits = shop.interactions[shop.interactions["kind"] == "visit"]
        stop = visits["customer"].map(end)
        return float(((visits["time"] < stop) & (visits["time"] >= stop - 30 * DAY)).sum() / len(truth))

    assert mean_per_customer(truth["gone_at"]) < 0.4 * mean_per_customer(truth["leaves_at"])
    leaves = shop.orders["customer"].map(truth["leaves_at"])
    fading, before = shop.orders["time"] > leaves, shop.orders["time"] <= leaves
    typical = shop.orders["customer"].map(shop.orders[before].groupby("customer")["amount"].mean())
    assert (shop.orders["amount"] / typical)[fading].mean() < 0.95


def test_interactions_match_consent_and_orders(shop: Shop) -> None:
    opens = shop.interactions[shop.interactions["kind"] == "email_open"]
    assert set(opens["channel"]) == {"email"}
    consent = shop.customers.set_index("customer")["consent"]
    assert opens["customer"].map(consent).all()
    visits = shop.interactions[shop.interactions["kind"] == "visit"]
    online = shop.orders[shop.orders["channel"] != "store"]
    assert len(visits) > len(online)
    met = pd.merge_asof(
        online, visits.assign(seen=visits["time"])[["time", "customer", "seen"]], on="time", by="customer"
    )
    assert (met["time"] - met["seen"] < pd.Timedelta(hours=4)).all()


def test_it_is_a_believable_shop(shop: Shop) -> None:
    orders = shop.orders
    assert 8 < len(orders) / len(shop.customers) < 15
    months = orders.groupby(orders["time"].dt.month).size()
    assert months[12] > 1.2 * months[[3, 4, 5, 6]].mean()
    cutoff = pd.Timestamp("2025-06-01", tz="UTC")
    recent = orders["customer"][orders["time"].between(cutoff - 180 * DAY, cutoff, inclusive="left")].unique()
    after = orders["customer"][orders["time"].between(cutoff, cutoff + 60 * DAY, inclusive="left")]
    assert 0.45 < np.isin(recent.astype(object), after.unique().astype(object)).mean() < 0.70
    leaves = shop.truth["leaves_at"]
    active = (shop.customers["joined"] < cutoff) & ~(leaves <= cutoff)
    assert 0.02 < (leaves < cutoff + 30 * DAY)[active].mean() < 0.07


def test_write_gives_back_the_same_tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    small = make_shop(30, seed=1)
    folder = tmp_path_factory.mktemp("shop") / "deep" / "er"
    paths = small.write(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.parquet" for name in COLUMNS)
    for name, path in paths.items():
        assert_frame_equal(pd.read_parquet(path), small.tables()[name])
    with pytest.raises(ParameterError, match=r"is a file\. Given: .*Choose another folder\."):
        small.write(paths["orders"])


def test_it_prints_well() -> None:
    lines = repr(make_shop(1200, seed=1, days=365)).splitlines()
    assert lines[0] == "Shop from 2024-12-31 to 2025-12-31 (seed 1)"
    assert lines[1].startswith("  1,200 customers, ")
    assert lines[2].endswith("(effect 0.5 after 7 days)")


def test_one_customer_is_enough() -> None:
    one = make_shop(1, seed=3, days=30)
    assert len(one.customers) == len(one.truth) == 1
    assert len(one.orders) >= 1


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("customers", 0, "a whole number from 1 to 1e+07"),
        ("customers", 2.5, "a whole number from 1 to 1e+07"),
        ("customers", True, "a whole number from 1 to 1e+07"),
        ("seed", -1, "a whole number from 0"),
        ("days", 29, "a whole number from 30 to 36,600"),
        ("ignored_effect", 1.5, "a number from 0 to 1"),
        ("ignored_effect", float("nan"), "a number from 0 to 1"),
        ("ignored_after_days", 0, "a number from 0.1 to 365"),
    ],
)
def test_bad_numbers_are_refused_with_a_fix(name: str, value: object, allowed: str) -> None:
    with pytest.raises(ParameterError) as caught:
        make_shop(**{"customers": 5, name: value})
    text = str(caught.value)
    assert text.startswith(f"{name} is out of range. Given: {name}={value!r}.")
    assert f"Allowed: {allowed}" in text
    assert f"Set {name}=" in text


@pytest.mark.parametrize("end", ["soon", None, pd.NaT])
def test_a_bad_end_is_refused(end: object) -> None:
    with pytest.raises(ParameterError, match=r"end is not a date\. Given: .* Set end='2025-12-31', for ex"):
        make_shop(5, end=end)


def test_an_end_within_a_day_is_refused_and_zones_are_read() -> None:
    with pytest.raises(ParameterError, match="end is not a midnight in UTC"):
        make_shop(5, end="2025-12-31 12:00")
    assert make_shop(5, end="2025-12-31T01:00:00+01:00").end == pd.Timestamp("2025-12-31", tz="UTC")
