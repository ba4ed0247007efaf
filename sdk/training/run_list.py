"""The runs below a directory: what each was, what it earned, and in what two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdk.errors import ConfigError, JqalphaError
from sdk.training.holdout import looks_of
from sdk.training.run_dir import FORMAT, MARKER, SELECTION, read_page


@dataclass(frozen=True)
class RunFacts:
    """One finished run. ``looks``: those at the holdout (the pressure period does not count). ``figures``: name ->
    number of the training period, the validation period, the emulator."""

    directory: Path
    settings: dict[str, Any]
    expression: str
    passed: bool
    data_hash: str
    looks: int
    figures: dict[str, float | None]


@dataclass(frozen=True)
class Comparison:
    """``settings``: those that differ, name -> value of each run; ``figures`` the same for all figures."""

    runs: tuple[RunFacts, ...]
    settings: dict[str, tuple[Any, ...]]
    figures: dict[str, tuple[float | None, ...]]


def runs_below(folder: Path) -> tuple[list[RunFacts], list[str]]:
    """Return the finished runs in ``folder``, by name, and why those that cannot be read cannot.

    ConfigError for no directory.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such directory; name the directory that was --out of jqalpha train")
    found, broken = [], []
    for place in (place for place in sorted(folder.iterdir()) if (place / MARKER).is_file()):
        try:
            if read_page(place / MARKER).get("format") == FORMAT:
                found.append(facts_of(place))
        except JqalphaError as problem:
            broken.append(str(problem))
    return found, broken


def facts_of(run: Path) -> RunFacts:
    """Read one run directory. ConfigError names a file that is missing or broken."""
    about, settings, selection = (read_page(run / name) for name in (MARKER, "config.json", SELECTION))
    looks = sum(look["period"] == "holdout" for look in looks_of(run))
    try:
        shipped = selection["candidates"][selection["shipped"]]
        figures: dict[str, float | None] = {}
        for period in ("train", "valid", "emulator"):
            part = shipped[period] or {}
            figures.update({f"{period}.{name}": value for name, value in part.items() if not isinstance(value, str)})
        return RunFacts(
            *(run, settings["settings"], about["expression"], selection["passed"], about["data_hash"]),
            *(looks, figures),
        )
    except (KeyError, IndexError, TypeError) as problem:
        raise ConfigError(f"{run}: {problem!r} is missing; the run was written by another version") from None


def compare(directories: Sequence[Path]) -> Comparison:
    """Return what differs between at least two runs; a setting that one of them lacks is None there."""
    if len(directories) < 2:
        raise ConfigError(f"{len(directories)} run given: name at least two directories to compare")
    runs = tuple(facts_of(place) for place in directories)
    names = dict.fromkeys(name for run in runs for name in run.settings)
    settings = {name: tuple(run.settings.get(name) for run in runs) for name in names}
    settings["data"] = tuple(run.data_hash[:12] for run in runs)
    differing = {name: values for name, values in settings.items() if any(value != values[0] for value in values)}
    keys = dict.fromkeys(name for run in runs for name in run.figures)
    return Comparison(runs, differing, {name: tuple(run.figures.get(name) for run in runs) for name in keys})
