"""The look-ahead check proves what reads the future, with date, call and line, and leaves the honest alone."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sdk.emulator.lookahead import check_lookahead
from sdk.emulator.lookahead_cli import lookahead
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle
from tests.bundles import small_market

START, END = "2019-01-02", "2019-02-28"
HEAD = "from jqdata import *\n\n\ndef initialize(context):\n    set_option('use_real_price', True)\n"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


def _strategy(schedule: str, body: str) -> str:
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f"{HEAD}    {schedule}\n\n\ndef trade(context):\n{lines}"


HONEST = {
    "momentum at the open": (
        "run_daily(trade, time='open')",
        """
pool = get_index_stocks('000300.XSHG')[:20]
closes = history(20, '1d', 'close', pool, df=False)
best = max(pool, key=lambda code: (closes[code][-1] / closes[code][0], code))
for code in list(context.portfolio.positions):
    if code != best:
        order_target(code, 0)
order_target_value(best, context.portfolio.total_value * 0.9)
""",
    ),
    "today's open decides": (
        "run_daily(trade, time='9:30')",
        """
code = get_index_stocks('000300.XSHG')[0]
today = get_current_data()[code]
if not today.paused and today.day_open > today.low_limit:
    order_target_value(code, 50000)
else:
    order_target(code, 0)
""",
    ),
    "after the close the day is known": (
        "run_daily(trade, time='after_close')",
        """
code = get_index_stocks('000300.XSHG')[1]
g.last = attribute_history(code, 5, '1d', ['close', 'high'], df=False)['close'][-1]
log.info(g.last)
""",
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_strategy_is_left_alone(name: str, bundle: Bundle) -> None:
    report = check_lookahead(_strategy(*HONEST[name]), bundle, START, END)
    assert report.clean, report.findings[:2]
    assert report.days > 30


LEAKS = {
    "tomorrow's close": (
        "run_daily(trade, time='open')",
        """
code = get_index_stocks('000300.XSHG')[0]
tomorrow = context.current_dt.date() + timedelta(days=4)
bars = get_price(code, end_date=tomorrow, count=4, fields=['close'], fq=None)
rises = bars['close'].iloc[-1] > bars['close'].iloc[0]
order_target_value(code, 100000 if rises else 0)
""",
        ("开盘时", "收盘后", "开盘前"),
        9 + 3,
        9 + 5,
    ),
    "today's close at the open": (
        "run_daily(trade, time='open')",
        """
code = get_index_stocks('000300.XSHG')[0]
bars = get_price(code, end_date=context.current_dt.date(), count=2, fields=['close'], fq=None)
rises = bars['close'].iloc[-1] > bars['close'].iloc[0]
order_target_value(code, 100000 if rises else 0)
""",
        ("开盘时",),
        9 + 2,
        9 + 4,
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_proved_with_its_line(name: str, bundle: Bundle) -> None:
    schedule, body, instants, source_line, order_line = LEAKS[name]
    source = _strategy(schedule, body)
    report = check_lookahead(source, bundle, START, END)
    proofs = [finding for finding in report.findings if finding.kind == "order"]
    assert proofs, "no order changed"
    assert {finding.instant for finding in proofs} <= set(instants)
    lines = source.splitlines()
    assert "order_target_value" in lines[proofs[0].line - 1]
    assert proofs[0].line == order_line
    assert proofs[0].source_line == source_line
    assert "get_price" in proofs[0].source
    assert START <= proofs[0].date <= END


def test_a_leak_without_an_order_is_told_as_data(bundle: Bundle) -> None:
    source = _strategy(
        "run_daily(trade, time='open')",
        "g.seen = get_price('000300.XSHG', end_date='2019-06-28', count=3, fields=['close'], fq=None)",
    )
    report = check_lookahead(source, bundle, START, END)
    assert {finding.kind for finding in report.findings} == {"data"}
    assert report.findings[0].line == 10


def test_a_published_style_strategy_with_frames(bundle: Bundle) -> None:
    path = Path(__file__).parents[2] / "examples" / "strategies" / "monthly_momentum.py"
    report = check_lookahead(path, bundle, START, END, every=3)
    assert report.clean, (report.error, report.findings)


def test_every_nth_day_and_a_strategy_that_raises(bundle: Bundle) -> None:
    assert check_lookahead(_strategy(*HONEST["today's open decides"]), bundle, START, END, every=10).days == 4
    report = check_lookahead(_strategy("run_daily(trade, time='open')", "1 / 0"), bundle, START, END)
    assert "ZeroDivisionError" in report.error
    assert not report.clean


def test_a_copy_that_dies_proves_nothing(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        os._exit(3)

    monkeypatch.setattr("sdk.emulator.lookahead._Probing._run_veiled", die)
    report = check_lookahead(_strategy(*HONEST["today's open decides"]), bundle, START, END, every=10)
    assert report.findings == []
    assert report.unjudged == 3 * report.days
    assert not report.clean


def test_the_bundle_stays_as_it_was(bundle: Bundle) -> None:
    before = bundle.panel()["close"].copy()
    check_lookahead(_strategy(*HONEST["today's open decides"]), bundle, START, END, every=10)
    after = bundle.panel()["close"]
    assert not after.flags.writeable
    np.testing.assert_array_equal(before, after)


def test_without_fork_it_says_so(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.fork")
    with pytest.raises(ConfigError, match="WSL"):
        check_lookahead(_strategy(*HONEST["today's open decides"]), bundle, START, END)


def test_the_command_tells_and_exits(tmp_path: Path) -> None:
    file, out = tmp_path / "strategy.py", tmp_path / "report.json"
    schedule, body, *_ = LEAKS["today's close at the open"]
    file.write_text(_strategy(schedule, body), encoding="utf-8")
    options = [str(file), "--market", str(small_market()), "--start", START, "--end", END, "--out", str(out)]
    done = CliRunner().invoke(lookahead, options)
    assert done.exit_code == 1, done.output
    assert "有未来数据" in done.output.splitlines()[-1]
    assert json.loads(out.read_text(encoding="utf-8"))["findings"][0]["source_line"] == 11
    assert any(line.startswith("  数据来源          第 11 行 get_price(") for line in done.output.splitlines())


@pytest.mark.parametrize("place", ["initialize", "handle_data"])
def test_a_strategy_without_end_is_stopped_and_not_judged(place: str, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(
        "def loop(*given):\n    while True:\n        try:\n            pass\n"
        f"        except Exception:\n            pass\n\n{place} = loop\n"
    )
    options = [str(tmp_path / "s.py"), "--market", str(small_market()), "--start", START, "--end", END]
    started = time.monotonic()
    done = CliRunner().invoke(lookahead, [*options, "--time-limit", "1.5"])
    assert time.monotonic() - started < 60  # a copy alone would run for two minutes
    assert done.exit_code == 2, done.output
    assert "超过时间上限 1.5 秒" in done.output
    assert "不能下结论" in done.output.splitlines()[-1]
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
