import numpy as np

from churn.config import FeatureSettings, TrainingSettings
from churn.model.evaluate import Judged
from churn.model.fold import fit_at
from churn.model.segments import ORDERS, judge_segments, segments_of, segments_text


def part(seed, n=400):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    y = (rng.random(n) < p).astype(float)
    where = np.array(["big"] * (n - 30) + ["tiny"] * 30, dtype=object)
    return Judged(str(seed), y, {"model": p, "other": rng.random(n)}, np.arange(n)), {"country": where}


def test_only_what_is_large_enough_is_judged():
    parts, where = zip(*(part(s) for s in (0, 1)), strict=True)
    found = judge_segments(parts, where, "other", resamples=50)
    assert [(f.segment, f.value) for f in found] == [("country", "big")]
    assert found[0].evaluation.rows == 2 * 370
    assert list(found[0].evaluation.metrics) == ["model", "other"]
    assert "country: big" in segments_text(found)


def test_a_cutoff_where_nobody_of_a_segment_left_does_not_count():
    (a, wa), (b, wb) = part(0), part(1)
    b.y[:370] = 0
    found = judge_segments([a, b], [wa, wb], "other", resamples=20)
    assert found[0].evaluation.rows == 370


def test_segments_of_a_fold(history, definition):
    settings = TrainingSettings(max_snapshots=3)
    cutoff = definition.last_mature_cutoff(history)
    fold = fit_at(history, definition, cutoff, settings=settings, features=FeatureSettings())
    found = segments_of(history, fold)
    assert list(found) == ["country", "segment", ORDERS]
    orders = fold.test.X[:, [s.name for s in fold.signals].index("orders_count")]
    assert set(orders[found[ORDERS] == "1"]) == {1}
    assert orders[found[ORDERS] == "2 to 4"].max() == 4
    assert orders[found[ORDERS] == "5 or more"].min() == 5
