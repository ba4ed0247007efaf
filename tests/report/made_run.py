"""A small run directory made by hand: two rebalances of two stocks, in the shape of a platform download."""

# ruff: noqa: E501  (rows stand as the platform writes them)
from __future__ import annotations

import json
import struct
from pathlib import Path

TRANSACTION_HEADER = "日期,委托时间,品种,标的,交易类型,下单类型,成交数量,成交价,成交额,委托数量,委托价格,平仓盈亏,手续费,状态,最后更新时间"
POSITION_HEADER = (
    "日期,品种,标的,多空,数量,可用数量,收盘价/结算价,市值/价值,盈亏/逐笔浮盈,开仓均价,持仓均价（期货）,保证金,当日盈亏,"
    "今手数,盈亏占比,仓位占比"
)
RESULT_HEADER = "时间,基准收益,策略收益,当日盈利,当日亏损,当日买入,当日卖出,超额收益(%)"

TRANSACTIONS = (
    "2024-03-01,09:30:00,股票,贵州茅台(600519.XSHG),买,市价单,100股,1682,168200,100股,-,0,50.46,全部成交,2024-03-01 09:30:00",
    "2024-03-01,09:30:00,股票,平安银行(000001.XSHE),买,市价单,1000股,10.5,10500,1000股,-,0,5,全部成交,2024-03-01 09:30:00",
    "2024-04-01,09:30:00,股票,平安银行(000001.XSHE),卖,市价单,-1000股,10.7,-10700,-1000股,-,200,15.7,全部成交,2024-04-01 09:30:00",
    "2024-04-01,09:30:00,股票,贵州茅台(600519.XSHG),卖,市价单,-0股,--,0,-100股,-,0,0,已撤单,2024-04-01 09:30:00",
)
POSITIONS = (
    "2024-03-01,股票,贵州茅台(600519.XSHG),多,100股,0股,1690,169000,800,1682,-,0,800,100股,0.48%,200744.54,84.19%",
    "2024-03-01,股票,平安银行(000001.XSHE),多,1000股,0股,10.5,10500,0,10.5,-,0,0,1000股,0%,200744.54,5.23%",
    "2024-03-01,,Cash,,,,,21244.54,,,,,,,,0",
    "2024-04-01,股票,贵州茅台(600519.XSHG),多,100股,100股,1700,170000,1800,1682,-,0,1000,0股,1.07%,201928.84,84.19%",
    "2024-04-01,,Cash,,,,,31928.84,,,,,,,,0",
    "2024-04-02,股票,贵州茅台(600519.XSHG),多,100股,100股,1710,171000,2800,1682,-,0,1000,0股,1.66%,202928.84,84.27%",
    "2024-04-02,,Cash,,,,,31928.84,,,,,,,,0",
)
RESULTS = (
    "2024-03-01 16:00:00,0.24,0.37,744.54,0,178700,0,0.13",
    "2024-04-01 16:00:00,1.65,0.96,1184.3,0,0,-10700,-0.68",
    "2024-04-02 16:00:00,1.03,1.46,1000,0,0,0,0.43",
)
FIGURES = {"algorithm_return": 0.0146442, "benchmark_return": 0.010300000000000076, "sharpe": 1.2345678901234567}
WARNING = (
    "2024-03-01 09:30:00 - WARNING - Security(code=600519.XSHG) 在 positions 中不存在, 为了保持兼容, "
    "我们返回空的 Position 对象, amount/price/avg_cost/acc_avg_cost 都是 0"
)


def score(value: float) -> str:
    """Return the 16 hex digits of a float64, as the audit line prints them."""
    return struct.pack(">d", value).hex()


def audit(day: str, lag: str, first: float = 0.5, second: float = 0.25) -> str:
    """Return one audit line of two stocks."""
    return (
        f"{day} 09:30:00 - INFO  - AUDIT|v1|{day}|lag={lag}|pool=300:0123456789abcdef|inputs=fedcba9876543210|"
        f"raw=1,2,3|repaired=1,2,7|ties=none|600519.XSHG:{score(first)}:1:100|000001.XSHE:{score(second)}:2:1000"
    )


def order(moment: str, code: str, requested: int, action: str, tail: str, error: str = "", number: int = 1) -> str:
    """Return one order message of the 2026 engine; ``tail`` begins the sentence, ``{}`` in it stands for the order."""
    text = (
        f"StockOrder(entrust_id={1700000000 + number} security={code} mode=OrderTargetAmount: _amount={requested} "
        f"style=MarketOrderStyle: _limit_price=0.0 side=long action={action} margin=False entrust_time={moment} "
        f"cancel_time=None finish_time=None comment= error={error})"
    )
    return f"{moment} - INFO  - {tail.format(text)}"


def log_lines(first_id: int = 1) -> list[str]:
    """Return the log of the run; entrust ids count from ``first_id``, as on the platform they do from the clock."""
    one, two = "2024-03-01 09:30:00", "2024-04-01 09:30:00"
    fill = "order {{}} trade price: {}, amount:{}, commission: {}"
    limit = "已经跌停，市价卖单取消：{}"
    return [
        "2024-03-01 00:00:00 - INFO  - 初始化完成",
        WARNING,
        audit("2024-03-01", "2024-02-29"),
        order(one, "600519.XSHG", 100, "open", fill.format("1682.0", 100, "50.46"), number=first_id),
        order(one, "600519.XSHG", 100, "open", "订单已委托：{}", number=first_id),
        order(one, "000001.XSHE", 1000, "open", fill.format("10.5", 1000, "5.0"), number=first_id + 1),
        order(one, "000001.XSHE", 1000, "open", "订单已委托：{}", number=first_id + 1),
        audit("2024-04-01", "2024-03-29", 0.75, float("nan")),
        order(two, "000001.XSHE", 0, "close", fill.format("10.7", 1000, "15.7"), number=first_id + 2),
        order(two, "000001.XSHE", 0, "close", "订单已委托：{}", number=first_id + 2),
        order(two, "600519.XSHG", 0, "close", limit, number=first_id + 3).replace("INFO  ", "WARNING"),
        order(two, "600519.XSHG", 0, "close", "订单取消完成：{}", number=first_id + 3),
        "2024-04-02 15:30:00 - INFO  - 一天结束",
    ]


def write_run(folder: Path, encoding: str = "gbk", first_id: int = 1) -> Path:
    """Write the run into ``folder`` and return it."""
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("\n".join(log_lines(first_id)) + "\n", "utf-8")
    tables = {
        "transaction.csv": (TRANSACTION_HEADER, TRANSACTIONS),
        "position.csv": (POSITION_HEADER, POSITIONS),
        "result.csv": (RESULT_HEADER, RESULTS),
    }
    for name, (header, rows) in tables.items():
        (folder / name).write_bytes("".join(f"{line}\n" for line in (header, *rows)).encode(encoding))
    (folder / "run.json").write_text(json.dumps({"figures": FIGURES}), "utf-8")
    return folder


def plant(folder: Path, name: str, old: str, new: str) -> None:
    """Change one place of one file; the old text must stand there exactly once."""
    path = folder / name
    encoding = "utf-8" if name.endswith((".txt", ".json")) else "gbk"
    text = path.read_bytes().decode(encoding)
    assert text.count(old) == 1, (name, old, text.count(old))
    path.write_bytes(text.replace(old, new).encode(encoding))
