"""One place of a hand-written strategy edited: a number, a switch, an index, a condition left out, a time of day.

Two sides often run two texts, because a line was changed after it was pasted. Which one, no file tells; so each place
of the text is given the values that people write there. A place is found by the syntax tree and named by its line.
Places that have causes of their own (costs, slippage, benchmark, schedule) and what is only printed are left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from parity.counterfactual_text import NotApplicable
from parity.layers import contrast
from sdk.market.importing.codes import VALID

USUAL_NUMBERS = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 63, 65, 66, 75, 80, 90, 100),
    *(110, 120, 125, 126, 130, 150, 180, 200, 240, 250, 252, 300, 360, 365, 500),
)
USUAL_SHARES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)
_TIMES = {"open": "09:30", "close": "15:00"}
_TASKS = {"run_daily": 1, "run_weekly": 2, "run_monthly": 2}  # where the time stands without its name
_OWN_CAUSES = frozenset(
    (*_TASKS, "set_benchmark", "set_slippage", "set_order_cost", "set_commission", "set_option", "OrderCost")
    + ("PriceRelatedSlippage", "FixedSlippage", "StepRelatedSlippage", "PerTrade", "record", "print", "round")
    + ("info", "warn", "error", "debug", "set_level", "send_message", "format")
)
_DAY_BEFORE = "get_trade_days(end_date=context.previous_date, count=2)[0]"
_LONGEST_SHOWN = 80


class Place(NamedTuple):
    """A stretch of a text, what may stand there instead, and what kind of place it is (count, value, index, …)."""

    line: int
    start: int
    end: int
    kind: str
    wanted: tuple[str, ...]
    said_first: bool


class Edit(NamedTuple):
    """A text with one place edited, and its line before and after."""

    text: str
    kind: str
    line: int
    before: str
    after: str

    @property
    def words(self) -> str:
        before, after = contrast(self.before, self.after, _LONGEST_SHOWN)
        return f"第 {self.line} 行写作 {after}，另一侧写作 {before}"


def edits(
    text: str, indices: Sequence[str] = (), counts: tuple[int, int] | None = None, traded: Sequence[str] = ()
) -> list[Edit]:
    """Return the edits of a text, most plausible first: values given a name, then the others; first values first.

    ``indices``: the codes that may stand for an index. ``counts``: how many stocks this side and the other one hold;
    a number that is the one may be the other. ``traded``: the codes that the other side trades; a list of codes may
    hold them too, or one code less. NotApplicable for a text that is no Python.
    """
    places = list(_places(text, indices, counts, traded))
    named = [place for place in places if place.said_first]
    rest = [place for place in places if not place.said_first]
    return [made for group in (named, rest) for made in _in_turn(text, group)]


def _in_turn(text: str, places: Sequence[Place]) -> Iterator[Edit]:
    """Give every place its first value, then every place its second one."""
    for values in zip_longest(*(place.wanted for place in places)):
        for place, value in zip(places, values, strict=True):
            if value is not None:
                yield _edited(text, place, value)


def _edited(text: str, place: Place, value: str) -> Edit:
    made = text[: place.start] + value + text[place.end :]
    before, after = (whole.split("\n")[place.line - 1].strip() for whole in (text, made))
    return Edit(made, place.kind, place.line, before, after)


# ------------------------------------------------------------------------------------------------------------ places
def _places(
    text: str, indices: Sequence[str], counts: tuple[int, int] | None, traded: Sequence[str]
) -> Iterator[Place]:
    starts = _line_starts(text)
    for node, named in _walk(_parsed(text), False):
        if isinstance(node, ast.Constant) and (wanted := _instead(node.value, indices, counts)):
            kind = "index" if isinstance(node.value, str) else "count" if _counts(node.value, counts) else "value"
            yield _place(text, starts, node, kind, wanted, named)
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            for part in node.values:
                yield _place(text, starts, part, "condition", ("True",), True)
        elif isinstance(node, ast.Attribute) and node.attr == "previous_date":
            yield _place(text, starts, node, "day", (_DAY_BEFORE,), True)
        elif isinstance(node, ast.List | ast.Tuple) and (codes := _codes(node)):
            yield _place(text, starts, node, "pool", _other_lists(codes, traded), True)


def _walk(node: ast.AST, named: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Yield what may be edited, and whether it is what a name or an argument is given."""
    if isinstance(node, ast.Call) and _name(node.func) in _OWN_CAUSES:
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    yield node, named
    for child in ast.iter_child_nodes(node):
        given = isinstance(node, ast.Assign | ast.keyword) and child is node.value
        yield from _walk(child, given or (named and isinstance(node, ast.Tuple | ast.List | ast.UnaryOp)))


def _name(function: ast.expr) -> str:
    return str(getattr(function, "id", getattr(function, "attr", "")))


def _codes(node: ast.List | ast.Tuple) -> list[str]:
    """Return the codes of a list of at least two; nothing for a list of anything else."""
    found = [part.value for part in node.elts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    whole = len(found) == len(node.elts) > 1 and all(VALID.fullmatch(code) for code in found)
    return found if whole else []


def _other_lists(codes: list[str], traded: Sequence[str]) -> tuple[str, ...]:
    more = [code for code in traded if code not in codes]
    wanted = [[*codes, *more]] if more else []
    wanted += [codes[:place] + codes[place + 1 :] for place in range(len(codes))]
    return tuple(repr(one) for one in wanted)


def _counts(value: object, counts: tuple[int, int] | None) -> bool:
    return counts is not None and counts[0] != counts[1] and value == counts[0] and type(value) is int


def _instead(value: object, indices: Sequence[str], counts: tuple[int, int] | None) -> tuple[str, ...]:
    """Return what may stand in the place of a value, as texts; nothing for values that nobody edits."""
    if isinstance(value, bool):
        return (repr(not value),)
    if isinstance(value, str):
        return tuple(repr(code) for code in indices if code != value) if value in indices else ()
    if isinstance(value, int) and value > 0:
        told = (counts[1],) if counts is not None and _counts(value, counts) else ()
        near = (value * 2, value // 2, value + 1, value - 1)
        usual = [one for one in USUAL_NUMBERS if value / 8 <= one <= value * 8]
        usual.sort(key=lambda one: abs(one - value))
        return _texts((*told, *near, *usual, *range(max(value // 2, 1), value * 2)), value)
    if isinstance(value, float) and 0.0 < value < 1e6:
        usual_shares = USUAL_SHARES if 0.1 <= value <= 1.0 else ()
        return _texts((value * 2, value / 2, *usual_shares), value)
    return ()


def _texts(values: Iterable[float], own: float) -> tuple[str, ...]:
    return tuple(repr(value) for value in dict.fromkeys(values) if value != own and value > 0)


def _place(
    text: str, starts: list[int], node: ast.AST, kind: str, wanted: tuple[str, ...], said_first: bool
) -> Place:
    start, end = _span(text, starts, node)
    return Place(node.lineno, start, end, kind, wanted, said_first)  # type: ignore[attr-defined]


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as problem:
        raise NotApplicable(f"the text is no Python: {problem}") from problem


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _span(text: str, starts: list[int], node: ast.AST) -> tuple[int, int]:
    """Return where a node stands in the text; the tree counts bytes, and Chinese comments have three a letter."""

    def at(line: int, column: int) -> int:
        whole = text[starts[line - 1] : starts[line] - 1]
        return starts[line - 1] + len(whole.encode()[:column].decode(errors="ignore"))

    first = at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
    return first, at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------------------- times
def time_words(clock: str) -> str:
    """Return how a time HH:MM is written in a schedule."""
    return {value: name for name, value in _TIMES.items()}.get(clock, clock)


def with_time(text: str, mine: str, theirs: str) -> str:
    """Run every task that is scheduled at ``mine`` (HH:MM) at ``theirs``; its days stay.

    NotApplicable where no task is.
    """
    starts, made = _line_starts(text), text
    found = [node for node in ast.walk(_parsed(text)) if isinstance(node, ast.Call) and _name(node.func) in _TASKS]
    told = [(time, _span(text, starts, time)) for time in map(_time_of, found) if time is not None]
    times = [span for time, span in told if clock_of(str(time.value)) == mine]
    if not times:
        raise NotApplicable(f"no task at {mine}")
    for start, end in sorted(times, reverse=True):
        made = f'{made[:start]}"{time_words(theirs)}"{made[end:]}'
    return made


def with_task_at(text: str, mine: str, call: str) -> str:
    """Schedule the one task at ``mine`` (HH:MM) by another call (``run_weekly(rebalance, 3, time="open")``).

    ``rebalance`` stands for the task's own name. NotApplicable where no task or several are scheduled then.
    """
    starts = _line_starts(text)
    calls = [node for node in ast.walk(_parsed(text)) if isinstance(node, ast.Call) and _name(node.func) in _TASKS]
    found = [one for one in calls if (time := _time_of(one)) is not None and clock_of(str(time.value)) == mine]
    if len(found) != 1 or not found[0].args:
        raise NotApplicable(f"{len(found)} tasks at {mine}")
    start, end = _span(text, starts, found[0])
    return text[:start] + call.replace("(rebalance", f"({_name(found[0].args[0])}", 1) + text[end:]


def _time_of(call: ast.Call) -> ast.Constant | None:
    place = _TASKS[_name(call.func)]
    given = [keyword.value for keyword in call.keywords if keyword.arg == "time"] or call.args[place : place + 1]
    time = given[0] if given else None
    return time if isinstance(time, ast.Constant) and isinstance(time.value, str) else None


def clock_of(time: str) -> str:
    """Return the time of a task as HH:MM; another text (``every_bar``, ``open-30m``) as it stands."""
    told = _TIMES.get(time, time)
    hour, colon, rest = told.partition(":")
    return f"{int(hour):02d}:{rest[:2]}" if colon and hour.isdigit() and rest[:2].isdigit() else told
