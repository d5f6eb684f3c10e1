from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from churn.data import truth
from churn.data.simulate import Shop, make_shop
from churn.errors import ParameterError

START = pd.Timestamp("2023-01-01", tz="UTC")
CUTOFFS = pd.date_range("2023-06-01", "2025-10-01", freq="70D", tz="UTC")  # windows do not overlap
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(6000, seed=21, ignored_effect=0.6)


@pytest.fixture(scope="module")
def season() -> truth.Season:
    return truth.Season(START, 1000)


def observed(shop: Shop, cutoff: pd.Timestamp, horizon_days: float, gap_days: float = 0) -> pd.DataFrame:
    """Predicted probability and whether there really was no order, by customer."""
    chance = shop.churn_probability(cutoff, horizon_days, gap_days)
    begin = cutoff + gap_days * DAY
    inside = shop.orders["time"].between(begin, begin + horizon_days * DAY, inclusive="left")
    buyers = pd.Index(shop.orders["customer"][inside].unique())
    return pd.DataFrame({"chance": chance, "none": ~chance.index.isin(buyers)})


def assert_calibrated(rows: pd.DataFrame, errors: float = 4) -> None:
    # Given the past the outcomes are independent, so the variance is the sum of p(1-p).
    error = np.sqrt((rows["chance"] * (1 - rows["chance"])).sum() + 0.05)
    assert abs(rows["none"].sum() - rows["chance"].sum()) < errors * error


def assert_calibrated_everywhere(rows: pd.DataFrame) -> None:
    assert_calibrated(rows)
    open_cases = rows[rows["chance"] < 1]
    for _, part in open_cases.groupby(pd.qcut(open_cases["chance"], 10)):
        assert_calibrated(part)


def test_the_clock_runs_at_mean_one_and_back(season: truth.Season) -> None:
    times = np.sort(np.random.default_rng(0).uniform(0, 1000, 500))
    assert np.allclose(season.time(season.clock(times)), times)
    assert season.clock(np.array([730.0]))[0] == pytest.approx(730, abs=1)
    assert (season.rate > 0).all()


def test_two_clocks_of_different_length_agree(season: truth.Season) -> None:
    times = np.linspace(0, 400, 301)
    assert np.array_equal(truth.Season(START, 400).clock(times), season.clock(times))


def test_effort_is_the_integral_of_the_fading_rate(season: truth.Season) -> None:
    grid = (np.arange(200 * 24 * 60) + 0.5) / 1440
    leaves, fade = 60.3, 47.9
    strength = np.clip(1 - (grid - leaves) / fade, 0, 1)
    rate = season.rate[(grid * 24).astype(int)] * strength
    for at in (30.0, 61.0, 90.25, 108.0, 150.0):
        brute = rate[grid < at].sum() / 1440
        closed = season.effort(np.array([at]), np.array([leaves]), np.array([fade]))[0]
        assert closed == pytest.approx(brute, abs=1e-4)


def test_reaches_is_the_inverse_of_effort(season: truth.Season) -> None:
    rng = np.random.default_rng(1)
    leaves, fade = rng.uniform(10, 900, 400), rng.uniform(20, 90, 400)
    times = leaves + fade * rng.uniform(-0.1, 0.95, 400)
    back = season.reaches(season.effort(times, leaves, fade), leaves, fade)
    assert np.allclose(back, times, atol=1e-4)


def test_reaches_never_where_the_fading_ends_first(season: truth.Season) -> None:
    leaves, fade = np.array([100.0, np.inf]), np.array([20.0, 20.0])
    total = season.effort(np.array([990.0]), leaves[:1], fade[:1])
    reached = season.reaches(np.array([total[0] + 1e-3, total[0] + 1e-3]), leaves, fade)
    assert np.isnan(reached[0])
    assert np.isfinite(reached[1])


def test_share_unanswered_fits_the_draws() -> None:
    waits = truth.draw_replies(np.random.default_rng(2), 200_000)
    for days in (0.1, 0.5, 2.0, 7.0, 12.0, 25.0, 100.0):
        share = truth.unanswered(np.array([days]))[0]
        assert (waits > days).mean() == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize("shape", [1, 2, 3, 4])
@pytest.mark.parametrize("gap", [0.0, 0.4, 3.0])
def test_erlang_windows_against_simulation(shape: int, gap: float) -> None:
    rng = np.random.default_rng(shape)
    waited, window, count = 0.7, 0.8, 200_000
    gaps = rng.standard_gamma(shape, (count, 30)) / shape
    gaps = gaps[gaps[:, 0] > waited]
    orders = np.cumsum(gaps, axis=1) - waited
    none = ~((orders >= gap) & (orders < gap + window)).any(axis=1)
    chance = truth.no_order_in_window(shape, np.array([waited]), np.array([gap]), np.array([window]))[0]
    assert none.mean() == pytest.approx(chance, abs=4 * np.sqrt(0.25 / len(none)))


def test_no_order_in_window_at_the_edges() -> None:
    zero, one = np.array([0.0]), np.array([1.0])
    for shape in (1, 2, 3, 4):
        assert truth.no_order_in_window(shape, one, one, zero)[0] == pytest.approx(1)
        assert truth.no_order_in_window(shape, zero, zero, 100 * one)[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("horizon_days", "gap_days"), [(60, 0), (60, 7), (14, 0)])
def test_truth_is_calibrated(shop: Shop, horizon_days: float, gap_days: float) -> None:
    rows = pd.concat([observed(shop, cutoff, horizon_days, gap_days) for cutoff in CUTOFFS])
    assert len(rows) > 40_000
    assert_calibrated_everywhere(rows)


def test_truth_is_calibrated_without_effect() -> None:
    harmless = make_shop(6000, seed=22, ignored_effect=0)
    assert_calibrated_everywhere(pd.concat([observed(harmless, cutoff, 60) for cutoff in CUTOFFS]))


def waiting(shop: Shop, cutoff: pd.Timestamp) -> pd.Index:
    """Active customers with a complaint unanswered at the cutoff that may yet be ignored."""
    asked = shop.tickets[shop.tickets["is_complaint"] & (shop.tickets["opened"] < cutoff)]
    due = asked["opened"] + shop.ignored_after_days * DAY
    asked = asked[~(asked["first_reply"] < cutoff) & (due > cutoff)]
    leaves = asked["customer"].map(shop.truth.set_index("customer")["leaves_at"])
    return pd.Index(asked["customer"][~(leaves <= cutoff)].unique())


def test_truth_is_calibrated_where_complaints_are_pending() -> None:
    shop = make_shop(6000, seed=23, ignored_effect=1.0, ignored_after_days=10)
    parts, blind = [], []
    for cutoff in pd.date_range("2023-03-01", "2025-10-20", freq="21D", tz="UTC"):
        rows = observed(shop, cutoff, 60)
        parts.append(rows[rows.index.isin(waiting(shop, cutoff))])
        unaware = dataclasses.replace(shop, ignored_effect=0.0).churn_probability(cutoff, 60)
        blind.append(unaware[parts[-1].index])
    pending = pd.concat(parts)
    assert len(pending) > 300
    assert_calibrated(pending)
    # The same without the complaints would be far off: the check has teeth.
    assert pending["none"].mean() > pd.concat(blind).mean() + 0.05


def test_the_gone_and_only_they_have_probability_one(shop: Shop) -> None:
    cutoff = pd.Timestamp("2025-06-01", tz="UTC")
    chance = shop.churn_probability(cutoff, 60)
    gone = shop.truth.set_index("customer")["gone_at"].reindex(chance.index)
    assert (chance[gone <= cutoff] == 1).all()
    assert (gone <= cutoff).sum() > 500
    assert (chance[~(gone <= cutoff)] < 1).all()


def test_only_customers_with_an_order_before_the_cutoff(shop: Shop) -> None:
    first = shop.orders.groupby("customer")["time"].min()
    cutoff = first.sort_values().iloc[3000]
    chance = shop.churn_probability(cutoff, 60)
    assert set(chance.index) == set(first.index[first < cutoff])
    later = shop.churn_probability(cutoff + pd.Timedelta(seconds=1), 60)
    assert set(later.index) == set(first.index[first <= cutoff])
    assert chance.index.name == "customer"
    assert chance.name == "churn_probability"


def test_the_future_does_not_change_the_probability(shop: Shop) -> None:
    cutoff = pd.Timestamp("2025-03-01", tz="UTC")
    orders = shop.orders[shop.orders["time"] < cutoff].reset_index(drop=True)
    tickets = shop.tickets[shop.tickets["opened"] < cutoff].reset_index(drop=True)
    tickets["first_reply"] = tickets["first_reply"].where(tickets["first_reply"] < cutoff)
    latent = shop.truth.copy()
    latent["leaves_at"] = latent["leaves_at"].where(latent["leaves_at"] <= cutoff)
    past = dataclasses.replace(shop, orders=orders, tickets=tickets, truth=latent)
    pd.testing.assert_series_equal(
        past.churn_probability(cutoff, 60, 7), shop.churn_probability(cutoff, 60, 7)
    )


def test_longer_windows_hold_fewer_silences(shop: Shop) -> None:
    short, long = (shop.churn_probability("2025-03-01", days) for days in (30, 90))
    assert (long <= short + 1e-9).all()
    assert long.mean() < short.mean() - 0.05


def test_the_window_may_reach_past_the_end(shop: Shop) -> None:
    chance = shop.churn_probability(shop.end, 60)
    assert len(chance) == len(shop.customers)
    assert chance.between(0, 1).all()


def test_chunks_do_not_matter(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shop.churn_probability("2025-03-01", 30)
    monkeypatch.setattr(truth, "_CHUNK_CELLS", 20_000)
    pd.testing.assert_series_equal(shop.churn_probability("2025-03-01", 30), whole)


@pytest.mark.parametrize("as_of", ["2022-12-31", "2027-01-01", "2026-01-01 00:00:01"])
def test_a_cutoff_outside_the_span_is_refused(shop: Shop, as_of: str) -> None:
    with pytest.raises(ParameterError) as caught:
        shop.churn_probability(as_of, 60)
    text = str(caught.value)
    assert "The cutoff as_of is outside the simulated span" in text
    assert "after 2023-01-01 and not after 2025-12-31" in text
    assert "simulate a longer one" in text


def test_bad_windows_are_refused(shop: Shop) -> None:
    with pytest.raises(ParameterError, match=r"horizon_days is out of range\. Given: horizon_days=0\. .*Set"):
        shop.churn_probability("2025-01-01", 0)
    with pytest.raises(ParameterError, match=r"gap_days is out of range\. Given: gap_days=-1\."):
        shop.churn_probability("2025-01-01", 60, -1)
    with pytest.raises(ParameterError, match=r"as_of is not a date\. Given: 'when'\."):
        shop.churn_probability("when", 60)
