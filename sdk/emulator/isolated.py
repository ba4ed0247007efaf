"""Run a strategy in a process of its own: no credentials, bounded time and memory, and always a readable run.

The child (``child.py``) sees an environment made of a short list of harmless names. Whatever happens to it – an
exception, a crash of native code, a signal, the limits – the run directory exists afterwards; when the run did
not reach its end, ``run.json`` says ``failed`` and why in one sentence. Nothing is shared between runs, so any
number of them can go on at once.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sdk
from sdk import __version__, errors
from sdk.emulator.run_directory import FORMAT, MARK, check_target, write_run
from sdk.emulator.summary import RunSummary

# the names kept in memory here repeat watch.py and child.py, which pull in numpy
PARTIAL, LOG, REPLY = "partial.zip", "log.txt", "reply.json"
SAFE_NAMES = frozenset(
    (
        *("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "WINDIR"),
        *("VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    )
)
SAFE_BEGINNINGS = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "NUMBA_")
GRACE = 15.0


@dataclass(frozen=True)
class Limits:
    """Bounds of a run: wall-clock seconds, and MB of memory of its own; 0 = none."""

    seconds: float = 3600.0
    megabytes: int = 4096


def run_isolated(
    strategy: Path, market: Path, out: Path, limits: Limits | None = None, **arguments: Any
) -> RunSummary:
    """Run ``strategy`` on the bundle ``market`` into ``out``; ``arguments`` are those of ``run_backtest``.

    Returns the summary, of a failed run as well. What ``run_backtest`` raises is raised here.
    """
    limits = limits or Limits()
    check_target(out)
    folder = Path(tempfile.mkdtemp(prefix="jqalpha-run-"))
    try:
        job = {
            **{"strategy": str(strategy), "market": str(market), "folder": str(folder)},
            **{"time_limit": limits.seconds, "memory_limit": limits.megabytes},
            "arguments": {**arguments, "out": str(out)},
        }
        code = _child(job, limits)
        if (folder / REPLY).is_file():
            reply = json.loads((folder / REPLY).read_text(encoding="utf-8"))
            if "error" in reply:
                name, message = reply["error"]
                raise getattr(errors, name, errors.StrategyError)(message)
            return RunSummary.from_json(reply["summary"])
        return _rescue(folder, out, strategy, _why(code, limits))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def safe_environment(names: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a strategy may see: no account, password, token or key is among them."""
    kept = {name: value for name, value in names.items() if name in SAFE_NAMES or name.startswith(SAFE_BEGINNINGS)}
    here = str(Path(sdk.__file__).resolve().parents[1])
    kept["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # its own one claims a gibibyte as soon as pandas loads it
    kept["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [kept.get("PYTHONPATH")])])
    return kept


# ------------------------------------------------------------------------------------------------- the process
def _child(job: Mapping[str, Any], limits: Limits) -> int | None:
    """Run the child to its end; return its exit code, None when it had to be killed for the time limit."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sdk.emulator.child"],
        stdin=subprocess.PIPE,
        env=safe_environment(os.environ),
        start_new_session=os.name == "posix",
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        process.stdin.flush()
        return process.wait(limits.seconds + GRACE if limits.seconds > 0 else None)
    except subprocess.TimeoutExpired:
        return None
    except BrokenPipeError:
        return process.wait()
    except KeyboardInterrupt:
        _signal(process, signal.SIGINT)
        process.wait(GRACE)
        raise
    finally:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()
        process.stdin.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the child and to what it started; nothing when they are gone."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
    except ProcessLookupError:
        pass


# ------------------------------------------------------------------------------------------------- after a crash
def _why(code: int | None, limits: Limits) -> str:
    if code is None:
        return f"超过时间上限 {limits.seconds:g} 秒，已强行终止 · killed at the time limit (--time-limit)"
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = "，可能是内存不足" if name == "SIGKILL" else ""
        return f"运行进程被 {name} 终止{hint} · the process of the strategy was killed"
    return f"运行进程意外结束，退出码 {code} · the process of the strategy ended without a result"


def _rescue(folder: Path, out: Path, strategy: Path, why: str) -> RunSummary:
    """Write the run directory from the last copy and the log; return the summary of a failed run."""
    contents: dict[str, bytes] = {}
    if (folder / PARTIAL).is_file():
        with zipfile.ZipFile(folder / PARTIAL) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
    log = folder / LOG
    contents[LOG] = log.read_bytes() if log.is_file() else b""
    empty = {"format": FORMAT, "jqalpha": __version__, "name": strategy.name}
    page = json.loads(contents[MARK]) if MARK in contents else empty
    page |= {"status": "failed", "error": why}
    contents[MARK] = (json.dumps(page, ensure_ascii=False, indent=1) + "\n").encode()
    write_run(out, contents)
    return RunSummary("failed", f"失败：{why}", (), "", tuple(page.get("notes", ())), str(out))
