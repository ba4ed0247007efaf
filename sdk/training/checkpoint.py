"""Checkpoints of a run: what is needed to go on bit for bit, and nothing else.

``step-000040/`` holds ``state.safetensors`` (weights, moments of the optimiser, the generator, what has been seen)
and ``state.json`` (step, records, the pool, the SHA-256 of the other file). It appears in one rename, so a kill at
any moment leaves the older ones as they were; the newest two are kept. What a formula earned is not stored: it is
judged again, which gives the same bits.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from sdk import __version__, files
from sdk.errors import ConfigError

_TENSORS, _ABOUT, _KEPT = "state.safetensors", "state.json", 2
_FORMAT = "jqalpha-checkpoint-1"


@dataclass(frozen=True)
class Checkpoint:
    """A state that was read and checked."""

    step: int
    tensors: dict[str, Tensor]
    about: dict[str, Any]


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run in ``directory``. ``config_hash`` and ``data_hash`` say which run that is."""

    directory: Path
    config_hash: str
    data_hash: str

    def save(self, step: int, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
        """Write the state after ``step`` and forget all but the newest two."""
        data = safetensors.torch.save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
        head = {"format": _FORMAT, "step": step, "sha256": files.sha256(data), **self._identity()}
        place = self.directory / f"step-{step:06d}"
        if _read(place) is None:
            shutil.rmtree(place, ignore_errors=True)  # what a newest() did not believe
        with files.fresh_directory(place, _ABOUT, _FORMAT) as beside:
            files.write_new(beside / _TENSORS, data)
            files.write_new(beside / _ABOUT, files.to_json({**head, **about}).encode())
        for old in self._places()[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint that is whole, None without one.

        ConfigError if it belongs to other settings, other data or another version of jqalpha.
        """
        for place in reversed(self._places()):
            found = _read(place)
            if found is not None:
                wrong = [key for key, value in self._identity().items() if found.about.get(key) != value]
                if wrong:
                    raise ConfigError(
                        f"{place}: written with another {wrong[0]} ({found.about.get(wrong[0])!r}, this run has "
                        f"{self._identity()[wrong[0]]!r}); resume with the same settings, market and version, "
                        "or delete it"
                    )
                return found
        return None

    def _identity(self) -> dict[str, str]:
        return {"config_hash": self.config_hash, "data_hash": self.data_hash, "version": __version__}

    def _places(self) -> list[Path]:
        return sorted(self.directory.glob("step-[0-9]*")) if self.directory.is_dir() else []


def _read(place: Path) -> Checkpoint | None:
    """Return a checkpoint, or None when a file is missing, unreadable or not what the other says it is."""
    try:
        about = json.loads((place / _ABOUT).read_text("utf-8"))
        data = (place / _TENSORS).read_bytes()
        if about["format"] != _FORMAT or about["sha256"] != files.sha256(data):
            return None
        return Checkpoint(int(about["step"]), safetensors.torch.load(data), about)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        return None
