"""From the user's tables to one time-ordered log: contracts, sources, checks, history."""
