"""BG/NBD against the published figures, the formulas in closed form, and customers drawn from its own story."""

import importlib.metadata as metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate
from scipy.optimize import approx_fprime
from scipy.special import hyp2f1
from scipy.stats import beta, gamma

import churn
from churn.data.history import DAY_US
from churn.errors import ModelError
from churn.model.bgnbd import BgNbd, _Likelihood, beta_nodes, fit_bgnbd, rhythm_of, simulate

PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426)


def cdnow(name):
    """A file of the CDNOW sample, which the package lifetimes carries; it is read and never imported."""
    try:
        files = metadata.files("lifetimes") or []
    except metadata.PackageNotFoundError:
        files = []
    found = [Path(f.locate()) for f in files if f.name == name]
    if not found:
        pytest.skip(f"{name} is not here; pip install lifetimes")
    return found[0]


@pytest.fixture(scope="module")
def summary():
    return pd.read_csv(cdnow("cdnow_customers_summary.csv"))


def assert_published(model, unit=1.0):
    assert model.customers == 2357
    assert (round(model.r, 3), round(model.a, 3), round(model.b, 3)) == (0.243, 0.793, 2.426)
    assert model.alpha / unit == pytest.approx(4.414, abs=0.0006)


def test_published_estimates(summary):
    model = fit_bgnbd(summary["frequency"], summary["recency"], summary["T"])
    assert_published(model)
    assert round(model.log_likelihood, 1) == -9582.4


def test_unit_of_time_changes_alpha_alone(summary):
    days = fit_bgnbd(summary["frequency"], 7 * summary["recency"], 7 * summary["T"])
    assert_published(days, 7.0)
    density = summary["frequency"].sum() * np.log(7)
    assert days.log_likelihood + density == pytest.approx(-9582.4, abs=0.05)


def test_published_estimates_come_from_the_orders_themselves():
    """From the lines of the sample through our own history: 39 weeks to the end of September 1997."""
    lines = pd.read_fwf(
        cdnow("CDNOW_sample.txt"), header=None, names=["_", "customer", "day", "cds", "amount"], dtype=str
    )
    orders = pd.DataFrame(
        {
            "customer": lines["customer"],
            "time": pd.to_datetime(lines["day"], format="%Y%m%d"),
            "amount": lines["amount"].astype(float),
        }
    )
    known = rhythm_of(churn.make_history(orders, timezone="UTC").as_of("1997-10-01"))
    assert known.T.max() == 272
    assert_published(fit_bgnbd(known.x, known.t_x, known.T), 7.0)


def test_published_example_customer():
    """Fader, Hardie and Lee's customer: two orders by week 30.43 of 38.86 expects 1.226 in the next 39."""
    assert PUBLISHED.expected_orders([2], [30.43], [38.86], 39)[0] == pytest.approx(1.226, abs=0.0005)


@pytest.mark.parametrize(("horizon", "gap"), [(39.0, 0.0), (10.0, 5.0), (4.0, 200.0)])
def test_no_order_agrees_with_integrals_over_both_heterogeneities(horizon, gap):
    """The mean over lambda and p, term by term, without any of the closed forms."""
    m = PUBLISHED
    for x, t_x, T in ((0, 0.0, 0.2), (0, 0.0, 38.86), (2, 30.43, 38.86), (9, 12.0, 38.86)):
        rate, p = gamma(m.r + x, scale=1 / (m.alpha + T)), beta(m.a, m.b + x)

        def orders(lam, q):
            return np.exp(-lam * q * gap) * -np.expm1(-lam * horizon)

        u, w = np.polynomial.legendre.leggauss(200)  # over quantiles, so that no density is needed
        lam, q = np.meshgrid(rate.ppf((u + 1) / 2), p.ppf((u + 1) / 2))
        mean = (orders(lam, q) * np.outer(w, w) / 4).sum()
        expected = 1 - m.alive(x, t_x, T)[0] * mean
        assert m.no_order(x, t_x, T, horizon, gap)[0] == pytest.approx(expected, abs=2e-5)


def test_gap_agrees_with_the_hypergeometric_form():
    m, x, T = PUBLISHED, np.array([0.0, 1, 4, 12]), np.array([0.0, 38.86, 20, 38.86])
    t_x = np.array([0.0, 20, 15, 38])
    s, c, gap, horizon = m.r + x, m.alpha + T, 6.0, 13.0

    def first(c):
        return hyp2f1(s, m.a, m.a + m.b + x, -gap / c)

    orders = first(c) - (c / (c + horizon)) ** s * first(c + horizon)
    expected = 1 - m.alive(x, t_x, T) * orders
    assert m.no_order(x, t_x, T, horizon, gap) == pytest.approx(expected, abs=1e-10)
    assert m.no_order(x, t_x, T, horizon, 1e-9) == pytest.approx(m.no_order(x, t_x, T, horizon), abs=1e-8)


def test_expected_orders_agree_with_the_published_formula():
    """Equation (10) of Fader, Hardie and Lee (2005), and no break at a = 1, where it has no value."""
    x, t_x, T = np.array([0.0, 1, 2, 20]), np.array([0.0, 5, 30.43, 38]), np.array([0.5, 38.86, 38.86, 38.86])
    t = 39.0
    for a in (0.793, 1.7):
        m = BgNbd(0.243, 4.414, a, 2.426)
        c = m.alpha + T
        inner = (c / (c + t)) ** (m.r + x) * hyp2f1(m.r + x, m.b + x, a + m.b + x - 1, t / (c + t))
        expected = (a + m.b + x - 1) / (a - 1) * (1 - inner) * m.alive(x, t_x, T)
        assert m.expected_orders(x, t_x, T, t) == pytest.approx(expected, rel=1e-6)
    near = [BgNbd(0.243, 4.414, a, 2.426).expected_orders(x, t_x, T, t) for a in (1 - 1e-6, 1.0, 1 + 1e-6)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-6)


def test_windows_add_up():
    args = ([0, 3], [0, 200], [10, 250])
    m = BgNbd(0.8, 30.0, 0.9, 4.0)
    whole = m.expected_orders(*args, 60)
    assert m.expected_orders(*args, 20) + m.expected_orders(*args, 40, 20) == pytest.approx(whole, rel=1e-9)
    nothing = m.no_order(*args, 60)
    assert (nothing < m.no_order(*args, 40, 20)).all(), "silence for longer is less likely"


def test_customers_drawn_from_the_model_behave_as_foretold():
    """Draw to T + gap + horizon; fit and foretell from what was seen by T, for groups of alike customers."""
    rng, true = np.random.default_rng(5), BgNbd(0.8, 30.0, 0.9, 4.0)
    n, T, gap, horizon = 60_000, 300.0, 14.0, 60.0
    rate, leaves = rng.gamma(true.r, 1 / true.alpha, n), rng.beta(true.a, true.b, n)
    x, t_x, orders, time = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    here = np.arange(n)
    while len(here):
        time[here] += rng.exponential(1 / rate[here])
        here = here[time[here] < T + gap + horizon]
        seen = here[time[here] <= T]
        x[seen] += 1
        t_x[seen] = time[seen]
        orders[here[time[here] > T + gap]] += 1
        here = here[rng.random(len(here)) >= leaves[here]]
    fitted = fit_bgnbd(x, t_x, np.full(n, T))
    assert (fitted.r, fitted.alpha, fitted.a, fitted.b) == pytest.approx(
        (true.r, true.alpha, true.a, true.b), rel=0.15
    )
    p = true.no_order(x, t_x, np.full(n, T), horizon, gap)
    expected = true.expected_orders(x, t_x, np.full(n, T), horizon, gap)
    for group in np.array_split(np.argsort(p), 12):
        four_errors = 4 * np.sqrt((p[group] * (1 - p[group])).sum()) / len(group)
        assert (orders[group] == 0).mean() == pytest.approx(p[group].mean(), abs=four_errors)
        noise = 4 * orders[group].std() / np.sqrt(len(group))
        assert orders[group].mean() == pytest.approx(expected[group].mean(), abs=noise)


def test_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(2)
    x, t_x, T = simulate(rng, 400, BgNbd(0.8, 30.0, 0.9, 4.0), 300.0)
    f = _Likelihood(x, t_x / 300, T / 300, np.ones(400))
    at = np.log([0.7, 0.2, 1.3, 2.0])
    assert f(at)[1] == pytest.approx(approx_fprime(at, lambda v: f(v)[0], 1e-7), abs=1e-5)


def test_likelihood_is_that_of_the_paper():
    """Equation (6), written out as it stands there."""
    from scipy import special

    B, G = special.beta, special.gamma
    m, (x, t_x, T) = PUBLISHED, (3, 20.0, 38.86)
    gone = B(m.a + 1, m.b + x - 1) / B(m.a, m.b) / (m.alpha + t_x) ** (m.r + x)
    alive = B(m.a, m.b + x) / B(m.a, m.b) / (m.alpha + T) ** (m.r + x)
    expected = np.log(G(m.r + x) * m.alpha**m.r / G(m.r) * (alive + gone))
    f = _Likelihood(*(np.array([float(v)]) for v in (x, t_x, T)), np.ones(1))
    assert -f(np.log([m.r, m.alpha, m.a, m.b]))[0] == pytest.approx(expected, rel=1e-10)


def test_order_and_repetition_of_customers_do_not_matter():
    x, t_x, T = simulate(np.random.default_rng(3), 3000, BgNbd(0.8, 30.0, 0.9, 4.0), 300.0)
    one = fit_bgnbd(x, t_x, T)
    twice = fit_bgnbd(np.tile(x, 2)[::-1], np.tile(t_x, 2)[::-1], np.tile(T, 2)[::-1])
    assert (twice.r, twice.a) == pytest.approx((one.r, one.a), rel=1e-3)
    assert twice.log_likelihood == pytest.approx(2 * one.log_likelihood, rel=1e-9)


def test_extreme_customers_get_probabilities():
    m = BgNbd(0.8, 5.0, 0.9, 4.0)
    x, t_x, T = [5000, 1, 0, 0, 400], [4999, 0, 0, 0, 1], [5000, 9000, 9000, 0, 9000]
    for p in (m.alive(x, t_x, T), m.no_order(x, t_x, T, 60), m.no_order(x, t_x, T, 60, 30)):
        assert ((p >= 0) & (p <= 1)).all()
    assert m.no_order(x, t_x, T, 60)[0] < 0.01
    assert m.no_order(x, t_x, T, 60)[4] == 1.0
    assert np.isfinite(m.expected_orders(x, t_x, T, 60)).all()


@pytest.mark.parametrize("b", [0.3, 4.0, 5000.0])
@pytest.mark.parametrize("a", [0.05, 1.0, 3.0, 5000.0])
def test_quadrature_has_the_moments_of_the_beta_distribution(a, b):
    p, w = beta_nodes(a, b)
    for k in (1, 2, 3):
        assert (w * p**k).sum() == pytest.approx(beta(a, b).moment(k), rel=1e-8)
    expected, _ = integrate.quad(lambda u: np.exp(-3 * beta(a, b).ppf(u)), 0, 1)
    assert (w * np.exp(-3 * p)).sum() == pytest.approx(expected, rel=1e-5)


def test_too_few_repeat_customers_are_told():
    x = np.array([1.0] * 29 + [0.0] * 500)
    with pytest.raises(
        ModelError, match=r"too few repeat customers.*29 of 529.*at least 30.*Bring more"
    ) as e:
        fit_bgnbd(x, x, np.full(529, 10.0))
    assert e.value.code == "bgnbd-too-few"


def test_customers_who_never_leave_still_get_a_fit():
    """The likelihood rises towards p = 0, where there is no maximum inside; the probabilities stand."""
    rng = np.random.default_rng(4)
    x = rng.poisson(rng.gamma(1.0, 1 / 20.0, 2000) * 300.0).astype(float)
    t_x = np.where(x > 0, 300.0 * rng.random(2000) ** (1 / np.maximum(x, 1)), 0.0)
    model = fit_bgnbd(x, t_x, np.full(2000, 300.0))
    assert model.alive(x, t_x, np.full(2000, 300.0)).min() > 0.9


def test_rhythm_counts_days_and_sees_only_what_was_known():
    orders = pd.DataFrame(
        {
            "customer": ["a", "a", "a", "b", "a", "b"],
            "time": pd.to_datetime(
                [
                    "2024-01-01 08:00",
                    "2024-01-01 20:00",  # the same day counts once
                    "2024-01-11 00:30",
                    "2024-01-15",
                    "2024-01-20",  # on the cutoff: not seen
                    "2024-01-16",  # recorded too late to be seen
                ],
                format="ISO8601",
            ),
            "amount": 1.0,
            "recorded_at": pd.to_datetime(["2024-01-17"] * 5 + ["2024-02-01"]),
        }
    )
    history = churn.make_history(orders, timezone="Europe/Berlin")
    known = rhythm_of(history.as_of("2024-01-20"))
    assert [known.x.tolist(), known.t_x.tolist(), known.T.tolist()] == [[1, 0], [10, 0], [18, 4]]
    assert known.of(np.array([1])).T.tolist() == [4]
    later = rhythm_of(history.as_of(history.instant("2024-01-20") + DAY_US // 2))  # by noon
    assert [later.x.tolist(), later.t_x.tolist(), later.T.tolist()] == [[2, 0], [19, 0], [19, 5]]
