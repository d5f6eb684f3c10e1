"""The screen this package exists for: the at-risk customers beside the retention rate."""

from churn.scoring.result import COLUMNS, Scores
from churn.scoring.score import score

__all__ = ["COLUMNS", "Scores", "score"]
