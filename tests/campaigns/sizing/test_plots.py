"""The picture has what the frame has."""

from __future__ import annotations

import numpy as np

from churn.campaigns.sizing.power import power


def test_the_curve_is_the_frame_and_the_expected_effect_is_a_line():
    answer = power(5000, 0.4, effect=0.05)
    curve, line = answer.figure().axes[0].lines

    assert np.allclose(curve.get_xydata() / 100, answer.frame[["share", "smallest_effect"]])
    assert np.allclose(line.get_ydata(), 5)


def test_where_nothing_can_be_shown_the_picture_says_so():
    axes = power(3, 0.4).figure().axes[0]
    assert [t.get_text() for t in axes.texts] == ["No effect can be shown"]
