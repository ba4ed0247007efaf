"""One validated configuration of a training run; unknown keys are errors, the resolved form is kept."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from jq_strategy.formula import VOCABULARIES
from sdk import files
from sdk.errors import ConfigError, nearest
from sdk.scoring.ties import checked_keys


class TrainConfig(BaseModel):
    """What a run is made of. Everything that can change its result is here, the seed too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(1, ge=0, description="随机种子")
    vocabulary: str = Field("v2", description="词表")
    start: str = Field("", description="训练期首日；空 = 行情包允许的最早一日")
    end: str = Field("", description="训练期末日；空 = 行情包末日")
    pool_index: str = Field("000300.XSHG", description="股票池指数")
    top_k: int = Field(10, ge=1, description="持股数")
    rank_keys: tuple[str, ...] = Field(("code",), description="同分先后：held（只能在首位）、money、code")
    steps: int = Field(30, ge=1, description="更新次数")
    batch: int = Field(64, ge=2, description="每次采样的公式数")
    max_length: int = Field(12, ge=1, le=64, description="公式最长 token 数")
    learner: Literal["reinforce", "random"] = Field("reinforce", description="random = 同预算的随机搜索")
    learning_rate: float = Field(3e-3, gt=0, description="学习率")
    entropy: float = Field(0.1, ge=0, description="熵奖励系数")
    elite: int = Field(12, ge=1, description="记住的最好公式数")
    imitation: float = Field(0.3, ge=0, description="模仿最好公式的损失系数；0 = 不模仿")
    tie_penalty: float = Field(0.01, ge=0, description="切口落在并列组内的月份占比的罚系数")
    width: int = Field(64, ge=8, description="模型宽度")
    layers: int = Field(2, ge=1, description="层数")
    heads: int = Field(4, ge=1, description="注意力头数")
    commission: float = Field(0.0003, ge=0, description="佣金率")
    stamp_tax: float = Field(0.001, ge=0, description="卖出印花税率")
    half_spread: float = Field(0.00123, ge=0, description="单边滑点")
    precision: Literal["float64", "float32"] = Field(
        "float64", description="搜索精度；float32 较快，分数不再逐位一致"
    )
    device: str = Field("cpu", description="打分的设备：cpu = 编译循环；cuda … = torch（尚未在 GPU 上运行过）")
    threads: int = Field(1, ge=1, le=64, description="打分线程数；不改变任何结果")
    remembered: int = Field(200_000, ge=1, description="记住的公式数上限（约 0.5 KB 一个）")

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
