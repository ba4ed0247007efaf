"""What made a strategy die or not trade: an error on one side alone is a difference, and the reason for what follows.

The texts are not compared: line numbers and paths differ between two machines. An error is told by the log alone; a
moment of which the other side tells nothing is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from parity.compare_days import span
from parity.layers import EQUAL, Comparison, absent, uncovered
from parity.records import Side

ERROR_FIELD = "策略报错 error of the strategy"
_LAYER = "order"
_UNTOLD = "{side} 的日志未覆盖策略报错的时刻 the log does not cover the error"


def compare_errors(local: Side, platform: Side) -> Iterator[Comparison]:
    """Compare moment by moment."""
    here, there = dict(local.errors), dict(platform.errors)
    for moment in sorted({*here, *there}):
        shown = here.get(moment, ""), there.get(moment, "")
        if all(shown):
            yield Comparison(_LAYER, ERROR_FIELD, moment, "", *shown, EQUAL)
            continue
        side, lacking = ("本地 local", local) if not shown[0] else ("平台 platform", platform)
        if lacking.lines and lacking.audit_coverage.covers(moment) and span(lacking).covers(moment[:10]):
            yield absent(_LAYER, ERROR_FIELD, moment, "", *shown, ("", ""))
        else:
            yield uncovered(_LAYER, ERROR_FIELD, moment, "", *shown, _UNTOLD.format(side=side))
