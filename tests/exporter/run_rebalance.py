"""Run one rebalance of an exported strategy on a platform of a few lines, and print its log; any Python from 3.6 on.

usage: run_rebalance.py strategy.py case.json [shuffle]

The case: ``days``, ``bars`` (field -> code -> values a day, null where there is no bar), ``positions`` (code ->
shares), ``pool``; for strategies that ask for them ``valuation`` (field -> code -> value of the last day),
``industries`` (code -> code of 申万一级) and ``listed`` (code -> day).

With ``shuffle`` the platform names pool, rows and positions in another order.
"""

import datetime
import json
import sys
import types

import numpy as np
import pandas as pd


class Quiet:
    """An object that takes any call or attribute: what a rebalance asks for beside the data."""

    def __init__(self, **given):
        self.__dict__.update(given)


def platform(case, printed, turn):
    """Return the names of the platform that a rebalance uses; ``turn`` puts a list into another order."""

    def get_price(codes, end_date, count, frequency, fields, skip_paused=False, fq=None, panel=False):
        days = case["days"][-count:]
        rows = [(pd.Timestamp(day), code, place) for place, day in enumerate(case["days"]) for code in turn(codes)]
        rows = [row for row in rows if str(row[0])[:10] in days]
        table = {"time": [row[0] for row in rows], "code": [row[1] for row in rows]}
        for field in fields:
            table[field] = [
                float("nan") if case["bars"][field][code][place] is None else case["bars"][field][code][place]
                for _, code, place in rows
            ]
        return pd.DataFrame(table)

    def get_valuation(codes, end_date, fields, count):
        known = [code for code in turn(codes) if code in case["valuation"][fields[0]]]
        table = {"code": known, "day": [end_date for _ in known]}
        table.update((field, [case["valuation"][field][code] for code in known]) for field in fields)
        return pd.DataFrame(table)

    def get_industry(codes, date):
        names = case["industries"]
        return {code: {"sw_l1": {"industry_code": names[code]}} if code in names else {} for code in turn(codes)}

    def get_all_securities(types):
        codes = turn(sorted(case["listed"]))
        starts = [pd.Timestamp(case["listed"][code]) for code in codes]
        return pd.DataFrame({"start_date": starts}, index=codes)

    def get_trade_days(end_date, count):
        return np.array([datetime.datetime.strptime(day, "%Y-%m-%d").date() for day in case["days"][-count:]])

    module = types.ModuleType("jqdata")
    say = lambda level: lambda text: printed.append(f"{level} {text}")  # noqa: E731
    quote = Quiet(last_price=10.0, high_limit=11.0, low_limit=9.0, paused=False)
    names = {
        "g": Quiet(),
        "log": Quiet(info=say("INFO"), warn=say("WARN"), error=say("ERROR")),
        "get_price": get_price,
        "get_valuation": get_valuation,
        "get_industry": get_industry,
        "get_all_securities": get_all_securities,
        "get_trade_days": get_trade_days,
        "get_index_stocks": lambda index: turn(case["pool"]),
        "get_current_data": lambda: dict.fromkeys(list(case["pool"]) + list(case["positions"]), quote),
        "order_target": lambda code, shares, style=None: printed.append("SELL " + code),
        "order_target_value": lambda code, value, style=None: printed.append(f"BUY {code} {value!r}"),
        "MarketOrderStyle": lambda price: price,
        "run_monthly": lambda function, day, time: None,
        "set_benchmark": lambda code: None,
        "set_option": lambda name, value: None,
    }
    module.__dict__.update(names)
    module.__all__ = sorted(names)
    return module


def main(strategy, path, shuffle=""):
    """Initialise, rebalance, print."""
    with open(path, encoding="utf-8") as source:
        case = json.load(source)
    rng = np.random.RandomState(7)
    turn = (lambda names: [names[place] for place in rng.permutation(len(names))]) if shuffle else list
    printed = []
    sys.modules["jqdata"] = platform(case, printed, turn)
    scope = {"__name__": "strategy"}
    with open(strategy, encoding="utf-8") as source:
        exec(compile(source.read(), strategy, "exec"), scope)
    positions = {
        code: Quiet(total_amount=case["positions"][code], value=100.0) for code in turn(list(case["positions"]))
    }
    signal_day = datetime.date(*[int(part) for part in case["days"][-1].split("-")])
    context = Quiet(
        current_dt=datetime.datetime.combine(signal_day + datetime.timedelta(days=1), datetime.time(9, 30)),
        previous_date=signal_day,
        portfolio=Quiet(positions=positions, total_value=100000.0),
    )
    scope["initialize"](context)
    scope["rebalance"](context)
    sys.stdout.buffer.write(("\n".join(printed) + "\n").encode("utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
