"""Plant any formula: make the market without a signal, score it, make it again with the scores paid out.

Each month pays the scores of the last day before it (signal.py, GivenScores).

The draws of both markets are the same, so prices differ by the small drift alone and the formula's scores on the
finished market are nearly those that were planted; how well the formula ranks the next month there is measured and
stands in the manifest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jq_strategy import formula as language
from sdk.formula import infix
from sdk.formula.bars import bars_between
from sdk.formula.panel_scores import PanelScores
from sdk.market.bundle import Bundle


def formula_scores(plain: Bundle, text: str, codes: Sequence[str]) -> np.ndarray:
    """Return the cross-sectional ranks of a formula, mean 0 and variance 1, (codes, days); 0 without a score.

    Ranks and not values: what is planted is as strong for a formula with long tails as for any other. Equal values
    share their mean rank. FormulaError for a text that is no formula, MarketError for an input that a made market
    does not have.
    """
    tree = infix.parse(text)
    panel = PanelScores(bars_between(plain, codes, language.inputs_of(tree)))
    values = panel.scores(tree, np.arange(len(plain.days)))
    ranks = pd.DataFrame(values).rank()
    return (((ranks - ranks.mean()) / ranks.std(ddof=0)).replace([np.inf, -np.inf], 0.0)).fillna(0.0).to_numpy()
