"""From a training run's directory to policy.onnx."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file

from exporter.policy_graph import PolicyShape, Weights, build_policy_model
from sdk import files
from sdk.errors import ExportError

_SHAPE = ("vocabulary", "max_length", "width", "layers", "heads", "loops", "mixture")


def export_policy(run: Path, out: Path) -> PolicyShape:
    """Write the policy of the run directory ``run`` to the file ``out``; return its shape.

    Raises ExportError for a directory without config.json or policy.safetensors, or with weights of another shape.
    """
    shape, weights = _read(run)
    model = build_policy_model(weights, shape, training=run.resolve().name)
    files.write_bytes(out, model.SerializeToString(deterministic=True))
    return shape


def _read(run: Path) -> tuple[PolicyShape, Weights]:
    try:
        settings = json.loads((run / "config.json").read_text("utf-8"))["settings"]
        shape = PolicyShape(**{key: settings[key] for key in _SHAPE})
        return shape, load_file(run / "policy.safetensors")
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise ExportError(
            f"{run}: {Path(problem.filename or run / 'policy.safetensors').name} is missing; "
            "--policy wants a run directory of `jqalpha train`"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, SafetensorError) as problem:
        raise ExportError(f"{run}: config.json or policy.safetensors cannot be read: {problem}") from problem
