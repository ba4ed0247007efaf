# ruff: noqa: F821
# mypy: ignore-errors
"""The trading half of an exported strategy: initialize, fetch the bars, score, rank, trade, say what was done.

This file is text for the exporter: it is copied into ``strategy.py`` behind the kernel, after the constants in
CAPITALS and ``formula(bars)``. On its own it cannot run, because the names of the platform (get_price, order_target,
log, ...) exist only on JoinQuant and in the emulator.

When things are known. A rebalance on trading day D runs at the open with the members of D and with bars up to and
including the trading day before D (signal_lag = 1). Of day D itself it reads only what the platform shows at the
open: halts, limit prices and the opening price.

One rule each: the K best scores of the pool are chosen, equal scores by RANK_KEYS; each chosen stock gets 1/K of the
total value; a chosen stock that is halted or opens at its upper limit is not bought and its share stays in cash; a
stock that is no longer chosen is sold as soon as it trades; any error before the first order leaves all positions as
they are and says so in the log.
"""

import numpy as np

from jq_strategy.audit import array_bytes, audit_line, inputs_digest, key_parts, made_bars, short_digest
from jq_strategy.exact import window_all
from jq_strategy.inputs import mask_unknown, usable_bars
from jq_strategy.ranking import choose, ordered_keys, rank_stocks, tie_groups, tie_sentences


def initialize(context):
    """Set up the run, log the formula and check the arithmetic of this machine."""
    set_benchmark(BENCHMARK)
    set_option("use_real_price", True)
    set_option("avoid_future_data", True)
    log.info("公式: %s" % EXPRESSION)
    log.info("公式来源: %s token_mode=%s" % (SOURCE, TOKEN_MODE))
    log.info("公式tokens(raw): %s" % TOKENS_RAW)
    log.info("公式tokens(repaired): %s" % TOKENS_REPAIRED)
    if ordered_keys(RANK_KEYS) != ("code",):
        log.info("同分先后: %s" % ",".join(ordered_keys(RANK_KEYS)))
    found = short_digest(array_bytes(score_stocks(made_bars(INPUTS, LOOKBACK_DAYS))))
    g.same_arithmetic = found == SELF_CHECK
    if g.same_arithmetic:
        log.info("内核自检: 一致 %s" % found)
    else:
        log.error("内核自检: 不一致，本机 %s，导出时 %s；不会调仓" % (found, SELF_CHECK))
    run_monthly(rebalance, 1, time="open")


def rebalance(context):
    """Choose the K best stocks by the scores of the trading day before, and trade towards equal weights."""
    log.info("开始调仓: %s" % context.current_dt)
    try:
        if not g.same_arithmetic:
            raise ValueError("内核自检不一致，分数不可信")
        signal_day = context.previous_date
        pool = sorted(get_index_stocks(POOL_INDEX))
        bars = fetch_bars(pool, signal_day)
        scores = score_stocks(bars)
        tie_break = (ordered_keys(RANK_KEYS), held_codes(context), signal_money(bars))
        order = rank_stocks(pool, scores, *tie_break)
        chosen = choose(pool, scores, TOP_K, *tie_break)
        value = context.portfolio.total_value / TOP_K
        today = get_current_data()
        targets = {code: int(value / today[code].last_price) for code in chosen}
    except Exception as problem:  # noqa: BLE001 - whatever went wrong, nothing may be traded on half a plan
        log.error("调仓中止，持仓不变: %s: %s" % (type(problem).__name__, problem))
        return
    ranked = [float(scores[place]) for place in order]
    for sentence in tie_sentences(ranked, min(TOP_K, len(pool))):
        log.warn(sentence)
    missing = sum_of_ones(score != score for score in ranked)
    if missing:
        log.info("无分数(历史不足%d日或缺数据): %d只，排在最后，不买入" % (LOOKBACK_DAYS, missing))
    ties = ["%d-%d" % (group.first, group.last) for group in tie_groups(ranked, min(TOP_K, len(pool)))]
    log.info(
        audit_line(
            context.current_dt.date(),
            signal_day,
            pool,
            scores,
            order,
            targets,
            inputs_digest(bars, INPUTS),
            TOKENS_RAW,
            TOKENS_REPAIRED,
            ",".join(ties) or "none",
            key_parts(*tie_break),
        )
    )
    sell_the_rest(context, chosen, today)
    trade_the_chosen(context, chosen, value, today)
    log.info("调仓完成，持有: %s" % sorted(context.portfolio.positions))


def sum_of_ones(conditions):
    """Count what is true (the platform's star import hides Python's own sum)."""
    return len([1 for condition in conditions if condition])


def held_codes(context):
    """Return the codes held before the first order of this rebalance."""
    positions = context.portfolio.positions
    return [code for code in sorted(positions) if positions[code].total_amount > 0]


def signal_money(bars):
    """Return the traded value of the signal day in CNY, (stocks,), NaN where there is no bar; None if not a key."""
    return bars["money"][:, -1] if "money" in RANK_KEYS else None


def fetch_bars(pool, day):
    """Return the last LOOKBACK_DAYS bars up to ``day``: input -> (stocks, days), NaN where there is no bar.

    The inputs of the formula, and the traded value where it is among RANK_KEYS.

    Prices and volumes as traded (fq=None) and the cumulative factor (fq='post'); never pre-adjusted prices, which
    the platform rounds to the cent and anchors at the day of the question.
    """
    names = ("open", "high", "low", "close", "volume", "money")
    as_traded = [name for name in names if name in INPUTS or name in RANK_KEYS]
    bars = {}
    if as_traded:
        frame = daily_bars(pool, day, as_traded, None)
        bars.update((name, by_stock(frame, "time", name, pool, day)) for name in as_traded)
    if "factor" in INPUTS:
        bars["factor"] = by_stock(daily_bars(pool, day, ["factor"], "post"), "time", "factor", pool, day)
    if "circulating_market_cap" in INPUTS:
        bars["circulating_market_cap"] = market_values(pool, day)
    if "benchmark" in INPUTS:
        frame = get_price(BENCHMARK, end_date=day, count=LOOKBACK_DAYS, frequency="daily", fields=["close"], fq=None)
        bars["benchmark"] = check_days(frame.index, day, frame["close"].values.astype("float64")[None, :])
    return bars


def daily_bars(pool, day, fields, fq):
    """Return the long frame (time, code, fields) of the pool."""
    return get_price(
        pool,
        end_date=day,
        count=LOOKBACK_DAYS,
        frequency="daily",
        fields=fields,
        skip_paused=False,
        fq=fq,
        panel=False,
    )


def market_values(pool, day):
    """Return the circulating market value in 1e8 CNY; asked for in parts, the platform returns 5000 rows at most."""
    size = max(1, 5000 // LOOKBACK_DAYS)
    parts = []
    for start in range(0, len(pool), size):
        part = pool[start : start + size]
        frame = get_valuation(part, end_date=day, fields=["circulating_market_cap"], count=LOOKBACK_DAYS)
        parts.append(by_stock(frame, "day", "circulating_market_cap", part, day))
    return np.concatenate(parts)


def by_stock(frame, time, name, pool, day):
    """Turn a long frame into an array (stocks, days) in the order of the pool."""
    table = frame.set_index([time, "code"])[name].unstack().reindex(columns=pool)
    return check_days(table.index, day, table.values.astype("float64").T)


def check_days(index, day, values):
    """Return the values if they are LOOKBACK_DAYS days and the last one is the signal day, else raise."""
    if len(index) != LOOKBACK_DAYS:
        raise ValueError("需要%d个交易日的历史，只有%d个" % (LOOKBACK_DAYS, len(index)))
    if str(index[-1])[:10] != str(day):
        raise ValueError("信号日应为%s，数据止于%s" % (day, str(index[-1])[:10]))
    return values


def score_stocks(bars):
    """Return one score a stock from the last LOOKBACK_DAYS bars; NaN where a bar is missing."""
    with np.errstate(all="ignore"):
        known, filled = usable_bars([bars[name] for name in INPUTS], INPUTS)
        usable = dict(zip(INPUTS, filled))
        usable["scored"] = window_all(known, LOOKBACK_DAYS)  # who takes part where stocks are compared
        return mask_unknown(formula(usable), known, LOOKBACK_DAYS)[:, 0]


def market_style(code, price):
    """Return the order style: STAR market orders must name a protect price, others must not."""
    return MarketOrderStyle(price) if code.startswith("688") else None


def sell_the_rest(context, chosen, today):
    """Sell every position that is not chosen; a halted one stays and is tried again at the next rebalance."""
    for code in sorted(context.portfolio.positions):
        if code in chosen:
            continue
        if today[code].paused:
            log.info("停牌，暂不能卖出: %s" % code)
            continue
        order_target(code, 0, style=market_style(code, today[code].low_limit))


def trade_the_chosen(context, chosen, value, today):
    """Trim what is too large, then buy in rank order; differences below one lot are left alone."""
    held = {code: context.portfolio.positions[code].value for code in list(context.portfolio.positions)}
    too_large = [code for code in chosen if held.get(code, 0.0) > value]
    for code in too_large + [code for code in chosen if code not in too_large]:
        price = today[code].last_price
        if today[code].paused:
            log.info("停牌，不交易: %s" % code)
        elif abs(value - held.get(code, 0.0)) < 100 * price:
            log.info("差额不足一手，不交易: %s" % code)
        elif code in too_large:
            order_target_value(code, value, style=market_style(code, today[code].low_limit))
        elif price >= today[code].high_limit:
            log.info("开盘涨停，不买入: %s" % code)
        else:
            order_target_value(code, value, style=market_style(code, today[code].high_limit))
