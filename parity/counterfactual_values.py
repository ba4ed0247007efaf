"""The platform's values put in, and a formula that was implemented again: further rewrites of an exported strategy.

``LOGIC_CHANGES`` are the usual ways in which a second implementation of the formula differs. ``with_given`` puts in
what the audit lines of the other side say, day by day: pool, scores, order. It reproduces that side whatever the
reason, so it proves at which layer a difference is born, and what it is worth, where no named reason does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from parity.counterfactual_text import RESEAL, NotApplicable, block, defines, definition, line
from sdk.report.audit_lines import AuditLine


class LogicChange(NamedTuple):
    """A definition and what is written differently in it."""

    name: str
    before: str
    after: str


LOGIC_CHANGES: dict[str, LogicChange] = {
    "MAD × 1.4826": LogicChange("robust_score", "(spread + floor)", "(1.4826 * spread + floor)"),
    "clip ±3": LogicChange("CLIP", "CLIP = 5.0", "CLIP = 3.0"),
    "no clip": LogicChange("CLIP", "CLIP = 5.0", "CLIP = 1e300"),
    "upper median": LogicChange("robust_score", "newest(places(w, 0, MIDDLE))", "newest(places(w, 0, MIDDLE + 1))"),
    "JUMP ddof 0": LogicChange("JUMP", "/ 119.0", "/ 120.0"),
    "window deviation ddof 0": LogicChange("window_deviation", "(days - 1.0)", "(days - 0.0)"),
    "DIV epsilon 1e-9": LogicChange("DIV", "finite(x / (y + 1e-6))", "finite(x / (y + 1e-9))"),
    "DIV by zero gives 0": LogicChange(
        "DIV", "finite(x / (y + 1e-6))", "finite(where(absolute(y) > 1e-6, x / y, 0.0))"
    ),
    "PRESSURE without factor 3": LogicChange("PRESSURE", "3.0 * (close", "1.0 * (close"),
    "DECAY weights 1, 0.5, 0.25": LogicChange(
        "DECAY", "0.8 * since(ago(x, 1), 1)) + 0.6", "0.5 * since(ago(x, 1), 1)) + 0.25"
    ),
    "TSUM20 as a mean": LogicChange("TSUM20", "window_sum(x, 20)", "window_sum(x, 20) / 20.0"),
    "simple instead of log returns": LogicChange(
        "RET", "ln(growth(close, factor, 1))", "(growth(close, factor, 1) - 1.0)"
    ),
    "mean20 without today": LogicChange("distance_from_mean20", "/ 20.0", "/ 19.0"),
    "missing scores as 0": LogicChange("mask_unknown", "NOT_A_NUMBER)", "0.0)"),
    "SIGN(0) = 1": LogicChange("sign", "x > 0.0, 1.0", "x >= 0.0, 1.0"),
}


def with_logic(text: str, change: str) -> str:
    """Write one definition as a second implementation does (a name of LOGIC_CHANGES)."""
    made = LOGIC_CHANGES[change]
    if not defines(text, made.name):
        raise NotApplicable(f"{change}: the strategy has no {made.name}")
    return block(text, altered(made), RESEAL)


def altered(change: LogicChange) -> str:
    """Return the definition with its change; NotApplicable where the kernel no longer has that line."""
    source = definition(change.name)
    if source.count(change.before) != 1:
        raise NotApplicable(f"{change.before!r} stands {source.count(change.before)} times in {change.name}")
    return source.replace(change.before, change.after)


LAYERS_GIVEN = ("pool", "inputs", "score", "rank")
_GIVEN = '''
import json as json_of_given

GIVEN_{number} = json_of_given.loads({told!r})


def given_{number}(context, name, usual):
    """Return what the other side says about today, else what is usual."""
    return GIVEN_{number}.get(str(context.current_dt.date()), {{}}).get(name, usual)


def given_scores_{number}(context, pool, usual):
    """Return the scores of the other side, bit for bit."""
    told = given_{number}(context, "scores", {{}})
    bits = [told.get(code) for code in pool]
    return np.array(
        [
            old if new is None else float("nan") if new == "nan" else struct.unpack(">d", bytes.fromhex(new))[0]
            for old, new in zip(usual, bits)
        ]
    )


def given_order_{number}(context, pool, order):
    """Return the places of the pool in the order of the other side; what it does not list comes last."""
    place = {{code: number for number, code in enumerate(pool)}}
    told = [place[code] for code in given_{number}(context, "order", []) if code in place]
    return told + [number for number in order if number not in told]
'''


def with_given(text: str, audits: Iterable[AuditLine], layer: str) -> str:
    """Put in what the audit lines say: the pools, digest and scores, scores, or the order of the stocks."""
    told = {line.day: _told(line, layer) for line in audits}
    number = text.count("def given_scores_")
    text = block(text, _GIVEN.format(number=number, told=json.dumps(told, separators=(",", ":"))))
    if layer == "pool":
        return _wrapped(text, "pool", f'given_{number}(context, "pool", {{usual}})')
    if layer == "rank":
        text = _wrapped(text, "order", f"given_order_{number}(context, pool, {{usual}})")
        pick = "[pool[place] for place in order[:TOP_K] if scores[place] == scores[place]]"
        return line(text, r"^        chosen = .*$", f"        chosen = {pick}")
    if layer == "inputs":
        digest = f'            given_{number}(context, "inputs", inputs_digest(bars, INPUTS)),'
        text = line(text, r"^            (?:given_\d+\(context, \"inputs\", )?inputs_digest\(.*\),$", digest)
    return _wrapped(text, "scores", f"given_scores_{number}(context, pool, {{usual}})")


def _told(audit: AuditLine, layer: str) -> dict[str, object]:
    if layer == "pool":
        return {"pool": sorted(stock.code for stock in audit.stocks)}
    if layer == "rank":
        ranked = [stock for stock in audit.stocks if stock.rank != "-"]
        return {"order": [stock.code for stock in sorted(ranked, key=lambda stock: int(stock.rank))]}
    scores = {stock.code: stock.score.text.rpartition("[")[2].rstrip("]") for stock in audit.stocks}
    return {"scores": scores, "inputs": audit.get("inputs")}


def _wrapped(text: str, name: str, call: str) -> str:
    found = re.findall(rf"^        {name} = (.*)$", text, re.M)
    if len(found) != 1:
        raise NotApplicable(f"{name} is set {len(found)} times in the rebalance")
    return line(text, rf"^        {name} = .*$", f"        {name} = {call.format(usual=found[0])}")
