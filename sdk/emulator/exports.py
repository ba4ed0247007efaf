"""transaction.csv, position.csv and result.csv as the platform lets a user download them: GBK, its columns.

# platform: headers, number forms and the odd 17th value of position rows from gbk_exports_2023 (JOINQUANT.md
§7.3). position.csv has one ``Cash`` row a day; a cancelled order shows ``-0股`` or ``0股``, ``--`` and 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sdk.emulator.instruments import Instrument
from sdk.emulator.number_text import column, hundredths, plain, whole_numbers
from sdk.emulator.orders import LimitOrderStyle, OrderStatus, StockOrder
from sdk.emulator.recorder import PositionColumns, Recorder

ENCODING = "gbk"
TRANSACTION = (
    "日期,委托时间,品种,标的,交易类型,下单类型,成交数量,成交价,成交额,"
    "委托数量,委托价格,平仓盈亏,手续费,状态,最后更新时间"
)
POSITION = (
    "日期,品种,标的,多空,数量,可用数量,收盘价/结算价,市值/价值,盈亏/逐笔浮盈,"
    "开仓均价,持仓均价（期货）,保证金,当日盈亏,今手数,盈亏占比,仓位占比"
)
RESULT = "时间,基准收益,策略收益,当日盈利,当日亏损,当日买入,当日卖出,超额收益(%)"
_STATUS = {OrderStatus.held: "全部成交", OrderStatus.canceled: "已撤单", OrderStatus.filled: "部分成交"}

Lookup = Callable[[str], Instrument]


def transactions(orders: Sequence[StockOrder], instrument: Lookup) -> str:
    """Return transaction.csv, one row an order that reached the market, in the order of placing."""
    money = zip(
        column([order.price for order in orders], 3).to_pylist(),
        column([order.traded_value if order.is_buy else -order.traded_value for order in orders]).to_pylist(),
        column([order.gains for order in orders]).to_pylist(),
        column([order.commission for order in orders]).to_pylist(),
        strict=True,
    )
    rows = (
        _transaction(order, instrument(order.request.security), *texts)
        for order, texts in zip(orders, money, strict=True)
    )
    return _lines(TRANSACTION, rows)


def _transaction(order: StockOrder, item: Instrument, price: str, value: str, gains: str, commission: str) -> str:
    sign = "" if order.is_buy else "-"
    style = order.live_style
    limit = isinstance(style, LimitOrderStyle)
    date, time = order.entrust_text.split(" ")
    cells = (
        *(date, time, item.chinese_kind, f"{item.name}({item.code})", "买" if order.is_buy else "卖"),
        *("限价单" if limit else "市价单", f"{sign}{order.filled}股"),
        *((price, value) if order.filled else ("--", "0")),
        f"{sign}{order.amount}股",
        plain(style.limit_price or 0.0, 3) if limit else "-",
        *(gains, commission),
        _STATUS.get(order.status, "已撤单"),
        order.finish_text or order.cancel_text or order.entrust_text,
    )
    return ",".join(cells)


def positions(recorder: Recorder, days: np.ndarray, instrument: Lookup) -> str:
    """Return position.csv: the positions of each close, then the cash of the day."""
    dates = pa.array(np.datetime_as_string(days[: recorder.done]).tolist(), pa.string())
    cash = pc.binary_join_element_wise(dates, ",,Cash,,,,,", column(recorder.cash[: recorder.done]), ",,,,,,,,0", "")
    held = recorder.positions
    day = np.array(held.day, dtype=np.int64)
    lines = pa.concat_arrays([_position_lines(held, day, recorder, dates, instrument), cash])
    order = np.argsort(np.concatenate([day, np.arange(recorder.done)]), kind="stable")
    return _lines(POSITION, lines.take(pa.array(order)).to_pylist())


def _position_lines(
    held: PositionColumns, day: np.ndarray, recorder: Recorder, dates: pa.StringArray, instrument: Lookup
) -> pa.StringArray:
    """The line of each position; each column of numbers is made text as a whole."""
    shares, price, average = np.array(held.amount), np.array(held.close), np.array(held.avg_cost)
    total, value, at = recorder.total_value[: recorder.done], price * shares, pa.array(day)
    items = {code: instrument(code) for code in dict.fromkeys(held.code)}
    labels = {code: f"{item.chinese_kind},{item.name}({item.code}),多" for code, item in items.items()}
    share = pa.scalar("股")

    def joined(*parts: pa.StringArray | pa.StringScalar | str) -> pa.StringArray:
        return pc.binary_join_element_wise(*parts, "")

    return pc.binary_join_element_wise(
        *(dates.take(at), pa.array([labels[code] for code in held.code], pa.string())),
        *(joined(whole_numbers(shares), share), joined(whole_numbers(held.closeable), share)),
        *(column(price, 3), column(value), column((price - average) * shares), column(average, 3), "-", "0"),
        *(column(held.day_gain), joined(whole_numbers(held.today), share)),
        joined(hundredths((price - average) / np.where(average == 0, np.nan, average)), "%"),
        *(column(total).take(at), joined(hundredths(value / total[day]), "%"), ","),
    )


def results(recorder: Recorder, days: np.ndarray, own: np.ndarray, gain: np.ndarray, benchmark: np.ndarray) -> str:
    """Return result.csv: one row a day stamped 16:00, cumulative returns in percent, recorded curves last.

    ``own`` is what one CNY has become at each close, ``gain`` the day's change of the total value without
    money paid in or out.
    """
    done, curves = recorder.done, recorder.curves
    columns = [
        [f"{day} 16:00:00" for day in np.datetime_as_string(days[:done]).tolist()],
        *(text.to_pylist() for text in _result_columns(recorder, own, gain, benchmark)),
        *([_point(points.get(day, math.nan)) for day in range(done)] for points in curves.values()),
    ]
    return _lines(",".join([RESULT, *curves]), map(",".join, zip(*columns, strict=True)))


def _point(value: float) -> str:
    """A recorded number; nothing where there is none, or where it was NaN or infinite."""
    return plain(value, 4) if math.isfinite(value) else ""


def _result_columns(
    recorder: Recorder, own: np.ndarray, gain: np.ndarray, benchmark: np.ndarray
) -> tuple[pa.StringArray, ...]:
    done = recorder.done
    return (
        *(column((benchmark - 1) * 100), column((own - 1) * 100)),
        *(column(np.maximum(gain, 0.0)), column(np.minimum(gain, 0.0))),
        *(column(recorder.bought[:done]), column(-recorder.sold[:done]), column((own / benchmark - 1) * 100)),
    )


def _lines(header: str, rows: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (header, *rows))
