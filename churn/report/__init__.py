"""The report people open: a night's folder in, one self-contained HTML file out; it computes nothing."""

from churn.report.build import write_report
from churn.report.nightly import report_of

__all__ = ["report_of", "write_report"]
