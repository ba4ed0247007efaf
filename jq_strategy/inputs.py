"""Missing bars are a mask, not a number.

A bar is *known* where its value is finite and possible. Unknown cells are filled with 1 before any arithmetic, and
every score that such a cell could have reached is NaN: a score needs all of its own ``lookback_days`` bars. A halted
day is known (prices carried by the exchange, volume 0); a day before the listing is not.

Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from jq_strategy.kernel import LARGEST, both, where, window_all

NOT_A_NUMBER = float("nan")
POSITIVE_INPUTS = ("open", "high", "low", "close", "factor", "benchmark", "circulating_market_cap")


def known_bars(name, x):
    """Return where an input is usable: finite, prices and factors above 0, volume and money not below 0."""
    return both(x > 0.0 if name in POSITIVE_INPUTS else x >= 0.0, x <= LARGEST)


def usable_bars(arrays, names):
    """Return where all inputs are known, and the inputs with their unknown cells filled with 1."""
    known, filled = None, []
    for name, x in zip(names, arrays):
        usable = known_bars(name, x)
        filled.append(where(usable, x, 1.0))
        known = usable if known is None else both(known, usable)
    return known, filled


def mask_unknown(score, known, lookback_days):
    """Return NaN for a score any of whose ``lookback_days`` bars is unknown; ``known`` ends with the scores."""
    return where(window_all(known, lookback_days), score + 0.0, NOT_A_NUMBER)
