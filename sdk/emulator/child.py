"""The process that runs one strategy for ``isolated.py``: ``python -m sdk.emulator.child``.

The first line of its input is the job as JSON. The input stays open as a life line: when it ends, the parent is
gone and the run stops. The answer is ``reply.json`` in the job's folder: the summary, or the error to show.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from sdk.emulator.runner import run_backtest
from sdk.emulator.summary import summary_of
from sdk.emulator.watch import Watch
from sdk.errors import JqalphaError
from sdk.market.bundle import Bundle

REPLY = "reply.json"


def main() -> int:
    """Run the job on standard input; return the exit code."""
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_follow_parent, daemon=True).start()
    job = json.loads(line)
    folder = Path(job["folder"])
    try:
        reply, code = _run(job, Watch(folder, job["time_limit"], job["memory_limit"]))
    except JqalphaError as error:
        reply, code = {"error": [type(error).__name__, str(error)]}, error.exit_code
    (folder / REPLY).write_text(json.dumps(reply), encoding="utf-8")
    return code


def _run(job: dict[str, Any], watch: Watch) -> tuple[dict[str, Any], int]:
    result = run_backtest(Path(job["strategy"]), Bundle.open(job["market"]), **job["arguments"], watch=watch)
    return {"summary": summary_of(result).to_json()}, 0 if result.status == "done" else 1


def _follow_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
