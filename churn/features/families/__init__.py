"""The catalogue, one module per family of signals."""
