"""Retention, exactly: the rate from three counts, from the log, by period, and what is expected next."""
