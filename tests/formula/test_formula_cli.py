"""``jqalpha formula``: explain and convert, for people and for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from jq_strategy import formula as language
from sdk.errors import FormulaError
from sdk.formula.cli import formula
from sdk.formula.explain import REPAIR_WORDS, explain
from sdk.formula.formula_file import from_tokens, save
from sdk.formula.reading import read_formula
from tests.conftest import ROOT
from tests.panels import random_lists


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(formula, list(arguments), catch_exceptions=False, env={"COLUMNS": "110"})


def test_explain_shows_words_tree_lookback_and_repair() -> None:
    shown = _run("explain", "9", "19", "0", "18", "7").output
    for words in (
        "(MOM20 - TSUM20(RET))",
        "20日动量 - 20日之和(日对数收益)",
        "− DIV (9)  位置 position 0  操作数不足的算子：丢弃  drop_starved_operator",
        "[9, 19, 0, 18, 7]",
        "[19, 0, 18, 7]",
        "140 个交易日",
        "close, factor",
        "└── RET",
        "+19 日",
    ):
        assert words in shown
    assert max(len(line) for line in shown.splitlines()) <= 110


def test_what_repair_added_is_shown_where_it_was_added() -> None:
    assert "+ ADD (6)  末尾 end" in _run("explain", "0 1").output
    assert "+ ADD (6)  开头 start" in _run("explain", "0 1", "--token-mode", "prefix").output
    assert "+ RET (0)  末尾 end" in _run("explain", "9").output
    assert set(REPAIR_WORDS) == set(language.REPAIR_RULES)


def test_explain_warns() -> None:
    shown = _run("explain", "GATE(ABS(RET), SIGN(DEV), SIGN(FOMO))").output
    assert "few_values" in shown
    assert "rare_branch" in shown


def test_the_machine_form_says_the_same() -> None:
    told = json.loads(_run("explain", "9 19 0 18 7", "--json").output)
    assert told["tokens_raw"] == [9, 19, 0, 18, 7]
    assert told["tokens_repaired"] == [19, 0, 18, 7]
    assert told["repair"] == [{"rule": "drop_starved_operator", "position": 0, "token": 9, "name": "DIV"}]
    assert told["lookback_days"] == 140
    assert told["inputs"] == ["close", "factor"]
    assert told["vocabulary"] == "v2"
    assert told["findings"] == []


def test_a_file_is_explained_with_its_own_vocabulary(tmp_path: Path) -> None:
    path = tmp_path / "formula.json"
    save(from_tokens([7, 0, 4], "v1", "prefix"), path)
    told = json.loads(_run("explain", str(path), "--json").output)
    assert (told["expression"], told["vocabulary"], told["token_mode"]) == ("(RET - DEV)", "v1", "prefix")


def test_every_form_converts_to_every_form() -> None:
    forms = json.loads(_run("convert", "(MOM20 - TSUM20(RET))", "--json").output)
    assert forms == {
        "vocabulary": "v2",
        "infix": "(MOM20 - TSUM20(RET))",
        "postfix": "MOM20 RET TSUM20 SUB",
        "prefix": "SUB MOM20 TSUM20 RET",
        "tokens": "[19, 0, 18, 7]",
        "tokens-prefix": "[7, 19, 18, 0]",
    }
    for name in ("infix", "postfix", "prefix", "tokens", "tokens-prefix"):
        mode = ["--token-mode", "prefix"] if "prefix" in name else []
        assert _run("convert", forms[name], "--to", "infix", *mode).output.strip() == forms["infix"]


def test_a_leading_minus_is_a_formula_not_an_option() -> None:
    assert _run("convert", "-RET", "--to", "tokens").output.strip() == "[0, 10]"


def test_a_repaired_list_is_said_to_be_one() -> None:
    result = CliRunner().invoke(formula, ["convert", "9 0 0", "--to", "infix"])
    assert "[9, 0, 0] -> [0, 0, 6]" in result.stderr
    assert result.stdout.strip() == "(RET + RET)"


def test_a_wrong_formula_is_an_error_of_the_house() -> None:
    with pytest.raises(FormulaError, match="did you mean 'RET'"):
        _run("explain", "RTE")


def test_help_imports_no_numbers() -> None:
    code = "import sys, sdk.formula.cli; sys.exit('numpy' in sys.modules or 'rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("vocabulary", list(language.VOCABULARIES))
def test_many_formulas_can_be_explained(vocabulary: str) -> None:
    for tokens in random_lists(60, seed=11, vocabulary=vocabulary):
        told = explain(read_formula(str(list(tokens)), vocabulary)).as_json()
        assert told["lookback_days"] == sum(step["days"] for step in told["lookback_chain"])
        json.dumps(told, allow_nan=False)
