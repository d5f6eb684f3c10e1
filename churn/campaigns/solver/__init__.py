"""Whom to contact with what and when: the most profit under the limits, with a proved bound."""
