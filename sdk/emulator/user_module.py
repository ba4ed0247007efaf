"""A strategy as a module of its own: compiled, with its imports answered privately.

``import jqdata``, ``from jqdata import *``, ``from kuanke.user_space_api import *`` and the like are answered by
modules made for this run; everything else goes to Python's own import. The hook lives in the builtins of the
strategy's module, so nothing global changes and two runs can live side by side. A ``.py`` file beside the
strategy can be imported by name and sees the same hook; ``import user_code`` gives it the strategy itself.

# platform: the module is called ``user_code``; the API is there without any import (JOINQUANT.md §9).
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from sdk.emulator.lib import old_pandas
from sdk.emulator.lib.absent import Absent, guarded_imports
from sdk.emulator.lib.old_modules import bring_back, install_names
from sdk.emulator.lib.old_scalars import SCALARS, with_scalars
from sdk.emulator.lib.third_party import missing_package, python_2_hint, refused_module
from sdk.emulator.traceback_text import USER_CODE
from sdk.errors import StrategyError

# platform: the words of its own refusal (JOINQUANT.md §9)
NO_FOLDERS = "您是否想导入研究中的自定义库? 自定义库暂时不支持文件夹, 请把库文件放在研究根目录:"


class UserModule:
    """The namespace of one strategy; ``sources`` = file -> lines, for tracebacks."""

    def __init__(self, source: str, name: str, folder: Path | None) -> None:
        self.name = name
        self.sources: dict[str, list[str]] = {}
        self._folder = folder
        self._code = self._compile(source, USER_CODE, name)
        module = ModuleType("user_code")
        self._private: dict[str, ModuleType] = {"user_code": module}
        self._waiting: dict[str, Callable[[], Mapping[str, Any]]] = {}
        self.names: dict[str, Any] = vars(module)

    def execute(
        self, api: Mapping[str, Any], modules: Mapping[str, Callable[[], Mapping[str, Any]]], say: Callable[..., None]
    ) -> None:
        """Run the top level of the strategy with ``api`` in its names and ``modules`` to import."""
        old_pandas.install()
        install_names()
        for path, names in modules.items():
            self._offer(path)
            self._waiting[path] = names
        self._builtins = {**vars(builtins), **SCALARS, "__import__": self._import, "print": _printer(say)}
        self.names.update(api)
        self.names.update(__name__="user_code", __file__=USER_CODE, __builtins__=self._builtins)
        exec(self._code, self.names)  # noqa: S102 - running the user's strategy is what this module is for

    def function(self, name: str) -> Callable[..., Any] | None:
        """Return a function of the strategy, or None."""
        found = self.names.get(name)
        return found if callable(found) else None

    # --------------------------------------------------------------------------------------------- importing
    def _offer(self, path: str) -> None:
        parts = path.split(".")
        for depth in range(1, len(parts) + 1):
            full = ".".join(parts[:depth])
            if full not in self._private:
                self._private[full] = ModuleType(full)
                if depth > 1:
                    setattr(self._private[".".join(parts[: depth - 1])], parts[depth - 1], self._private[full])

    def _fill(self, path: str) -> None:
        """Give a module its names when it is first imported."""
        if path in self._waiting:
            names = self._waiting.pop(path)()
            vars(self._private[path]).update(names, __all__=sorted(names))

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if name in self._private:
            for path in (name, *(f"{name}.{part}" for part in fromlist or ())):
                self._fill(path)
            return self._private[name if fromlist else name.partition(".")[0]]
        if reason := refused_module(name):
            raise ImportError(reason, name=name)
        try:
            bring_back(name, fromlist or ())
            return builtins.__import__(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            if error.name == name and self._folder is not None and (self._folder / f"{name}.py").is_file():
                return self._neighbour(name, self._folder / f"{name}.py")
            top = name.partition(".")[0]
            if error.name == top and self._folder is not None and (self._folder / top).is_dir():
                raise ImportError(f"{NO_FOLDERS} {top}", name=top) from None
            reason = missing_package(error.name or name)
            if reason is None:
                raise
            if error.name != top or self._stands_in_a_try(sys._getframe(1)):
                raise ModuleNotFoundError(f"import {reason}", name=error.name) from error
            return Absent(name if fromlist else top)

    def _stands_in_a_try(self, frame: FrameType) -> bool:
        lines = self.sources.get(frame.f_code.co_filename, [])
        return frame.f_lineno in guarded_imports("\n".join(lines))

    def _neighbour(self, name: str, path: Path) -> ModuleType:
        file = USER_CODE.replace("user_code.py", path.name)
        code = self._compile(read_text(path), file, str(path))
        module = self._private[name] = ModuleType(name)
        vars(module).update(__builtins__=self._builtins, __file__=file)
        exec(code, vars(module))  # noqa: S102 - a library of the strategy, run like it
        return module

    def _compile(self, source: str, file: str, shown: str) -> CodeType:
        self.sources[file] = source.splitlines()
        try:
            code = compile(source, file, "exec", dont_inherit=True)
            changed = with_scalars(source, file)
            return code if changed is None else compile(changed, file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            text = (getattr(error, "text", None) or "").strip()
            what = getattr(error, "msg", str(error))
            hint = python_2_hint(what, text)
            raise StrategyError(f"{shown}, line {line}: 语法错误 {hint or what}: {text}") from error


def read_text(path: Path) -> str:
    """Return the text of a strategy's file: UTF-8, else the GB 18030 in which Chinese Windows saves files."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StrategyError(f"{path}: is neither UTF-8 nor GB18030 text; save it as UTF-8")


def _printer(say: Callable[..., None]) -> Callable[..., None]:
    def print(*parts: object, sep: str = " ", end: str = "\n", file: Any = None, flush: bool = False) -> None:
        """``print`` of a strategy: an INFO entry for each argument."""
        if file is None:
            say(*parts)
        else:
            builtins.print(*parts, sep=sep, end=end, file=file, flush=flush)

    return print
