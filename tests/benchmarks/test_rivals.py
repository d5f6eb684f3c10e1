import sys
from pathlib import Path

import numpy as np
import pytest

import churn

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def rivals(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))  # as when it is run
    import rivals

    monkeypatch.setattr(sys.modules["sets"], "EXPORTED", tmp_path)
    return rivals


def test_tables_hold_every_predictor_and_a_second_run_reads_the_cache(
    rivals, shop, history, definition, capsys, monkeypatch
):
    calls = []

    def simple(X, y, test, seed):
        calls.append(X.shape)
        assert not np.isnan(X).all(axis=0).any()
        return np.full(len(test), y.mean())

    monkeypatch.setattr(rivals, "RIVALS", {"Simple": simple, "HistGradientBoosting": simple})
    settings = churn.TrainingSettings(step_days=60, max_snapshots=3)
    date = history.date(definition.last_mature_cutoff(history))
    task = rivals.sets.Task("small", "Small shop", history, definition, settings, (date,), shop)
    parts = rivals.run(task, ["Simple"])
    rivals.show(task, parts)
    out = capsys.readouterr().out
    for name in ("model", "bgnbd", "Simple", rivals.TOLD, rivals.WITHOUT, "best possible from the log"):
        assert f"\n| {name} | " in out
    assert "customers who had complained before the cutoff" in out
    assert 0 < parts[0].complained.sum() < len(parts[0].judged.y)
    again = rivals._cached("Simple", rivals._fold(task, history, history.instant(date)), settings.seed)
    assert np.array_equal(again, parts[0].judged.predictions["Simple"])
    (rows, columns), (same, more) = calls
    assert (same, more) == (rows, columns + len(rivals.LATENT))


def test_without_service_no_signal_of_tickets_is_left(rivals, history, definition):
    from churn.features.catalogue import catalogue

    assert any(s.family == "service" for s in catalogue(history))
    assert not any(s.family in {"service", "voice"} for s in catalogue(rivals._without_service(history)))


def test_an_unknown_set_is_refused_with_those_there_are(rivals, capsys):
    with pytest.raises(SystemExit):
        rivals.main(["retial", "--development"])
    assert "there is no set retial; give of retail2, retail, journey" in capsys.readouterr().err
