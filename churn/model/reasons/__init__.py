"""Reasons in words: what the numbers of a customer say, told from the pushes that the model gives them."""
