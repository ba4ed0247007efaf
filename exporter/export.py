"""One formula in, one directory out: strategy.py, model.onnx, formula.json, manifest.json; also model_history.onnx.

The directory appears whole or not at all, and only after strategy.py and model.onnx have reproduced the kernel bit
for bit. The manifest holds the sha256 of each file, the versions, and what was verified.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from onnx import ModelProto

from exporter.model_proto import IR_VERSION, OPSET
from exporter.onnx_graph import build_history_model, build_model
from exporter.strategy_file import Settings, render
from exporter.verify import Verification, verify
from jq_strategy.kernel import KERNEL_VERSION
from sdk import __version__, files
from sdk.errors import ConfigError, ExportError
from sdk.formula import formula_file
from sdk.formula.formula_file import FormulaFile
from sdk.market.bundle import Bundle

MANIFEST, FORMAT = "manifest.json", "jqalpha-export-1"
HISTORY = "model_history.onnx"


@dataclass(frozen=True)
class Models:
    """Which models are written beside strategy.py: a history model, feature outputs of the last-day model."""

    history: bool = False
    features: bool = False


def export_formula(
    formula: FormulaFile,
    out: Path,
    settings: Settings | None = None,
    bundle: Bundle | None = None,
    models: Models | None = None,
) -> Verification:
    """Write and verify an export directory; ``bundle`` adds real cases to the verification.

    Raises ExportError when a score differs or when ``out`` holds something that is not an export.
    """
    settings = (settings or Settings()).of(formula)
    strategy = render(formula, settings)
    models = models or Models()
    neutral = settings.switches.neutral
    if neutral.names and models.history:
        raise ConfigError(
            "--history: model_history.onnx has no exposures of each day and would give other scores than a strategy "
            f"that takes out {','.join(neutral.names)}; leave --history out, or add --neutralise ''"
        )
    model = _model_bytes(build_model(formula, models.features, neutral), settings)
    contents = {"strategy.py": strategy.encode("utf-8"), "model.onnx": model}
    if models.history:
        contents[HISTORY] = _model_bytes(build_history_model(formula), settings)
    verification = verify(
        formula,
        strategy,
        model,
        bundle,
        settings.pool_index or formula.pool_index,
        settings.benchmark or formula.pool_index,
        contents.get(HISTORY),
        neutral,
    )
    try:
        with files.fresh_directory(out, MANIFEST, FORMAT) as beside:
            for name, data in contents.items():
                files.write_bytes(beside / name, data)
            formula_file.save(formula, beside / "formula.json")
            contents["formula.json"] = (beside / "formula.json").read_bytes()
            files.write_text(beside / MANIFEST, files.to_json(_manifest(formula, settings, contents, verification)))
    except FileExistsError as problem:
        raise ExportError(str(problem)) from problem
    return verification


def _model_bytes(model: ModelProto, settings: Settings) -> bytes:
    """Return the bytes of a model that also says how its scores are to be ranked and what was taken out of them."""
    model.metadata_props.add(key="rank_keys", value=",".join(settings.rank_keys or ()))
    if settings.switches.neutral.names:
        model.metadata_props.add(key="neutralise", value=",".join(settings.switches.neutral.names))
        model.metadata_props.add(key="standardise", value=settings.switches.neutral.standard)
    return model.SerializeToString(deterministic=True)


def _manifest(
    formula: FormulaFile, settings: Settings, contents: dict[str, bytes], verification: Verification
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "expression": formula.expression,
        "files": {name: files.sha256(data) for name, data in sorted(contents.items())},
        "settings": settings.told,
        "versions": {
            "jqalpha": __version__,
            "kernel": KERNEL_VERSION,
            "onnx_opset": OPSET,
            "onnx_ir": IR_VERSION,
            **{name: version(name) for name in ("numpy", "onnx", "onnxruntime")},
        },
        "verification": asdict(verification),
    }
