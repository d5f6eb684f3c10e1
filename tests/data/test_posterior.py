from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma, lognorm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

from churn.data import posterior
from churn.data.simulate import Shop, make_shop
from churn.data.truth import Season, to_days
from churn.errors import ParameterError

CUTOFFS = pd.date_range("2023-06-01", "2025-10-01", freq="70D", tz="UTC")  # windows do not overlap
CUTOFF = pd.Timestamp("2025-03-05", tz="UTC")  # the mail of the day before is not yet opened by all
DAY = pd.Timedelta(days=1)


def observed(shop: Shop, cutoff: pd.Timestamp, horizon_days: float, gap_days: float = 0) -> pd.DataFrame:
    """Both probabilities, what came true, and facts of the log, by customer."""
    chance = shop.churn_probability(cutoff, horizon_days, gap_days, "log")
    begin = cutoff + gap_days * DAY
    inside = shop.orders["time"].between(begin, begin + horizon_days * DAY, inclusive="left")
    rows = pd.DataFrame({"chance": chance, "none": ~chance.index.isin(shop.orders["customer"][inside])})
    rows["everything"] = shop.churn_probability(cutoff, horizon_days, gap_days)
    for name, table in (("order", shop.orders), ("visit", shop.interactions)):
        last = table[table["time"] < cutoff].groupby("customer")["time"].max().reindex(chance.index)
        rows[name] = (cutoff - last) / DAY
    asked = shop.tickets[shop.tickets["is_complaint"]]
    due = asked["opened"] + shop.ignored_after_days * DAY
    hurt = due.between(cutoff - 60 * DAY, cutoff) & ~(asked["first_reply"] <= due)
    rows["hurt"] = rows.index.isin(asked["customer"][hurt])
    return rows


def assert_calibrated(rows: pd.DataFrame, errors: float = 4) -> None:
    # Given the log the outcomes are independent, so the variance is the sum of p(1-p).
    error = np.sqrt((rows["chance"] * (1 - rows["chance"])).sum() + 0.05)
    assert abs(rows["none"].sum() - rows["chance"].sum()) < errors * error


def assert_calibrated_everywhere(rows: pd.DataFrame) -> None:
    """Overall, in deciles, and in every group that the log tells apart."""
    assert rows["chance"].between(0, 1).all()
    assert_calibrated(rows)
    for _, part in rows.groupby(pd.qcut(rows["chance"].rank(method="first"), 10)):
        assert_calibrated(part)
    assert_calibrated(rows[rows["hurt"]])
    for name in ("order", "visit"):
        for _, part in rows.groupby(pd.cut(rows[name], [0, 7, 30, 60, 120, 180, 2000])):
            assert_calibrated(part)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return make_shop(2000, seed=41, ignored_effect=0.6)


@pytest.fixture(scope="module")
def rows(shop: Shop) -> pd.DataFrame:
    return pd.concat([observed(shop, cutoff, 60) for cutoff in CUTOFFS])


def test_it_is_calibrated(rows: pd.DataFrame) -> None:
    assert len(rows) > 15_000
    assert_calibrated_everywhere(rows)


def test_it_is_calibrated_with_a_gap(shop: Shop) -> None:
    assert_calibrated_everywhere(pd.concat([observed(shop, cutoff, 45, 14) for cutoff in CUTOFFS[2::4]]))


def test_it_is_calibrated_without_effect() -> None:
    harmless = make_shop(2000, seed=42, ignored_effect=0)
    assert_calibrated_everywhere(pd.concat([observed(harmless, cutoff, 60) for cutoff in CUTOFFS[1::3]]))


def test_it_is_calibrated_after_ignored_complaints() -> None:
    shop = make_shop(2500, seed=43, ignored_effect=1.0)
    parts, blind = [], []
    for cutoff in CUTOFFS[1::3]:
        rows = observed(shop, cutoff, 60)
        parts.append(rows[rows["hurt"] & (rows["order"] < 90)])
        unaware = dataclasses.replace(shop, ignored_effect=0.0).churn_probability(cutoff, 60, 0, "log")
        blind.append(unaware[parts[-1].index])
    hurt = pd.concat(parts)
    assert len(hurt) > 100
    assert_calibrated(hurt)
    # The same without the complaints would be far off: the check has teeth.
    assert hurt["none"].mean() > pd.concat(blind).mean() + 0.08


def test_everything_beats_the_log_and_the_log_beats_recency(rows: pd.DataFrame) -> None:
    active = rows[rows["order"] < 180]
    areas = {name: roc_auc_score(active["none"], active[name]) for name in ("everything", "chance", "order")}
    assert areas["order"] + 0.10 < areas["chance"] < areas["everything"] - 0.01
    recency = np.column_stack([active["order"], np.log1p(active["order"])])
    recency = (recency - recency.mean(axis=0)) / recency.std(axis=0)
    model = LogisticRegression().fit(recency, active["none"])  # on the very rows it is judged by
    simple = log_loss(active["none"], model.predict_proba(recency)[:, 1])
    loss = {name: log_loss(active["none"], active[name]) for name in ("everything", "chance")}
    assert loss["everything"] + 0.02 < loss["chance"] < simple - 0.10


def by_hand(shop: Shop, customer: str, active: float) -> float:
    """The same for one customer, gap 0 and 60 days: plain loops, half days, hours added up."""
    now = (CUTOFF - shop.start) / DAY
    who = shop.truth.set_index("customer").loc[customer]
    season, rate, shape = Season(shop.start, now + 61), who["rate_per_day"], who["shape"]

    def mine(table: pd.DataFrame, name: str) -> pd.DataFrame:
        table = table[(table["customer"] == customer) & (table[name] < CUTOFF)]
        return table.assign(at=to_days(table[name], shop.start))

    orders, seen = mine(shop.orders, "time"), mine(shop.interactions, "time")
    visits = seen[seen["kind"] == "visit"]
    for at, channel in zip(orders["at"], orders["channel"], strict=True):
        own = visits[(visits["channel"] == channel) & visits["at"].between(at - 1 / 6, at)]
        visits = visits.drop(index=own.index[-1:])
    opened = seen["at"][seen["kind"] == "email_open"].to_numpy()
    join, bought = orders["at"].min(), orders["at"].to_numpy()
    mails = np.arange(posterior.first_mail(shop.start), now, 7)
    mails = mails[mails >= join] if shop.customers.set_index("customer")["consent"][customer] else mails[:0]
    asked = mine(shop.tickets[shop.tickets["is_complaint"]], "opened")
    due = asked["at"] + shop.ignored_after_days
    jumps = due[(due <= now) & (to_days(asked["first_reply"], shop.start) > due)].to_numpy()

    def evidence(leaves: float) -> tuple[float, float]:
        fade, hours = who["fade_days"], season.edges
        left = np.clip(1 - (season.edges[1:] - 1 / 48 - leaves) / fade, 0, 1)
        left_visits = np.clip(1 - (season.edges[1:] - 1 / 48 - leaves) / (fade / 2), 0, 1)
        spent = rate * np.append(0, np.cumsum(season.rate * left)) / 24
        looked = who["visits_per_day"] * np.append(0, np.cumsum(season.rate * left_visits)) / 24
        score = np.interp(join, hours, looked) - np.interp(now, hours, looked)
        at = np.interp(bought, hours, spent)
        strong = np.clip(1 - (bought - leaves) / fade, 1e-30, 1)
        score += np.log(gamma.pdf(np.diff(at), shape, scale=1 / shape) + 1e-300).sum() + np.log(strong).sum()
        waited, later = (np.interp(t, hours, spent) - at[-1] for t in (now, now + 60))
        silent = gamma.sf(waited, shape, scale=1 / shape)
        baskets = (np.log(orders["amount"] / who["spend"]).to_numpy(), orders["products"].to_numpy() - 1.0)
        score += np.log(silent) + posterior._log_basket(*baskets, strong).sum()
        score += np.log(np.clip(1 - (visits["at"] - leaves) / (fade / 2), 1e-30, 1)).sum()
        for mail in mails:
            reads = who["open_probability"] * np.clip(1 - (mail - leaves) / (fade / 2), 1e-30, 1)
            if ((opened >= mail) & (opened < mail + 7)).any():
                score += np.log(reads)
            else:
                due_by_now = lognorm.cdf(now - mail, 1, scale=0.2) if now - mail < 4 else 1.0
                score += np.log(1 - reads * due_by_now)
        return score, gamma.sf(later, shape, scale=1 / shape) / silent

    hazard, effect = who["hazard_per_day"], shop.ignored_effect
    step = 0.5
    days = np.arange(max(join, bought[-1] - who["fade_days"]) + step / 2, now, step)
    kinds = [(day, hazard * step) for day in days] + [(jump, effect) for jump in jumps]
    kinds = [(t, w * np.exp(-hazard * (t - join)) * (1 - effect) ** (jumps < t).sum()) for t, w in kinds]
    found = [(*evidence(leaves), weight) for leaves, weight in kinds]
    still = np.exp(-hazard * (now - join)) * (1 - effect) ** len(jumps)
    found.append((evidence(np.inf)[0], active, still))
    score, chance, weight = np.array(found).T
    weight = weight * np.exp(score - score.max())
    return float((weight * chance).sum() / weight.sum())


def test_a_plain_loop_gives_the_same(shop: Shop) -> None:
    chance = shop.churn_probability(CUTOFF, 60, knowing="log")
    unknown = shop.truth.assign(leaves_at=shop.truth["leaves_at"].where(shop.truth["reason"].eq("never")))
    active = dataclasses.replace(shop, truth=unknown).churn_probability(CUTOFF, 60)
    unsure = chance.index[(chance > active + 0.02) & (chance < 0.98)]
    hurt = unsure.intersection(observed(shop, CUTOFF, 60).query("hurt").index)
    latent = shop.truth.set_index("customer")
    picked = [*unsure[::120], *latent["hazard_per_day"][hurt].nlargest(5).index]
    picked += [*latent["open_probability"][unsure].nlargest(2).index]
    assert len(picked) >= 10
    for customer in picked:
        assert chance[customer] == pytest.approx(by_hand(shop, customer, active[customer]), abs=0.001)


def as_known(shop: Shop, cutoff: pd.Timestamp) -> Shop:
    """The shop as it was logged by the cutoff, the state of its customers unknown."""
    tickets = shop.tickets[shop.tickets["opened"] < cutoff].reset_index(drop=True)
    for name in ("first_reply", "resolved"):
        tickets[name] = tickets[name].where(tickets[name] < cutoff)
    latent = shop.truth.assign(reason=None)
    latent[["leaves_at", "gone_at"]] = latent[["leaves_at", "gone_at"]].mask(latent["leaves_at"].notna())
    cut = {
        name: getattr(shop, name)[getattr(shop, name)["time"] < cutoff].reset_index(drop=True)
        for name in ("orders", "returns", "interactions")
    }
    return dataclasses.replace(shop, tickets=tickets, truth=latent, **cut)


def test_it_knows_only_the_logged_past(shop: Shop) -> None:
    known = as_known(shop, CUTOFF)
    assert known.truth["leaves_at"].isna().all()
    given = [s.churn_probability(CUTOFF, 60, 7, "log") for s in (shop, known)]
    pd.testing.assert_series_equal(*given)
    everything = [s.churn_probability(CUTOFF, 60, 7) for s in (shop, known)]
    assert everything[0].mean() > everything[1].mean() + 0.1  # knowing everything, the state does matter


def test_when_the_fading_began_tells_nothing_by_itself(shop: Shop) -> None:
    expected = shop.churn_probability(CUTOFF, 60, knowing="log")
    for days in (-50, 50):
        latent = shop.truth.assign(leaves_at=CUTOFF + days * DAY)
        other = dataclasses.replace(shop, truth=latent).churn_probability(CUTOFF, 60, knowing="log")
        pd.testing.assert_series_equal(other, expected)


@pytest.mark.parametrize("kind", ["visit", "email_open"])
def test_signs_of_life_lower_it_and_silence_raises_it(shop: Shop, kind: str) -> None:
    before = shop.churn_probability(CUTOFF, 60, knowing="log")
    seen = shop.interactions[shop.interactions["kind"] == kind]
    late = seen["time"].between(CUTOFF - 30 * DAY, CUTOFF)
    silent = dataclasses.replace(shop, interactions=shop.interactions.drop(index=seen.index[late]))
    after = silent.churn_probability(CUTOFF, 60, knowing="log")
    gone_quiet = before.index.isin(seen["customer"][late])
    assert (after - before)[gone_quiet].mean() > 0.05
    pd.testing.assert_series_equal(after[~gone_quiet], before[~gone_quiet])


@pytest.mark.parametrize("left", [1.0, 0.6, 0.15])
def test_likelihood_of_a_basket_against_simulation(left: float) -> None:
    rng, count = np.random.default_rng(5), 400_000
    more = rng.exponential(posterior.MORE_PRODUCTS, count)
    size = np.log(posterior.AMOUNT_KEPT + (1 - posterior.AMOUNT_KEPT) * left) + np.log(0.6 + 0.4 * more) / 2
    size += rng.normal(0, posterior.AMOUNT_NOISE, count)
    edges = np.arange(-2.0, 2.01, 0.25)
    grid = (np.arange(-2.0, 2.0, 0.05) + 0.025).reshape(-1, 5)
    for extra in range(3):
        share = np.histogram(size[np.floor(more * left) == extra], edges)[0] / count
        arrays = np.broadcast_arrays(grid, float(extra), left)
        density = np.exp(posterior._log_basket(*arrays)) / (posterior.AMOUNT_NOISE * np.sqrt(2 * np.pi))
        assert share == pytest.approx(density.mean(axis=1) * 0.25, abs=5 * np.sqrt(0.1 / count))


def test_chunks_and_the_order_of_rows_do_not_matter(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shop.churn_probability(CUTOFF, 30, knowing="log")
    monkeypatch.setattr(posterior, "_CHUNK_CELLS", 20_000)
    tables = {name: getattr(shop, name).iloc[::-1] for name in ("orders", "tickets", "interactions")}
    other = dataclasses.replace(shop, **tables).churn_probability(CUTOFF, 30, knowing="log")
    pd.testing.assert_series_equal(other, whole)


@pytest.mark.parametrize("hours", [0.01, 3, 20, 24 * 8, 24 * 365])
def test_young_shops_and_single_customers(hours: float) -> None:
    for count in (1, 40):
        small = make_shop(count, seed=3, days=365)
        as_of = small.start + pd.Timedelta(hours=hours)
        chance = small.churn_probability(as_of, 60, knowing="log")
        assert chance.between(0, 1).all()
        pd.testing.assert_index_equal(chance.index, small.churn_probability(as_of, 60).index)
        assert chance.name == "churn_probability"


def test_everything_is_the_default(shop: Shop) -> None:
    given = [shop.churn_probability(CUTOFF, 60), shop.churn_probability(CUTOFF, 60, knowing="everything")]
    pd.testing.assert_series_equal(*given)


@pytest.mark.parametrize("knowing", ["nothing", "", None])
def test_another_knowledge_is_refused(shop: Shop, knowing: object) -> None:
    with pytest.raises(ParameterError) as caught:
        shop.churn_probability(CUTOFF, 60, knowing=knowing)
    text = str(caught.value)
    assert f"Given: knowing={knowing!r}." in text
    assert "Allowed: 'everything' (the latent state too) or 'log'" in text
    assert "Set knowing='log'" in text


def test_bad_windows_are_refused_as_ever(shop: Shop) -> None:
    with pytest.raises(ParameterError, match=r"horizon_days is out of range"):
        shop.churn_probability(CUTOFF, 0, knowing="log")
    with pytest.raises(ParameterError, match="outside the simulated span"):
        shop.churn_probability("2031-01-01", 60, knowing="log")
