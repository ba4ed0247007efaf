"""``jqlib.technical_analysis``: what a strategy calls, made from the formulas of ``indicators.py``.

    DIF, DEA, BAR = MACD(security_list, check_date, SHORT=12, LONG=26, MID=9,
                         unit='1d', include_now=True, fq_ref_date=None)

A call gives one dict code -> value, or a tuple of them in the documented order; a code without enough bars gets
NaN. Bars come from the emulator's own ``get_bars``, so a call sees what get_bars sees at that moment:

* ``check_date`` is a day: that day after its close; today's is not known yet and is cut or refused.
* ``check_date`` holds a time (``context.current_dt``): the finished bars then, and with ``include_now`` the
  unfinished one (at the open: open = high = low = close = today's open).

Source: the platform's page 技术分析指标; its printed results of 2017-01-26 are tests.
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sdk.emulator.api.visible import as_datetime
from sdk.emulator.lib import indicators
from sdk.emulator.lib.indicators import Bars
from sdk.emulator.lib.series import EMA
from sdk.emulator.session import Session
from sdk.emulator.unsupported import Unbuilt, unsupported
from sdk.errors import StrategyError

FIELDS = {"O": "open", "H": "high", "L": "low", "C": "close", "V": "volume", "A": "money"}
TURNOVER = {"HSL": 5, "CYF": 21}  # name -> N
TAIL = {"unit": "1d", "include_now": True, "fq_ref_date": None}
CLOSE = dt.time(15, 30)
OFFERED = tuple(
    name
    for name, value in vars(indicators).items()
    if inspect.isfunction(value) and value.__module__ == indicators.__name__ and not name.endswith("_")
    if not name.startswith("_")
)
ALIASES = {"BOLL": "Bollinger_Bands"}
# Their value depends on every bar before; all others need a window.
RECURSIVE = frozenset(
    (
        *("EMA", "EXPMA", "SMA", "PBX", "GDX", "MACD", "QACD", "VMACD", "TRIX", "UOS", "KDJ", "KD", "SKDJ", "LWR"),
        *("RSI", "MARSI", "OSC", "PCNT", "CYR", "VRSI", "CYS"),
    )
)
NOT_OFFERED = (
    *("TAPI", "FSL", "DBQR", "JLHB", "QR", "CCL", "DBLB", "DBQRV", "LB", "ALLIGAT", "MIKE", "XS"),
    *("XS2", "BDZX", "CDP_STD", "CJDX", "CYHT", "JAX", "JFZX", "JYJL", "LHXJ", "LYJH", "TBP_STD", "ZBCD"),
    *("SG_SMX", "SG_LB", "SG_PF", "XDT", "ZLMM", "RAD", "SHT", "CFJT", "ZSDB", "ZX"),
)
INSTEAD = "write the indicator with numpy on get_bars or attribute_history"


def technical_names(session: Session) -> dict[str, Any]:
    """Return name -> call for ``from jqlib.technical_analysis import *``."""
    calls: dict[str, Any] = {name: _call(session, name) for name in OFFERED}
    calls.update({name: functools.partial(turnover, session, name) for name in TURNOVER})
    calls.update({name: calls[same] for name, same in ALIASES.items()})
    calls.update({name: Unbuilt(f"jqlib.technical_analysis.{name}", INSTEAD) for name in NOT_OFFERED})
    return calls


def turnover(
    session: Session,
    name: str,
    security_list: Any,
    check_date: Any,
    N: int | None = None,
    unit: str = "1d",
    include_now: bool = True,
) -> Any:
    """HSL: turnover of the last day in percent and its mean over N days; CYF: 100 − 100 ÷ (1 + EMA(HSL, N)).

    It is the valuation's ``turnover_ratio``, so the unfinished day is not in it.
    """
    if unit != "1d" or not session.bars.has("turnover_ratio"):
        raise unsupported(f"{name} with unit={unit!r}", "use '1d', on a bundle with turnover_ratio in its valuation")
    codes = [security_list] if isinstance(security_list, str) else list(security_list)
    stop = session.guard.stop_bars(name, _end(session, name, check_date, {"include_now": include_now})[0])
    days = N or TURNOVER[name]
    lines = {}
    for code in codes:
        traded = np.flatnonzero(session.bars.traded(session.bars.need(code))[:stop])[-15 * days :]
        lines[code] = session.bars.series("turnover_ratio", code)[traded]
    if name == "CYF":
        return {
            code: 100 - 100 / (1 + float(EMA(line[None], days)[0, -1])) if len(line) else np.nan
            for code, line in lines.items()
        }
    now = {code: float(line[-1]) if len(line) else np.nan for code, line in lines.items()}
    return now, {code: float(line[-days:].mean()) if len(line) >= days else np.nan for code, line in lines.items()}


def signature(name: str) -> inspect.Signature:
    """Return the documented signature of an indicator."""
    own = list(inspect.signature(getattr(indicators, name)).parameters.values())[1:]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    plain = [parameter.replace(annotation=inspect.Parameter.empty, kind=kind) for parameter in own]
    first = [inspect.Parameter(word, kind) for word in ("security_list", "check_date")]
    last = [inspect.Parameter(word, kind, default=value) for word, value in TAIL.items()]
    return inspect.Signature([*first, *plain, *last])


def _call(session: Session, name: str) -> Callable[..., Any]:
    formula, form = getattr(indicators, name), signature(name)

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            given = form.bind(*args, **kwargs)
        except TypeError as error:
            raise StrategyError(f"{name}{form}: {error}") from error
        given.apply_defaults()
        values = dict(given.arguments)
        asked, moment = values.pop("security_list"), values.pop("check_date")
        how = {word: values.pop(word) for word in TAIL}
        codes = [asked] if isinstance(asked, str) else list(asked)
        bars = _bars(session, name, codes, moment, _count(session, name, values), how)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = formula(bars, **values)
        parts = tuple(
            dict(zip(codes, part[:, -1].tolist(), strict=True))
            for part in (found if isinstance(found, tuple) else (found,))
        )
        return parts if isinstance(found, tuple) else parts[0]

    call.__name__ = call.__qualname__ = name
    call.__signature__ = form  # type: ignore[attr-defined]
    call.__doc__ = f"{name}{form}: see the platform's page 技术分析指标."
    return call


def _count(session: Session, name: str, parameters: Mapping[str, Any]) -> int:
    """Return how many bars a formula asks for."""
    numbers = [value for value in parameters.values() if isinstance(value, int | float)]
    for word, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value > 0:
            raise StrategyError(f"{name}: {word}={value!r} must be a positive number")
    if name in RECURSIVE:
        return max(int(session.rules["indicator_history"]), 15 * int(max(numbers, default=1)))
    return 2 * int(sum(numbers)) + 60


def _bars(session: Session, name: str, codes: list[str], moment: Any, count: int, how: Mapping[str, Any]) -> Bars:
    """Return the bars of all codes, right-aligned, NaN where a code has none."""
    end, now = _end(session, name, moment, how)
    reference = {} if how["fq_ref_date"] is None else {"fq_ref_date": how["fq_ref_date"]}
    letters = _letters(name)
    fields = [FIELDS[letter] for letter in letters]
    rows = session.bar_calls.get_bars(codes, count, how["unit"], fields, include_now=now, end_dt=end, **reference)
    width = max((len(row) for row in rows.values()), default=0) or 1
    unknown = np.full((len(codes), width), np.nan)
    blocks = dict.fromkeys(FIELDS, unknown)
    for letter in letters:
        block = blocks[letter] = unknown.copy()
        for place, code in enumerate(codes):
            if len(row := rows[code]):
                block[place, width - len(row) :] = row[FIELDS[letter]]
    return Bars(**blocks)


@functools.cache
def _letters(name: str) -> tuple[str, ...]:
    """Return the letters of ``FIELDS`` that a formula reads, by letting it read them once."""
    seen: set[str] = set()

    class Watched(Bars):
        def __getattribute__(self, letter: str) -> Any:
            if letter in FIELDS:
                seen.add(letter)
            return super().__getattribute__(letter)

    with np.errstate(invalid="ignore", divide="ignore"):
        getattr(indicators, name)(Watched(*(np.ones((1, 3)) for _ in FIELDS)))
    return tuple(letter for letter in FIELDS if letter in seen)


def _end(session: Session, name: str, moment: Any, how: Mapping[str, Any]) -> tuple[dt.datetime | None, bool]:
    """Return (``end_dt``, ``include_now``) for get_bars; ``end_dt`` None is now."""
    now = bool(how["include_now"])
    at = as_datetime(moment, name)
    if at == session.clock.now:
        return None, now
    if _is_day(moment):
        return dt.datetime.combine(at.date(), CLOSE), now
    if at.date() != session.clock.date and at.time() < dt.time(9, 30):
        return dt.datetime.combine(at.date() - dt.timedelta(days=1), CLOSE), now
    return at, now


def _is_day(moment: Any) -> bool:
    """True for a date, or text without a time."""
    if isinstance(moment, str):
        return ":" not in moment
    return isinstance(moment, dt.date) and not isinstance(moment, dt.datetime)
