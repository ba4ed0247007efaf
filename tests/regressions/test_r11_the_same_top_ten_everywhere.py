"""R11: as shipped, the local and the online top 10 agreed in 11 % of the months. Here: in all of them.

Local is the search: the panel of the whole history, its batch evaluator, the order of equal scores laid out once.
Online is the exported file, which sees only its own window, its own pool and its own positions.
"""

from __future__ import annotations

import numpy as np
import pytest

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.bars import bars_between
from sdk.formula.formula_file import FormulaFile, from_tokens
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle
from sdk.report.audit_lines import AuditLine, parse_audit
from sdk.scoring.monthly import monthly_market
from sdk.scoring.ties import tie_order
from tests.bundles import small_market

INDEX, START, END, K = "000300.XSHG", "2018-01-01", "2020-12-31", 10
FORMULAS = {
    "hardly any ties": from_tokens([0, 4, 6], "v2"),
    "three distinct scores": from_tokens([2, 12], "v2"),
    "long windows, ties": from_tokens([3, 18, 0, 13, 8, 12], "v2"),
}
KEYS = [("code",), ("money", "code"), ("held", "code"), ("held", "money", "code")]


def online(formula: FormulaFile, keys: tuple[str, ...], bundle: Bundle) -> list[AuditLine]:
    """Return what the exported strategy said at each rebalance."""
    result = run_backtest(render(formula, Settings(INDEX, top_k=K, rank_keys=keys)), bundle, START, END)
    assert result.status == "done", result.error
    return [parse_audit(line.partition("AUDIT|")[2], line[:19]) for line in result.log if "AUDIT|" in line]


@pytest.mark.parametrize("keys", KEYS, ids=",".join)
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS.keys())
def test_local_and_online_choose_the_same_ten_in_every_month(formula: FormulaFile, keys: tuple[str, ...]) -> None:
    bundle = Bundle.open(small_market())
    market = monthly_market(bundle, INDEX, START, END)
    codes = list(market.codes)
    bars = bars_between(bundle, codes, {*formula.inputs, "money"}, None, None, INDEX)
    scores = PanelScores({name: bars[name] for name in formula.inputs}).scores(
        formula.tree, market.signal_days, market.members
    )
    places = tie_order(codes, bars["money"][:, market.signal_days], keys)
    said = {audit.day: audit for audit in online(formula, keys, bundle)}
    agreed, cut_in_tie = [], 0
    for month, day in enumerate(market.trade_days):
        audit = said[str(bundle.days[day])]
        held = np.isin(codes, audit.held) if "held" in keys else np.zeros(len(codes), dtype=bool)
        scored = np.flatnonzero(market.members[:, month] & ~np.isnan(scores[:, month]))
        order = sorted(scored, key=lambda row: (-scores[row, month], not held[row], places[row, month]))
        agreed.append(tuple(codes[row] for row in order[:K]) == audit.chosen)
        cut_in_tie += scores[order[K - 1], month] == scores[order[K], month]
    assert len(agreed) == 36
    assert all(agreed), f"{np.mean(agreed):.0%} of the months agree"
    assert (cut_in_tie > 12) == (formula.tokens_repaired[-1] == 12), cut_in_tie
