"""Snapshots, baselines, training, judgement, reasons, the saved bundle and its tracking."""
