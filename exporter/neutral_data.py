"""What a neutralised strategy or model reads besides bars: exposures and industries of the stocks of one day.

As arrays of the model: ``exposures`` (stocks, F) in the order of the choice's styles, NaN = none, and ``industry``
(stocks, industries), 1 where a stock belongs to an industry, else 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jq_strategy.exposed import Exposed, neutral_scores
from jq_strategy.exposures import industry_groups
from sdk.market.bundle import Bundle
from sdk.market.calendar import Day, day_index
from sdk.scoring.exposures import read_exposures
from sdk.scoring.neutral_choice import NeutralChoice

EXPOSURES_INPUT, INDUSTRY_INPUT = "exposures", "industry"


@dataclass(frozen=True)
class NeutralData:
    """``styles`` (stocks, F), NaN = none; ``industries``: a code a stock, "" = none, or None where they stay in."""

    choice: NeutralChoice
    styles: np.ndarray
    industries: tuple[str, ...] | None

    @property
    def exposed(self) -> Exposed:
        """The same as jq_strategy and strategy.py take it."""
        styles = [np.ascontiguousarray(self.styles[:, place : place + 1]) for place in range(self.styles.shape[1])]
        return Exposed(styles, None if self.industries is None else list(self.industries))

    @property
    def model_inputs(self) -> dict[str, np.ndarray]:
        """The same as the model takes it, at least one industry wide."""
        given = {EXPOSURES_INPUT: self.styles} if self.choice.styles else {}
        if self.industries is not None:
            groups = industry_groups(list(self.industries))
            given[INDUSTRY_INPUT] = groups if groups.shape[1] else np.zeros((len(groups), 1))
        return given

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Return the neutral scores (stocks,) by jq_strategy itself."""
        return neutral_scores(scores, self.exposed, self.choice.standard)


def neutral_data(bundle: Bundle, codes: list[str], day: Day, choice: NeutralChoice, benchmark: str) -> NeutralData:
    """Return the exposures of ``codes`` on ``day``, the signal day. ConfigError for data that the bundle lacks."""
    found = read_exposures(bundle, codes, [day_index(bundle.days, day)], choice.names, benchmark)
    industries = None
    if found.industries is not None:
        industries = tuple(found.industry_codes[place] if place >= 0 else "" for place in found.industries[:, 0])
    return NeutralData(choice, np.ascontiguousarray(found.styles[:, :, 0].T), industries)


def made_neutral_data(stocks: int, choice: NeutralChoice, case: int) -> NeutralData:
    """Return made exposures: gaps, ties, one style close to another, a lone industry and a stock without one."""
    rng = np.random.default_rng(case)
    styles = np.round(rng.standard_normal((stocks, len(choice.styles))), case % 4 + 1)
    if styles.shape[1] > 1:
        styles[:, 1] += 2.0 * styles[:, 0]
        styles[2 % stocks, 1] = np.nan
    industries = tuple("" if row == 4 else f"I{row % 3 if row else 9}" for row in range(stocks))
    return NeutralData(choice, styles, industries if choice.by_industry else None)
