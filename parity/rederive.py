"""Layers that no file of a side tells, derived by running the strategy here: inputs, score, ranks, targets.

A platform log without audit lines shows only orders. Where a run on this machine, with the causes found, agrees with
all that the platform's files do tell, its audit lines say what the platform must have read, scored and chosen. They
are set beside those of the other side and marked as derived; the verdict itself is made of files alone.
"""

from __future__ import annotations

from parity.attribute import Walk
from parity.compare import AUDIT_LAYERS, LayerCount, Verdict, compare_sides
from parity.counterfactual import until
from parity.explanation import Rederived
from parity.records import Side


def rederived(found: Walk, anchor: str, verdict: Verdict) -> tuple[Rederived, ...]:
    """Return the layers of audit lines that the verdict could not judge, as the walk's two ends show them.

    Nothing where a side tells them itself, where the strategy writes no audit lines, and where not one whole day
    before the first unexplained difference is left.
    """
    told = {layer.layer for layer in verdict.layers if layer.compared}
    last = "" if found.equal else _day_before(found)
    if told.intersection(AUDIT_LAYERS) or not found.start.side.audits or (not last and not found.equal):
        return ()
    ends = {anchor: _audits(found.start.side, last), _OTHER[anchor]: _audits(found.end.side, last)}
    if not ends["local"].audits or not ends["platform"].audits:
        return ()
    layers = compare_sides(ends["local"], ends["platform"]).layers
    return tuple(_row(layer, last) for layer in layers if layer.layer in AUDIT_LAYERS and layer.compared)


_OTHER = {"local": "platform", "platform": "local"}


def _day_before(found: Walk) -> str:
    """Return the last day of the run before the first difference that is left; empty where there is none."""
    moment = found.end.standing.moment[:10]
    days = {*found.end.side.cash, *found.end.side.total_value}
    return max((day for day in days if day < moment), default="")


def _audits(side: Side, last: str) -> Side:
    kept = until(side, last) if last else side
    return Side(side.name, (), audits=kept.audits, cash=kept.cash)


def _row(layer: LayerCount, last: str) -> Rederived:
    first = layer.first
    if first is None:
        return Rederived(layer.layer, layer.compared, 0, last)
    where = (first.moment[:10], first.code, first.field, first.local, first.platform)
    return Rederived(layer.layer, layer.compared, layer.different, last, *where)
