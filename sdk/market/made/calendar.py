"""The made trading calendar: weekdays without a few fixed holidays.

Real Chinese trading days follow the lunar calendar and yearly notices; these do not, and say so. They have
the same shape: about 243 days a year, a long break in winter and one in October.
"""

from __future__ import annotations

import numpy as np

# first and last day of each made holiday, month and day, every year the same
HOLIDAYS = (
    ("01-01", "01-02"),
    ("02-04", "02-12"),
    ("04-04", "04-05"),
    ("05-01", "05-04"),
    ("06-10", "06-11"),
    ("09-15", "09-16"),
    ("10-01", "10-08"),
)


def made_days(start: np.datetime64, stop: np.datetime64) -> np.ndarray:
    """Return the made trading days in [start, stop), ascending ``datetime64[D]``."""
    days = np.arange(start, stop, dtype="datetime64[D]")
    closed = np.zeros(len(days), dtype=bool)
    for year in np.unique(days.astype("datetime64[Y]")):
        for first, last in HOLIDAYS:
            closed |= (days >= np.datetime64(f"{year}-{first}")) & (days <= np.datetime64(f"{year}-{last}"))
    return days[np.is_busday(days) & ~closed]
