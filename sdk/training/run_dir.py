"""runs/<id>/: what a training run leaves behind, each file written atomically.

``config.json`` (resolved settings and their hash), ``metrics.csv`` (one row an update), ``formula.json`` (the best
repaired formula with its raw list), ``policy.safetensors`` (the network after the last update), ``run.json`` (what
the formula earned, data hash, versions). The id is made of the seed and the hashes of settings and data, so the same
run has the same name and the same bytes.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from pathlib import Path

import safetensors.numpy

from sdk import __version__, files
from sdk.errors import ConfigError
from sdk.formula.formula_file import FormulaFile, from_tokens, save
from sdk.training.config import TrainConfig
from sdk.training.learn import SearchResult, StepRecord
from sdk.training.precision import PrecisionReport

MARKER = "run.json"


def run_id(config: TrainConfig, data_hash: str) -> str:
    """Return the name of a run: learner, seed and eight digits over settings and data."""
    return f"{config.learner}-seed{config.seed}-{files.sha256((config.hash + data_hash).encode())[:8]}"


def write_run(
    out: Path,
    config: TrainConfig,
    result: SearchResult,
    data_hash: str,
    period: tuple[str, str],
    precision: PrecisionReport | None = None,
) -> tuple[Path, FormulaFile]:
    """Write the run directory below ``out`` and return it with the formula. ConfigError if the place is taken.

    ``precision``: what float32 changed, of a run that searched with it.
    """
    name = run_id(config, data_hash)
    training = {"run": name, "seed": config.seed, "config_hash": config.hash, "data_hash": data_hash}
    training["rank_keys"] = list(config.rank_keys)
    training["neutralise"], training["standardise"] = list(config.neutralise), config.standardise
    training["min_listed_days"] = config.min_listed_days
    formula = from_tokens(result.tokens, config.vocabulary, training=training)
    try:
        with files.fresh_directory(out / name, MARKER) as beside:
            settings = {"settings": config.model_dump(), "hash": config.hash}
            files.write_text(beside / "config.json", files.to_json(settings))
            files.write_text(beside / "metrics.csv", _metrics(result.records))
            save(formula, beside / "formula.json")
            files.write_bytes(beside / "policy.safetensors", safetensors.numpy.save(result.weights))
            about = {
                "format": "jqalpha-training-1",
                "id": name,
                "period": list(period),
                "expression": formula.expression,
                "judgement": result.judgement.figures(),
                "float32": None if precision is None else asdict(precision),
                "data_hash": data_hash,
                "version": __version__,
            }
            files.write_text(beside / MARKER, files.to_json(about))
    except FileExistsError as problem:
        raise ConfigError(str(problem)) from problem
    return out / name, formula


def _metrics(records: list[StepRecord]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(StepRecord)])
    writer.writerows([list(asdict(record).values()) for record in records])
    return text.getvalue()
