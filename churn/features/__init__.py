"""The signals: a catalogue of small values and the one executor that computes them."""
