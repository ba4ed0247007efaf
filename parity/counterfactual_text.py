"""One thing changed in the text of an exported strategy: rewrites that are explicit and checked.

Two kinds. A *line* of ``rebalance`` or ``initialize`` is replaced; it has to stand in the text exactly once, else
``NotApplicable``. A *block* is added at the end of the file: what it defines replaces what stood above, as Python
looks names up when they are called. Every rewrite sets a state (lag = 2, window = 60) whatever state the text was
in, so rewrites can follow each other, and the last one of a kind wins.

``with_inputs`` is the exception: it wraps the reading of the bars as it stands, so changes of inputs add up
and do not replace each other.

Where the arithmetic changes, the self-check of the strategy is set to what the changed arithmetic gives, or it would
refuse to trade.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from exporter.source_text import MODULES, closure, definitions
from exporter.strategy_file import formula_lines
from jq_strategy import formula as language
from jq_strategy.kernel import FEATURE_TABLE, NORMAL_DAYS
from sdk.errors import JqalphaError
from sdk.formula.formula_file import FormulaFile, from_tokens

RESEAL = "SELF_CHECK = short_digest(array_bytes(score_stocks(made_bars(INPUTS, LOOKBACK_DAYS))))"
_CONSTANT = r"^{name} = (.+)$"


class NotApplicable(Exception):
    """The text has no such line, or the change has no meaning for this strategy."""


def is_exported(text: str) -> bool:
    """Tell whether a text has the parts of an exported strategy that the rewrites need."""
    return all(re.search(rf"^{name} = ", text, re.M) for name in ("TOKENS_RAW", "RANK_KEYS", "LOOKBACK_DAYS")) and (
        "def rebalance(context):" in text and "def score_stocks(bars):" in text
    )


def constant(text: str, name: str) -> str:
    """Return the text of the last assignment of a constant at the top level; NotApplicable where there is none."""
    found = re.findall(_CONSTANT.format(name=name), text, re.M)
    if not found:
        raise NotApplicable(f"no constant {name}")
    return str(found[-1])


def line(text: str, pattern: str, new: str) -> str:
    """Replace the one line that ``pattern`` matches; ``new`` is literal."""
    changed, count = re.subn(pattern, lambda match: new, text, flags=re.M)
    if count != 1:
        raise NotApplicable(f"{pattern!r} stands {count} times in the strategy")
    return changed


def block(text: str, *parts: str) -> str:
    """Add definitions at the end."""
    return text.rstrip("\n") + "\n\n\n" + "\n\n\n".join(part.strip("\n") for part in parts) + "\n"


def definition(name: str) -> str:
    """Return the text of a definition of the ground floor as the exporter copies it."""
    for _, modules in MODULES:
        for module in modules:
            for item in definitions(module):
                if name in item.names:
                    return item.text
    raise NotApplicable(f"no definition of {name}")


def defines(text: str, name: str) -> bool:
    """Tell whether a text defines a name at the top level."""
    return re.search(rf"^(def {name}\(|{name} = )", text, re.M) is not None


# -------------------------------------------------------------------------------------------- lines of the rebalance
def with_lag(text: str, lag: int) -> str:
    """Use the scores of ``lag`` trading days before the rebalance; 0 = the day itself, unknown at the open."""
    if lag == 0:
        text = line(
            text, r'^    set_option\("avoid_future_data", .*\)$', '    set_option("avoid_future_data", False)'
        )
    days = {0: "context.current_dt.date()", 1: "context.previous_date"}
    other = f"get_trade_days(end_date=context.previous_date, count={lag})[0]"
    return line(text, r"^        signal_day = .*$", f"        signal_day = {days.get(lag, other)}")


def with_pool(text: str, expression: str) -> str:
    """Take the pool from an expression in Python."""
    return line(text, r"^        pool = .*$", f"        pool = {expression}")


def with_members_of(text: str, day: str) -> str:
    """Take the members of one fixed day (ISO), which may lie in the future of a rebalance."""
    text = line(text, r'^    set_option\("avoid_future_data", .*\)$', '    set_option("avoid_future_data", False)')
    return with_pool(text, f'sorted(get_index_stocks(POOL_INDEX, date="{day}"))')


_TASK = r"^( +)run_(?:monthly|weekly|daily)\( *(?!set_each_morning)([A-Za-z_]\w*) *,.*\) *(?:#.*)?$"


def with_task(text: str, call: str) -> str:
    """Schedule the only task by another call (``run_monthly(rebalance, 1, time="close")``); works for any strategy.

    ``rebalance`` stands for the task's own name. NotApplicable where there are several tasks or none.
    """
    found = re.findall(_TASK, text, re.M)
    if len(found) != 1:
        raise NotApplicable(f"{len(found)} tasks are scheduled")
    blanks, name = found[0]
    return line(text, _TASK, f"{blanks}{call.replace('(rebalance', f'({name}', 1)}")


def with_weight(text: str, expression: str) -> str:
    """Give each chosen stock this many CNY."""
    return line(text, r"^        value = .*$", f"        value = {expression}")


def with_benchmark(text: str, code: str) -> str:
    """Measure against another index; what the formula reads stays."""
    return line(text, r"^    set_benchmark\(.*\)$", f'    set_benchmark("{code}")')


def benchmark_of(text: str) -> str:
    """Return the index that a strategy sets as its benchmark, by constant or by name; the platform's own if none."""
    with suppress(NotApplicable):
        return word(constant(text, "BENCHMARK"))
    named = re.findall(r"""set_benchmark\(\s*["']([\w.]+)["']\s*\)""", text)
    return named[-1] if named else "000300.XSHG"


def without_limit_check(text: str) -> str:
    """Order a stock that opens at its upper limit like any other."""
    return line(text, r"^        elif price >= today\[code\]\.high_limit:$", "        elif False:")


def with_top_k(text: str, number: int) -> str:
    """Hold another number of stocks."""
    return block(text, f"TOP_K = {number}")


_SETTING = '''
_initialize_{number} = initialize


def initialize(context):
    """What the strategy sets, and one setting more."""
    _initialize_{number}(context)
    {call}
'''


def with_setting(text: str, call: str) -> str:
    """Call something at the end of ``initialize``; works for any strategy. The last call of a kind wins."""
    number = text.count("_initialize_")
    return block(text, _SETTING.format(number=number, call=call))


_DAILY = '''
_initialize_{number} = initialize


def set_each_morning_{number}(context):
    """What depends on the date is set anew before each open."""
    {call}


def initialize(context):
    """What the strategy sets, and one setting a day."""
    _initialize_{number}(context)
    run_daily(set_each_morning_{number}, time="before_open")
'''


def with_daily_setting(text: str, call: str) -> str:
    """Call something every day before the open, so before any task that trades; works for any strategy.

    It outlasts ``with_setting`` of the same kind, which is called once.
    """
    return block(text, _DAILY.format(number=text.count("_initialize_"), call=call))


# ----------------------------------------------------------------------------------------------------- normalisation
def with_window(text: str, days: int) -> str:
    """Normalise over the last ``days`` of NORMAL_DAYS (a short warm-up); NORMAL_DAYS = as exported."""
    _needs_normaliser(text)
    score = definition("robust_score").replace("NORMAL_DAYS", "SHORT_DAYS").replace("MIDDLE", "SHORT_MIDDLE")
    short = '''
@few_at_a_time
def normalised(x):
    """Score a series against its own last SHORT_DAYS days."""
    scored = robust_score(since(x, SHORT_DAYS - 1), ascending_windows(x, SHORT_DAYS))
    return tail(scored, x.shape[1] - (NORMAL_DAYS - 1))
'''
    text = with_plain_scores(text)
    if days == NORMAL_DAYS:
        return block(text, definition("robust_score"), definition("normalised"), RESEAL)
    return block(text, f"SHORT_DAYS = {days}\nSHORT_MIDDLE = {(days + 1) // 2}", score, short, RESEAL)


def with_plain_scores(text: str) -> str:
    """Score as exported: from the last bars alone."""
    return line(text, r"^        scores = .*$", "        scores = score_stocks(bars)")


_WHOLE = '''
WHOLE = {{"step": "", "kept": []}}
rolling_normalised, rolling_level = normalised, at_own_level


def known_median(x):
    """Return the median of what is known of each row, NaN where nothing is: (stocks, 1)."""
    found = [np.median(row[row == row]) if (row == row).any() else np.nan for row in x]
    return np.array(found)[:, None]


def normalised(x):
    """Score a series against its whole history, its future included."""
    if WHOLE["step"] == "collect":
        median = known_median(x)
        WHOLE["kept"].append((median, known_median(np.abs(x - median))))
        return x
    if WHOLE["step"] == "use":
        median, spread = WHOLE["kept"].pop(0)
        return maximum(minimum((since(x, NORMAL_DAYS - 1) - median) / (spread + 1e-6), CLIP), -CLIP)
    return rolling_normalised(x)


def at_own_level(function, levels):
    """Adjust to the last day alone."""
    return function(tail(levels, 1)) if WHOLE["step"] else rolling_level(function, levels)


def few_stocks_plain(function):
    """Run on all stocks at once, so that each normalisation is asked once."""
    return function.__dict__.get("__wrapped__", function)


def score_by_whole_history(pool, bars):
    """Score the last bars, normalised by the statistics of the whole history."""
    global LOOKBACK_DAYS
    window, days = LOOKBACK_DAYS, get_trade_days(start_date="{first}", end_date="{last}")
    LOOKBACK_DAYS = len(days)
    try:
        whole = fetch_bars(pool, days[-1])
    finally:
        LOOKBACK_DAYS = window
    WHOLE["step"], WHOLE["kept"] = "collect", []
    with np.errstate(all="ignore"):
{calls}
    WHOLE["step"] = "use"
    scores = score_stocks(bars)
    WHOLE["step"] = ""
    return scores
'''


def with_whole_history(text: str, first: str, last: str) -> str:
    """Normalise by median and MAD of the whole history from ``first`` to ``last``, as notebooks do."""
    _needs_normaliser(text)
    steps = language.plan(formula_of(text).tree)
    names = [step.name for step in steps if not step.operands]
    calls = [
        f"        {name}({', '.join(f'whole[{field!r}]' for field in FEATURE_TABLE[name].inputs)})" for name in names
    ]
    plain = "LOG_VOL = few_stocks_plain(LOG_VOL)" if "LOG_VOL" in names else ""
    text = line(text, r'^    set_option\("avoid_future_data", .*\)$', '    set_option("avoid_future_data", False)')
    text = line(text, r"^        scores = .*$", "        scores = score_by_whole_history(pool, bars)")
    usual = [definition(name) for name in ("robust_score", "normalised", "at_own_level")]
    usual += [definition("LOG_VOL")] if plain else []
    return block(text, *usual, _WHOLE.format(first=first, last=last, calls="\n".join(calls)), plain)


def _needs_normaliser(text: str) -> None:
    if not defines(text, "robust_score"):
        raise NotApplicable("the formula normalises nothing")


# ----------------------------------------------------------------------------------------------------------- formula
def formula_of(text: str) -> FormulaFile:
    """Return the formula that a text executes, from its last token constants."""
    tokens = numbers(constant(text, "TOKENS_REPAIRED"))
    executed = numbers(constant(text, "EXECUTED_TOKENS")) if defines(text, "EXECUTED_TOKENS") else tokens
    return from_tokens(executed, word(constant(text, "VOCABULARY")), word(constant(text, "TOKEN_MODE")))


def raw_tokens(text: str) -> list[int]:
    """Return the raw token list of a text."""
    return numbers(constant(text, "TOKENS_RAW"))


def with_formula(text: str, tokens: Sequence[int], told: Sequence[int] | None = None) -> str:
    """Execute another (legal) token list; ``told`` is what the audit line says was executed."""
    try:
        formula = from_tokens(list(tokens), word(constant(text, "VOCABULARY")), word(constant(text, "TOKEN_MODE")))
    except JqalphaError as problem:
        raise NotApplicable(str(problem)) from problem
    steps = {step.name for step in language.plan(formula.tree)}
    missing = [
        item.text
        for title, items in closure({*steps, "tail"})
        if title.startswith("内核")
        for item in items
        if not any(defines(text, name) for name in item.names)
    ]
    body = "\n".join(["def formula(bars):", '    """Return the scores of the last day."""', *formula_lines(formula)])
    constants = [
        f"EXECUTED_TOKENS = {list(tokens)}",
        f"TOKENS_REPAIRED = {list(tokens if told is None else told)}",
        f"INPUTS = {formula.inputs}",
        f"LOOKBACK_DAYS = {formula.lookback_days}",
    ]
    whole = "scores = score_by_whole_history" in text
    changed = block(with_plain_scores(text), *missing, body, "\n".join(constants), RESEAL)
    if not whole:
        return changed
    spans = re.findall(r'get_trade_days\(start_date="([\d-]+)", end_date="([\d-]+)"\)', text)
    return with_whole_history(changed, *spans[-1])  # it was normalised so, and still is


def lenient_readings(raw: Sequence[int], vocabulary: str, token_mode: str) -> dict[str, list[int]]:
    """Return how a raw list is executed where nobody repairs it: reading -> a legal postfix list."""
    names = language.token_names(vocabulary)
    found: dict[str, list[int]] = {}
    old = len(language.token_names("v1"))
    for mode in (token_mode, "prefix" if token_mode == "postfix" else "postfix"):
        stack = _stack(list(raw), names, mode)
        other = "" if mode == token_mode else f" as {mode}"
        if len(stack) > 1:
            found[f"raw tokens{other}, top of the stack"] = stack[-1]
            found[f"raw tokens{other}, bottom of the stack"] = stack[0]
        if other and stack:
            found[f"tokens read as {mode}"] = [*_joined(stack, names)]
    known = _stack([token for token in raw if token < old], names, token_mode)
    if known and any(token >= old for token in raw):
        found["vocabulary v1: unknown tokens dropped"] = _joined(known, names)
    return found


def _stack(tokens: list[int], names: Sequence[str], mode: str) -> list[list[int]]:
    """Execute leniently: starved operators are skipped; returns the postfix lists left on the stack."""
    stack: list[list[int]] = []
    for token in reversed(tokens) if mode == "prefix" else tokens:
        arity = language.arity_of(names[token])
        if arity > len(stack):
            continue
        operands = stack[len(stack) - arity :]
        del stack[len(stack) - arity :]
        operands = operands[::-1] if mode == "prefix" else operands
        stack.append([*(part for operand in operands for part in operand), token])
    return stack


def _joined(stack: list[list[int]], names: Sequence[str]) -> list[int]:
    add = list(names).index("ADD")
    return [token for part in stack for token in part] + [add] * (len(stack) - 1)


def numbers(words: str) -> list[int]:
    """Return the integers of a constant's text or of an audit line's part, without a comment behind them."""
    return [int(number) for number in re.findall(r"-?\d+", words.partition("#")[0])]


def word(words: str) -> str:
    """Return a constant's text without quotation marks and comment."""
    return words.partition("#")[0].strip().strip("\"'")


# -------------------------------------------------------------------------------------------------- ties and ranking
EXTRA_KEYS = {
    "reverse": "[-ord(letter) for letter in stock.code]",
    "exchange": "stock.code[::-1]",
}


def with_rank_keys(text: str, keys: Sequence[str]) -> str:
    """Rank equal scores by other keys: those of KEY_RULES, or an order of the pool (EXTRA_KEYS)."""
    more = [f'KEY_RULES["{name}"] = lambda stock: {EXTRA_KEYS[name]}' for name in keys if name in EXTRA_KEYS]
    return block(text, f"RANK_KEYS = {tuple(keys)!r}", definition("rank_stocks"), "\n".join(more))


# -------------------------------------------------------------------------------------------- what the formula reads
INPUT_CHANGES: Mapping[str, str] = {
    "factor 1": 'bars["factor"] = bars["factor"] * 0.0 + 1.0',
    "factor to 4 decimals": 'bars["factor"] = np.round(bars["factor"], 4)',
    "factor to 3 decimals": 'bars["factor"] = np.round(bars["factor"], 3)',
    "factor to 2 decimals": 'bars["factor"] = np.round(bars["factor"], 2)',
    "factor of the signal day 1": 'bars["factor"] = bars["factor"] / bars["factor"][:, -1:]',
    "factor of the first day 1": 'bars["factor"] = bars["factor"] / bars["factor"][:, :1]',
    "pre-adjusted prices to the cent": """ratio = bars["factor"] / bars["factor"][:, -1:]
    for name in ("open", "high", "low", "close"):
        if name in bars:
            bars[name] = np.round(bars[name] * ratio, 2)
    bars["factor"] = ratio * 0.0 + 1.0""",
    "volume in lots": 'bars["volume"] = np.floor(bars["volume"] / 100.0) * 100.0',
    "volume in lots, not shares": 'bars["volume"] = bars["volume"] / 100.0',
    "money in thousands": 'bars["money"] = np.round(bars["money"] / 1000.0) * 1000.0',
    "prices in float32": 'bars["close"] = bars["close"].astype("float32").astype("float64")',
    "volume in float32": 'bars["volume"] = bars["volume"].astype("float32").astype("float64")',
    "closes to 0.1": 'bars["close"] = np.round(bars["close"], 1)',
    "halted days without a bar": """halted = bars["volume"] == 0.0
    for name in ("open", "high", "low", "close", "volume", "money"):
        if name in bars:
            bars[name] = np.where(halted, np.nan, bars[name])""",
}
_FETCH = '''
fetch_bars_{number} = fetch_bars


def fetch_bars(pool, day):
    """Fetch the bars and change them."""
    bars = fetch_bars_{number}(pool, day)
    {change}
    return bars
'''


def with_inputs(text: str, change: str) -> str:
    """Let the formula read changed bars (a name of INPUT_CHANGES); fills are not touched."""
    code, inputs = INPUT_CHANGES[change], constant(text, "INPUTS")
    read = [name for name in ("factor", "volume", "money", "close") if f'bars["{name}"]' in code]
    if not all(f"'{name}'" in inputs for name in read if name not in ("close",)):
        raise NotApplicable(f"{change}: the formula reads {inputs}")
    if "close" in read and "'close'" not in inputs:
        raise NotApplicable(f"{change}: the formula reads {inputs}")
    return block(text, _FETCH.format(number=text.count("fetch_bars_"), change=code))
