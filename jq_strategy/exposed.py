"""The exposures of one day's pool: from bars to neutral scores, what the audit line says of them, the self-check.

``table`` names the styles that are taken out, in order: rows (name, function, inputs, days), see STYLES in
exposures.py. Runs on CPython 3.6 with numpy alone; the exported strategy contains these very lines.
"""

from collections import namedtuple

import numpy as np

from jq_strategy.audit import array_bytes, made_bars, short_digest
from jq_strategy.exposures import industry_groups, style_exposure
from jq_strategy.neutral import neutral_score

# styles: one (stocks, 1) a style, NaN = none; industries: a code a stock, "" = none, or None where they stay in
Exposed = namedtuple("Exposed", "styles industries")


def exposures_of(table, bars, industries):
    """Return Exposed from the bars up to the signal day and its industry codes, or None where these stay in."""
    with np.errstate(all="ignore"):
        styles = [style_exposure(function, inputs, days, bars) for _, function, inputs, days in table]
    return Exposed(styles, industries)


def neutral_scores(scores, exposed, standard):
    """Return the scores without industries and styles, (stocks,); NaN without a score or an exposure."""
    groups = None if exposed.industries is None else industry_groups(exposed.industries)
    with np.errstate(all="ignore"):
        return neutral_score(scores[:, None], exposed.styles, groups, standard)[:, 0]


def stocks_without(exposed):
    """Return the places of the stocks that lack an exposure, ascending."""
    lacking = [place for place, name in enumerate(exposed.industries or []) if not name]
    for style in exposed.styles:
        lacking.extend(np.flatnonzero(~np.isfinite(style[:, 0])).tolist())
    return sorted(set(lacking))


def neutral_part(names, standard, exposed):
    """Return the part of the audit line: names taken out, standard, stocks without an exposure, digest of exposures.

    ``neutral=size,industry:rank:3:<16 hex>``; the digest is over the styles and codes in the order of the pool.
    """
    industries = ",".join(exposed.industries or []).encode("utf-8")
    digest = short_digest(b"".join([array_bytes(style) for style in exposed.styles]) + industries)
    return "neutral=%s:%s:%d:%s" % (",".join(names), standard, len(stocks_without(exposed)), digest)


def made_neutral_digest(table, by_industry, standard):
    """Return the digest of neutral scores of made numbers: what every machine must reproduce."""
    wanted = {name for _, _, inputs, _ in table for name in inputs}
    bars = made_bars(sorted(wanted - {"pb_ratio"}), max([days for _, _, _, days in table] or [1]))
    bars["pb_ratio"] = made_bars(["close"], 1)["close"]
    scores = made_bars(["volume"], 3)["volume"][:, -1]
    industries = ["I%d" % (row % 5) for row in range(len(scores))] if by_industry else None
    return short_digest(array_bytes(neutral_scores(scores, exposures_of(table, bars, industries), standard)))
