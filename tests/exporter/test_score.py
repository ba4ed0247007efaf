"""``jqalpha score``: one table whatever computed it, and errors that say what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exporter.cli import export
from exporter.score_backends import BACKENDS
from exporter.score_cli import score
from sdk.errors import ExportError, FormulaError, JqalphaError, MarketError
from sdk.formula.formula_file import from_tokens, load, save
from sdk.formula.reading import read_formula
from sdk.market.bundle import Bundle
from sdk.report.illusion_cli import illusion
from tests.bundles import real_market, small_market
from tests.emulator.markets import made_bundle
from tests.exporter.test_python36 import PYTHON36

FORMULAS = {
    "two features": [0, 4, 6],
    "volume, operators": [5, 3, 7, 15, 19, 8, 12, 17],
    "ties": [2, 12],
    "market value": [1, 5, 9],
    "stocks compared on past days": [0, 21, 18, 22],
}
EVERYWHERE = [name for name in BACKENDS if name != "py36"]


def run(tmp_path: Path, tokens: list[int], backend: str, market: Path, *more: str) -> Result:
    save(from_tokens(tokens, "v3"), tmp_path / "formula.json")
    out = str(tmp_path / f"{backend}.csv")
    words = [str(tmp_path / "formula.json"), "--market", str(market), "--backend", backend, "--out", out, *more]
    return CliRunner().invoke(score, words, catch_exceptions=True)


def problem(result: Result) -> JqalphaError:
    assert isinstance(result.exception, JqalphaError), result.output
    assert "\n" not in str(result.exception)
    return result.exception


@pytest.mark.parametrize("tokens", FORMULAS.values(), ids=FORMULAS.keys())
def test_every_back_end_writes_the_same_bytes(tokens: list[int], tmp_path: Path) -> None:
    market = small_market()
    day = str(Bundle.open(market).days[-5])
    backends = EVERYWHERE + (["py36"] if PYTHON36.exists() else [])
    for backend in backends:
        result = run(tmp_path, tokens, backend, market, "--date", day, "--python", str(PYTHON36))
        assert result.exit_code == 0, result.output + repr(result.exception)
    tables = [(tmp_path / f"{backend}.csv").read_bytes() for backend in backends]
    assert len(set(tables)) == 1
    lines = tables[0].decode().splitlines()
    assert lines[0] == "code,score,score_hex,rank"
    assert [line.split(",")[3] for line in lines[1:]] == [str(rank) for rank in range(1, len(lines))]
    scores = [float(line.split(",")[1]) for line in lines[1:]]
    known = [value for value in scores if value == value]
    assert scores[: len(known)] == sorted(known, reverse=True), "missing scores come last"


def test_real_members_get_the_same_scores_from_kernel_model_and_batch(tmp_path: Path) -> None:
    market = real_market()
    for backend in EVERYWHERE:
        result = run(tmp_path, [0, 5, 4, 13], backend, market, "--date", "2024-12-31")
        assert result.exit_code == 0, result.output
        assert "300 只" in result.output
    assert len({(tmp_path / f"{backend}.csv").read_bytes() for backend in EVERYWHERE}) == 1


def test_a_day_without_trading_names_its_neighbours_and_keeps_the_old_table(tmp_path: Path) -> None:
    (tmp_path / "numpy.csv").write_text("before")
    found = problem(run(tmp_path, [0], "numpy", small_market(), "--date", "2020-01-04"))
    assert isinstance(found, MarketError)
    assert "2020-01-03 and 2020-01-06" in str(found)
    assert (tmp_path / "numpy.csv").read_text() == "before"


def test_too_little_history_is_an_error(tmp_path: Path) -> None:
    market = small_market()
    found = problem(run(tmp_path, [0, 14], "numpy", market, "--date", str(Bundle.open(market).days[30])))
    assert "240 trading days are needed" in str(found)


def test_an_index_that_the_bundle_lacks_is_refused(tmp_path: Path) -> None:
    market = small_market()
    day = str(Bundle.open(market).days[-1])
    found = problem(run(tmp_path, [0], "numpy", market, "--date", day, "--pool", "000301.XSHG"))
    assert "no members of '000301.XSHG'; did you mean '000300.XSHG'" in str(found)


def test_a_bundle_without_any_index_gives_all_listed_stocks_and_says_so(tmp_path: Path) -> None:
    codes = ["600000.XSHG", "600001.XSHG", "000001.XSHE"]
    bundle = made_bundle(tmp_path / "market", {code: {"open": [10.0] * 150} for code in codes})
    result = run(tmp_path, [0], "numpy", bundle.path, "--date", str(bundle.days[-1]))
    assert result.exit_code == 0, result.exception
    assert "没有 000300.XSHG 的成分股" in result.output
    listed = (tmp_path / "numpy.csv").read_text().splitlines()[1:]
    assert sorted(line.split(",")[0] for line in listed) == sorted(codes)


def test_an_expression_is_a_formula(tmp_path: Path) -> None:
    market = small_market()
    words = ["--market", str(market), "--date", str(Bundle.open(market).days[-1])]
    tables = []
    for formula in ("(MOM20 - TSUM20(RET))", str(tmp_path / "f.json")):
        save(read_formula("(MOM20 - TSUM20(RET))").formula, tmp_path / "f.json")
        result = CliRunner().invoke(score, [formula, *words, "--out", str(tmp_path / "s.csv")])
        assert result.exit_code == 0, result.exception
        tables.append((tmp_path / "s.csv").read_bytes())
    assert tables[0] == tables[1]
    exported = CliRunner().invoke(export, ["(MOM20 - TSUM20(RET))", "--out", str(tmp_path / "e")])
    assert exported.exit_code == 0, exported.exception
    assert (tmp_path / "e" / "formula.json").read_bytes() == (tmp_path / "f.json").read_bytes()


def test_codes_of_a_file_are_scored_and_an_unknown_one_is_named_with_its_line(tmp_path: Path) -> None:
    market = small_market()
    bundle = Bundle.open(market)
    stocks = list(bundle.securities.index[bundle.securities["type"] == "stock"])[:3]
    (tmp_path / "codes.txt").write_text("\n".join(reversed(stocks)) + "\n")
    options = ["--date", str(bundle.days[-1]), "--codes", str(tmp_path / "codes.txt")]
    assert run(tmp_path, [2], "onnx", market, *options).exit_code == 0
    found = [line.split(",")[0] for line in (tmp_path / "onnx.csv").read_text().splitlines()[1:]]
    assert sorted(found) == stocks
    (tmp_path / "codes.txt").write_text(stocks[0] + "\n999999.XSHG\n")
    assert "line 2: unknown code '999999.XSHG'" in str(problem(run(tmp_path, [2], "onnx", market, *options)))


def test_an_input_that_the_bundle_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    market = small_market()
    day = str(Bundle.open(market).days[-1])
    monkeypatch.setattr(Bundle, "has", lambda bundle, field: field != "circulating_market_cap")
    found = problem(run(tmp_path, [1], "numpy", market, "--date", day))
    assert "no 'circulating_market_cap', which the formula needs" in str(found)


def test_a_missing_interpreter_says_how_to_get_one(tmp_path: Path) -> None:
    market = small_market()
    options = ["--date", str(Bundle.open(market).days[-1]), "--python", str(tmp_path / "no" / "python")]
    found = problem(run(tmp_path, [2], "py36", market, *options))
    assert isinstance(found, ExportError)
    assert "make setup36" in str(found)
    assert "--python PATH" in str(found)


def test_a_run_directory_stands_for_its_formula(tmp_path: Path) -> None:
    save(from_tokens([0, 4, 6], "v2"), tmp_path / "formula.json")
    assert load(tmp_path) == load(tmp_path / "formula.json")
    assert read_formula(str(tmp_path)).formula == load(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormulaError, match=r"empty/formula\.json: 读不到文件"):
        load(tmp_path / "empty")


def test_the_pool_is_the_one_that_the_formula_was_trained_on(tmp_path: Path) -> None:
    save(from_tokens([0, 18], "v2", training={"pool_index": "000905.XSHG"}), tmp_path / "trained.json")
    words = [str(tmp_path / "trained.json"), "--market", str(small_market())]
    scored = [*words, "--date", "2020-06-30", "--out", str(tmp_path / "s.csv")]
    assert "no members of '000905.XSHG'" in str(CliRunner().invoke(score, scored).exception)
    assert "000300.XSHG 当日成分股" in CliRunner().invoke(score, [*scored, "--pool", "000300.XSHG"]).output
    measured = [*words, "--year", "2020", "--top-k", "5"]
    assert "no members of '000905.XSHG'" in str(CliRunner().invoke(illusion, measured).exception)
    assert CliRunner().invoke(illusion, [*measured, "--pool", "000300.XSHG"]).exit_code == 0
