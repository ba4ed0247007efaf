"""The batch evaluator on torch: the kernel's bits, whatever the budget, and divisions rounded once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from jq_strategy import formula as language
from sdk.formula.panel_scores import PanelScores
from sdk.training.torch_kernel import ExactDivision
from sdk.training.torch_panel import TorchPanel
from tests.panels import awkward_bars, random_lists, same_bits

DAYS = 560


@pytest.mark.parametrize("budget", [1 << 20, 1 << 30])
def test_the_same_bits_as_the_compiled_loops(budget: int) -> None:
    bars = awkward_bars(6, DAYS, 4)
    days = [100, 300, 480, DAYS - 1]
    trees = [language.parse(tokens, "v3") for tokens in random_lists(40, 8, "v3", 10)]
    members = np.random.default_rng(0).random((6, len(days))) < 0.8
    want = PanelScores(bars).scores_of(trees, days, members)
    got = TorchPanel(bars, budget=budget).scores_of(trees, days, members)
    for tree, right, found in zip(trees, want, got, strict=True):
        assert same_bits(right, found), language.expression(tree)


def test_a_division_by_a_number_is_a_division_by_a_tensor() -> None:
    x = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
    exact = x.as_subclass(ExactDivision)
    for divided, right in ((exact / 3.0, x.numpy() / 3.0), (7.0 / exact, 7.0 / x.numpy())):
        assert divided.dtype == torch.float64
        assert isinstance(divided, ExactDivision)
        np.testing.assert_array_equal(divided.as_subclass(torch.Tensor).numpy(), right)
