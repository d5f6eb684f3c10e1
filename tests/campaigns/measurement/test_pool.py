"""Several campaigns together: weights by hand, what is left out, and what is not claimed."""

import numpy as np
import pytest
from scipy.stats import chi2

from churn.campaigns.ledger import open_ledger
from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.measurement.contrasts import contrast
from churn.campaigns.measurement.measuring import measure
from churn.campaigns.measurement.pool import pool, pool_measurements
from churn.campaigns.measurement.result import Measurement
from churn.campaigns.statistics.effects import estimate
from churn.errors import ParameterError
from tests.campaigns.approved_campaign import DEFINITION, approved, deliver, history, planned, policy


def one(name, effect, half, value=None, arms=(90, 10), **more):
    sizes = dict(zip(("treated", "holdout"), arms, strict=True))
    rows = [Contrast("retained", "plain", **sizes, effect=effect, low=effect - half, high=effect + half, main=True)]  # fmt: skip
    if value is not None:
        rows.append(
            Contrast("net_value", "plain", **sizes, effect=value, low=value - 5, high=value + 5, main=True)
        )
    return Measurement(
        name, "2026-03-06", "measured", "", "", effects=tuple(rows), **({"currency": "£"} | more)
    )


def test_large_campaigns_count_more():
    found = pool_measurements([one("a", 0.1, 0.1), one("b", 0.0, 0.05, arms=(360, 40))])
    (kept,) = found.effects
    assert kept.effect == pytest.approx((0.1 * 9 + 0.0 * 36) / 45)
    assert kept.high - kept.low == pytest.approx(2 * ((9 * 0.1) ** 2 + (36 * 0.05) ** 2) ** 0.5 / 45)
    assert 0.05 < kept.p_same < 0.2
    assert found.said.startswith("Over 2 campaigns together no effect can be shown")


def test_of_as_exact_campaigns_q_is_cochrans():
    (kept,) = pool_measurements([one(f"c{i}", e, 0.1) for i, e in enumerate((0.0, 0.1, 0.25))]).effects
    q = sum((e - 0.35 / 3) ** 2 for e in (0.0, 0.1, 0.25)) / (0.1 / 1.959963984540054) ** 2
    assert kept.p_same == pytest.approx(chi2.sf(q, 2))


def test_luck_of_small_holdouts_does_not_add_up_to_an_effect():
    """Few stay, some spend much, and nothing is done: a weight from the outcome counts luck of one sign more."""
    rng = np.random.default_rng(7)
    treated = np.arange(200) >= 20
    found = {"retained": [], "net_value": []}
    for _ in range(10):
        campaigns = []
        for i in range(20):
            kept = (rng.random(200) < 0.2).astype(float)
            spent = np.where(rng.random(200) < 0.5, np.exp(rng.normal(3, 1.5, 200)), 0)
            rows = [
                contrast(estimate(y, treated), name, "plain", main=True)
                for name, y in (("retained", kept), ("net_value", spent))
            ]
            campaigns.append(Measurement(f"c{i}", "2026-03-06", "measured", "", "", effects=tuple(rows)))
        for e in pool_measurements(campaigns).effects:
            found[e.measure].append(e.effect)
    for effects in found.values():  # by squared standard errors it was above 3 for both
        assert abs(np.mean(effects)) < 2 * np.std(effects, ddof=1) / len(effects) ** 0.5


def test_many_small_campaigns_show_what_one_cannot():
    rows = [one(f"c{i}", 0.05, 0.1, value=2.0) for i in range(25)]
    assert "no effect can be shown" in pool_measurements(rows[:1]).said
    found = pool_measurements(rows)
    assert found.said.startswith("Over 25 campaigns together, of 100 customers contacting kept 5.0 who")
    assert "Net value per customer: £2.00 (£1.00 to £3.00)." in found.said
    assert len(found.frame) == 25
    assert "£2.00 (" in found.render()


def test_campaigns_that_differ_are_told():
    found = pool_measurements([one("a", 0.3, 0.05), one("b", -0.3, 0.05)])
    assert "differ by more than chance" in found.said
    harm = pool_measurements([one("a", -0.3, 0.05)])
    assert "did harm: of 100 customers 30 left" in harm.said


def test_money_of_several_currencies_is_not_added_up():
    found = pool_measurements([one("a", 0.1, 0.1, value=2.0), one("b", 0.1, 0.1, value=200.0, currency="¥")])
    assert [e.measure for e in found.effects] == ["retained"]
    assert found.said.endswith("Net values are of several currencies, and are not taken together.")


def test_only_final_measurements_of_the_ledger_count(tmp_path):
    settings, plan, ledger = approved(tmp_path)
    with ledger:
        for name in ("spring", "autumn", "never"):
            ledger.approve(planned(policy(tmp_path, campaign=name)))
        deliver(ledger, "spring")
        data = history(plan)
        measure(settings, data, DEFINITION, ledger=ledger)
        measure(
            settings, data, DEFINITION, as_of="2026-01-20", ledger=ledger
        )  # looked back at: the final one stays
        measure(policy(tmp_path, campaign="spring"), data, DEFINITION, ledger=ledger)
        measure(policy(tmp_path, campaign="autumn"), data, DEFINITION, as_of="2026-01-20", ledger=ledger)
        found = pool(ledger)
    assert [r["campaign"] for r in found.rows] == ["winter", "spring"]
    assert {r["campaign"]: r["why"] for r in found.left_out} == {
        "autumn": "interim, needs data until 2026-02-04", "never": "not measured yet",
    }  # fmt: skip
    assert "Left out: never, not measured yet." in found.render()


def test_an_empty_ledger_and_one_without_results(tmp_path):
    with open_ledger(policy(tmp_path)) as ledger:
        with pytest.raises(ParameterError, match="no campaign"):
            pool(ledger)
        ledger.approve(planned(policy(tmp_path)))
        assert pool(ledger).said.startswith("Not enough data")
