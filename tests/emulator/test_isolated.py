"""A strategy in its own process: no credentials, bounds, and a readable run whatever happens to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from sdk.emulator.cli import backtest
from sdk.emulator.isolated import Limits, run_isolated, safe_environment
from sdk.emulator.runner import run_backtest
from sdk.errors import ConfigError, StrategyError
from tests.conftest import ROOT
from tests.emulator.markets import made_bundle

CODE = "600000.XSHG"
SPAN = {"start": "2024-01-02", "end": "2024-01-09", "cash": 100_000.0}
TRADES = f"""
import os, signal, time
def initialize(context):
    set_option('use_real_price', True)
    g.day = 0
def handle_data(context, data):
    g.day += 1
    order('{CODE}', 100)
    log.info('day', g.day)
    if g.day == 3:
        {{end}}
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    bars = {CODE: {"open": [10.0, 10.5, 11.0, 11.5, 12.0, 12.5]}}
    return made_bundle(tmp_path_factory.mktemp("isolated") / "market", bars, start="2024-01-02").path


def run(market, tmp_path, end, limits=None, name="run"):
    path = tmp_path / f"{name}.py"
    path.write_text(TRADES.format(end=end))
    summary = run_isolated(path, market, tmp_path / name, limits, **SPAN)
    page = json.loads((tmp_path / name / "run.json").read_text(encoding="utf-8"))
    log = (tmp_path / name / "log.txt").read_text(encoding="utf-8")
    return summary, page, log


def test_the_run_is_the_same_as_inside_this_process(market, tmp_path):
    from sdk.market.bundle import Bundle

    summary, page, _ = run(market, tmp_path, "pass")
    inside = run_backtest(tmp_path / "run.py", Bundle.open(market), **SPAN, out=tmp_path / "inside")
    assert (summary.status, page["status"], inside.status) == ("done", "done", "done")
    assert len(summary.figures) == 21
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "inside").iterdir())
    for name in names:
        if name != "timings.json":
            assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "inside" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("end", "limits", "words"),
    [
        ("1 / 0", None, "ZeroDivisionError: division by zero"),
        ("os._exit(7)", None, "退出码 7"),
        ("os._exit(0)", None, "退出码 0"),
        ("os.kill(os.getpid(), signal.SIGKILL)", None, "SIGKILL 终止，可能是内存不足"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", None, "SIGSEGV 终止"),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", None, "terminated from outside"),
        ("while True: pass", Limits(seconds=1.0), "超过时间上限 1 秒"),
        ("time.sleep(60)", Limits(seconds=1.0), "超过时间上限 1 秒"),
        (
            "g.rows = [bytearray(10**7) for _ in range(10**6)]",
            Limits(megabytes=600),
            "out of memory (--memory-limit)",
        ),
    ],
)
def test_whatever_ends_a_run_leaves_a_readable_one_marked_failed(market, tmp_path, end, limits, words):
    summary, page, log = run(market, tmp_path, end, limits)
    assert (summary.status, page["status"]) == ("failed", "failed")
    assert words in summary.verdict
    assert words in page["error"]
    assert summary.verdict.startswith("失败：")
    assert "\n" not in page["error"]
    assert "INFO  - 3\n" in log
    assert log.count("订单已委托") == 3
    for name in ("transaction.csv", "position.csv", "result.csv"):
        assert (tmp_path / "run" / name).read_bytes().decode("gbk").count("\n") >= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.py"]


def test_a_limit_leaves_room_for_the_copies_of_a_slow_run(market, tmp_path):
    """What the libraries claim when they load does not count: the arena of Arrow alone would be a gibibyte."""
    summary, _, log = run(market, tmp_path, "pass", Limits(megabytes=400), name="quick")
    slow = TRADES.replace("if g.day == 3:", "if g.day <= 2:").format(end="time.sleep(1.2)")
    (tmp_path / "slow.py").write_text(slow)
    slow_summary = run_isolated(tmp_path / "slow.py", market, tmp_path / "slow", Limits(megabytes=400), **SPAN)
    assert (summary.status, slow_summary.status) == ("done", "done"), slow_summary.verdict
    assert log == (tmp_path / "slow" / "log.txt").read_text(encoding="utf-8")


def test_a_stop_from_inside_keeps_all_finished_days(market, tmp_path):
    run(market, tmp_path, "while True: pass", Limits(seconds=1.0))
    rows = (tmp_path / "run/result.csv").read_text(encoding="gbk").splitlines()
    assert [row[:10] for row in rows[1:]] == ["2024-01-02", "2024-01-03"]
    assert len((tmp_path / "run/transaction.csv").read_text(encoding="gbk").splitlines()) == 4


def test_a_strategy_that_swallows_every_exception_is_stopped_all_the_same(market, tmp_path, monkeypatch):
    monkeypatch.setattr("sdk.emulator.isolated.GRACE", 3.0)
    endless = "while True:\n            try: time.sleep(60)\n            except BaseException: pass"
    _, page, _ = run(market, tmp_path, endless, Limits(seconds=0.5))
    assert "超过时间上限 0.5 秒，已强行终止" in page["error"]


def test_no_credential_reaches_the_strategy(market, tmp_path, monkeypatch):
    secrets = ("JQDATA_USERNAME", "JQDATA_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "MY_OWN_VARIABLE")
    for name in secrets:
        monkeypatch.setenv(name, "hidden-value")
    _, _, log = run(market, tmp_path, "log.info(sorted(os.environ)); log.info(str(dict(os.environ)))")
    assert "PATH" in log
    assert "hidden-value" not in log
    assert not [name for name in secrets if name in log]
    assert not set(secrets) & set(safe_environment(os.environ))


def test_what_is_wrong_before_the_start_is_raised_and_writes_nothing(market, tmp_path):
    path = tmp_path / "s.py"
    path.write_text("def initialize(context):\n    x = = 1\n")
    with pytest.raises(StrategyError, match=r"s\.py, line 2"):
        run_isolated(path, market, tmp_path / "run", **SPAN)
    path.write_text("pass\n")
    with pytest.raises(ConfigError, match="run at most to 2024-01-09"):
        run_isolated(path, market, tmp_path / "run", start="2024-01-02", end="2025-01-01", cash=1.0)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers/thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match=r"holds no run\.json: it is left alone"):
        run_isolated(path, market, tmp_path / "papers", **SPAN)
    assert not (tmp_path / "run").exists()


def test_two_runs_at_once_do_not_meet(market, tmp_path):
    pages = {}

    def one(name):
        pages[name] = run(market, tmp_path, f"log.info('{name}')", name=name)

    threads = [threading.Thread(target=one, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, other in (("first", "second"), ("second", "first")):
        summary, _, log = pages[name]
        assert summary.status == "done"
        assert f"INFO  - {name}\n" in log
        assert other not in log


def test_the_command_exits_with_1_after_a_crash_and_says_why_in_one_sentence(market, tmp_path):
    path = tmp_path / "s.py"
    path.write_text(TRADES.format(end="os._exit(3)"))
    options = [
        "--market",
        str(market),
        "--start",
        SPAN["start"],
        "--end",
        SPAN["end"],
        "--out",
        str(tmp_path / "run"),
    ]
    done = CliRunner().invoke(backtest, [str(path), *options])
    assert done.exit_code == 1
    assert "失败：运行进程意外结束，退出码 3" in done.output
    late = CliRunner().invoke(backtest, [str(path), *options, "--time-limit", "-1"])
    assert late.exit_code == 2
    help_page = CliRunner().invoke(backtest, ["--help"]).output
    assert "--time-limit" in help_page
    assert "[default: 4096" in help_page


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_the_run_ends_when_the_command_is_killed(market, tmp_path):
    path, marker = tmp_path / "s.py", tmp_path / "pid"
    say_who = f"open({str(marker)!r}, 'w').write(str(os.getpid()))"
    path.write_text(TRADES.format(end=f"{say_who}; time.sleep(60)"))
    command = [sys.executable, "-m", "sdk.cli", "backtest", str(path), "--market", str(market)]
    options = ["--start", SPAN["start"], "--end", SPAN["end"], "--out", str(tmp_path / "run")]
    process = subprocess.Popen([*command, *options], cwd=ROOT)
    waiter = threading.Event()
    for _ in range(600):
        if marker.is_file() and marker.read_text():
            break
        waiter.wait(0.05)
    child = int(marker.read_text())
    process.kill()
    process.wait()
    for _ in range(200):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        waiter.wait(0.05)
    page = json.loads((tmp_path / "run/run.json").read_text(encoding="utf-8"))
    assert "terminated from outside" in page["error"]
