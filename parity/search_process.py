"""Search for causes in a process of its own: ``python -m parity.search_process REPLY`` with the job on its input.

The strategy runs many times, so it gets what ``jqalpha backtest`` gives it once: an environment without credentials,
bounded time and memory, and nothing that it prints reaches the terminal. The job and the reply are JSON; both sides
are read again by the child, which is cheaper than to hand them over.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from parity.explanation import Explanation
from parity.strategy_run import RunPlan
from sdk.emulator.isolated import Limits, safe_environment
from sdk.errors import JqalphaError, ParityError
from sdk.report.plain_text import plain


def explain_apart(
    sides: tuple[Path, Path], strategy: Path, market: Path, plan: RunPlan, limits: Limits | None = None
) -> Explanation:
    """Return the causes of the difference between ``sides`` (local, platform), searched by a child process.

    ParityError with the child's reason where it finds none, runs out of time or memory, or dies.
    """
    limits = limits or Limits()
    paths = [str(path) for path in (*sides, strategy, market)]
    job = json.dumps({"paths": paths, "plan": asdict(plan), "megabytes": limits.megabytes})
    with tempfile.TemporaryDirectory(prefix="jqalpha-search-") as folder:
        reply = Path(folder) / "reply.json"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "parity.search_process", str(reply)],
                input=job.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=safe_environment(os.environ),
                timeout=limits.seconds or None,
                check=False,
            )
        except subprocess.TimeoutExpired as problem:
            raise ParityError(
                f"超过时间上限 {limits.seconds:g} 秒 the search took too long; 只比较用 compare only with --no-causes"
            ) from problem
        if not reply.is_file():
            last = "".join(done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:])
            raise ParityError(f"搜索进程意外结束 the search died, exit code {done.returncode}: {plain(last, 300)}")
        page = json.loads(reply.read_text("utf-8"))
    if "error" in page:
        raise ParityError(page["error"])
    return Explanation.from_plain(page)


def main() -> int:
    """Do the job on standard input; write the reply beside and rename it."""
    from parity.compare import compare_sides
    from parity.explain import explain_verdict
    from parity.side import read_side
    from sdk.emulator.watch import limit_memory

    job, reply = json.load(sys.stdin), Path(sys.argv[1])
    local, platform, strategy, market = (Path(path) for path in job["paths"])
    limit_memory(job["megabytes"])
    try:
        verdict = compare_sides(read_side(local), read_side(platform))
        page = asdict(explain_verdict(verdict, strategy, market, RunPlan(**job["plan"])))
    except JqalphaError as error:
        page = {"error": str(error)}
    except MemoryError:
        page = {"error": f"内存不足 more than {job['megabytes']} MB"}
    beside = reply.with_name(".reply")
    beside.write_text(json.dumps(page), "utf-8")
    beside.replace(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main())
