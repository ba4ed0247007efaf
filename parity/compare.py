"""Compare two sides: every value that both tell, in layers, and the first difference in time.

Everything after the first difference is consequence until shown otherwise; so the verdict names only that one, and
the counts by layer tell the rest. Where a file ends, is cut or was never downloaded, absence is no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from parity.compare_audit import compare_audits
from parity.compare_days import compare_days, span
from parity.compare_errors import compare_errors
from parity.compare_trading import compare_trading
from parity.layers import DIFFERENT, EQUAL, FIGURE_TOLERANCE, LAYERS, NEEDS, UNJUDGED, Comparison, shortened
from parity.layers import compare as compare_value
from parity.records import Side
from sdk.errors import ParityError
from sdk.report.premises import unequal_premises

KEPT_DIFFERENCES = 200  # of each layer, for the reports; all are counted
KEPT_DAYS = 20_000
AUDIT_LAYERS = ("inputs", "score", "rank/ties", "target")


@dataclass(frozen=True)
class LayerCount:
    """One layer: how many values were compared, differ, could not be judged, and its earliest difference."""

    layer: str
    compared: int
    different: int
    unjudged: int
    first: Comparison | None
    why: str


@dataclass(frozen=True)
class Verdict:
    """The outcome.

    ``differences`` are the first ``KEPT_DIFFERENCES`` of each layer in the order of time; each carries moment, code,
    layer, field and the values of both sides. ``first_by_day`` is the first of each day, of the whole run.
    ``unjudged`` are the reasons, with counts, why something could not be compared.
    """

    local: Side
    platform: Side
    layers: tuple[LayerCount, ...]
    first: Comparison | None
    differences: tuple[Comparison, ...]
    first_by_day: Mapping[str, Comparison]
    unjudged: tuple[tuple[str, int], ...]

    @property
    def equal(self) -> bool:
        return self.first is None

    @property
    def judged(self) -> bool:
        """False where not one value could be compared: then neither equal nor different can be said."""
        return self.compared > 0

    @property
    def compared(self) -> int:
        return sum(layer.compared for layer in self.layers)

    @property
    def partial(self) -> bool:
        """True unless every layer that the files could show was compared, and nothing was left unjudged."""
        return bool(self.unjudged) or bool(self.lacking)

    @property
    def lacking(self) -> tuple[LayerCount, ...]:
        """Layers that were not compared though such files can show them.

        No file prints features; a strategy that logs no audit line on either side has no layers of audit lines.
        """
        silent = all(side.lines and not side.audits for side in (self.local, self.platform))
        never = {"features", *(AUDIT_LAYERS if silent else ())}
        return tuple(layer for layer in self.layers if not layer.compared and layer.layer not in never)


def compare_sides(local: Side, platform: Side) -> Verdict:
    """Compare two sides; raise ParityError where their premises differ or their files tell nothing in common."""
    if differing := unequal_premises(local.premises, platform.premises):
        shown = "; ".join(differing[:8])
        raise ParityError(f"两次运行的前提不同，不能比较 runs of different premises cannot be compared: {shown}")
    if not _in_common(local, platform):
        kinds = [", ".join(f"{name} ({kind})" for name, kind in side.files) for side in (local, platform)]
        raise ParityError(f"两侧没有可比的文件 nothing in common: local has {kinds[0]}; platform has {kinds[1]}")
    gathered = _Gathered()
    for comparison in _all(local, platform):
        gathered.add(comparison)
    return gathered.verdict(local, platform)


def _all(local: Side, platform: Side) -> Iterator[Comparison]:
    yield from compare_errors(local, platform)
    yield from compare_audits(local, platform)
    yield from compare_trading(local, platform, span(local), span(platform))
    yield from compare_days(local, platform)
    yield from _figures(local, platform)


def _figures(local: Side, platform: Side) -> Iterator[Comparison]:
    if local.figures is None or platform.figures is None:
        return
    for key in dict.fromkeys((*local.figures, *platform.figures)):
        one, other = local.figures.get(key), platform.figures.get(key)
        yield compare_value("figure", key, "", "", one, other, FIGURE_TOLERANCE)


def _in_common(local: Side, platform: Side) -> bool:
    return bool(
        (local.trading and platform.trading)
        or (local.cash and platform.cash)
        or (local.total_value and platform.total_value)
        or (local.results and platform.results)
        or (local.figures and platform.figures)
    )


_TELLS: dict[str, Callable[[Side], object]] = {
    "inputs": lambda side: side.audits,
    "score": lambda side: side.audits,
    "rank/ties": lambda side: side.audits,
    "target": lambda side: side.audits,
    "order": lambda side: any(told.orders for told in side.trading.values()),
    "size": lambda side: any(told.orders for told in side.trading.values()),
    "fill price": lambda side: any(told.fills for told in side.trading.values()),
    "fee": lambda side: any(told.fills for told in side.trading.values()),
    "cash": lambda side: side.cash,
    "position": lambda side: side.positions,
    "close valuation": lambda side: side.positions,
    "NAV": lambda side: side.total_value or side.results,
    "figure": lambda side: side.figures,
}


def _lacking(layer: str, local: Side, platform: Side) -> str:
    """Say which side's files do not tell about a layer."""
    tells = _TELLS.get(layer, lambda side: None)
    here, there = bool(tells(local)), bool(tells(platform))
    return {
        (True, True): "没有共同的 nothing in common:",
        (True, False): "平台缺 platform lacks",
        (False, True): "本地缺 local lacks",
        (False, False): "两侧都缺 neither side has",
    }[here, there]


class _Gathered:
    """Counts and the earliest differences, so that a run of any length needs little memory."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.kept: dict[str, list[Comparison]] = {layer: [] for layer in LAYERS}
        self.first: dict[str, Comparison] = {}
        self.first_by_day: dict[str, Comparison] = {}
        self.why: Counter[str] = Counter()

    def add(self, comparison: Comparison) -> None:
        layer = comparison.layer
        self.counts[layer, comparison.outcome] += 1
        if comparison.outcome == UNJUDGED:
            self.why[comparison.why] += 1
        if comparison.outcome == DIFFERENT:
            comparison = shortened(comparison)
            earliest = self.first.get(layer)
            if earliest is None or comparison.order() < earliest.order():
                self.first[layer] = comparison
            if len(self.kept[layer]) < KEPT_DIFFERENCES:
                self.kept[layer].append(comparison)
            self.of_day(comparison.moment[:10], comparison)

    def of_day(self, day: str, comparison: Comparison) -> None:
        known = self.first_by_day.get(day)
        if (known is None and len(self.first_by_day) < KEPT_DAYS) or (known and comparison.order() < known.order()):
            self.first_by_day[day] = comparison

    def verdict(self, local: Side, platform: Side) -> Verdict:
        layers = tuple(self._layer(layer, local, platform) for layer in LAYERS)
        kept = sorted((one for layer in LAYERS for one in self.kept[layer]), key=Comparison.order)
        first = min(self.first.values(), key=Comparison.order, default=None)
        days = dict(sorted(self.first_by_day.items()))
        return Verdict(local, platform, layers, first, tuple(kept), days, tuple(self.why.most_common()))

    def _layer(self, layer: str, local: Side, platform: Side) -> LayerCount:
        different = self.counts[layer, DIFFERENT]
        compared = self.counts[layer, EQUAL] + different
        why = "" if compared else f"{_lacking(layer, local, platform)} {NEEDS[layer]}"
        return LayerCount(layer, compared, different, self.counts[layer, UNJUDGED], self.first.get(layer), why)
