"""What ties could have done to a run: by hand, against enumeration, and in the report of an exported strategy."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from exporter.strategy_file import Settings, render
from sdk.emulator.runner import run_backtest
from sdk.formula.formula_file import from_tokens
from sdk.market.bundle import Bundle
from sdk.report.audit_lines import AuditLine, parse_audit
from sdk.report.page import write_report
from sdk.report.tie_impact import TieImpact, impact_words, tie_impact
from tests.bundles import small_market
from tests.report.made_run import score

DAYS = np.array(["2024-03-01", "2024-03-04", "2024-04-01", "2024-04-02"], dtype="datetime64[D]")
OPENS = {"A": [10.0, 11, 12, 12], "B": [20.0, 20, 18, 18], "C": [5.0, 5, 5, 5], "D": [8.0, 9, 10, 11]}
RETURNS = {"A": 0.2, "B": -0.1, "C": 0.0, "D": 0.25}  # open of 2024-03-01 to open of 2024-04-01


def series(field: str, code: str) -> np.ndarray:
    """Made prices; B halves its price and doubles its factor on the last two days."""
    if field == "factor":
        return np.array([1.0, 1, 2, 2]) if code == "B" else np.ones(4)
    prices = np.array(OPENS[code])
    return prices / np.array([1.0, 1, 2, 2]) if code == "B" else prices


def line(scores: dict[str, float], chosen: str, day: str = "2024-03-01") -> AuditLine:
    """An audit line with these scores, in rank order, and these stocks chosen."""
    stocks = [
        f"{code}:{score(value)}:{rank}:{100 if code in chosen else '-'}"
        for rank, (code, value) in enumerate(scores.items(), 1)
    ]
    return parse_audit(f"v1|{day}|lag=2024-02-29|ties=2-4|{'|'.join(stocks)}", f"{day} 09:30:00")


def impact(
    *audits: AuditLine, actual: float = 0.0, days: tuple[str, ...] = ("2024-03-01", "2024-04-01")
) -> TieImpact:
    found = tie_impact(audits, days, DAYS, series, actual)
    assert found is not None
    return found


def test_one_tied_rebalance_by_hand() -> None:
    """D is above the group A, B, C of which one is chosen: (0.25 + r) / 2."""
    found = impact(line({"D": 2.0, "A": 1.0, "B": 1.0, "C": 1.0}, "DC"), actual=0.125)
    assert (found.rebalances, found.tied, found.largest, found.exact) == (2, 1, 3, True)
    assert found.best == pytest.approx((0.25 + 0.2) / 2)
    assert found.worst == pytest.approx((0.25 - 0.1) / 2)
    assert found.expected == pytest.approx((0.25 + 0.1 / 3) / 2)


def test_what_else_the_run_did_is_kept_as_a_factor() -> None:
    found = impact(line({"D": 2.0, "A": 1.0, "C": 1.0}, "DC"), actual=0.5)
    assert found.best == pytest.approx(1.5 * (1 + 0.225) / (1 + 0.125) - 1)
    assert found.worst == pytest.approx(0.5)


def test_the_last_period_ends_at_the_last_close() -> None:
    found = impact(line({"D": 1.0, "C": 1.0}, "C", "2024-04-01"))
    assert found.best == pytest.approx(0.1)


def test_a_stock_without_a_price_counts_as_cash() -> None:
    audit = line({"A": 1.0, "C": 1.0}, "C")
    found = tie_impact([audit], ["2024-03-01"], DAYS, lambda field, code: np.full(4, np.nan), 0.0)
    assert found is not None
    assert (found.best, found.worst, found.expected) == (0.0, 0.0, 0.0)


def test_without_a_tie_at_the_cut_there_is_no_impact() -> None:
    audit = line({"D": 2.0, "A": 1.0, "B": 1.0}, "D")
    assert tie_impact([audit], ["2024-03-01"], DAYS, series, 0.0) is None


def test_a_rebalance_of_a_day_that_did_not_end_is_left_out() -> None:
    audit = line({"A": 1.0, "C": 1.0}, "C", "2024-05-06")
    assert tie_impact([audit], ["2024-05-06"], DAYS, series, 0.0) is None


def test_a_large_group_is_sampled_with_a_seed_and_lies_within_its_extremes() -> None:
    rng = np.random.default_rng(7)
    codes = [f"S{number}" for number in range(40)]
    prices = {code: np.cumprod(1 + rng.normal(0, 0.05, 4)) for code in codes}
    audit = line(dict.fromkeys(codes, 1.0), "")
    chosen = line(dict.fromkeys(codes, 1.0), "").stocks[:10]
    audit = parse_audit(
        "v1|2024-03-01|ties=1-40|"
        + "|".join(f"{one.code}:{score(1.0)}:1:{100 if one in chosen else '-'}" for one in audit.stocks),
        "2024-03-01 09:30:00",
    )
    made = [
        tie_impact(
            [audit], ["2024-03-01"], DAYS, lambda field, code: np.ones(4) if field == "factor" else prices[code], 0.1
        )
        for _ in range(2)
    ]
    found = made[0]
    assert found is not None
    assert made[1] == found
    assert not found.exact
    assert found.worst < found.low < found.expected < found.high < found.best


def test_a_run_of_an_exported_strategy_tells_what_its_ties_could_do(tmp_path: Path) -> None:
    """SIGN has three scores, so every cut is tied; best, worst and mean are those of all choices, found here anew."""
    bundle = Bundle.open(small_market())
    text = render(from_tokens([2, 12], "v2"), Settings(top_k=3))
    result = run_backtest(text, bundle, "2020-03-02", "2020-03-31", out=tmp_path / "run")
    told = json.loads((tmp_path / "run/run.json").read_text("utf-8"))["ties"]
    audit = next(parse_audit(entry.partition("AUDIT|")[2], "") for entry in result.log if "AUDIT|" in entry)
    assert (told["rebalances"], told["tied"]) == (1, 1)
    assert told["actual"] == result.figures["algorithm_return"]

    first, last = (int(np.searchsorted(bundle.days, np.datetime64(day))) for day in ("2020-03-02", "2020-03-31"))
    growth = {}
    bars = bundle.panel(fields=("open", "close", "factor"), codes=[stock.code for stock in audit.stocks])
    for stock in audit.stocks:
        panel = {name: bars[name][bars.row(stock.code)] for name in ("open", "close", "factor")}
        ratio = panel["close"][last] * panel["factor"][last] / (panel["open"][first] * panel["factor"][first]) - 1
        growth[stock.code] = ratio if math.isfinite(ratio) else 0.0
    texts = {stock.code: float(stock.score.text.partition(" ")[0]) for stock in audit.stocks}
    cut = min(texts[code] for code in audit.chosen)
    group = [code for code, value in texts.items() if value == cut]
    above = [code for code in audit.chosen if texts[code] != cut]
    ways = [sum(growth[code] for code in (*above, *choice)) / 3 for choice in combinations(group, 3 - len(above))]
    made = sum(growth[code] for code in audit.chosen) / 3
    for name, way in (("best", max(ways)), ("worst", min(ways)), ("expected", sum(ways) / len(ways))):
        assert told[name] == pytest.approx((1 + told["actual"]) * (1 + way) / (1 + made) - 1, abs=1e-12)

    page = write_report(tmp_path / "run").read_text("utf-8")
    assert impact_words(told) in page
    assert "最好" in page


def test_a_run_without_ties_has_no_part_on_them(tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    run_backtest("def initialize(context):\n    pass\n", bundle, "2020-03-02", "2020-03-04", out=tmp_path / "run")
    assert "ties" not in json.loads((tmp_path / "run/run.json").read_text("utf-8"))
