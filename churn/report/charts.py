"""The pictures of the report: from what a night wrote to inline SVG with the data each is drawn from."""

from churn.report.charts_backtest import ablation, by_cutoff, segments
from churn.report.charts_cohorts import curve, survival, triangle
from churn.report.charts_draw import Chart
from churn.report.charts_expected import expected_and_actual
from churn.report.charts_list import drivers, stages
from churn.report.charts_model import baselines, calibration, gain, profit
from churn.report.charts_purchases import lifetime, purchases, recurring, surveys
from churn.report.charts_retention import by_group, flow, trend
from churn.report.charts_signals import importance

__all__ = [
    "Chart",
    "ablation",
    "baselines",
    "by_cutoff",
    "by_group",
    "calibration",
    "curve",
    "drivers",
    "expected_and_actual",
    "flow",
    "gain",
    "importance",
    "lifetime",
    "profit",
    "purchases",
    "recurring",
    "segments",
    "stages",
    "surveys",
    "survival",
    "trend",
    "triangle",
]
