"""What the ties of a run could have done to its result: best, worst and expected return over all choices.

Where the cut of a rebalance falls into a group of equal scores, the secondary keys chose ``inside`` of its ``size``
stocks; any other choice had the same right. With equal weights over the K chosen stocks a rebalance period earns

    r(S) = (sum of the returns of the stocks above the group + sum over the choice S) / K

and a choice changes the run by the factor (1 + r(S)) / (1 + r(chosen)). Factors of different rebalances multiply, so
the best and the worst run take the best and the worst choice each time, and, choices being independent, the expected
run takes the mean of r over all choices: all three exact for groups of any size. Their spread (5 % and 95 %) is that
of all choices together while these are few, else of ``SAMPLES`` drawn with a seed.

Period: open of the rebalance day to the open of the next one (the last: to the last close), prices times factor. A
stock without a price at either end counts as 0, as cash does. Costs, lots, limits and drift of held weights are left
out: the figures say how much hangs on the ties, not what another run would print.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np

from sdk.report.audit_lines import AuditLine
from sdk.report.run_ties import ties_of_audit

MOST_ENUMERATED = 4_096
SAMPLES, SEED = 1_000, 20_250_101
Series = Callable[[str, str], np.ndarray]  # (field, code) -> values along the days


@dataclass(frozen=True)
class TieImpact:
    """Returns are cumulative ratios of the whole run: of the run itself, and of it under other choices.

    ``tied`` of ``rebalances`` had their cut in a tie, the largest group has ``largest`` stocks. ``exact`` says
    whether ``low`` and ``high`` (5 % and 95 % of the choices) come from all choices or from a sample.
    """

    rebalances: int
    tied: int
    largest: int
    actual: float
    best: float
    worst: float
    expected: float
    low: float
    high: float
    exact: bool

    def to_json(self) -> dict[str, object]:
        """Return plain numbers; None for one that does not exist."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True)
class _Period:
    """One tied rebalance: factors of the run for a choice = base + returns of the chosen of the group × weight."""

    base: float
    group: np.ndarray  # returns of the group's stocks, times the weight
    inside: int


def has_tied_cut(line: str) -> bool:
    """Whether an audit line may have its cut in a tie: cheap, without reading its stocks."""
    return "|ties=" in line and "|ties=none|" not in line


def tie_impact(
    audits: Sequence[AuditLine], rebalance_days: Sequence[str], days: np.ndarray, series: Series, actual: float
) -> TieImpact | None:
    """Return the impact of the ties of a run; None where no cut falls into a tie.

    ``audits`` are the lines with ties (others may be left out), ``rebalance_days`` the days of all lines, ``days``
    (days,) datetime64 of the run and of the values of ``series``; ``actual`` the cumulative return of the run.
    """
    periods, largest = [], 0
    for audit in audits:
        ties, span = ties_of_audit(audit).ties, _span(audit.day, rebalance_days, days)
        if ties.cut_in_tie and span is not None:
            largest = max(largest, ties.size)
            periods.append(_period(audit, span, series))
    if not periods:
        return None
    value = 1.0 + actual
    best, worst, expected = (math.prod(_extreme(one, how) for one in periods) for how in ("best", "worst", "mean"))
    spread, exact = _spread(periods)
    low, high = (float(np.quantile(spread, share)) for share in (0.05, 0.95))
    made = [value * factor - 1.0 for factor in (best, worst, expected, low, high)]
    names = ("best", "worst", "expected", "low", "high")
    returns: dict[str, float] = dict(zip(names, made, strict=True))
    return TieImpact(len(rebalance_days), len(periods), largest, actual, exact=exact, **returns)


def _span(day: str, rebalance_days: Sequence[str], days: np.ndarray) -> tuple[int, int | None] | None:
    """Return the places of the rebalance day and of the next one (None: to the last close); None without a close."""
    following = min((other for other in rebalance_days if other > day), default="9999-12-31")
    start, end = (int(np.searchsorted(days, np.datetime64(other))) for other in (day, following))
    return None if start >= len(days) else (start, end if end < len(days) else None)


def _period(audit: AuditLine, span: tuple[int, int | None], series: Series) -> _Period:
    chosen = audit.chosen
    scores = {stock.code: stock.score.text for stock in audit.stocks}
    cut = min((float(scores[code].partition(" ")[0]) for code in chosen), default=math.nan)
    group = [code for code, text in scores.items() if float(text.partition(" ")[0]) == cut]
    weight = 1.0 / len(chosen)
    inside = [code for code in chosen if code in set(group)]
    above = sum(_growth(code, span, series) for code in chosen if code not in set(group))
    returns = np.array([_growth(code, span, series) for code in group])
    made = above + sum(_growth(code, span, series) for code in inside)
    scale = weight / (1.0 + weight * made)
    return _Period((1.0 + weight * above) / (1.0 + weight * made), returns * scale, len(inside))


def _growth(code: str, span: tuple[int, int | None], series: Series) -> float:
    """Return the adjusted return of a stock over a period; 0 where a price is missing."""
    start, end = span
    opens, factor = series("open", code), series("factor", code)
    last = series("close", code)[-1] * factor[-1] if end is None else opens[end] * factor[end]
    found = float(last / (opens[start] * factor[start]) - 1.0) if opens[start] > 0 else math.nan
    return found if math.isfinite(found) else 0.0


def _extreme(period: _Period, how: str) -> float:
    ordered = np.sort(period.group)
    picked = {
        "best": float(ordered[len(ordered) - period.inside :].sum()),
        "worst": float(ordered[: period.inside].sum()),
        "mean": float(ordered.mean()) * period.inside,
    }
    return period.base + picked[how]


def _spread(periods: Sequence[_Period]) -> tuple[np.ndarray, bool]:
    """Return the factors of the run over all choices, or over a sample of them."""
    ways = [math.comb(len(period.group), period.inside) for period in periods]
    if math.prod(ways) <= MOST_ENUMERATED:
        found = np.ones(1)
        for period in periods:
            own = [period.base + float(sum(choice)) for choice in combinations(period.group, period.inside)]
            found = np.outer(found, own).ravel()
        return found, True
    random_ = np.random.default_rng(SEED)
    found = np.ones(SAMPLES)
    for period in periods:
        order = np.argpartition(random_.random((SAMPLES, len(period.group))), period.inside - 1, axis=1)
        found *= period.base + period.group[order[:, : period.inside]].sum(axis=1)
    return found, False


def impact_words(found: dict[str, object]) -> str:
    """Return the impact (``to_json``) as one sentence; empty where there is none."""
    if not found:
        return ""
    shown = {
        name: f"{value:+.2%}" if isinstance(value, int | float) and not isinstance(value, bool) else "--"
        for name, value in found.items()
    }
    how = "全部选法" if found.get("exact") else f"{SAMPLES} 次抽样"
    return (
        f"并列的其他选法（不计费用）：最好 {shown.get('best', '--')}，最差 {shown.get('worst', '--')}，"
        f"平均 {shown.get('expected', '--')}，"
        f"5%–95% {shown.get('low', '--')} … {shown.get('high', '--')}（{how}）；本次 {shown.get('actual', '--')}"
    )
