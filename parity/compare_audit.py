"""Layers inputs, score, rank and target: the audit lines of both logs, by rebalance day and stock.

The digest of the inputs covers what the formula reads; under two formulas it differs by nature and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parity.align import pair_rows
from parity.compare_days import span
from parity.layers import AUDIT_RULES, INPUTS_FIELD, STOCK_RULES, UNJUDGED, Comparison, absent, judge, uncovered
from parity.record_stream import by_day, merge_days
from parity.records import Side
from sdk.report.audit_lines import AuditLine

_OTHER_FORMULA = "公式不同，输入摘要不可比 another formula reads other inputs"


def compare_audits(local: Side, platform: Side) -> Iterator[Comparison]:
    """Compare rebalance by rebalance; a rebalance that one log lacks though it covers the day is a difference."""
    if local.audits is None or platform.audits is None:
        return
    for one, other in _lines(local.audits, platform.audits):
        present = one or other
        assert present is not None
        if one is not None and other is not None:
            yield from _rebalance(one, other)
            continue
        lacking = platform if other is None else local
        moment = present.moment
        names = one.day if one else "", other.day if other else ""
        if lacking.audit_coverage.covers(moment) and span(lacking).covers(moment[:10]):
            yield absent("inputs", "调仓 rebalance", moment, "", *names, ("", ""))
        else:
            yield uncovered("inputs", "调仓 rebalance", moment, "", *names, "日志未覆盖 the log does not cover it")


def _lines(
    local: Iterable[AuditLine], platform: Iterable[AuditLine]
) -> Iterator[tuple[AuditLine | None, AuditLine | None]]:
    """Pair the lines by day and version, one day in memory at a time."""
    left, right = by_day(local, lambda line: line.day, "本地 local"), by_day(platform, lambda line: line.day, "平台")
    for _, mine, theirs in merge_days(left, right):
        yield from pair_rows(mine, theirs, key=lambda line: line.version)


def _rebalance(one: AuditLine, other: AuditLine) -> Iterator[Comparison]:
    moment = min(one.moment, other.moment)
    same_formula = one.get("repaired") == other.get("repaired")
    for comparison in judge(AUDIT_RULES, moment, "", one, other):
        if comparison.field == INPUTS_FIELD and not same_formula:
            comparison = replace(comparison, outcome=UNJUDGED, why=_OTHER_FORMULA)
        yield comparison
    for mine, theirs in pair_rows(one.stocks, other.stocks, key=lambda stock: stock.code):
        stock = mine or theirs
        assert stock is not None
        if mine is not None and theirs is not None:
            yield from judge(STOCK_RULES, moment, stock.code, mine, theirs)
        else:
            names = f"名次 rank {mine.rank}" if mine else "", f"名次 rank {theirs.rank}" if theirs else ""
            yield absent("rank/ties", "入选 listed", moment, stock.code, *names, ("", ""))
