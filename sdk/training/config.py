"""One validated configuration of a training run; unknown keys are errors, the resolved form is kept."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError, field_validator

from jq_strategy.formula import VOCABULARIES
from sdk import files
from sdk.errors import ConfigError, nearest
from sdk.scoring.ties import checked_keys
from sdk.training.settings import AllSettings


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
    return config


def load_config(path: Path | None, overrides: dict) -> TrainConfig:
    """Read a TOML file, if there is one, and lay the overrides (those that are not None) over it."""
    values: dict = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise ConfigError(f"{path}: not TOML: {problem}") from None
    values.update({key: value for key, value in overrides.items() if value is not None})
    return make_config(values)
