import io

import pytest

from churn.model.plots import training_figures


def test_draws_three_pictures_from_the_numbers_given(model):
    figures = training_figures(model.evaluation, model.importance())
    assert list(figures) == ["calibration", "gain", "importance"]
    for figure in figures.values():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        assert buffer.getvalue().startswith(b"\x89PNG")
    points = figures["calibration"].axes[0].lines[1].get_xydata()
    assert points[0] == pytest.approx(
        (model.evaluation.calibration[0]["predicted"], model.evaluation.calibration[0]["observed"])
    )
    assert figures["gain"].axes[0].lines[2].get_xydata()[-1] == pytest.approx((1, 1))
    assert len(figures["importance"].axes[0].patches) == 20
