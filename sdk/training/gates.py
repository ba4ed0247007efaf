"""The gates: what a formula must pass after the search before it is called a find. A table, one row a gate.

Risk terms in the reward taught policies to lose steadily; here they stand behind the search, where nothing learns
from them. Each gate has a number, a limit and a sentence. ``passed`` is None where a gate was switched off or could
not be asked (no emulator at hand); a gate whose number cannot be had, as without a validation period, is not passed.

bull_bear, by the benchmark's return B of the validation period: B ≥ 0 asks for an excess E > 0, B < 0 for E > 0 and
a total return T > 0. Its number is E, or the smaller of E and T in a falling market.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sdk.training.confirmation import Confirmed
from sdk.training.settings import GateSettings
from sdk.training.trials import Trial


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of one candidate.

    ``cost_ranking``: the lowest Spearman correlation of the candidates' ranking with the ranking at changed costs;
    ``sharpe_probability``: its deflated Sharpe probability on the validation months, by the trials that the settings
    name; ``confirmed``: the emulator's figures of the validation period, None while not asked; ``problem``: why the
    emulator gave none.
    """

    train: Trial
    valid: Trial | None
    cost_ranking: float | None
    sharpe_probability: float | None
    confirmed: Confirmed | None = None
    problem: str | None = None

    @property
    def periods(self) -> list[Trial]:
        """The trials there are."""
        return [self.train] if self.valid is None else [self.train, self.valid]


@dataclass(frozen=True)
class GateResult:
    """One gate for one formula; ``value`` None: not known."""

    name: str
    measures: str
    limit: float | None
    value: float | None
    passed: bool | None
    sentence: str


@dataclass(frozen=True)
class Gate:
    """One row: ``value`` of the evidence is held against ``limit`` of the settings with ``sign``.

    A limit of None switches the gate off. ``missing`` says why there may be no value; ``words`` says more than the
    number.
    """

    name: str
    measures: str
    sign: str
    value: Callable[[Evidence], float | None]
    limit: Callable[[GateSettings], float | None]
    missing: str = "没有验证期，无法判断"
    percent: bool = True
    words: Callable[[Evidence], str] | None = None

    def ask(self, evidence: Evidence, settings: GateSettings) -> GateResult:
        """Return the result for one candidate."""
        limit, value = self.limit(settings), self.value(evidence)
        if limit is None:
            return GateResult(self.name, self.measures, None, value, None, f"{self.measures}：未查")
        if value is None:
            passed = None if self.name == "emulator" and evidence.problem is None else False
            return GateResult(
                self.name, self.measures, limit, None, passed, f"{self.measures}：{evidence.problem or self.missing}"
            )
        passed = bool(_SIGNS[self.sign](value, limit))
        found = self._number(value) if self.words is None else self.words(evidence)
        words = f"{self.measures} {found}，要求 {self.sign} {self._number(limit)}"
        return GateResult(self.name, self.measures, limit, value, passed, words if passed else f"{words}：未通过")

    def _number(self, value: float) -> str:
        return f"{value:.2%}" if self.percent else f"{value:.3f}"


_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": lambda value, limit: value > limit,
    "≥": lambda value, limit: value >= limit,
    "≤": lambda value, limit: value <= limit,
}


def bull_bear(benchmark: float, excess: float, total: float) -> float:
    """Return the number that must be above 0: E where B ≥ 0, the smaller of E and T where B < 0."""
    return excess if benchmark >= 0.0 else min(excess, total)


def _market_words(benchmark: float, excess: float, total: float) -> str:
    if benchmark >= 0.0:
        return f"{excess:+.2%}（基准 {benchmark:+.2%}，牛市看超额）"
    return f"{excess:+.2%}、总收益 {total:+.2%}（基准 {benchmark:+.2%}，熊市两者都看）"


def _words_of_validation(evidence: Evidence) -> str:
    valid = evidence.valid
    return "" if valid is None else _market_words(valid.benchmark, valid.total_excess, valid.total)


def _words_of_emulator(evidence: Evidence) -> str:
    found = evidence.confirmed
    return "" if found is None else _market_words(found.benchmark_return, found.excess_return, found.total_return)


def _of_validation(evidence: Evidence) -> float | None:
    valid = evidence.valid
    return None if valid is None else bull_bear(valid.benchmark, valid.total_excess, valid.total)


def _of_emulator(evidence: Evidence) -> float | None:
    found = evidence.confirmed
    return None if found is None else bull_bear(found.benchmark_return, found.excess_return, found.total_return)


GATES = (
    Gate("train_excess", "训练期月均超额", ">", lambda e: float(e.train.excess.mean()), lambda s: 0.0),
    Gate("bull_bear", "验证期超额", ">", _of_validation, lambda s: 0.0, words=_words_of_validation),
    Gate(
        "tie_share",
        "并列切口月份占比",
        "≤",
        lambda e: max(t.tie_share for t in e.periods),
        lambda s: s.gate_tie_share,
    ),
    Gate("turnover", "月换手", "≤", lambda e: max(t.turnover for t in e.periods), lambda s: s.gate_turnover),
    Gate(
        "breadth", "池内有分数的股票占比", "≥", lambda e: min(t.breadth for t in e.periods), lambda s: s.gate_breadth
    ),
    Gate(
        "cost_ranking",
        "成本 ±50 % 时候选排名的相关",
        "≥",
        lambda e: e.cost_ranking,
        lambda s: s.gate_cost_ranking,
        missing="候选不足两个，无法排名",
        percent=False,
    ),
    Gate(
        "evidence",
        "验证期通胀修正夏普概率 DSR",
        "≥",
        lambda e: e.sharpe_probability,
        lambda s: s.gate_sharpe or None,
        percent=False,
    ),
    Gate(
        "emulator",
        "回测器验证期超额",
        ">",
        _of_emulator,
        lambda s: 0.0,
        missing="未经回测器确认",
        words=_words_of_emulator,
    ),
)


def ask_gates(evidence: Evidence, settings: GateSettings) -> tuple[GateResult, ...]:
    """Return the results of all gates, in the order of the table."""
    return tuple(gate.ask(evidence, settings) for gate in GATES)


def passed(results: Iterable[GateResult]) -> bool:
    """Return whether no gate failed; gates that were not asked do not count."""
    return all(result.passed is not False for result in results)


def spearman(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return the rank correlation of two arrays, equal values at their mean rank; None with fewer than two values.

    1 where neither distinguishes anything, 0 where only one of them does.
    """
    if len(first) < 2:
        return None
    a, b = (pd.Series(values).rank().to_numpy() for values in (first, second))
    a, b = a - a.mean(), b - b.mean()
    norms = float(np.sqrt((a @ a) * (b @ b)))
    if norms == 0.0:
        return 1.0 if (a == b).all() else 0.0
    return float(a @ b) / norms
