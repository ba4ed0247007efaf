"""A made market: bars with the awkward things of real ones and a weak signal that a formula can find."""
