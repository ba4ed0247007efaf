"""Looks at the holdout: on demand only, counted, and shown.

Neither search nor selection can read the holdout or the pressure period. Whoever looks leaves an entry in the run
directory's ``looks.json`` **before** a number is computed, so that a look that was cut short counts as well. A
holdout that was looked at ten times is no holdout; the count stands beside every figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sdk import files
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle
from sdk.training.confirmation import confirmation
from sdk.training.period_screen import period_figures
from sdk.training.run_dir import LOOKS, MARKER, read_formula, read_page, read_settings

FORMAT = "jqalpha-looks-1"
PERIODS = {"holdout": True, "pressure": False}  # name -> the pool is filtered


@dataclass(frozen=True)
class Look:
    """One look: its number of this period and run, and what was seen (``figures`` as in ``period_figures``)."""

    period: str
    number: int
    days: tuple[str, str]
    figures: dict[str, Any]
    same_data: bool


def take_look(run: Path, bundle: Bundle, period: str) -> Look:
    """Evaluate the formula of a run on its holdout or pressure period, and count the look.

    ConfigError for a period that the settings of the run do not name or the bundle does not cover; such a look is not
    counted. Data other than those of the training are allowed (a holdout may come later than the training did); the
    entry says which.
    """
    config, formula = read_settings(run), read_formula(run)
    days: tuple[str, str] = getattr(config, period)
    if days == ("", ""):
        raise ConfigError(
            f'{run}: the run has no {period} period; set it before training, e.g. {period} = ["2024-01-01", ""]'
        )
    late = [day for day in days if day and np.datetime64(day) > bundle.days[-1]]
    if late:  # before it is counted: nothing would be seen
        raise ConfigError(
            f"{run}: {period} {days[0]} … {days[1]} 超出行情 · {bundle.path} ends on {bundle.days[-1]}; the look is "
            "not counted; give a bundle that covers the period"
        )
    entries = looks_of(run)
    entry = {
        "look": 1 + sum(old["period"] == period for old in entries),
        "period": period,
        "days": list(days),
        "formula": formula.expression,
        "data_hash": bundle.fingerprint,
        "data_until": str(bundle.days[-1]),
        "figures": None,
    }
    _write(run, [*entries, entry])
    figures = period_figures(formula, bundle, config, days, confirmation(), PERIODS[period])
    _write(run, [*entries, {**entry, "figures": figures}])
    same_data = read_page(run / MARKER).get("data_hash") == bundle.fingerprint
    return Look(period, entry["look"], days, figures, same_data)


def looks_of(run: Path) -> list[dict[str, Any]]:
    """Return the looks so far, oldest first. ConfigError for a file that is not one of ours: it is never replaced."""
    path = run / LOOKS
    if not path.exists():
        return []
    page = read_page(path)
    looks = page.get("looks")
    ours = page.get("format") == FORMAT and isinstance(looks, list)
    if not ours or not all(isinstance(look, dict) and look.get("period") in PERIODS for look in page["looks"]):
        raise ConfigError(f"{path}: not a list of looks ({FORMAT}); move it away only if you accept losing the count")
    return page["looks"]


def _write(run: Path, entries: list[dict[str, Any]]) -> None:
    files.write_text(run / LOOKS, files.to_json({"format": FORMAT, "looks": entries}))
