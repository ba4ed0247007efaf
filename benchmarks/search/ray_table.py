"""The same experiment on local processes and on a Ray cluster of two workers: the same bytes in every table.

The cluster is a real one on this machine: a head and a second node, one core each, joined by address. Without Ray
(an optional extra) or without an emulator the part says so and measures nothing.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from pathlib import Path

from benchmarks.search.resume import left_in
from sdk.market.bundle import Bundle
from sdk.market.made.market import make_market
from sdk.market.made.spec import MarketSpec
from sdk.training.config import make_config
from sdk.training.confirmation import confirmation
from sdk.training.engines import local_processes, ray_cluster
from sdk.training.experiment import run_experiment

SETTINGS = {
    "steps": 6,
    "batch": 48,
    "top_k": 5,
    "candidates": 6,
    "perturbations": 2,
    "train": ("", "2018-12-31"),
    "valid": ("2019-01-01", "2019-12-31"),
    "holdout": ("2020-01-01", "2020-12-30"),
}
SEEDS, QUICK_SEEDS, WORKERS = 4, 2, 2


def measure(quick: bool) -> dict[str, float]:
    """Run both, print the table, return whether all files are equal and how long each took (wall seconds)."""
    if importlib.util.find_spec("ray") is None:
        print("SKIPPED: Ray is not installed (pip install 'jqalpha[ray]'); nothing was compared")
        return {}
    if confirmation() is None:
        print("SKIPPED: no emulator is installed (entry point jqalpha.confirmation); nothing was compared")
        return {}
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get("PYTHONPATH", "")]))
    config, seeds = make_config(SETTINGS), list(range(1, (QUICK_SEEDS if quick else SEEDS) + 1))
    with tempfile.TemporaryDirectory(prefix="jqalpha-ray-") as folder:
        place = Path(folder)
        make_market(place / "market", MarketSpec(stocks=60, years=3, seed=1))
        bundle = Bundle.open(place / "market")
        start = time.monotonic()
        table = run_experiment(bundle, config, seeds, place / "local", local_processes(WORKERS))
        between = time.monotonic()
        address, stop = _cluster()
        try:
            run_experiment(bundle, config, seeds, place / "ray", ray_cluster(address, WORKERS))
        finally:
            stop()
        done = time.monotonic()
        local, distributed = left_in(place / "local"), left_in(place / "ray")
    print(table.to_csv())
    different = sorted(name for name in local.keys() | distributed.keys() if local.get(name) != distributed.get(name))
    print(f"{len(local)} files, different: {different or 'none'}")
    return {
        "ray_same_table": float(local["experiment.csv"] == distributed["experiment.csv"]),
        "ray_same_files": float(not different),
        "ray_seconds": done - between,
        "ray_local_seconds": between - start,
    }


def _cluster():  # type: ignore[no-untyped-def]
    """Start two nodes of one core; return the address and what stops them."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    return cluster.address, cluster.shutdown
