"""Older files: the vocabulary is taken where it is certain, and asked for where it is not."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jq_strategy import formula as language
from sdk.errors import FormulaError
from sdk.formula.formula_file import from_tokens, load
from sdk.formula.reading import read_formula
from sdk.formula.token_lists import vocabulary_of_ids, vocabulary_of_names


def _file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "old.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.fixture
def another_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vocabulary in which the ids 0 and 1 are swapped."""
    names = language.token_names("v1")
    monkeypatch.setitem(language.VOCABULARIES, "swapped", [names[1], names[0], *names[2:]])


@pytest.mark.parametrize(
    ("content", "vocabulary", "expression"),
    [
        ([0, 17], "v1", "MAX3(RET)"),
        ({"tokens": [0, 18]}, "v2", "TSUM20(RET)"),
        ({"tokens": [19, 0, 18, 7], "score": 1.5}, "v2", "(MOM20 - TSUM20(RET))"),
        ([0, 0, 1], "v1", "(RET + (RET + LIQ_SCORE))"),
    ],
)
def test_the_oldest_vocabulary_with_the_only_reading_is_taken(
    tmp_path: Path, content: object, vocabulary: str, expression: str
) -> None:
    loaded = load(_file(tmp_path, content))
    assert (loaded.vocabulary, loaded.expression) == (vocabulary, expression)


def test_a_list_with_two_readings_is_asked_for(tmp_path: Path, another_vocabulary: None) -> None:
    path = _file(tmp_path, [0, 17])
    with pytest.raises(FormulaError, match=r"RET MAX3 in v1 and LIQ_SCORE MAX3 in swapped.*--vocabulary v1 or"):
        load(path)
    assert load(path, "swapped").expression == "MAX3(LIQ_SCORE)"


def test_a_list_that_both_vocabularies_read_alike_is_not_asked_for(another_vocabulary: None) -> None:
    assert vocabulary_of_ids([2, 17]) == "v1"
    with pytest.raises(FormulaError, match="swapped"):
        vocabulary_of_ids([17])  # repaired to [0], which they read differently


def test_a_named_vocabulary_wins_and_a_contradiction_is_refused(tmp_path: Path) -> None:
    assert load(_file(tmp_path, [0, 17]), "v2").vocabulary == "v2"
    told = {"tokens": [12, 0], "vocabulary": "v2", "token_mode": "prefix"}
    assert load(_file(tmp_path, told), token_mode="prefix").expression == "SIGN(RET)"
    with pytest.raises(FormulaError, match="add --token-mode prefix"):
        load(_file(tmp_path, told))
    with pytest.raises(FormulaError, match="add --vocabulary v2"):
        load(_file(tmp_path, told), "v1", "prefix")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([0, 99], "no vocabulary fits: token 1 has id 99"),
        ([], "empty"),
        ({"tokens": []}, "empty"),
        ({"tokens": "0 1"}, "must be a list, got str"),
        ([0, 1.5], "token 1 is 1.5"),
        ([True], "token 0 is True"),
        ([[0]], "token 0 is"),
        ("[" * 100_000, "not JSON"),
        ("{}", "format is None"),
        ("5", "expected an object or a list, got int"),
        ({"tokens": [0], "vocabulary": [1]}, "'vocabulary' must be a str, got list"),
        ({"tokens": [0], "vocabulary": "v8"}, "unknown vocabulary 'v8'"),
        ([0] + [10] * 5_000, "nested 5001 deep"),
    ],
)
def test_what_cannot_be_a_formula_is_refused_with_its_file(tmp_path: Path, content: object, words: str) -> None:
    with pytest.raises(FormulaError, match=rf"old\.json: .*{words}"):
        load(_file(tmp_path, content))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["v2", "prefix"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=5,
)
KEYS = ["tokens", "tokens_raw", "tokens_repaired", "vocabulary", "token_mode", "training", "lookback_days", "format"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.booleans())
def test_any_json_is_a_formula_or_a_formula_error(tmp_path: Path, drawn: dict, whole: bool) -> None:
    good = asdict(from_tokens([19, 0, 18, 7], "v2"))
    path = _file(tmp_path, {**good, **drawn} if whole else drawn)
    try:
        loaded = load(path)
    except FormulaError:
        return
    assert load(path) == loaded


def test_a_formula_file_is_not_read_in_another_vocabulary(tmp_path: Path) -> None:
    path = _file(tmp_path, asdict(from_tokens([0], "v2")))
    assert load(path, "v2") == load(path)
    with pytest.raises(FormulaError, match="the file says vocabulary 'v2', asked for was 'v1'"):
        load(path, "v1")


def test_the_vocabulary_of_names_is_the_oldest_that_has_them() -> None:
    assert vocabulary_of_names(["RET", "PRESS", "SUB"]) == "v1"
    assert vocabulary_of_names(["MOM20"]) == "v2"
    with pytest.raises(FormulaError, match=r"token 1 is 'RETT'.*did you mean 'RET'"):
        vocabulary_of_names(["RET", "RETT"])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("19 0 18 7", "ids"),
        ("[19, 0, 18, 7]", "ids"),
        ("19,0,18,7", "ids"),
        ("MOM20 RET TSUM20 SUB", "names"),
        ("(MOM20 - TSUM20(RET))", "expression"),
        ("MOM20 - TSUM20(RET)", "expression"),
    ],
)
def test_every_form_of_a_formula_is_read(text: str, form: str) -> None:
    reading = read_formula(text)
    assert reading.form == form
    assert reading.formula == from_tokens([19, 0, 18, 7], "v2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[19, 0", "not a list of ids"),
        ("19 1.5", "token 1 is 1.5"),
        ("0 -1", "token 1 has id -1"),
        ("1" * 5000, "not a list of ids"),
        ("[" + "[" * 100_000 + "1", "not a list of ids"),
        ("nowhere.json", "cannot be read"),
        ("./no/where", "cannot be read"),
        ("RET DVE ADD", "token 1 is 'DVE'"),
        ("   ", "empty"),
    ],
)
def test_what_has_no_form_says_why(text: str, words: str) -> None:
    with pytest.raises(FormulaError, match=words):
        read_formula(text)


def test_an_unknown_vocabulary_names_the_known_ones() -> None:
    with pytest.raises(FormulaError, match=r"'v22'; did you mean 'v2'\?; known: v1, v2, v3"):
        read_formula("RET", "v22")
