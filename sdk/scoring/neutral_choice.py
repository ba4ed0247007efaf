"""What a run, a formula file or an export says about neutralisation: names, standard, minimum days since listing.

Names are kept in the order in which they are taken out, whatever order they were given in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jq_strategy.exposures import INDUSTRY, STYLES
from jq_strategy.neutral import STANDARDS
from sdk.errors import ConfigError, JqalphaError, nearest

NAMES = (*(style.name for style in STYLES), INDUSTRY)


@dataclass(frozen=True)
class NeutralChoice:
    """``names``: exposures taken out of the scores, none = off. ``standard``: rank or zscore."""

    names: tuple[str, ...] = ()
    standard: str = "rank"

    @property
    def styles(self) -> tuple[str, ...]:
        """The names without industry."""
        return tuple(name for name in self.names if name != INDUSTRY)

    @property
    def by_industry(self) -> bool:
        """Whether industry means are taken out."""
        return INDUSTRY in self.names


NOTHING = NeutralChoice()


def checked_names(
    names: Sequence[str], where: str = "setting neutralise", error: type[JqalphaError] = ConfigError
) -> tuple[str, ...]:
    """Return the names in the order in which they are taken out; ``error`` for an unknown or a repeated one."""
    for place, name in enumerate(names):
        if name not in NAMES:
            raise error(f"{where}: unknown exposure {name!r}{nearest(name, NAMES)} (known: {', '.join(NAMES)})")
        if name in names[:place]:
            raise error(f"{where}: exposure {name!r} is named twice")
    return tuple(name for name in NAMES if name in names)


def checked_standard(
    standard: str, where: str = "setting standardise", error: type[JqalphaError] = ConfigError
) -> str:
    """Return the name of a standard of jq_strategy.neutral; ``error`` for another."""
    if standard not in STANDARDS:
        known = ", ".join(STANDARDS)
        raise error(f"{where} = {standard!r}: unknown{nearest(str(standard), STANDARDS)} (known: {known})")
    return standard


def names_of_text(text: str, where: str) -> tuple[str, ...]:
    """Return the names of a text such as ``size,momentum``; an empty text names none."""
    return checked_names([word.strip() for word in text.split(",") if word.strip()], where)


def choice_of_training(training: Mapping[str, Any], error: type[JqalphaError] = ConfigError) -> NeutralChoice:
    """Return what the ``training`` part of a formula file says; nothing said = off."""
    names = training.get("neutralise", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise error(f"'neutralise' must be a list of names, got {names!r}")
    standard = training.get("standardise", "rank")
    return NeutralChoice(
        checked_names(names, "'neutralise'", error), checked_standard(standard, "'standardise'", error)
    )


def listed_days_of_training(training: Mapping[str, Any], error: type[JqalphaError] = ConfigError) -> int:
    """Return the ``min_listed_days`` of a formula file; nothing said = 0."""
    days = training.get("min_listed_days", 0)
    if isinstance(days, bool) or not isinstance(days, int) or days < 0:
        raise error(f"'min_listed_days' must be a whole number of trading days, 0 or more, got {days!r}")
    return days
