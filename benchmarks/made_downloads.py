"""Downloads of any size, made by rule: a run of twenty stocks rebalanced every day, and single files of n bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

TRANSACTION = (
    "日期,委托时间,品种,标的,交易类型,下单类型,成交数量,成交价,成交额,委托数量,委托价格,"
    "平仓盈亏,手续费,状态,最后更新时间"
)
POSITION = (
    "日期,品种,标的,多空,数量,可用数量,收盘价/结算价,市值/价值,盈亏/逐笔浮盈,开仓均价,持仓均价（期货）,保证金,当日盈亏,"
    "今手数,盈亏占比,仓位占比"
)
RESULT = "时间,基准收益,策略收益,当日盈利,当日亏损,当日买入,当日卖出,超额收益(%)"
STOCKS = 20


def days(count: int) -> list[str]:
    """Return weekdays from 2000 on."""
    return [str(day) for day in np.busday_offset("2000-01-03", np.arange(count))]


def order_lines(day: str, number: int, code: str, price: float, amount: int) -> Iterator[str]:
    """Yield the two lines of a filled order of the 2026 engine."""
    moment = f"{day} 09:30:00"
    order = (
        f"StockOrder(entrust_id={1_700_000_000 + number} security={code} mode=OrderTargetValue: _value=50000.0 "
        "style=MarketOrderStyle: _limit_price=0.0 side=long action=open margin=False "
        f"entrust_time={moment} cancel_time=None finish_time=None comment= "
        f"error=开仓数量必须是 100 的整数倍，调整为{amount})"
    )
    fee = amount * price * 3e-4
    yield f"{moment} - INFO  - order {order} trade price: {price}, amount:{amount}, commission: {fee}"
    yield f"{moment} - INFO  - 订单已委托：{order}"


def transaction(day: str, code: str, price: float, amount: int) -> str:
    """Return one row of transaction.csv."""
    return (
        f"{day},09:30:00,股票,某某股份({code}),买,市价单,{amount}股,{price},{amount * price:.2f},{amount}股,-,0,"
        f"{amount * price * 3e-4:.2f},全部成交,{day} 09:30:00"
    )


def position(day: str, code: str, price: float, amount: int) -> str:
    """Return one row of position.csv."""
    return (
        f"{day},股票,某某股份({code}),多,{amount}股,0股,{price},{amount * price:.2f},800,{price},-,0,800,{amount}股,"
        f"0.48%,1000000.5,4.19%"
    )


def write_download(folder: Path, count: int, log_lines: int | None, seed: int) -> Path:
    """Write a run of ``count`` days; its log has all lines, or the first ``log_lines``."""
    folder.mkdir(parents=True)
    random_ = random.Random(seed)
    texts: dict[str, list[str]] = {
        **{"log.txt": [], "transaction.csv": [TRANSACTION], "position.csv": [POSITION], "result.csv": [RESULT]}
    }
    for at, day in enumerate(days(count)):
        if at == 0:
            texts["log.txt"].append(f"{day} 00:00:00 - INFO  - 初始化完成")
        for stock in range(STOCKS):
            code, price, amount = f"{600_000 + stock}.XSHG", random_.randint(500, 5_000) / 100, 100 * (1 + stock)
            texts["log.txt"] += order_lines(day, at * STOCKS + stock, code, price, amount)
            texts["transaction.csv"].append(transaction(day, code, price, amount))
            texts["position.csv"].append(position(day, code, price, amount))
        texts["position.csv"].append(f"{day},,Cash,,,,,21244.54,,,,,,,,0")
        texts["result.csv"].append(f"{day} 16:00:00,0.24,{at / 100:.2f},744.54,0,178700,0,0.13")
    texts["log.txt"] = texts["log.txt"][:log_lines]
    for name, lines in texts.items():
        text = "".join(f"{line}\n" for line in lines)
        (folder / name).write_bytes(text.encode("utf-8" if name == "log.txt" else "gbk"))
    return folder


def _orders(day: str) -> Iterator[str]:
    for stock in range(200):
        yield from order_lines(day, stock, f"{600_000 + stock}.XSHG", 10.0 + stock / 100, 100 + stock)


def _transactions(day: str) -> Iterator[str]:
    return (transaction(day, f"{600_000 + stock}.XSHG", 10.0 + stock / 100, 100 + stock) for stock in range(200))


def _positions(day: str) -> Iterator[str]:
    yield from (position(day, f"{600_000 + stock}.XSHG", 10.0 + stock / 100, 100 + stock) for stock in range(200))
    yield f"{day},,Cash,,,,,21244.54,,,,,,,,0"


def _own_lines(day: str) -> Iterator[str]:
    yield from order_lines(day, 1, "600000.XSHG", 10.0, 100)
    yield from (f"{day} 15:30:00 - INFO  - 今日第{line}条自己的日志，持仓与得分若干若干若干" for line in range(200))


BIG_FILES: dict[str, tuple[str, Callable[[str], Iterator[str]]]] = {
    "log.txt": ("", _orders),
    "transaction.csv": (TRANSACTION, _transactions),
    "position.csv": (POSITION, _positions),
    "own-lines.txt": ("", _own_lines),
}


def write_big_file(path: Path, kind: str, size: int) -> Path:
    """Write one file of about ``size`` bytes."""
    header, rows = BIG_FILES[kind]
    written = 0
    with path.open("w", encoding="utf-8") as file:
        written += file.write(f"{header}\n") if header else 0
        for day in days(19_000):
            for line in rows(day):
                file.write(f"{line}\n")
                written += len(line.encode()) + 1
            if written >= size:
                break
    return path
