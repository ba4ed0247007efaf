"""Every operator and feature has the same bits in every back end, on every awkward input. Long: make conformance."""

import inspect

import numpy as np
import pytest

from exporter import symbolic
from jq_strategy import formula as language
from jq_strategy import kernel
from sdk.formula import compiled
from sdk.formula.kernel_source import PRIMITIVE_NAMES, kernel_on
from sdk.formula.panel_scores import PanelScores
from sdk.training import torch_kernel
from tests.conformance.awkward import BARS, SERIES
from tests.conformance.backends import PYTHON36, Numpy, backends
from tests.conformance.matrix import Matrix, fill, formula_requests, operator_requests, random_formulas
from tests.panels import awkward_bars, random_lists, same_bits


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    filled = Matrix()
    fill(filled, seed=0)
    return filled


@pytest.mark.parametrize("token", language.token_names("v3"))
def test_all_back_ends_give_the_kernels_bits(matrix: Matrix, token: str) -> None:
    assert [item for item in matrix.differ.items() if item[0][0] == token] == []
    cases = {case for name, case in matrix.agree if name == token}
    across = token in kernel.OPERATOR_TABLE and kernel.OPERATOR_TABLE[token].across
    series = set() if token in kernel.FEATURE_TABLE else set(SERIES) - (set() if across else {"NaN", "nobody"})
    assert cases == set(BARS) | series


def test_the_platforms_python_took_part(matrix: Matrix) -> None:
    if not PYTHON36.exists():
        pytest.skip("CPYTHON 3.6 ABSENT: nothing was proved about the platform's Python")
    assert "py36" in matrix.agree["RANK", "normal"]
    assert len(backends()) == 5


def test_the_matrix_notices_one_wrong_bit() -> None:
    matrix, (name, request) = Matrix(), next(operator_requests(0))
    want = Numpy().operators([request])[0]
    matrix.judge(request.name, name, "wrong", want, np.nextafter(want, np.inf))
    assert any(line.startswith("DIFFER ADD") for line in matrix.lines())


def test_the_awkward_bars_still_have_scores() -> None:
    with_scores = dict.fromkeys(BARS, 0)
    for _, name, tokens, bars in formula_requests(0):
        if len(tokens) > 1:
            with_scores[name] += int(np.isfinite(Numpy().scores([(tokens, bars)])[0]).sum())
    assert min(with_scores.values()) > 30, with_scores


@pytest.mark.parametrize("vocabulary", ["v1", "v2", "v3"])
def test_random_formulas_agree_in_all_back_ends(vocabulary: str) -> None:
    ran, wrong, words = random_formulas(25, vocabulary, seed=3)
    assert ran > 15
    assert not any(wrong.values()), words


def test_every_back_end_has_exactly_the_primitives() -> None:
    assert set(symbolic.PRIMITIVES) == set(PRIMITIVE_NAMES)
    assert set(torch_kernel.PRIMITIVES) == set(PRIMITIVE_NAMES)
    with pytest.raises(KeyError, match="window_max"):
        kernel_on({name: max for name in PRIMITIVE_NAMES if name != "window_max"})


@pytest.mark.parametrize("operator", kernel.OPERATORS, ids=lambda operator: operator.name)
def test_an_entry_is_whole_and_its_case_holds(operator: kernel.Operator) -> None:
    operands, want = operator.case
    assert len(operands) == operator.arity
    assert len(inspect.signature(operator.function).parameters) == operator.arity + operator.across
    assert operator.words
    assert inspect.getdoc(operator.function)
    if operator.across:
        column = np.array(operands[0])[:, None]
        got = operator.function(column, np.ones_like(column) > 0)[:, 0]
    else:
        assert {len(values) for values in operands} == {operator.depth + 1}
        got = operator.function(*[np.array([values]) for values in operands])[0, 0]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_an_operator_without_a_loop_of_its_own_is_computed_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    bars = awkward_bars(7, 400, seed=12)
    trees = [language.parse(tokens, "v3") for tokens in random_lists(25, 13, "v3")]
    fast = [PanelScores(bars).scores(tree, [390, 395, 399]) for tree in trees]
    for name in ("MUL", "JUMP", "TS_MEAN5", "TS_CORR10", "DELAY1"):
        monkeypatch.delitem(compiled.OPCODES, name)
    slow = [PanelScores(bars).scores(tree, [390, 395, 399]) for tree in trees]
    for tree, one, other in zip(trees, fast, slow, strict=True):
        assert same_bits(one, other), language.expression(tree)
