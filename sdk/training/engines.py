"""Where the seeds of an experiment run: processes of this machine, or a Ray cluster.

An engine takes a function of one text and a task for each seed, and yields (seed, answer) as answers come. The
function is a plain one and imports what it needs itself, so a fresh process can run it. Neither engine, nor the
number of workers, has a way to change an answer: a task holds all that its answer depends on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from sdk.errors import ConfigError

Engine = Callable[[Callable[[str], str], dict[int, str]], Iterator[tuple[int, str]]]


def local_processes(workers: int) -> Engine:
    """Return the engine of ``workers`` fresh processes (spawned, not forked: threads do not survive a fork)."""

    def run(function: Callable[[str], str], tasks: dict[int, str]) -> Iterator[tuple[int, str]]:
        with ProcessPoolExecutor(min(workers, len(tasks)), get_context("spawn")) as pool:
            seeds = {pool.submit(function, text): seed for seed, text in tasks.items()}
            try:
                for done in as_completed(seeds):
                    yield seeds[done], done.result()
            except BrokenProcessPool:
                raise ConfigError(
                    "一个工作进程中途死去（被杀或内存不足）· a worker died (killed, or out of memory); "
                    "what was finished is kept: run the same command again, with fewer --workers if memory is short"
                ) from None
            finally:
                pool.shutdown(cancel_futures=True)

    return run


def ray_cluster(address: str | None, workers: int) -> Engine:
    """Return the engine of a Ray cluster; without an address one of ``workers`` processes is started here.

    Market and results must lie under the same path on all machines. ConfigError where Ray is not installed or the
    cluster cannot be reached (Ray itself tries an address that does not answer for about five minutes).
    """
    ray = _ray()

    def run(function: Callable[[str], str], tasks: dict[int, str]) -> Iterator[tuple[int, str]]:
        with _connected(ray, address, workers):
            remote = ray.remote(num_cpus=1)(function)
            waiting = {remote.remote(text): seed for seed, text in tasks.items()}
            while waiting:
                (done,), _ = ray.wait(list(waiting), num_returns=1)
                yield waiting.pop(done), ray.get(done)

    return run


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "--engine ray: 没有安装 Ray · Ray is not installed; pip install 'jqalpha[ray]', or use --engine local"
        ) from None
    return ray


class _connected:
    """A connection to the cluster for the length of a block."""

    def __init__(self, ray: Any, address: str | None, workers: int) -> None:
        self._ray, self._address, self._workers = ray, address, workers

    def __enter__(self) -> None:
        options: dict[str, Any] = {"log_to_driver": False, "include_dashboard": False}
        if self._address is None:
            options["num_cpus"] = self._workers
        else:
            options = {"log_to_driver": False, "address": self._address}
        # Ray's workers find modules as this process does.
        options["runtime_env"] = {"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}
        try:
            self._ray.init(**options)
        except ConnectionError as problem:
            raise ConfigError(
                f"--address {self._address}: 连不上 Ray 集群 · the cluster cannot be reached ({problem}); "
                "start it with `ray start --head` and give its address"
            ) from None

    def __exit__(self, *failure: object) -> None:
        self._ray.shutdown()
