"""The report people open: a night's folder in, one self-contained HTML file out; it computes nothing."""

from churn.report.build import write_report

__all__ = ["write_report"]
