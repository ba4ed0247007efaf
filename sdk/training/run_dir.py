"""runs/<id>/: what a training run leaves behind, each file written atomically.

``config.json`` (resolved settings and their hash), ``metrics.csv`` (one row an update), ``formula.json`` (the
repaired formula that is shipped with its raw list), ``selection.json`` (all candidates with their gates and
figures), ``policy.safetensors`` (the network after the last update), ``run.json`` (what the formula earned, data
hash, versions). The id is made of the seed and the hashes of settings and data, so the same run has the same name
and the same bytes.

``looks.json`` is not the run's but its reader's: one entry a look at the holdout (holdout.py). A run that is written
again keeps it.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import safetensors.numpy

from sdk import __version__, files
from sdk.errors import ConfigError
from sdk.formula.formula_file import FormulaFile, from_tokens, load, save
from sdk.training.config import TrainConfig, make_config
from sdk.training.learn import SearchResult
from sdk.training.precision import PrecisionReport
from sdk.training.progress import StepRecord
from sdk.training.select import Selection

MARKER, SELECTION, LOOKS = "run.json", "selection.json", "looks.json"
FORMAT = "jqalpha-training-1"


def run_id(config: TrainConfig, data_hash: str) -> str:
    """Return the name of a run: learner, seed and eight digits over settings and data."""
    return f"{config.learner}-seed{config.seed}-{files.sha256((config.hash + data_hash).encode())[:8]}"


def formula_of(tokens: tuple[int, ...], result: SearchResult, config: TrainConfig, data_hash: str) -> FormulaFile:
    """Return the formula file of a selected list; the raw list is the policy's where it wrote this very formula."""
    training = {
        "run": run_id(config, data_hash),
        "seed": config.seed,
        "config_hash": config.hash,
        "data_hash": data_hash,
        "rank_keys": list(config.rank_keys),
        "neutralise": list(config.neutralise),
        "standardise": config.standardise,
        "min_listed_days": config.min_listed_days,
        "top_k": config.top_k,
        "pool_index": config.pool_index,
    }
    return from_tokens(result.raw if tokens == result.tokens else tokens, config.vocabulary, training=training)


def write_run(
    out: Path,
    config: TrainConfig,
    found: tuple[SearchResult, Selection, FormulaFile],
    data_hash: str,
    period: tuple[str, str],
    precision: PrecisionReport | None = None,
) -> Path:
    """Write the run directory below ``out`` and return it. ConfigError if the place is taken.

    ``precision``: what float32 changed, of a run that searched with it.
    """
    result, selection, formula = found
    name = run_id(config, data_hash)
    looks = out / name / LOOKS
    try:
        with files.fresh_directory(out / name, MARKER, FORMAT) as beside:
            settings = {"settings": config.model_dump(), "hash": config.hash}
            files.write_text(beside / "config.json", files.to_json(settings))
            files.write_text(beside / "metrics.csv", _metrics(result.records))
            save(formula, beside / "formula.json")
            files.write_text(beside / SELECTION, files.to_json(selection.to_json()))
            files.write_bytes(beside / "policy.safetensors", safetensors.numpy.save(result.weights))
            if looks.exists():
                files.write_bytes(beside / LOOKS, looks.read_bytes())
            about = {
                "format": FORMAT,
                "id": name,
                "period": list(period),
                "expression": formula.expression,
                "passed": selection.passed,
                "judgement": selection.choice.evidence.train.figures(),
                "float32": None if precision is None else asdict(precision),
                "data_hash": data_hash,
                "version": __version__,
            }
            files.write_text(beside / MARKER, files.to_json(about))
    except FileExistsError as problem:
        raise ConfigError(str(problem)) from problem
    return out / name


def read_page(path: Path) -> dict[str, Any]:
    """Read a JSON object of a run directory. ConfigError names the file and what is wrong with it."""
    try:
        page = json.loads(path.read_text("utf-8"))
    except OSError as problem:
        raise ConfigError(
            f"{path}: cannot be read ({problem.strerror}); is {path.parent} a run directory of jqalpha train?"
        ) from None
    except ValueError as problem:
        raise ConfigError(f"{path}: not JSON: {problem}") from None
    if not isinstance(page, dict):
        raise ConfigError(f"{path}: expected an object, got {type(page).__name__}")
    return page


def read_settings(run: Path) -> TrainConfig:
    """Return the settings of a run; ConfigError where they are not those that the run was made with."""
    page = read_page(run / "config.json")
    config = make_config(page.get("settings", {}))
    if config.hash != page.get("hash"):
        raise ConfigError(
            f"{run / 'config.json'}: the settings do not have the hash written there; the file was edited or made by "
            "another version: train again"
        )
    return config


def read_formula(run: Path) -> FormulaFile:
    """Return the formula that a run shipped."""
    return load(run / "formula.json")


def _metrics(records: list[StepRecord]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(StepRecord)])
    writer.writerows([list(asdict(record).values()) for record in records])
    return text.getvalue()
