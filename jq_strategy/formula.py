"""The formula language: vocabularies, repair, the tree of a formula, its lookback, its plan and its value.

A formula is a list of token ids, postfix by default. Ids mean something only in a named vocabulary; an id that the
vocabulary does not have is an error that names its position, it is never dropped. Raw lists are *repaired* by four
rules (REPAIR_RULES) before anything is computed, and only the repaired list is ever executed.

A plan is the formula as straight lines: one step a distinct sub-expression, with the number of days each step has
to deliver. numpy, the exported text and the ONNX graph all follow the same plan.

Runs on CPython 3.6 with numpy alone.
"""

from collections import OrderedDict, namedtuple

import numpy as np

from jq_strategy import kernel
from jq_strategy.inputs import mask_unknown, usable_bars

# ---------------------------------------------------------------------------------------------------------------
# Vocabularies
# ---------------------------------------------------------------------------------------------------------------


class FormulaProblem(ValueError):
    """A token list that has no meaning; the text names the position, the value and the valid choices."""


_SIX = ["RET", "LIQ_SCORE", "PRESSURE", "FOMO", "DEV", "LOG_VOL"]
_TWELVE = ["ADD", "SUB", "MUL", "DIV", "NEG", "ABS", "SIGN", "GATE", "JUMP", "DECAY", "DELAY1", "MAX3"]

_V2 = _SIX + _TWELVE + ["TSUM20", "MOM20", "REL_MOM20"]
_WINDOWED = [
    "TS_%s%d" % (what, days) for what in ("MEAN", "STD", "MAX", "MIN", "RANK", "CORR") for days in (5, 10, 20)
]

VOCABULARIES = OrderedDict(
    [
        ("v1", _SIX + _TWELVE),
        ("v2", _V2),
        ("v3", _V2 + ["RANK", "ZSCORE"] + _WINDOWED + ["LOG1P_ABS", "SQRT_ABS"]),
    ]
)
SHORT_NAMES = {"PRESS": "PRESSURE", "VOL": "LOG_VOL", "LIQ": "LIQ_SCORE"}
TOKEN_MODES = ("postfix", "prefix")


def token_names(vocabulary):
    """Return the names of a vocabulary in the order of their ids."""
    if vocabulary not in VOCABULARIES:
        raise FormulaProblem("unknown vocabulary %r; known: %s" % (vocabulary, ", ".join(VOCABULARIES)))
    return VOCABULARIES[vocabulary]


def arity_of(name):
    """Return how many values a token takes from the stack: 0 for a feature."""
    return 0 if name in kernel.FEATURE_TABLE else kernel.OPERATOR_TABLE[name].arity


def check_tokens(tokens, vocabulary):
    """Return the tokens as a list of ints; raise FormulaProblem naming the first position that is wrong."""
    names = token_names(vocabulary)
    checked = []
    for position, token in enumerate(tokens):
        if isinstance(token, bool) or not isinstance(token, (int, np.integer)):
            raise FormulaProblem("token %d is %r: token ids are whole numbers" % (position, token))
        if not 0 <= token < len(names):
            raise FormulaProblem(
                "token %d has id %d, which vocabulary %s does not have; valid ids are 0 ... %d (%s)"
                % (position, token, vocabulary, len(names) - 1, names[-1])
            )
        checked.append(int(token))
    return checked


# ---------------------------------------------------------------------------------------------------------------
# Repair
# ---------------------------------------------------------------------------------------------------------------

REPAIR_RULES = OrderedDict(
    [
        ("keep", "a feature, or an operator whose operands are there, is kept"),
        ("drop_starved_operator", "an operator with fewer operands on the stack than its arity is dropped"),
        ("replace_empty", "an empty result becomes [0]"),
        ("append_add", "while more than one value is left, ADD is appended"),
    ]
)

RepairStep = namedtuple("RepairStep", "rule position token")
RepairReport = namedtuple("RepairReport", "raw repaired token_mode steps")


def repair(tokens, vocabulary, token_mode="postfix"):
    """Repair a raw token list.

    Returns a RepairReport whose ``steps`` name the rule, the position in the raw list (None for what was added)
    and the token of every change. Idempotent; the identity on legal lists. A prefix list is repaired as its
    reversed self. Raises FormulaProblem for an unknown id, vocabulary or mode.
    """
    raw = check_tokens(tokens, vocabulary)
    if token_mode not in TOKEN_MODES:
        raise FormulaProblem("unknown token mode %r; known: %s" % (token_mode, ", ".join(TOKEN_MODES)))
    names = token_names(vocabulary)
    backwards = token_mode == "prefix"
    kept, steps, depth = [], [], 0
    for place, token in enumerate(reversed(raw) if backwards else raw):
        arity = arity_of(names[token])
        if depth >= arity:
            kept.append(token)
            depth += 1 - arity
        else:
            position = len(raw) - 1 - place if backwards else place
            steps.append(RepairStep("drop_starved_operator", position, token))
    if not kept:
        kept, depth = [0], 1
        steps.append(RepairStep("replace_empty", None, 0))
    add = names.index("ADD")
    while depth > 1:
        kept.append(add)
        depth -= 1
        steps.append(RepairStep("append_add", None, add))
    if backwards:
        kept.reverse()
    return RepairReport(tuple(raw), tuple(kept), token_mode, tuple(steps))


# ---------------------------------------------------------------------------------------------------------------
# Trees: a feature is (name,), an operator is (name, operand, ...) with operands in reading order
# ---------------------------------------------------------------------------------------------------------------


def parse(tokens, vocabulary, token_mode="postfix"):
    """Return the tree of a legal token list; raise FormulaProblem where it is not legal (repair it first)."""
    tokens = check_tokens(tokens, vocabulary)
    names = token_names(vocabulary)
    backwards = token_mode == "prefix"
    stack = []  # type: list
    for place, token in enumerate(reversed(tokens) if backwards else tokens):
        name = names[token]
        arity = arity_of(name)
        if len(stack) < arity:
            position = len(tokens) - 1 - place if backwards else place
            raise FormulaProblem(
                "token %d (%s) needs %d operands and finds %d; repair the list first"
                % (position, name, arity, len(stack))
            )
        operands = stack[len(stack) - arity :]
        del stack[len(stack) - arity :]
        stack.append((name,) + tuple(reversed(operands) if backwards else operands))
    if len(stack) != 1:
        raise FormulaProblem("%d values are left on the stack, not 1; repair the list first" % len(stack))
    return stack[0]


def expression(tree):
    """Print a tree: (a + b), (a - b), (a * b), (a / b), (-a), NAME(a, b, ...)."""
    name, operands = tree[0], [expression(operand) for operand in tree[1:]]
    if not operands:
        return name
    symbol = kernel.OPERATOR_TABLE[name].symbol
    if symbol and len(operands) == 2:
        return "(%s %s %s)" % (operands[0], symbol, operands[1])
    if symbol:
        return "(%s%s)" % (symbol, operands[0])
    return "%s(%s)" % (name, ", ".join(operands))


def lookback_days(tree):
    """Return how many trading days, the score's own included, one score needs. Lags add up along a path."""
    if len(tree) == 1:
        return kernel.FEATURE_TABLE[tree[0]].days
    return kernel.OPERATOR_TABLE[tree[0]].depth + max(lookback_days(operand) for operand in tree[1:])


def compares_stocks(tree):
    """Tell whether a formula looks across the stocks of a day, so that a score depends on the pool."""
    if len(tree) == 1:
        return False
    return kernel.OPERATOR_TABLE[tree[0]].across or any(compares_stocks(operand) for operand in tree[1:])


def inputs_of(tree):
    """Return the names of the bars that a formula reads, in the order of first use."""
    if len(tree) == 1:
        return list(kernel.FEATURE_TABLE[tree[0]].inputs)
    found = OrderedDict()
    for operand in tree[1:]:
        for name in inputs_of(operand):
            found[name] = True
    return list(found)


# ---------------------------------------------------------------------------------------------------------------
# Plans: the formula as straight lines
# ---------------------------------------------------------------------------------------------------------------

# label: name of the result; name: feature or operator; operands: ((label, days wanted), ...); days: days delivered
Step = namedtuple("Step", "label name operands days")


def plan(tree, days=1):
    """Return the steps that compute the last ``days`` values of a formula; equal sub-expressions are one step."""
    order = []  # type: list
    wanted = {}  # type: dict

    def visit(node, need):
        for operand in node[1:]:
            visit(operand, need + kernel.OPERATOR_TABLE[node[0]].depth)
        if node not in wanted:
            order.append(node)
        wanted[node] = max(need, wanted.get(node, 0))

    visit(tree, days)
    labels, steps, count = {}, [], 0
    operands = ()  # type: tuple
    for node in order:
        if len(node) == 1:
            labels[node] = node[0].lower()
            operands = ()
        else:
            count += 1
            labels[node] = "s%d" % count
            depth = kernel.OPERATOR_TABLE[node[0]].depth
            operands = tuple((labels[operand], wanted[node] + depth) for operand in node[1:])
        steps.append(Step(labels[node], node[0], operands, wanted[node]))
    return steps


def evaluate(tree, bars, days=1):
    """Return the scores of the last ``days`` days: (stocks, days), NaN where a bar of the window is unknown.

    ``bars`` maps input names to (stocks, n) float64 with n >= lookback_days + days - 1; ``benchmark`` is (1, n).
    A score depends on nothing but its stock's own last ``lookback_days`` bars, and where the formula compares stocks
    also on those of the other rows, as far as they have a score that day. Raises FormulaProblem for a missing input
    or a history that is too short.
    """
    lookback = lookback_days(tree)
    length = lookback + days - 1
    names = inputs_of(tree)
    for name in names:
        if name not in bars:
            raise FormulaProblem("%s needs the input %r, which is not there" % (expression(tree), name))
        if bars[name].shape[1] < length:
            raise FormulaProblem(
                "%s needs %d days of %r and gets %d" % (expression(tree), length, name, bars[name].shape[1])
            )
    with np.errstate(all="ignore"):
        known, filled = usable_bars([kernel.tail(bars[name], length) for name in names], names)
        inputs = dict(zip(names, filled))
        if days == 1 or not compares_stocks(tree):
            return _follow(tree, inputs, known, lookback, days)
        # The cross-section of a day is those who have a score on that day, for the whole window.
        parts = []
        for later in range(days - 1, -1, -1):
            window = {name: kernel.tail(kernel.ago(inputs[name], later), lookback) for name in names}
            seen = kernel.tail(kernel.ago(known, later), lookback)
            parts.append(_follow(tree, window, seen, lookback, 1))
        return kernel.beside(parts)


def _follow(tree, inputs, known, lookback, days):
    """Follow the plan of a formula over filled inputs and mask what is unknown: (stocks, days)."""
    values = {}  # type: dict
    scored = kernel.window_all(known, lookback)
    steps = plan(tree, days)
    for step in steps:
        if step.operands:
            operator = kernel.OPERATOR_TABLE[step.name]
            operands = [kernel.tail(values[a], n) for a, n in step.operands]
            values[step.label] = operator.function(*(operands + [scored] if operator.across else operands))
        else:
            feature = kernel.FEATURE_TABLE[step.name]
            reach = step.days + feature.days - 1
            values[step.label] = feature.function(*[kernel.tail(inputs[a], reach) for a in feature.inputs])
    return mask_unknown(values[steps[-1].label], known, lookback)
