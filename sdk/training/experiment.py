"""One setting, several seeds: what a method gives on average, and how far its results spread.

A single run proves little. Each seed is searched, selected and then traded by the emulator, costs included, in the
training, validation and test (holdout) periods; RankIC and ties are the batch evaluator's. Looking at the test is
counted in each run's ``looks.json``.

Seeds are independent, so where they run changes nothing: each is one task in a fresh process (or on a Ray cluster),
with the threads of the settings, and the rows stand in the order of the seeds. A seed whose run directory of the same
version is already there is not trained again, and an unfinished one goes on from its checkpoint.
"""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sdk import __version__, files
from sdk.errors import ConfigError
from sdk.market.bundle import Bundle
from sdk.training.config import TrainConfig, make_config
from sdk.training.confirmation import confirmation
from sdk.training.engines import Engine
from sdk.training.run_dir import MARKER, SELECTION, read_formula, read_page, read_settings, run_id

MARK = "experiment.json"
PERIODS = {"train": "train", "valid": "valid", "test": "holdout"}
COLUMNS = ("return", "excess", "information", "rank_ic", "turnover", "tie_share")


@dataclass(frozen=True)
class SeedTask:
    """What one process is told: plain text, so that it can travel."""

    settings: str
    market: str
    out: str
    data_hash: str
    version: str = __version__

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Experiment:
    """Rows in the order of the seeds: ``{"seed", "run", "expression", "passed", "gates", "looks", "periods"}``."""

    rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any]
    data_hash: str

    @property
    def pass_rate(self) -> float:
        """Share of the seeds whose formula passed all gates."""
        return sum(row["passed"] for row in self.rows) / len(self.rows)

    def summary(self) -> dict[str, dict[str, dict[str, float | None]]]:
        """Return mean and deviation (ddof = 1, None for a single seed) of each figure: period -> figure -> both."""
        found: dict[str, dict[str, dict[str, float | None]]] = {}
        for period in self.rows[0]["periods"]:
            found[period] = {}
            for column in COLUMNS:
                values = [row["periods"][period][column] for row in self.rows]
                known = [value for value in values if value is not None]
                found[period][column] = {
                    "mean": statistics.fmean(known) if known else None,
                    "deviation": statistics.stdev(known) if len(known) > 1 else None,
                }
        return found

    def to_json(self) -> dict[str, Any]:
        """Return what experiment.json holds."""
        return {
            "format": "jqalpha-experiment-1",
            "settings": self.settings,
            "data_hash": self.data_hash,
            "version": __version__,
            "seeds": list(self.rows),
            "pass_rate": self.pass_rate,
            "summary": self.summary(),
        }

    def to_csv(self) -> str:
        """Return one line a seed."""
        periods = list(self.rows[0]["periods"])
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(
            ["seed", "run", "expression", "passed", "gates_passed", "gates"]
            + [f"{period}_{column}" for period in periods for column in COLUMNS]
        )
        for row in self.rows:
            figures = [row["periods"][period][column] for period in periods for column in COLUMNS]
            writer.writerow([*(row[key] for key in ("seed", "run", "expression", "passed")), *row["gates"], *figures])
        return text.getvalue()


def run_experiment(
    bundle: Bundle,
    config: TrainConfig,
    seeds: list[int],
    out: Path,
    engine: Engine,
    on_row: Callable[[dict[str, Any]], None] = lambda row: None,
) -> Experiment:
    """Run all seeds and write experiment.json and experiment.csv below ``out``, beside the run directories.

    ``on_row`` sees each finished row, in the order in which they finish. ConfigError without seeds, without an
    emulator, or where a seed failed; what other seeds finished stays and is not done again.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise ConfigError(f"seeds {seeds}: at least one, each once")
    if confirmation() is None:
        raise ConfigError(
            "没有找到回测确认入口 jqalpha.confirmation · an experiment reports the emulator's figures; install the "
            "package with its exporter: pip install -e ."
        )
    tasks = {}
    for seed in seeds:
        settings = json.dumps(config.model_copy(update={"seed": seed}).model_dump(), sort_keys=True)
        task = SeedTask(settings, str(bundle.path.absolute()), str(out.absolute()), bundle.fingerprint)
        tasks[seed] = task.to_text()
    rows = {}
    for seed, answer in engine(run_seed, tasks):
        row = json.loads(answer)
        if "error" in row:
            raise ConfigError(f"seed {seed}: {row['error']}")
        rows[seed] = row
        on_row(row)
    experiment = Experiment(
        tuple(rows[seed] for seed in seeds), config.model_dump(exclude={"seed"}), bundle.fingerprint
    )
    files.write_text(out / MARK, files.to_json(experiment.to_json()))
    files.write_text(out / "experiment.csv", experiment.to_csv())
    return experiment


def run_seed(text: str) -> str:
    """Do one task, in whatever process this is; the answer is JSON, ``{"error": …}`` for an error of the input."""
    from sdk.errors import JqalphaError

    try:
        return json.dumps(_row(SeedTask(**json.loads(text))), ensure_ascii=False)
    except JqalphaError as problem:
        return json.dumps({"error": f"{type(problem).__name__}: {problem}"}, ensure_ascii=False)


def _row(task: SeedTask) -> dict[str, Any]:
    """Train, select and trade one seed; return its row."""
    from sdk.training.holdout import take_look
    from sdk.training.period_screen import period_figures
    from sdk.training.run import train_formula

    if task.version != __version__:
        raise ConfigError(f"this machine has jqalpha {__version__}, the experiment {task.version}: install the same")
    bundle, config, out = Bundle.open(task.market), make_config(json.loads(task.settings)), Path(task.out)
    if bundle.fingerprint != task.data_hash:
        raise ConfigError(f"{task.market}: another bundle than that of the experiment (fingerprint differs)")
    run = out / run_id(config, bundle.fingerprint)
    if not (run / MARKER).exists():
        run = train_formula(bundle, config, out, unfinished="resume").directory
    elif read_settings(run) != config:
        raise ConfigError(f"{run}: holds other settings than its name says; move it away")
    elif (made := read_page(run / MARKER).get("version")) != __version__:
        raise ConfigError(
            f"{run}: 由另一版本训练 · trained by jqalpha {made}, this is {__version__}; move it away or "
            "name another --out"
        )
    selection, formula = read_page(run / SELECTION), read_formula(run)
    gates = [gate["passed"] for gate in selection["candidates"][selection["shipped"]]["gates"]]
    periods, looks = {}, 0
    for name, setting in PERIODS.items():
        days = getattr(config, setting)
        if setting == "holdout" and days != ("", ""):
            look = take_look(run, bundle, setting)
            periods[name], looks = _figures(look.figures), look.number
        elif setting == "train" or days != ("", ""):
            days = tuple(read_page(run / MARKER)["period"]) if setting == "train" else days
            periods[name] = _figures(period_figures(formula, bundle, config, days, confirmation()))
    return {
        "seed": config.seed,
        "run": run.name,
        "expression": formula.expression,
        "passed": selection["passed"],
        "gates": [sum(one is True for one in gates), sum(one is not None for one in gates)],
        "looks": looks,
        "periods": periods,
    }


def _figures(found: dict[str, Any]) -> dict[str, float | None]:
    """Return the columns of one period: the emulator's figures, RankIC and ties of the batch evaluator."""
    emulator, screen = found["emulator"], found["screen"]
    return {
        "return": emulator["total_return"],
        "excess": emulator["excess_return"],
        "information": emulator["information"],
        "rank_ic": screen["rank_ic"],
        "turnover": emulator["turnover"],
        "tie_share": screen["tie_share"],
    }
