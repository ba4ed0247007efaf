"""R20: fewer candidates than K give fewer positions; nothing outside the pool fills the book."""

from __future__ import annotations

import re

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from tests.bundles import small_market


def test_a_book_of_80_from_a_pool_of_50_holds_members_only():
    bundle = Bundle.open(small_market(), verify=False)
    strategy = render(from_tokens([0, 4, 6], "v2"), Settings(top_k=80))
    result = run_backtest(strategy, bundle, "2019-01-02", "2019-01-31", 50_000_000)
    assert result.status == "done", result.error
    pool = set(bundle.members("000300.XSHG", "2019-01-02"))
    rows = [
        line for line in result.texts["position.csv"].splitlines() if line.startswith("2019-01-31") and "多" in line
    ]
    held = {re.search(r"\(([0-9]{6}\.\w{4})\)", line).group(1) for line in rows}
    assert 0 < len(held) <= len(pool) < 80
    assert held <= pool
    assert result.cash[-1] > 50_000_000 * (1 - len(pool) / 80) * 0.99
