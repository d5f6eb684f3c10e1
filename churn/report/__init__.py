"""The report people open: a night's folder in, one self-contained HTML file out; it computes nothing."""
