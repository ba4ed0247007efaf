"""R2: a token id that a vocabulary does not have is an error with its position; it is never dropped."""

import json
from itertools import pairwise

import pytest

from jq_strategy import formula as language
from sdk.errors import FormulaError
from sdk.formula.formula_file import from_tokens, load

NAMES = list(language.VOCABULARIES)


@pytest.mark.parametrize("vocabulary", NAMES)
@pytest.mark.parametrize("mode", language.TOKEN_MODES)
def test_every_step_refuses_an_unknown_id_and_names_its_place(vocabulary: str, mode: str) -> None:
    size = len(language.token_names(vocabulary))
    for place in range(3):
        tokens = [0, 4, 6]
        tokens[place] = size
        words = f"token {place} has id {size}, which vocabulary {vocabulary} does not have; valid ids are 0 "
        with pytest.raises(language.FormulaProblem, match=words):
            language.repair(tokens, vocabulary, mode)
        with pytest.raises(language.FormulaProblem, match=f"token {place} has id {size}"):
            language.parse(tokens, vocabulary, mode)
        with pytest.raises(FormulaError, match=f"token {place} has id {size}"):
            from_tokens(tokens, vocabulary, mode)


def test_a_wider_vocabulary_keeps_every_id_of_the_narrower() -> None:
    for narrow, wide in pairwise(NAMES):
        known = language.token_names(narrow)
        assert language.token_names(wide)[: len(known)] == known
        assert len(set(language.token_names(wide))) == len(language.token_names(wide)) > len(known)


def test_a_stored_formula_read_with_a_narrower_vocabulary_is_refused(tmp_path) -> None:
    path = tmp_path / "formula.json"
    path.write_text(json.dumps([0, 18, 21]))
    assert load(path, "v3").expression == "RANK(TSUM20(RET))"
    with pytest.raises(FormulaError, match="token 2 has id 21"):
        load(path, "v2")
    with pytest.raises(FormulaError, match="token 1 has id 18"):
        load(path, "v1")
