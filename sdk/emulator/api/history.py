"""attribute_history, history, get_price: day and minute bars as pandas or numpy, in the platform's shapes.

``history`` and ``attribute_history`` never show today's day bar, not even after the close, nor the running minute.
Units of several days or minutes (``'5d'``, ``'15m'``) slide: they are counted back from the newest bar, not from the
clock (``get_bars`` is the call that follows the clock). Sources: JOINQUANT.md §6.1, §6.2. pandas is imported at the
first call that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sdk.emulator.api.axes import Axis, DayAxis, MinuteAxis, folded, traded_span
from sdk.emulator.api.frames import FieldFrames, frame, long, long_of_rows, table
from sdk.emulator.api.prices import DEFAULT_FIELDS, PriceReader, code_list
from sdk.emulator.api.units import unit_of
from sdk.emulator.api.visible import Guard
from sdk.emulator.minutes import MinuteStore
from sdk.emulator.unsupported import unsupported
from sdk.errors import StrategyError

PANEL_TEXT = (
    "不建议继续使用panel（panel将在pandas未来版本不再支持，将来升级pandas后，您的策略会失败），"
    "建议 get_price 传入 panel=False 参数"
)


class History:
    """The bar calls of one run."""

    def __init__(
        self,
        reader: PriceReader,
        guard: Guard,
        minutes: MinuteStore,
        rules: Mapping[str, str],
        warn: Callable[[str], object],
    ) -> None:
        self._reader, self._bars = reader, reader.bars
        self._warn = warn
        self._panel_lines = {"silent": 0, "once": 1, "always": -1}[rules["panel_line"]]
        self._keep_rest = rules["sliding_bars_rest"] == "keep"
        self._offered = minutes.offered
        self.days: Axis = DayAxis(reader, guard)
        self.minutes: Axis = MinuteAxis(reader, guard, minutes)

    def axis(self, unit: object, call: str, kinds: str = "dm") -> tuple[Axis, str, int]:
        """Return (axis, kind, bars of it in one unit); UnsupportedCall for minutes that the bundle has not."""
        kind, size = unit_of(unit, call, kinds)
        if kind == "m" and not self._offered:
            raise unsupported(f"{call} with {unit!r} bars", "this bundle has no minute bars; use daily bars: '1d'")
        return (self.minutes if kind == "m" else self.days), kind, size

    def _names(self, fields: Any, call: str, size: int) -> list[str]:
        names = self._reader.fields(fields, call)
        extra = [name for name in names if size > 1 and name not in DEFAULT_FIELDS]
        if extra:
            raise StrategyError(
                f"{call}: {extra[0]!r} does not exist for joined bars; known: {' '.join(DEFAULT_FIELDS)}"
            )
        return names

    # --------------------------------------------------------------------------- attribute_history, history
    def attribute_history(
        self,
        security: str,
        count: int,
        unit: str = "1d",
        fields: Any = DEFAULT_FIELDS,
        skip_paused: bool = True,
        df: bool = True,
        fq: str | None = "pre",
    ) -> Any:
        """Last ``count`` days of one security up to yesterday; halted days are skipped by default."""
        axis, _, size = self.axis(unit, "attribute_history")
        names = self._names(fields, "attribute_history", size)
        code, stop = self._bars.need(security), axis.now()
        bars = whole_count(count, "attribute_history")
        columns, labels = self._rows(axis, code, names, bars, size, stop, skip_paused, fq, df)
        return frame(columns, labels) if df else columns

    def history(
        self,
        count: int,
        unit: str = "1d",
        field: str = "avg",
        security_list: Any = None,
        df: bool = True,
        skip_paused: bool = False,
        fq: str | None = "pre",
    ) -> Any:
        """One field of several securities up to yesterday: days × codes."""
        axis, _, size = self.axis(unit, "history")
        name = self._names(field, "history", size)[0]
        asked = self._reader.settings.universe if security_list is None else security_list
        codes, _ = code_list(asked, self._bars, "history")
        stop, bars = axis.now(), whole_count(count, "history")
        if skip_paused:
            columns = {}
            for code in codes:
                row = self._rows(axis, code, [name], bars, size, stop, True, fq)[0][name]
                columns[code] = np.concatenate([np.full(bars - len(row), np.nan), row])
            return frame(columns, None) if df else columns
        first = max(stop - bars * size, 0)
        blocks, labels = axis.blocks(codes, [name], first, stop, fq), _no_labels
        if df or size > 1:
            blocks, labels = folded(blocks, axis.labels(first, stop), size, self._keep_rest)
        block = blocks[name]
        return table(codes, labels, block) if df else dict(zip(codes, block, strict=True))

    def _rows(
        self,
        axis: Axis,
        code: str,
        names: list[str],
        count: int,
        size: int,
        stop: int,
        skip_paused: bool,
        fq: str | None,
        labelled: bool = True,
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Return the last ``count`` bars of one code and their labels."""
        first, pick = max(stop - count * size, 0), None
        if skip_paused:
            first, pick = traded_span(axis, code, count * size, stop)
        part: Any = slice(None) if pick is None else pick
        columns = {name: block[0][part] for name, block in axis.blocks([code], names, first, stop, fq).items()}
        if size == 1 and not labelled:
            return columns, _no_labels
        return folded(columns, axis.labels(first, stop)[part], size, self._keep_rest)

    # -------------------------------------------------------------------------------------------- get_price
    def get_price(
        self,
        security: Any,
        start_date: Any = None,
        end_date: Any = None,
        frequency: str = "daily",
        fields: Any = None,
        skip_paused: bool = False,
        fq: str | None = "pre",
        count: int | None = None,
        panel: bool = True,
        fill_paused: bool = True,
    ) -> Any:
        """Bars from ``start_date`` or the last ``count`` of them to ``end_date`` (default: the newest known one)."""
        axis, _, size = self.axis(frequency, "get_price")
        names = self._names(fields, "get_price", size)
        codes, many = code_list(security, self._bars, "get_price")
        if count is not None and start_date is not None:
            raise StrategyError("get_price: give either count or start_date, not both")
        if skip_paused and many and panel:
            raise StrategyError(
                "get_price 取多只股票数据时, 为了对齐日期, 不能跳过停牌 "
                "(skip_paused=True with several securities needs panel=False)"
            )
        stop = axis.stop("get_price", end_date, names)
        if not many and skip_paused and count is not None:
            bars = whole_count(count, "get_price")
            return frame(*self._rows(axis, codes[0], names, bars, size, stop, True, fq))
        if count is not None:
            first = max(stop - whole_count(count, "get_price") * size, 0)
        else:
            first = min(axis.start("get_price", "2015-01-01" if start_date is None else start_date), stop)
        blocks, days = axis.blocks(codes, names, first, stop, fq, fill_paused), axis.labels(first, stop)
        keep = np.array([axis.traded(code, first, stop) for code in codes]) if skip_paused and stop > first else None
        if not many:
            part: Any = slice(None) if keep is None else keep[0]
            one = {name: block[0][part] for name, block in blocks.items()}
            return frame(*folded(one, days[part], size, self._keep_rest))
        if keep is not None and size > 1:
            raise StrategyError(
                f"get_price: skip_paused=True with several securities and {frequency!r} bars; use '1d' or '1m'"
            )
        blocks, days = folded(blocks, days, size, self._keep_rest)
        if keep is not None and count is not None and not keep.all():
            # each code its own last ``count`` traded bars, as if asked for alone
            bars = whole_count(count, "get_price")
            rows = [self._rows(axis, code, names, bars, size, stop, True, fq) for code in codes]
            return long_of_rows(codes, rows)
        if not panel:
            return long(codes, days, blocks, keep)
        if self._panel_lines:
            self._panel_lines -= 1
            self._warn(PANEL_TEXT)
        return FieldFrames({name: table(codes, days, block) for name, block in blocks.items()})


_no_labels = np.empty(0, dtype="datetime64[D]")


def whole_count(count: Any, call: str) -> int:
    """Return a count argument; StrategyError unless it is a whole number of at least 1 (``375.0`` is one)."""
    whole = isinstance(count, int | np.integer | float | np.floating) and not isinstance(count, bool)
    if not whole or count < 1 or count % 1:
        raise StrategyError(f"{call}: count={count!r} must be a whole number of at least 1")
    return int(count)
