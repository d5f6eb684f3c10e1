"""The steps; each is frozen once it is released."""
