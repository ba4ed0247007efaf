"""get_price(fq='pre') against JoinQuant's own answer: five stocks, every day from 2015 on, every field.

Raw bars of two of the stocks lie beside the project; those of the other three are found by taking the factor out of
the answer again. The factor is JoinQuant's own (another vendor's differs by up to 0.13 % before 2016) and has six
digits, so volumes agree to 1e-6; money agrees to the vendors' rounding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sdk.emulator.runner import run_backtest
from tests.conftest import shared
from tests.emulator.markets import write_frames

WITH_BARS = ("000001.XSHE", "000002.XSHE")
FIRST, LAST, ASKED_ON = "2015-01-05", "2023-06-30", "2024-01-31"
PRICES = ("open", "close", "high", "low", "avg", "high_limit", "low_limit", "pre_close")
TO_THE_DIGIT = (*PRICES, "paused", "factor")
NEARLY = {"volume": 1e-6, "money": 1e-6}
OUT: list[pd.DataFrame] = []

STRATEGY = f"""
from tests.emulator.test_native_prices import OUT, TO_THE_DIGIT, NEARLY

def initialize(context):
    set_option('use_real_price', True)
    run_daily(ask, '15:30')

def ask(context):
    fields = [*TO_THE_DIGIT, *NEARLY]
    for code in {{codes!r}}:
        OUT.append(get_price(code, start_date={FIRST!r}, end_date={LAST!r}, fields=fields).assign(code=code))
    OUT.append(get_price({{codes!r}}, start_date={FIRST!r}, end_date={LAST!r}, fields=fields, panel=False))
"""


def native():
    rows = pd.read_parquet(shared("market/joinquant_native/get_price_fq_pre_5stocks_2005_2023.parquet"))
    rows = rows.assign(date=pd.to_datetime(rows["date"]), code=rows["code"].astype(str))
    return rows[rows["date"] >= FIRST].set_index(["code", "date"]).sort_index()


def raw_bars(theirs):
    """Bars as traded: the vendor's for two stocks, recovered for the others; later days only carry the calendar."""
    path = shared("market/csi300_union_2015_2026/daily.parquet")
    bars = pd.read_parquet(path, filters=[("code", "in", list(WITH_BARS))])
    bars = bars.assign(date=pd.to_datetime(bars["date"]), code=bars["code"].astype(str))
    bars = bars[(bars["date"] >= FIRST) & (bars["date"] <= ASKED_ON)].set_index(["code", "date"])
    bars["factor"] = theirs["factor"].reindex(bars.index).fillna(1.0)
    others = theirs.drop(index=list(WITH_BARS), level="code").copy()
    for field in PRICES:
        others[field] = (others[field] / others["factor"]).round(2)
    others["volume"] = (others["volume"] * others["factor"]).round()
    others["paused"], others["is_st"] = others["paused"] == 1, False
    columns = [*bars.columns.intersection(others.columns)]
    return pd.concat([bars[columns], others[columns]]).reset_index()


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    theirs = native()
    levels = pd.read_parquet(shared("market/index_daily/index_daily.parquet"))
    levels = levels[(levels["code"] == "000300.XSHG") & (levels["date"].astype(str) >= FIRST)]
    levels = levels[levels["date"].astype(str) <= ASKED_ON]
    bundle = write_frames(tmp_path_factory.mktemp("native") / "market", raw_bars(theirs), levels)
    OUT.clear()
    codes = theirs.index.unique("code").tolist()
    result = run_backtest(STRATEGY.format(codes=codes), bundle, ASKED_ON, ASKED_ON)
    assert result.error is None
    *single, together = OUT
    alone = pd.concat(single).rename_axis("date").reset_index()
    together = together.rename(columns={"time": "date"})
    return theirs, *(frame.set_index(["code", "date"]) for frame in (alone, together))


def differing(mine, theirs, field, tolerance):
    gap = np.abs(mine[field].to_numpy(float) - theirs[field].to_numpy(float))
    return int((~(gap <= tolerance)).sum())


def test_all_rows_are_there(answers):
    theirs, alone, together = answers
    assert len(theirs) == 5 * 2065
    assert alone.index.equals(theirs.index)
    assert together.index.equals(theirs.index)


@pytest.mark.parametrize("field", TO_THE_DIGIT)
def test_a_field_is_joinquants_on_every_row(answers, field):
    theirs, alone, together = answers
    rows = slice(None) if field != "avg" else list(WITH_BARS)
    for mine in (alone, together):
        assert differing(mine.loc[rows], theirs.loc[rows], field, 1e-9) == 0


@pytest.mark.parametrize(("field", "share"), NEARLY.items())
def test_volume_and_money_are_joinquants_up_to_the_digits_of_the_factor(answers, field, share):
    theirs, alone, together = answers
    for mine in (alone, together):
        assert differing(mine, theirs, field, 1.0 + share * theirs[field].to_numpy()) == 0


def test_volumes_are_whole_shares(answers):
    _, alone, _ = answers
    assert (alone["volume"] % 1 == 0).all()
