"""One validated configuration of a training run; unknown keys are errors, the resolved form is kept."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError, field_validator

from jq_strategy.formula import VOCABULARIES
from sdk import files
from sdk.errors import ConfigError, MarketError, nearest
from sdk.market.calendar import as_day
from sdk.scoring.neutral_choice import checked_names
from sdk.scoring.rewards import check_rewards
from sdk.scoring.ties import checked_keys
from sdk.training.settings import AllSettings, Period

PERIODS = ("train", "valid", "holdout", "pressure")
IN_ORDER = PERIODS[:3]  # none of them may begin before those to its left are over; pressure is free

Part = TypeVar("Part")


class TrainConfig(AllSettings):
    """What a run is made of. Everything that can change its result is here, the seed too."""

    @field_validator("rank_keys")
    @classmethod
    def _rank_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        """Add code at the end; held may only come first, since all other keys are sorted before the search begins."""
        found = checked_keys(keys, "setting rank_keys")
        if "held" in found[1:]:
            raise ConfigError(f"setting rank_keys = {list(keys)}: held must be the first key in training")
        return found

    @field_validator("neutralise")
    @classmethod
    def _neutralise(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Put the names in the order in which they are taken out, so that one choice has one hash."""
        return checked_names(names)

    @field_validator("reward")
    @classmethod
    def _reward(cls, weights: dict[str, float]) -> dict[str, float]:
        check_rewards(weights)
        return weights

    @property
    def exact(self) -> TrainConfig:
        """The same settings with scores in float64: what every figure that is kept is made with."""
        return self.model_copy(update={"precision": "float64"})

    def part(self, kind: type[Part]) -> Part:
        """Return the dataclass ``kind`` filled from the settings that are named like its fields."""
        return kind(**{item.name: getattr(self, item.name) for item in fields(kind)})  # type: ignore[arg-type]

    @property
    def hash(self) -> str:
        """The SHA-256 of the resolved configuration."""
        return files.sha256(files.to_json(self.model_dump()).encode())


def make_config(values: dict) -> TrainConfig:
    """Validate settings; ConfigError names the key, the value received and the nearest valid choice."""
    try:
        config = TrainConfig(**values)
    except ValidationError as problem:
        first = problem.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigError(f"unknown setting {key!r}{nearest(key, TrainConfig.model_fields)}") from None
        raise ConfigError(f"setting {key} = {first['input']!r}: {first['msg']}") from None
    if config.vocabulary not in VOCABULARIES:
        raise ConfigError(
            f"setting vocabulary = {config.vocabulary!r}: unknown{nearest(config.vocabulary, VOCABULARIES)} "
            f"(known: {', '.join(VOCABULARIES)})"
        )
    if config.width % config.heads:
        raise ConfigError(f"setting heads = {config.heads}: must divide width = {config.width}")
    _check_periods({name: getattr(config, name) for name in PERIODS})
    return config


def _check_periods(periods: dict[str, Period]) -> None:
    """Raise ConfigError for a day that is not one, and for periods of ``IN_ORDER`` that do not follow each other."""
    for name, period in periods.items():
        for day in period:
            if day and not _is_day(day):
                raise ConfigError(f"setting {name}: {day!r} 不是日期 · is not a day; write it like 2024-12-31")
        if all(period) and period[0] >= period[1]:
            raise ConfigError(f"setting {name} = {list(period)}: 首日须早于末日 the first day is not before the last")
    named = [name for name in IN_ORDER if name == "train" or periods[name] != ("", "")]
    for earlier, later in combinations(named, 2):
        end, start = periods[earlier][1], periods[later][0]
        if not (end and start and end < start):
            raise ConfigError(
                f"setting {earlier} 止于 {end or '数据末日'}，{later} 始于 {start or '数据首日'}：时期重叠 · periods "
                f"overlap; end {earlier} before {later} begins"
            )


def _is_day(text: str) -> bool:
    try:
        return str(as_day(text)) == text
    except MarketError:
        return False


def load_config(path: Path | None, overrides: dict) -> TrainConfig:
    """Read a TOML file, if there is one, and lay the overrides (those that are not None) over it."""
    values: dict = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except OSError as problem:
            raise ConfigError(f"{path}: 读不到文件 · cannot be read: {problem.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise ConfigError(f"{path}: not TOML: {problem}") from None
    given = {key: value for key, value in overrides.items() if value is not None}
    try:
        return make_config(values | given)
    except ConfigError as problem:
        if path is not None and _refusal(values) == str(problem):
            raise ConfigError(f"{path}: {problem}") from None
        raise


def _refusal(values: dict) -> str:
    """Return why settings are refused, an empty text where they are not: is the file at fault, or an option?"""
    try:
        make_config(values)
    except ConfigError as problem:
        return str(problem)
    return ""
