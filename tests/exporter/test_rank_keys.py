"""An exported strategy ranks equal scores by its keys: in the emulator, on CPython 3.6, whatever order it is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from exporter.cli import export
from exporter.export import export_formula
from exporter.score_cli import score
from exporter.strategy_file import Settings, render
from parity.scores import compare_scores
from parity.side import read_side
from sdk.emulator.cli import backtest
from sdk.emulator.runner import run_backtest
from sdk.errors import ConfigError, FormulaError, MarketError, ParityError
from sdk.formula.formula_file import from_tokens, load, save
from sdk.market.bundle import Bundle
from sdk.report.audit_lines import parse_audit
from tests.bundles import small_market
from tests.exporter.test_python36 import PYTHON36
from tests.jq_strategy.test_rank_keys import COMBINATIONS

SIGN_OF_PRESSURE = from_tokens([2, 12], "v2")  # three distinct scores: the secondary keys decide
ALL = ("held", "money", "code")
SCRIPT = Path(__file__).parent / "run_rebalance.py"


def test_by_default_the_audit_line_is_as_before(tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    text = render(SIGN_OF_PRESSURE, Settings(top_k=5))
    assert "RANK_KEYS = ('code',)" in text
    log = run_backtest(text, bundle, "2020-03-02", "2020-04-30").log
    lines = [line for line in log if "AUDIT|" in line]
    assert len(lines) == 2
    assert not any("|keys=" in line or "|held=" in line or "|money=" in line for line in lines)
    assert not any("同分先后" in line for line in log)


@pytest.mark.parametrize("keys", [keys for keys in COMBINATIONS if len(keys) > 1], ids=",".join)
def test_the_emulators_run_is_the_kernels_order_and_the_bundles_money(keys: tuple[str, ...], tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    export_formula(SIGN_OF_PRESSURE, tmp_path / "export", Settings(top_k=5, rank_keys=keys), bundle)
    result = run_backtest(
        tmp_path / "export" / "strategy.py", bundle, "2019-11-01", "2020-06-30", out=tmp_path / "run"
    )
    assert result.status == "done", result.error
    audits = read_side(tmp_path / "run").audits or ()
    assert {audit.rank_keys for audit in audits} == {keys}
    agreement = compare_scores(tmp_path / "export", audits, bundle)
    assert agreement.first_difference == ""
    assert agreement.rebalances == 8
    if "held" in keys:
        assert audits[0].held == ()
        assert all(audit.held for audit in audits[1:])
    if keys[0] == "held":
        kept = [len(set(audit.held) & set(audit.chosen)) for audit in audits[1:]]
        assert sum(kept) > 0


def test_each_key_changes_the_choice(tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    chosen = set()
    for keys in (("code",), ("money",), ("held", "money")):
        log = run_backtest(
            render(SIGN_OF_PRESSURE, Settings(top_k=5, rank_keys=keys)), bundle, "2020-03-02", "2020-05-29"
        ).log
        lines = [line.partition("AUDIT|")[2] for line in log if "AUDIT|" in line]
        chosen.add(tuple(parse_audit(line, "").chosen for line in lines))
    assert len(chosen) == 3


def made_case(rng: np.random.Generator) -> dict:
    """Return a case of run_rebalance.py: 14 stocks, one halted, one without a bar, few distinct scores."""
    codes = [f"{600000 + 7 * row}.XSHG" for row in range(7)] + [f"{row:06d}.XSHE" for row in range(7)]
    price = rng.integers(1, 3, 14)
    bars = {
        "open": {code: [10.0] for code in codes},
        "high": {code: [12.0] for code in codes},
        "low": {code: [9.0] for code in codes},
        "close": {code: [9.0 + float(price[row])] for row, code in enumerate(codes)},
        "money": {code: [float(rng.integers(1, 4)) * 1e7] for code in codes},
    }
    bars["money"][codes[3]] = [None]
    bars["money"][codes[5]] = [0.0]
    bars["close"][codes[9]] = [None]
    positions = {code: int(rng.integers(0, 2)) * 100 for code in rng.permutation(codes)[:6].tolist()}
    return {"days": ["2020-02-28"], "bars": bars, "positions": positions, "pool": codes}


def rebalance(python: str | Path, strategy: Path, case: Path, *more: str) -> list[str]:
    done = subprocess.run(
        [python, "-W", "ignore", SCRIPT, strategy, case, *more], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("keys", COMBINATIONS, ids=",".join)
def test_python36_says_the_same_whatever_the_order_of_the_pool(keys: tuple[str, ...], tmp_path: Path) -> None:
    rng = np.random.default_rng(len(keys[0]))
    (tmp_path / "strategy.py").write_text(render(SIGN_OF_PRESSURE, Settings(top_k=5, rank_keys=keys)), "utf-8")
    (tmp_path / "case.json").write_text(json.dumps(made_case(rng)), "utf-8")
    pythons = [sys.executable] + ([str(PYTHON36)] if PYTHON36.exists() else [])
    told = [
        rebalance(python, tmp_path / "strategy.py", tmp_path / "case.json", *order)
        for python in pythons
        for order in ((), ("shuffle",))
    ]
    assert not any(line.startswith("ERROR") for line in told[0]), told[0]
    assert any("影响入选" in line for line in told[0]), "the case has no tie at its cut"
    for other in told[1:]:
        assert other == told[0]
    (line,) = [line for line in told[0] if "AUDIT|" in line]
    audit = parse_audit(line.partition("AUDIT|")[2], "")
    assert audit.problems == ()
    assert audit.rank_keys == keys
    assert audit.stocks[-1].score.text == "nan"


def test_keys_travel_from_the_formula_file_to_every_file_of_the_export(tmp_path: Path) -> None:
    formula = from_tokens([2, 12], "v2", training={"rank_keys": ["held", "money", "code"]})
    save(formula, tmp_path / "formula.json")
    assert load(tmp_path / "formula.json").rank_keys == ALL
    for options, keys in (([], ALL), (["--rank-keys", "money"], ("money", "code"))):
        out = tmp_path / f"export{len(options)}"
        done = CliRunner().invoke(export, [str(tmp_path / "formula.json"), "--out", str(out), *options])
        assert done.exit_code == 0, done.output
        assert f"同分先后 {','.join(keys)}" in done.output
        assert f"RANK_KEYS = {keys}" in (out / "strategy.py").read_text("utf-8")
        assert json.loads((out / "manifest.json").read_text("utf-8"))["settings"]["rank_keys"] == list(keys)
        props = {prop.key: prop.value for prop in onnx.load(out / "model.onnx").metadata_props}
        assert props["rank_keys"] == ",".join(keys)


@pytest.mark.parametrize(
    ("training", "options", "traded"),
    [
        ({"top_k": 7, "pool_index": "000905.XSHG"}, [], ("000905.XSHG", "000905.XSHG", 7)),
        ({"top_k": 7, "pool_index": "000905.XSHG"}, ["--top-k", "3"], ("000905.XSHG", "000905.XSHG", 3)),
        ({"top_k": 7}, ["--pool", "000016.XSHG"], ("000016.XSHG", "000300.XSHG", 7)),
        ({"pool_index": "000905.XSHG"}, ["--benchmark", "000001.XSHG"], ("000905.XSHG", "000001.XSHG", 10)),
        ({}, [], ("000300.XSHG", "000300.XSHG", 10)),
    ],
)
def test_the_export_trades_what_was_trained(training: dict, options: list, traded: tuple, tmp_path: Path) -> None:
    save(from_tokens([2, 12], "v2", training=training), tmp_path / "formula.json")
    done = CliRunner().invoke(export, [str(tmp_path / "formula.json"), "--out", str(tmp_path / "out"), *options])
    assert done.exit_code == 0, done.output
    pool, benchmark, top_k = traded
    assert f"股票池 {pool}，持股 {top_k} 只，基准 {benchmark}" in done.output
    text = (tmp_path / "out" / "strategy.py").read_text("utf-8")
    assert f'POOL_INDEX = "{pool}"\nBENCHMARK = "{benchmark}"\nTOP_K = {top_k}\n' in text
    told = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["settings"]
    assert (told["pool_index"], told["benchmark"], told["top_k"]) == traded


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"top_k": 0}, "'top_k' must be a whole number of stocks"),
        ({"top_k": True}, "'top_k' must be a whole number of stocks"),
        ({"top_k": "7"}, "'top_k' must be a whole number of stocks"),
        ({"pool_index": ""}, "'pool_index' must be the code of an index"),
        ({"pool_index": '000300.XSHG"; import os #'}, "'pool_index' must be the code of an index"),
        ({"pool_index": "000300.XSHG\n"}, "'pool_index' must be the code of an index"),
    ],
)
def test_a_formula_file_with_a_wrong_pool_or_number_is_refused(training: dict, words: str, tmp_path: Path) -> None:
    save(from_tokens([2], "v2", training=training), tmp_path / "formula.json")
    with pytest.raises(FormulaError, match=words):
        load(tmp_path / "formula.json")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("helt", "--rank-keys: unknown rank key 'helt'; did you mean 'held'?"),
        ("code,held", "--rank-keys: rank key 'held' stands behind 'code'"),
        ("", "--rank-keys: unknown rank key ''"),
    ],
)
def test_a_wrong_key_is_one_clear_error_and_nothing_is_written(keys: str, words: str, tmp_path: Path) -> None:
    save(SIGN_OF_PRESSURE, tmp_path / "formula.json")
    done = CliRunner().invoke(
        export, [str(tmp_path / "formula.json"), "--out", str(tmp_path / "out"), "--rank-keys", keys]
    )
    assert isinstance(done.exception, ConfigError)
    assert words in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("keys", ['"held"', '["hold"]', '["code", "held"]', "[1]"])
def test_a_formula_file_with_wrong_keys_is_refused(keys: str, tmp_path: Path) -> None:
    save(from_tokens([2], "v2", training={"rank_keys": ["held"]}), tmp_path / "formula.json")
    content = json.loads((tmp_path / "formula.json").read_text("utf-8"))
    content["training"]["rank_keys"] = json.loads(keys)
    (tmp_path / "formula.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(FormulaError, match="rank_keys"):
        load(tmp_path / "formula.json")


def test_an_edited_key_stops_the_strategy_before_it_trades() -> None:
    text = render(SIGN_OF_PRESSURE, Settings()).replace("RANK_KEYS = ('code',)", "RANK_KEYS = ('hold',)")
    result = run_backtest(text, Bundle.open(small_market()), "2020-03-02", "2020-03-31")
    assert result.status == "failed"
    assert "unknown rank key 'hold'; known: held, money, code" in str(result.error)
    assert result.orders == ()


def scored(tmp_path: Path, *options: str):
    save(SIGN_OF_PRESSURE, tmp_path / "formula.json")
    words = [str(tmp_path / "formula.json"), "--market", str(small_market()), "--date", "2020-06-30"]
    return CliRunner().invoke(score, [*words, "--out", str(tmp_path / "scores.csv"), *options])


def test_score_ranks_by_the_keys_and_every_back_end_writes_the_same_bytes(tmp_path: Path) -> None:
    bundle = Bundle.open(small_market())
    held = list(bundle.members("000300.XSHG", "2020-06-30"))[-3:]
    (tmp_path / "held.txt").write_text("\n".join(held), "utf-8")
    backends = ["numpy", "torch", "onnx", "batch"] + (["py36"] if PYTHON36.exists() else [])
    tables = []
    for backend in backends:
        for given in (",".join(held), str(tmp_path / "held.txt")):
            options = ["--rank-keys", "held,money", "--held", given, "--backend", backend, "--python", str(PYTHON36)]
            done = scored(tmp_path, *options)
            assert done.exit_code == 0, repr(done.exception)
            tables.append((tmp_path / "scores.csv").read_text("utf-8"))
    assert len(set(tables)) == 1
    rows = [line.split(",") for line in tables[0].splitlines()[1:]]
    panel = bundle.panel(fields=["money"])
    day = list(map(str, panel.days)).index("2020-06-30")
    money = {code: panel["money"][row, day] for row, code in enumerate(panel.codes)}
    wanted = sorted(rows, key=lambda row: (-float(row[1]), row[0] not in held, -money[row[0]], row[0]))
    assert rows == wanted
    assert scored(tmp_path).exit_code == 0
    assert (tmp_path / "scores.csv").read_text("utf-8") != tables[0]


def test_held_codes_that_cannot_be_used_are_errors(tmp_path: Path) -> None:
    done = scored(tmp_path, "--held", "600519.XSHG")
    assert isinstance(done.exception, ConfigError)
    assert "add --rank-keys held" in str(done.exception)
    done = scored(tmp_path, "--rank-keys", "held", "--held", "held.txt")
    assert isinstance(done.exception, MarketError)
    assert "--held (no file of this name): unknown code 'held.txt'" in str(done.exception)


def test_an_audit_line_with_unknown_keys_is_refused_by_name(tmp_path: Path) -> None:
    export_formula(SIGN_OF_PRESSURE, tmp_path / "export")
    line = "v1|2020-03-02|lag=2020-02-28|pool=1:00|inputs=00|raw=2|repaired=2|ties=none|keys=hold,code|"
    audit = parse_audit(line + "600519.XSHG:nan:1:-", "2020-03-02 09:30:00")
    with pytest.raises(ParityError, match="AUDIT line of 2020-03-02: unknown rank key 'hold'"):
        compare_scores(tmp_path / "export", [audit], Bundle.open(small_market()))


def test_backtest_says_how_often_the_cut_fell_into_a_tie(tmp_path: Path) -> None:
    (tmp_path / "strategy.py").write_text(render(SIGN_OF_PRESSURE, Settings(top_k=5, rank_keys=ALL)), "utf-8")
    words = ["--market", str(small_market()), "--start", "2020-03-02", "--end", "2020-05-29"]
    done = CliRunner().invoke(backtest, [str(tmp_path / "strategy.py"), *words, "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert "并列 3 次调仓中 3 次切口落在并列组内（100.0%），组平均 " in done.output
    assert "同分先后 held,money,code" in done.output
