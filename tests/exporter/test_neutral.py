"""A strategy that takes exposures out of its scores: kernel, search, file, model and emulator agree."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from exporter.cli import export
from exporter.export import Models, export_formula
from exporter.neutral_data import made_neutral_data, neutral_data
from exporter.onnx_graph import build_model
from exporter.strategy_file import Settings, render
from exporter.verify import onnx_scores, open_model, verify
from jq_strategy import formula as language
from jq_strategy.audit import made_bars, score_hex
from parity.scores import compare_scores
from parity.side import read_side
from sdk.emulator.runner import run_backtest
from sdk.errors import ConfigError, ExportError, FormulaError, ParityError
from sdk.formula.bars import bars_between
from sdk.formula.formula_file import FormulaFile, from_tokens, load, save
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle
from sdk.report.audit_lines import AuditLine, parse_audit
from sdk.scoring.monthly import monthly_market
from sdk.scoring.neutral import Neutraliser
from sdk.scoring.neutral_choice import NAMES, NeutralChoice
from tests.bundles import real_market, small_market
from tests.exporter.test_python36 import PYTHON36
from tests.exporter.test_rank_keys import rebalance
from tests.panels import same_bits

FORMULA = from_tokens([4, 0, 6], "v2")
ALL = Settings(top_k=5, neutralise=NAMES)
CHOICES = {
    "everything": ALL,
    "zscore": Settings(top_k=5, neutralise=("size", "momentum", "beta"), standardise="zscore"),
    "industry": Settings(top_k=5, neutralise=("industry",), rank_keys=("held", "money")),
}
STOP = "调仓中止，持仓不变"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(small_market())


def audits_of(log: tuple[str, ...]) -> list[AuditLine]:
    return [parse_audit(line.partition("AUDIT|")[2], "") for line in log if "AUDIT|" in line]


def test_switched_off_nothing_of_it_is_in_the_file() -> None:
    trained = from_tokens([4, 0, 6], "v2", training={"neutralise": ["size"], "min_listed_days": 60})
    off = Settings(neutralise=(), min_listed_days=0)
    plain = render(FORMULA, Settings())
    assert render(trained, off) == plain
    for word in ("neutral", "NEUTRALISE", "中性化", "MIN_LISTED_DAYS", "EXPOSURES", "exposed", "group_sum"):
        assert word not in plain
    assert Settings().of(FORMULA).told.keys() == {"pool_index", "benchmark", "top_k", "source", "rank_keys"}


@pytest.mark.parametrize("settings", CHOICES.values(), ids=CHOICES.keys())
def test_the_emulators_log_is_the_kernel_and_the_model_on_the_bundle(
    settings: Settings, bundle: Bundle, tmp_path: Path
) -> None:
    result = export_formula(FORMULA, tmp_path / "export", settings, bundle)
    assert result.bitwise_equal == result.scores > 700
    strategy = tmp_path / "export" / "strategy.py"
    run = run_backtest(strategy, bundle, "2019-11-01", "2020-06-30", out=tmp_path / "run")
    assert run.status == "done", run.error
    assert not any(STOP in line for line in run.log)
    audits = read_side(tmp_path / "run").audits or ()
    agreement = compare_scores(tmp_path / "export", audits, bundle)
    assert agreement.first_difference == ""
    assert agreement.rebalances == 8
    assert all(audit.neutral == (settings.neutralise, settings.standardise or "rank") for audit in audits)
    said = [line for line in run.log if f"中性化: 剔除{','.join(settings.neutralise or ())}(" in line]
    assert len(said) == 8
    for audit, line in zip(audits, said, strict=True):
        assert f"；{audit.get('neutral').split(':')[2]}只缺暴露，无分数，不买入" in line
    plain = run_backtest(render(FORMULA, Settings(top_k=5)), bundle, "2019-11-01", "2020-06-30").log
    assert [audit.chosen for audit in audits_of(plain)] != [audit.chosen for audit in audits]


def test_the_same_on_real_bars(tmp_path: Path) -> None:
    bundle = Bundle.open(real_market())
    names = ("size", "value", "momentum", "volatility", "liquidity", "beta")
    export_formula(FORMULA, tmp_path / "export", Settings(neutralise=names, min_listed_days=180))
    run = run_backtest(tmp_path / "export" / "strategy.py", bundle, "2021-01-04", "2021-12-31", out=tmp_path / "run")
    assert run.status == "done", run.error
    agreement = compare_scores(tmp_path / "export", read_side(tmp_path / "run").audits or (), bundle)
    assert agreement.first_difference == ""
    assert agreement.rebalances == 12
    assert agreement.scores > 3000


@pytest.mark.parametrize("settings", CHOICES.values(), ids=CHOICES.keys())
def test_scores_online_are_the_neutral_scores_of_the_search(settings: Settings, bundle: Bundle) -> None:
    log = run_backtest(render(FORMULA, settings), bundle, "2020-01-02", "2020-12-31").log
    market = monthly_market(bundle, "000300.XSHG", "2020-01-01", "2020-12-31")
    codes = list(market.codes)
    panel = PanelScores(bars_between(bundle, codes, FORMULA.inputs))
    raw = panel.scores(FORMULA.tree, market.signal_days, market.members)
    assert settings.neutralise is not None
    standard = settings.standardise or "rank"
    neutraliser = Neutraliser(bundle, codes, market.signal_days, market.members, settings.neutralise, standard)
    scores = neutraliser.apply(raw)
    compared = 0
    for column, audit in enumerate(audits_of(log)):
        assert audit.get("lag") == str(bundle.days[market.signal_days[column]])
        assert audit.get("neutral").split(":")[2] == str(neutraliser.without_exposure[column])
        for stock in audit.stocks:
            bits = score_hex(scores[codes.index(stock.code), column])
            assert bits in stock.score.text, (audit.day, stock.code)
            compared += bits != "nan"
    assert compared > 500


def test_young_listings_stay_out_of_the_pool(bundle: Bundle) -> None:
    text = render(FORMULA, Settings(top_k=5, min_listed_days=420))
    run = run_backtest(text, bundle, "2020-05-06", "2020-12-31")
    assert run.status == "done", run.error
    left_out = []
    for audit in audits_of(run.log):
        place = int(np.searchsorted(bundle.days, np.datetime64(audit.day)))
        members = bundle.members("000300.XSHG", audit.day)
        old = [code for code in members if bundle.securities["start_date"][code] <= bundle.days[place - 420]]
        assert sorted(stock.code for stock in audit.stocks) == old
        left_out.append(len(members) - len(old))
        assert any(f"上市不足420个交易日: {left_out[-1]}只，不入池" in line for line in run.log)
    assert len(left_out) == 8
    assert max(left_out) > 0
    assert render(FORMULA, Settings(top_k=5)).count("MIN_LISTED_DAYS") == 0


def made_case(seed: int) -> dict:
    """Return a case of run_rebalance.py: 24 stocks, 140 days, gaps of every kind."""
    rng = np.random.default_rng(seed)
    codes = [f"{600000 + 7 * row}.XSHG" for row in range(12)] + [f"{row:06d}.XSHE" for row in range(12)]
    days = [str(day) for day in np.arange(np.datetime64("2019-10-11"), np.datetime64("2020-02-28"))]
    close = np.round(10 * np.exp(np.cumsum(rng.normal(0, 0.02, (24, len(days))), axis=1)), 2)
    high = close + np.round(rng.uniform(0.01, 0.3, close.shape), 2)
    money = np.round(rng.uniform(1e6, 1e8, close.shape))
    low = close - np.round(rng.uniform(0.01, 0.3, close.shape), 2)
    series = {"open": low, "high": high, "low": low - 0.01, "close": close, "money": money, "factor": close * 0 + 2.5}
    bars = {name: dict(zip(codes, array.tolist(), strict=True)) for name, array in series.items()}
    bars["close"][codes[3]][-2] = None
    cap = {code: float(value) for code, value in zip(codes, rng.uniform(10, 900, 24), strict=True)}
    ratio = {code: float(value) for code, value in zip(codes, rng.uniform(-1, 9, 24), strict=True)}
    del cap[codes[5]]
    industries = {code: f"8010{row % 4}0" for row, code in enumerate(codes) if row != 7}
    listed = {code: days[0] if row % 5 else days[-30 - row] for row, code in enumerate(codes)}
    return {
        **{"days": days, "bars": bars, "positions": {}, "pool": codes, "industries": industries, "listed": listed},
        "valuation": {"circulating_market_cap": cap, "pb_ratio": {code: ratio[code] for code in cap}},
    }


@pytest.mark.parametrize("standard", ["rank", "zscore"])
def test_python36_says_the_same_whatever_the_order_of_the_pool(standard: str, tmp_path: Path) -> None:
    formula = from_tokens([2], "v2")
    names = tuple(name for name in NAMES if name != "beta")
    settings = Settings(top_k=5, neutralise=names, standardise=standard, min_listed_days=60)
    (tmp_path / "strategy.py").write_text(render(formula, settings), "utf-8")
    (tmp_path / "case.json").write_text(json.dumps(made_case(1)), "utf-8")
    pythons = [sys.executable] + ([str(PYTHON36)] if PYTHON36.exists() else [])
    told = [
        rebalance(python, tmp_path / "strategy.py", tmp_path / "case.json", *order)
        for python in pythons
        for order in ((), ("shuffle",))
    ]
    assert not any(line.startswith("ERROR") for line in told[0]), told[0]
    for other in told[1:]:
        assert other == told[0]
    assert any("上市不足60个交易日: 5只，不入池" in line for line in told[0])
    (line,) = [line for line in told[0] if "AUDIT|" in line]
    audit = parse_audit(line.partition("AUDIT|")[2], "")
    assert audit.problems == ()
    assert audit.get("neutral").startswith(f"{','.join(names)}:{standard}:")
    assert [stock.score.text for stock in audit.stocks].count("nan") == int(audit.get("neutral").split(":")[2]) == 2
    assert len({stock.score.text for stock in audit.stocks}) > 15


def test_when_nobody_has_an_exposure_the_positions_stay(tmp_path: Path) -> None:
    case = made_case(1)
    case["valuation"]["circulating_market_cap"] = {}
    case["positions"] = {case["pool"][2]: 100}
    (tmp_path / "strategy.py").write_text(render(from_tokens([2], "v2"), Settings(neutralise=("size",))), "utf-8")
    (tmp_path / "case.json").write_text(json.dumps(case), "utf-8")
    told = rebalance(sys.executable, tmp_path / "strategy.py", tmp_path / "case.json")
    assert told[-1].startswith(f"ERROR {STOP}: ValueError: 中性化后没有一只股票有分数：24只中24只缺暴露")
    assert not any(line.startswith(("BUY", "SELL")) for line in told)


def test_an_edited_choice_stops_the_strategy_before_it_trades(bundle: Bundle) -> None:
    text = render(FORMULA, ALL)
    for before, after in (('STANDARDISE = "rank"', 'STANDARDISE = "zscore"'), ("LEAST = 1e-8", "LEAST = 0.5")):
        assert before in text
        run = run_backtest(text.replace(before, after), bundle, "2020-03-02", "2020-03-31")
        assert any("中性化自检: 不一致" in line for line in run.log)
        assert any(STOP in line for line in run.log)
        assert run.orders == ()


@pytest.mark.parametrize("names", [NAMES, ("industry",), ("volatility", "liquidity")], ids=len)
@pytest.mark.parametrize("standard", ["rank", "zscore"])
def test_the_model_gives_the_kernels_bits_for_any_number_and_order_of_stocks(
    names: tuple[str, ...], standard: str
) -> None:
    choice = NeutralChoice(names, standard)
    formula = FORMULA if "size" in names else from_tokens([4, 22, 0, 21, 6], "v3")  # ZSCORE(DEV) + RANK(RET)
    model = open_model(build_model(formula, neutral=choice).SerializeToString())
    for stocks in (1, 2, 5, 33, 300):
        bars = made_bars(formula.inputs, formula.lookback_days, stocks)
        data = made_neutral_data(stocks, choice, stocks)
        want = data.apply(language.evaluate(formula.tree, bars)[:, 0])
        assert same_bits(want + 0.0, onnx_scores(model, {**bars, **data.model_inputs}) + 0.0)
        order = np.random.default_rng(stocks).permutation(stocks)
        codes = None if data.industries is None else tuple(data.industries[place] for place in order)
        other = replace(data, styles=data.styles[order], industries=codes)
        moved = {name: array if name == "benchmark" else array[order] for name, array in bars.items()}
        assert same_bits(want[order] + 0.0, onnx_scores(model, {**moved, **other.model_inputs}) + 0.0)
    whole = build_model(formula, True, choice)
    onnx.checker.check_model(whole, full_check=True)
    assert "NEUTRAL" in {function.name for function in whole.functions}
    assert len(whole.SerializeToString()) < 100_000


def test_a_file_that_neutralises_otherwise_is_refused() -> None:
    choice = NeutralChoice(("size", "industry"))
    settings = Settings(neutralise=choice.names)
    model = build_model(FORMULA, neutral=choice).SerializeToString()
    wrong = render(FORMULA, settings).replace("LAST = 1.5 * 2.0**12", "LAST = 1.5 * 2.0**13")
    given = (model, None, "000300.XSHG", "000300.XSHG", None)
    with pytest.raises(ExportError, match=r"strategy\.py does not reproduce the kernel"):
        verify(FORMULA, wrong, *given, choice)
    with pytest.raises(ExportError, match="onnxruntime does not reproduce the kernel"):
        verify(
            FORMULA,
            render(FORMULA, replace(settings, standardise="zscore")),
            *given,
            replace(choice, standard="zscore"),
        )


def test_the_choice_travels_from_the_formula_file_to_every_file_of_the_export(tmp_path: Path) -> None:
    training = {"neutralise": ["industry", "size"], "standardise": "zscore", "min_listed_days": 180}
    save(from_tokens([4, 0, 6], "v2", training=training), tmp_path / "formula.json")
    loaded = load(tmp_path / "formula.json")
    assert loaded.neutral == NeutralChoice(("size", "industry"), "zscore")
    assert loaded.min_listed_days == 180
    cases = (
        ([], ("size", "industry"), "zscore", 180),
        (["--neutralise", "beta", "--standardise", "rank", "--min-listed-days", "0"], ("beta",), "rank", 0),
        (["--neutralise", "", "--min-listed-days", "20"], (), "", 20),
    )
    for options, names, standard, days in cases:
        out = tmp_path / f"export{len(options)}"
        done = CliRunner().invoke(export, [str(tmp_path / "formula.json"), "--out", str(out), *options])
        assert done.exit_code == 0, repr(done.exception)
        text = (out / "strategy.py").read_text("utf-8")
        said = json.loads((out / "manifest.json").read_text("utf-8"))["settings"]
        props = {prop.key: prop.value for prop in onnx.load(out / "model.onnx").metadata_props}
        assert (f"中性化 {','.join(names)}（{standard}）" in done.output) == bool(names)
        assert (f"NEUTRALISE = {names}" in text) == bool(names)
        assert (f"MIN_LISTED_DAYS = {days}" in text) == bool(days)
        assert said.get("neutralise", []) == list(names)
        assert said.get("standardise", "") == standard
        assert said.get("min_listed_days", 0) == days
        assert props.get("neutralise", "") == ",".join(names)
        assert props.get("standardise", "") == standard


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"neutralise": ["sise"]}, "unknown exposure 'sise'; did you mean 'size'"),
        ({"neutralise": "size"}, "'neutralise' must be a list of names"),
        ({"standardise": "ranks"}, "'standardise' = 'ranks': unknown; did you mean 'rank'"),
        ({"min_listed_days": -1}, "'min_listed_days' must be a whole number"),
        ({"min_listed_days": True}, "'min_listed_days' must be a whole number"),
    ],
)
def test_a_formula_file_with_a_wrong_choice_is_refused(training: dict, words: str, tmp_path: Path) -> None:
    save(from_tokens([2], "v2", training=training), tmp_path / "formula.json")
    with pytest.raises(FormulaError, match=words):
        load(tmp_path / "formula.json")


def test_a_history_model_and_unknown_names_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leave --history out"):
        export_formula(FORMULA, tmp_path / "out", ALL, models=Models(history=True))
    save(FORMULA, tmp_path / "formula.json")
    words = [str(tmp_path / "formula.json"), "--out", str(tmp_path / "out"), "--neutralise", "sise"]
    done = CliRunner().invoke(export, words)
    assert "--neutralise: unknown exposure 'sise'; did you mean 'size'?" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_parity_names_other_exposures_and_another_export(bundle: Bundle, tmp_path: Path) -> None:
    export_formula(FORMULA, tmp_path / "neutral", ALL)
    export_formula(FORMULA, tmp_path / "plain", Settings(top_k=5))
    run_backtest(tmp_path / "neutral" / "strategy.py", bundle, "2020-03-02", "2020-03-31", out=tmp_path / "run")
    (audit,) = read_side(tmp_path / "run").audits or ()
    assert compare_scores(tmp_path / "neutral", [audit], bundle).equal
    with pytest.raises(ParityError, match="it is not the export that was run"):
        compare_scores(tmp_path / "plain", [audit], bundle)
    named = tuple((name, value[:-1] + "x" if name == "neutral" else value) for name, value in audit.named)
    found = compare_scores(tmp_path / "neutral", [replace(audit, named=named)], bundle)
    assert found.first_difference.startswith("2020-03-02: exposures size,value,")


def test_every_name_that_the_file_uses_is_defined_or_the_platforms() -> None:
    text = render(FORMULA, replace(ALL, min_listed_days=60))
    compile(text, "strategy.py", "exec", dont_inherit=True)
    assert "jq_strategy" not in text
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821,F811,F401", "-"],
        input=text.replace("from jqdata import *", ""),
        capture_output=True,
        text=True,
        check=False,
    )
    undefined = {line.split("`")[1] for line in done.stdout.splitlines() if line.startswith("F821")}
    assert undefined == {
        "MarketOrderStyle", "g", "get_all_securities", "get_current_data", "get_index_stocks", "get_industry",
        "get_price", "get_trade_days", "get_valuation", "log", "order_target", "order_target_value", "run_monthly",
        "set_benchmark", "set_option",
    }  # fmt: skip
    assert "F811" not in done.stdout
    assert "F401" not in done.stdout


def scored(tmp_path: Path, formula: FormulaFile, *options: str):
    from exporter.score_cli import score

    save(formula, tmp_path / "formula.json")
    words = [str(tmp_path / "formula.json"), "--market", str(small_market()), "--date", "2020-06-30"]
    return CliRunner().invoke(score, [*words, "--out", str(tmp_path / "scores.csv"), *options])


@pytest.mark.parametrize("names", [",".join(NAMES), "industry", "momentum,size"])
def test_score_takes_exposures_out_and_every_back_end_writes_the_same_bytes(
    names: str, bundle: Bundle, tmp_path: Path
) -> None:
    backends = ["numpy", "torch", "onnx", "batch"] + (["py36"] if PYTHON36.exists() else [])
    tables = []
    for backend in backends:
        options = ["--neutralise", names, "--standardise", "zscore", "--backend", backend, "--python", str(PYTHON36)]
        done = scored(tmp_path, FORMULA, *options)
        assert done.exit_code == 0, repr(done.exception)
        assert "（zscore）" in done.output
        tables.append((tmp_path / "scores.csv").read_text("utf-8"))
    assert len(set(tables)) == 1
    codes = list(bundle.members("000300.XSHG", "2020-06-30"))
    data = neutral_data(bundle, codes, "2020-06-30", NeutralChoice(("size",)), "000300.XSHG")
    trained = from_tokens([4, 0, 6], "v2", training={"neutralise": ["size"]})
    assert scored(tmp_path, FORMULA).exit_code == 0
    plain = [line.split(",") for line in (tmp_path / "scores.csv").read_text("utf-8").splitlines()[1:]]
    raw = {code: float(value) for code, value, *_ in plain}
    want = data.apply(np.array([raw[code] for code in codes]))
    assert scored(tmp_path, trained).exit_code == 0
    rows = [line.split(",") for line in (tmp_path / "scores.csv").read_text("utf-8").splitlines()[1:]]
    assert {code: bits for code, _, bits, _ in rows} == dict(zip(codes, map(score_hex, want), strict=True))


def test_score_refuses_what_the_bundle_lacks(tmp_path: Path) -> None:
    done = scored(tmp_path, FORMULA, "--neutralise", "beta", "--benchmark", "000905.XSHG")
    assert isinstance(done.exception, ConfigError)
    assert "'beta' needs daily bars of the index 000905.XSHG" in str(done.exception)
