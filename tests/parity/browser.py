"""Headless Chromium over its own debugging pipe: open one page, return what it asked for and complained about.

No library: the protocol is JSON messages, each ended by a zero byte, on file descriptors 3 (to the browser) and 4.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"),
    "--window-size=1200,900",
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SECONDS = 60


@dataclass
class Seen:
    """What a page did while it loaded: addresses asked for, errors, and the value of an expression at the end."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    value: Any = None


def find_browser() -> str:
    """Return the path of a Chromium; skip, saying so loudly, where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.skip(f"NO CHROMIUM ({', '.join(NAMES)}): nothing was proved about the page in a browser")


def open_page(path: Path, expression: str, profile: Path) -> Seen:
    """Open a file, wait until it has loaded, and evaluate ``expression`` in it."""
    to_browser, from_browser = os.pipe(), os.pipe()

    def wire() -> None:
        ours = os.dup(to_browser[0]), os.dup(from_browser[1])
        os.dup2(ours[0], 3)
        os.dup2(ours[1], 4)

    command = [find_browser(), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        command, preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    watchdog = threading.Timer(SECONDS, process.kill)
    watchdog.start()
    try:
        with os.fdopen(to_browser[1], "wb", 0) as sink, os.fdopen(from_browser[0], "rb") as stream:
            return _Talk(sink, stream).visit(path, expression)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


class _Talk:
    """Commands and events of one browser."""

    def __init__(self, sink: Any, stream: Any) -> None:
        self._sink, self._stream, self._last, self.seen = sink, stream, 0, Seen()
        self._loaded, self._rest = False, b""

    def visit(self, path: Path, expression: str) -> Seen:
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self._ask(f"{domain}.enable", session)
        self._ask("Page.navigate", session, url=path.resolve().as_uri())
        while not self._loaded:
            self._event(self._read())
        answer = self._ask("Runtime.evaluate", session, expression=expression, returnByValue=True)
        self.seen.value = answer["result"].get("value")
        with contextlib.suppress(BrokenPipeError, EOFError):
            self._ask("Browser.close")
        return self.seen

    def _ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        self._sink.write(json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            got = self._read()
            if got.get("id") == self._last:
                return got.get("result", {})
            self._event(got)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = self._stream.read1(1 << 16)
            if not chunk:
                raise EOFError("the browser closed its pipe")
            self._rest += chunk
        text, _, self._rest = self._rest.partition(b"\0")
        return json.loads(text)

    def _event(self, message: dict[str, Any]) -> None:
        name, params = message.get("method"), message.get("params", {})
        if name == "Network.requestWillBeSent":
            self.seen.requests.append(params["request"]["url"])
        elif name == "Runtime.exceptionThrown":
            self.seen.errors.append(str(params["exceptionDetails"].get("text")))
        elif name == "Log.entryAdded":
            self.seen.errors.append(str(params["entry"].get("text")))
        elif name == "Page.loadEventFired":
            self._loaded = True
