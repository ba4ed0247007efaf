"""The back ends: each computes its own features, operators and scores; nothing passes between them.

``scores(trees)`` gives (formulas, rows of the stack). ``exact(trees, place)`` gives one (pool,) array a formula from
exactly its own window and with nothing shared, through the function that a user calls.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Protocol, cast

import numpy as np
import onnxruntime
import torch

from benchmarks.bits.graphs import FeatureGraph, formula_graph, input_names
from benchmarks.bits.plans import SharedFeatures
from benchmarks.bits.scene import Bars, Scene
from benchmarks.bits.score_on_36 import exact, kernel_here
from exporter.onnx_graph import build_model
from exporter.python36 import find_python36
from exporter.verify import onnx_scores, open_model
from jq_strategy import formula as language
from sdk.formula.formula_file import from_tokens
from sdk.formula.panel_scores import PanelScores
from sdk.formula.token_lists import to_tokens
from sdk.training.torch_kernel import KERNEL
from sdk.training.torch_scores import torch_scores

Tree = tuple
ROOT = Path(__file__).resolve().parents[2]


class BackEnd(Protocol):
    """What scores the formulas of a scene in one way."""

    name: str

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        """Return the scores (formulas, rows of the stack)."""


class Numpy:
    """The reference: the kernel on this numpy, over the stack."""

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self.name = f"numpy {np.__version__}"
        self._stack, self._blocks = stack, scene.blocks
        with np.errstate(all="ignore"):
            self._shared = SharedFeatures(kernel_here(), np.concatenate, stack, scene.blocks)

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array([np.concatenate(self._shared.scores(tree)) for tree in trees])

    def exact(self, trees: Sequence[Tree], place: int) -> list[np.ndarray]:
        return [exact(tree, self._stack, self._blocks[place]) for tree in trees]


class Torch:
    """The kernel's source on torch, over the stack."""

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self.name = f"torch {torch.__version__}"
        self._stack, self._blocks = stack, scene.blocks
        tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in stack.items()}
        self._shared = SharedFeatures(KERNEL, torch.cat, tensors, scene.blocks)

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        return np.array([torch.cat(self._shared.scores(tree)).numpy() for tree in trees])

    def exact(self, trees: Sequence[Tree], place: int) -> list[np.ndarray]:
        return [torch_scores(tree, _window(tree, self._stack, self._blocks[place])) for tree in trees]


class Python36:
    """The kernel on the platform's Python: one process that lives as long as this object."""

    def __init__(self, scene: Scene, stack: Bars) -> None:
        python, version = find_python36()
        self.name = f"CPython {version}"
        self._folder = tempfile.TemporaryDirectory(prefix="same-bits-")
        bars = Path(self._folder.name) / "stack.npz"
        np.savez(bars, blocks=np.array([(block.start, block.stop) for block in scene.blocks]), **stack)  # type: ignore[arg-type]
        command = [str(python), "-m", "benchmarks.bits.score_on_36", str(bars)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe)
        self._questions = cast(IO[str], self._process.stdin)
        self._answers = cast(IO[str], self._process.stdout)

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        return self._ask(trees, None)

    def exact(self, trees: Sequence[Tree], place: int) -> list[np.ndarray]:
        return list(self._ask(trees, place))

    def _ask(self, trees: Sequence[Tree], window: int | None) -> np.ndarray:
        out = Path(self._folder.name) / "scores.npy"
        self._questions.write(json.dumps({"trees": trees, "window": window, "out": str(out)}) + "\n")
        self._questions.flush()
        if self._answers.readline() != "done\n":
            raise RuntimeError(f"{self.name} stopped with code {self._process.wait()}; its words are above")
        return np.load(out, allow_pickle=False)

    def close(self) -> None:
        """End the process and remove its files."""
        self._questions.close()
        self._process.wait()
        self._answers.close()
        self._folder.cleanup()


class Onnx:
    """The kernel's source traced into ONNX: one graph of features, one graph for a batch of formulas."""

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self._stack, self._blocks = stack, scene.blocks
        self._features = FeatureGraph(stack).run()

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        result = np.empty((len(trees), self._blocks[-1].stop))
        alone = [place for place, tree in enumerate(trees) if not language.compares_stocks(tree)]
        across = [place for place, tree in enumerate(trees) if language.compares_stocks(tree)]
        for places, blocks in ((alone, [slice(0, self._blocks[-1].stop)]), (across, self._blocks)):
            if places:
                chosen = [trees[place] for place in places]
                session, wanted = open_model(formula_graph(chosen)), input_names(chosen)
                for rows in blocks:
                    given = {name: np.ascontiguousarray(self._features[name][rows]) for name in wanted}
                    result[places, rows] = session.run(None, given)
        return result

    def exact(self, trees: Sequence[Tree], place: int) -> list[np.ndarray]:
        sessions = [
            open_model(build_model(from_tokens(to_tokens(tree, "v3"), "v3")).SerializeToString()) for tree in trees
        ]
        windows = [_window(tree, self._stack, self._blocks[place]) for tree in trees]
        return [onnx_scores(session, window) for session, window in zip(sessions, windows, strict=True)]


class Batch:
    """The batch evaluator on the whole history of all stocks of the scene, those outside the pools among them."""

    def __init__(self, scene: Scene, stack: Bars) -> None:
        self.name = "batch"
        self._scene, self._stack = scene, stack
        self._panel = PanelScores(scene.bars)

    def scores(self, trees: Sequence[Tree]) -> np.ndarray:
        return pool_rows(self._scene, self._panel.scores_of(trees, self._scene.days, self._scene.members))

    def exact(self, trees: Sequence[Tree], place: int) -> list[np.ndarray]:
        block = self._scene.blocks[place]
        windows = [_window(tree, self._stack, block) for tree in trees]
        return [
            PanelScores(window).scores(tree, [language.lookback_days(tree) - 1])[:, 0]
            for tree, window in zip(trees, windows, strict=True)
        ]


def pool_rows(scene: Scene, scores: Iterable[np.ndarray]) -> np.ndarray:
    """Bring scores (stocks, scoring days), one array a formula, into the order of a stack: (formulas, rows)."""
    return np.array(
        [np.concatenate([array[pool, column] for column, pool in enumerate(scene.pools)]) for array in scores]
    )


def _window(tree: Tree, stack: Bars, block: slice) -> Bars:
    days = language.lookback_days(tree)
    rows = {name: slice(block.start, block.start + 1) if name == "benchmark" else block for name in stack}
    return {name: np.ascontiguousarray(stack[name][rows[name], -days:]) for name in language.inputs_of(tree)}
