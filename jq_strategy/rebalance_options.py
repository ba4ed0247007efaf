# ruff: noqa: F821
# mypy: ignore-errors
"""What a rebalance does besides when it is switched on: leave young listings out, make the scores neutral.

This file is text for the exporter, like rebalance.py: what is switched on is copied into ``strategy.py``, and the
lines of ``rebalance`` and ``initialize`` that call it are put in by exporter/switches.py. The constants NEUTRALISE,
STANDARDISE, NEUTRAL_CHECK, MIN_LISTED_DAYS and the table EXPOSURES stand before it there.

When things are known. Exposures are those of the signal day, the trading day before the rebalance: bars end there,
valuation and industry are asked for that day. The listing day of a stock has long been public.
"""

import numpy as np

from jq_strategy.exposed import exposures_of, made_neutral_digest, neutral_scores, stocks_without
from jq_strategy.exposures import INDUSTRY, INDUSTRY_KIND, VALUATION_FIELDS


def listed_long_enough(pool, signal_day):
    """Return the stocks of the pool listed at least MIN_LISTED_DAYS trading days before the rebalance day.

    A stock whose listing day is not known counts as old.
    """
    latest = str(get_trade_days(end_date=signal_day, count=MIN_LISTED_DAYS)[0])[:10]
    starts = get_all_securities(["stock"])["start_date"].dropna().to_dict()
    kept = [code for code in pool if str(starts.get(code, ""))[:10] <= latest]
    log.info("上市不足%d个交易日: %d只，不入池" % (MIN_LISTED_DAYS, len(pool) - len(kept)))
    return kept


def fetch_exposures(pool, day):
    """Return the exposures of the pool on ``day``, styles and industry codes."""
    bars = exposure_bars(pool, day)
    industries = industry_codes(pool, day) if INDUSTRY in NEUTRALISE else None
    return exposures_of(EXPOSURES, bars, industries)


def exposure_bars(pool, day):
    """Return what the styles read up to ``day``: input -> (stocks, days), NaN where there is none.

    Prices as traded and the cumulative factor, as for the scores; of the valuation the rows of ``day`` alone.
    """
    count = max([days for _, _, _, days in EXPOSURES] or [1])
    wanted = [name for _, _, inputs, _ in EXPOSURES for name in inputs]
    as_traded = [name for name in ("close", "money") if name in wanted]
    bars = {}
    for fields, fq in ((as_traded, None), (["factor"] if "factor" in wanted else [], "post")):
        if fields:
            frame = get_price(
                pool,
                end_date=day,
                count=count,
                frequency="daily",
                fields=fields,
                skip_paused=False,
                fq=fq,
                panel=False,
            )
            for name in fields:
                table = frame.set_index(["time", "code"])[name].unstack().reindex(columns=pool)
                bars[name] = newest_days(table.index, table.values.astype("float64").T, day, count)
    if "benchmark" in wanted:
        frame = get_price(BENCHMARK, end_date=day, count=count, frequency="daily", fields=["close"], fq=None)
        bars["benchmark"] = newest_days(frame.index, frame["close"].values.astype("float64")[None, :], day, count)
    fields = [name for name in VALUATION_FIELDS if name in wanted]
    if fields:
        frame = get_valuation(pool, end_date=day, fields=fields, count=1)
        frame = frame[np.array([str(value)[:10] == str(day) for value in frame["day"]], dtype=bool)]
        table = frame.set_index("code")[fields].reindex(pool)
        bars.update((name, table[name].values.astype("float64")[:, None]) for name in fields)
    return bars


def newest_days(index, values, day, count):
    """Return the values if they are ``count`` days and the last one is ``day``, else raise."""
    if len(index) != count or str(index[-1])[:10] != str(day):
        raise ValueError("暴露需要截至%s的%d个交易日，得到%d个" % (day, count, len(index)))
    return values


def industry_codes(pool, day):
    """Return the 申万一级 code of each stock on ``day``, "" where there is none."""
    found = get_industry(pool, date=day)
    return [found.get(code, {}).get(INDUSTRY_KIND, {}).get("industry_code", "") for code in pool]


def without_exposures(scores, exposed):
    """Return the neutral scores and say what was taken out; ValueError where nobody is left with a score."""
    found, lacking = neutral_scores(scores, exposed, STANDARDISE), len(stocks_without(exposed))
    if (scores == scores).any() and not (found == found).any():
        raise ValueError("中性化后没有一只股票有分数：%d只中%d只缺暴露" % (len(scores), lacking))
    log.info("中性化: 剔除%s(%s)；%d只缺暴露，无分数，不买入" % (",".join(NEUTRALISE), STANDARDISE, lacking))
    return found


def same_neutral_arithmetic():
    """Check the arithmetic of the neutralisation, as initialize does for the scores, and log what was found."""
    found = made_neutral_digest(EXPOSURES, INDUSTRY in NEUTRALISE, STANDARDISE)
    if found == NEUTRAL_CHECK:
        log.info("中性化自检: 一致 %s" % found)
    else:
        log.error("中性化自检: 不一致，本机 %s，导出时 %s；不会调仓" % (found, NEUTRAL_CHECK))
    return found == NEUTRAL_CHECK
