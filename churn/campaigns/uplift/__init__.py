"""Uplift from past randomised campaigns: what a contact changes, by customer and action, and whether it beats risk."""
