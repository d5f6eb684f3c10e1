import numpy as np
import pytest

from benchmarks.verdict import CAMPAIGNS, gain, world


def test_same_customers_come_back_and_a_contact_helps_whom_the_signal_names():
    rows, truth = world(0, 0.4, 200)
    assert len(rows) == 200 * CAMPAIGNS
    assert np.bincount(rows.customer).tolist() == [CAMPAIGNS] * 200
    assert (truth[rows.X[:, 2] > 0] > 0).all()
    assert (truth[rows.X[:, 2] <= 0] == 0).all()
    assert (world(0, 0.0, 200)[1] == 0).all()


def test_gain_by_the_truth_is_what_its_noisy_effects_tell_on_the_mean():
    drawn = [world(seed, 0.4, 400) for seed in range(40)]
    off = np.array([gain(rows, rows.effects())[0] - gain(rows, truth)[0] for rows, truth in drawn])
    assert np.mean([gain(rows, truth)[0] for rows, truth in drawn]) > 1000
    assert off.mean() == pytest.approx(0, abs=3.5 * off.std() / np.sqrt(len(off)))
