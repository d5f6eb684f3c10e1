"""The benchmark of the feature engine: one log, the same signals, computed by several engines."""
