"""From the first difference to the last: find the cause, put it right, run on, charge the change of the NAV to it.

``walk`` starts from a recipe that reproduces one side (the *anchor*) and walks to the other side (the *target*),
of which only the files are known. At each step the rows of ``causes.CAUSES`` whose signature fits the first
difference offer their counterfactuals; each is probed through the day of that difference, the ones that remove it
are run to the end, and the one that leaves the latest first difference is kept. Where no single one helps, pairs are
tried, then the other side's own values are put in. What then remains is the unattributed rest.

The NAV is charged step by step, so the parts add up: Σ bp + rest = (platform − local) ÷ capital × 10,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, zip_longest
from math import isfinite

from parity.causes import BY_CODE, CAUSES, DEEP, GIVEN, CauseRow
from parity.change_words import in_chinese
from parity.counterfactual import (
    Bench,
    Change,
    Recipe,
    Trial,
    holdings_gap,
    last_common_day,
    path_gap,
    values_of,
)
from parity.counterfactual_text import NotApplicable
from parity.counterfactual_values import LAYERS_GIVEN, with_given
from parity.distance import distance
from parity.edited import edited
from parity.explanation import Cause, Explanation
from parity.layers import CHINESE, Comparison
from parity.quirks import Quirk, matching, quirk_remark
from parity.records import Side
from parity.scene import Scene
from sdk.errors import JqalphaError
from sdk.report.audit_lines import AuditLine

MOST_STEPS, MOST_FULL_RUNS, MOST_PARTIAL_RUNS, MOST_PAIRS, MOST_OF_A_CAUSE = 10, 8, 3, 40, 6
MOST_NEAR, MOST_NEAR_PAIRS, MUCH_NEARER = 3, 150, 0.5
_NEAREST_ONLY = (
    "没有 AUDIT 行，改后仍有差异：所列原因是与文件最接近的解释，未必是全部 "
    "the sides still differ and no audit lines tell the layer: the causes are the nearest explanation"
)
_DEEP_CODES = frozenset(row.code for row in DEEP)
_GIVEN_WHEN = {
    "pool": lambda scene: any("pool" in field for field in scene.fields),
    "inputs": lambda scene: scene.reads_differ,
    "score": lambda scene: "score" in scene.layers,
    "rank": lambda scene: "rank/ties" in scene.layers,
}
_LAYER_OF_GIVEN = {"pool": "inputs", "inputs": "inputs", "score": "score", "rank": "rank/ties"}
_BEFORE_TRADING = frozenset(_LAYER_OF_GIVEN.values())


@dataclass(frozen=True)
class Step:
    """One cause found: the change, the difference it removed, and the runs before and after it."""

    change: Change
    first: Comparison
    day: str
    security: str
    before: Trial
    after: Trial


@dataclass(frozen=True)
class Walk:
    """The way from anchor to target: the steps, what is left at the end, and what it cost in runs."""

    steps: tuple[Step, ...]
    start: Trial
    end: Trial
    runs: int
    own_noise: Comparison | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(step.change.cause for step in self.steps)

    @property
    def equal(self) -> bool:
        return self.end.standing.equal


def walk(
    recipe: Recipe, target: Side, quirks: Sequence[Quirk] = (), given: bool = True, own: Side | None = None
) -> Walk:
    """Walk from a recipe's run to the target. ``given``: put in the target's values where no reason reproduces it.

    ``own``: the recipe's run, where it was made already.
    """
    bench = Bench(target, (lambda one: matching(one, quirks) is not None) if quirks else None)
    if own is not None:
        bench.take(recipe, own)
    start = now = bench.full(recipe)
    bench.knows(start.side)
    noise = _own_noise(bench, start)
    steps: list[Step] = []
    while not now.standing.equal and len(steps) < MOST_STEPS:
        scene = _scene(bench, now)
        if scene.died:
            break
        found = _noise_step(bench, scene, now) if noise is not None and not steps else None
        near: Near = []
        found = found or _best(bench, scene, now, near)
        if not found or not found[0][1].standing.equal:
            found = edited(bench, scene, now) or found or _pair(bench, scene, now, near)
        if found is None and given:
            found = _given(bench, scene, now)
        if not found:
            break
        for change, after in found:
            first, security = _evidence(BY_CODE[change.cause], scene, now, after)
            steps.append(Step(change, first, scene.first.moment[:10], security, now, after))
            now = after
    steps = _needed(bench, recipe, steps, now)
    return Walk(tuple(steps), start, steps[-1].after if steps else start, bench.runs, noise)


def _scene(bench: Bench, now: Trial) -> Scene:
    return Scene(now.recipe, now.side, bench.target, now.verdict, bench.seen(now.verdict))


Found = list[tuple[Change, Trial]]


def _own_noise(bench: Bench, start: Trial) -> Comparison | None:
    """Run the recipe a second time: a run that differs from itself has no seed. The first difference, or None."""
    if start.standing.equal:
        return None
    again = Bench(start.side).full(start.recipe)
    bench.runs += 1
    return again.verdict.first


def _noise_step(bench: Bench, scene: Scene, now: Trial) -> Found | None:
    """ENV: the side differs from itself; the other side's values are put in to see what it is worth."""
    found = _given(bench, scene, now)
    return [(replace(found[0][0], cause="ENV"), found[0][1])] if found else None


# -------------------------------------------------------------------------------------------------------- one change
Near = list[tuple[float, int, Change]]  # how far apart the sides are with a change made, its number, the change


def _best(bench: Bench, scene: Scene, now: Trial, near: Near) -> Found | None:
    """Return the one change that leaves the latest first difference; rows with many changes are asked last.

    ``near`` is filled with what was tried, where there are no audit lines.
    """
    found = _single(bench, scene, now, CAUSES, near)
    if found and (found[0][1].standing.equal or found[0][0].cause not in _DEEP_CODES):
        return found
    deeper = _single(bench, scene, now, DEEP, near)
    both = [*(found or ()), *(deeper or ())]
    return [max(both, key=lambda run: run[1].standing.key)] if both else None


def _single(bench: Bench, scene: Scene, now: Trial, rows: Sequence[CauseRow], near: Near) -> Found | None:
    """Return the change that moves the first difference furthest, run to the end; None where none does.

    What cures its probe is run to the end at once, and the search ends with the first that cures the whole run.
    Without audit lines a change that cures its probe in part must also bring the sides much nearer, and the nearest
    comes first: there any choice of stocks moves some difference.
    """
    runs: Found = []
    partial: list[tuple[tuple[float, tuple[str, int, int], int], Change, Recipe]] = []
    options = [change for row in _in_turn(rows, scene) for change in _changes(row, scene)]
    apart = distance(scene.of_the_day)
    for number, change in enumerate(options):
        made = _applied(change, now.recipe)
        trial = None if made is None else _try(bench, scene, made)
        if made is None or trial is None:
            continue
        gap = 0.0 if scene.audited else distance(bench.seen(trial.verdict))
        if not scene.audited:
            near.append((gap, number, change))
        if not trial.standing.beyond(now.standing):
            continue
        if not trial.standing.equal:
            if scene.audited or gap < MUCH_NEARER * apart:
                partial.append(((-gap, trial.standing.key, -number), change, made))
        elif (whole := bench.attempt(made)) is not None:
            runs.append((change, whole))
            if whole.standing.equal:
                return [(change, whole)]
            if len(runs) == MOST_FULL_RUNS:
                break
    if not runs:
        partial.sort(key=lambda row: row[0], reverse=True)
        tried = [(change, bench.attempt(made)) for _, change, made in partial[:MOST_PARTIAL_RUNS]]
        runs = [(change, whole) for change, whole in tried if whole is not None]
        if not scene.audited:
            runs = sorted(runs, key=lambda run: distance(bench.seen(run[1].verdict)))
            runs = [run for run in runs if run[1].standing.beyond(now.standing)][:1]  # the nearest over the whole run
    runs = [(change, whole) for change, whole in runs if whole.standing.beyond(now.standing)]
    if not scene.audited:  # there a chance likeness on the first day may lead anywhere
        gap = path_gap(now.side, bench.target)
        runs = [run for run in runs if run[1].standing.equal or not path_gap(run[1].side, bench.target) > gap]
    return [max(runs, key=lambda run: (run[1].standing.key, -path_gap(run[1].side, bench.target)))] if runs else None


def _in_turn(rows: Sequence[CauseRow], scene: Scene) -> list[CauseRow]:
    """Return the rows whose signature fits; without audit lines those born where the first difference is come first.

    Many rows fit then, for the signal shows in all that is traded, and each of their changes is a run.
    """
    fitting = [row for row in rows if row.signature(scene)]
    return fitting if scene.audited else sorted(fitting, key=lambda row: scene.first_layer not in row.layers)


def _changes(row: CauseRow, scene: Scene) -> list[Change]:
    """Return the changes that a row offers and the strategy can take; those before the first that cannot be made."""
    found: list[Change] = []
    with suppress(NotApplicable, JqalphaError):
        # what came before the exception stays in the list
        found.extend(change for change in row.changes(scene) if change.portable or scene.exported)
    return found


def _applied(change: Change, recipe: Recipe) -> Recipe | None:
    """Return the changed recipe; None where the change has no place or changes nothing."""
    try:
        made = change.apply(recipe)
    except (NotApplicable, JqalphaError):
        return None
    return None if made == recipe else made


def _try(bench: Bench, scene: Scene, recipe: Recipe) -> Trial | None:
    """Run past the day of the first difference; to the end where that has no day or the run begins after it."""
    day = scene.first.moment[:10]
    return bench.probe(recipe, day) if day and recipe.start <= day else bench.attempt(recipe)


# ----------------------------------------------------------------------------------------------- two changes at once
def _pair(bench: Bench, scene: Scene, now: Trial, near: Near) -> Found | None:
    """Return two changes of different causes that remove the first difference together; None where none do."""
    rows = [row for row in CAUSES if row.signature(scene)]
    offered = [
        [change for change in _changes(row, scene)[:MOST_OF_A_CAUSE] if _applied(change, now.recipe)] for row in rows
    ]
    if near:
        pairs = _near_pairs(scene, near, offered)
    else:
        twos = combinations([change for changes in offered for change in changes], 2)
        pairs = [(one, other) for one, other in twos if one.cause != other.cause][:MOST_PAIRS]
    for one, other in pairs:
        first = _applied(one, now.recipe)
        both = None if first is None else _applied(other, first)
        trial = None if both is None else _try(bench, scene, both)
        if first is None or both is None or trial is None or not trial.standing.equal:
            continue
        halfway, whole = bench.attempt(first), bench.attempt(both)
        if halfway is not None and whole is not None and whole.standing.beyond(now.standing):
            return [(one, halfway), (other, whole)]
    return None


def _near_pairs(scene: Scene, near: Near, offered: Sequence[Sequence[Change]]) -> list[tuple[Change, Change]]:
    """Return the changes that brought the sides nearest, each with the first changes of every other cause."""
    apart = distance(scene.of_the_day)
    nearest = [change for gap, _, change in sorted(near, key=lambda row: row[:2]) if gap < apart][:MOST_NEAR]
    in_turn = [change for place in zip_longest(*offered) for change in place if change is not None]
    return [(one, other) for other in in_turn for one in nearest if one.cause != other.cause][:MOST_NEAR_PAIRS]


# ------------------------------------------------------------------------------------------- the other side's values
def _given(bench: Bench, scene: Scene, now: Trial) -> Found | None:
    """Put in what the other side's audit lines say; the layer at which that helps names the cause."""
    audits = tuple(scene.target.audits or ())
    if not audits:
        return None
    for layer in LAYERS_GIVEN:
        if not _GIVEN_WHEN[layer](scene):
            continue
        words = f"{CHINESE[_LAYER_OF_GIVEN[layer]]}取自另一侧的 AUDIT 行 ({layer} of the other side)"
        change = Change(GIVEN[layer], words, partial(_put_in, audits, layer))
        made = _applied(change, now.recipe)
        if made is None:
            continue
        trial = _try(bench, scene, made)
        if trial is None or not trial.standing.beyond(now.standing):
            continue
        whole = bench.attempt(made)
        if whole is not None and whole.standing.beyond(now.standing):
            return [(change, whole)]
    return None


# --------------------------------------------------------------------------------------------------- what was needed
def _put_in(audits: tuple[AuditLine, ...], layer: str, recipe: Recipe) -> Recipe:
    return recipe.with_text(with_given, audits, layer)


def _needed(bench: Bench, recipe: Recipe, steps: list[Step], now: Trial) -> list[Step]:
    """Leave out a step without which the rest reaches just as far; the NAV is then charged to the others."""
    kept = list(steps)
    for step in steps:
        if len(kept) < 2:
            break
        others = [other for other in kept if other.change is not step.change]
        made: Recipe | None = recipe
        for other in others:
            made = None if made is None else _applied(other.change, made)
        trial = None if made is None else bench.attempt(made)
        if trial is not None and trial.standing.key >= now.standing.key:
            kept = _charged(bench, recipe, others) or kept
    return kept


def _charged(bench: Bench, recipe: Recipe, steps: list[Step]) -> list[Step]:
    """Return the steps with the runs before and after each, applied one after the other.

    It ends where the sides are equal, because a step after that has no difference; empty where a run fails halfway.
    """
    now, found = bench.full(recipe), list[Step]()
    for step in steps:
        if now.standing.equal:
            break
        scene = _scene(bench, now)
        made = _applied(step.change, now.recipe)
        after = None if made is None else bench.attempt(made)
        if after is None:
            return []
        first, security = _evidence(BY_CODE[step.change.cause], scene, now, after)
        found.append(Step(step.change, first, scene.first.moment[:10], security, now, after))
        now = after
    return found


def _evidence(row: CauseRow, scene: Scene, now: Trial, after: Trial) -> tuple[Comparison, str]:
    """Return the first difference of the day that the cause explains, and the code where it first shows.

    It is the first in the cause's layers, since of one moment a later layer may be the reason for an earlier one (a
    fee leaves less money for the next order); but a step that leaves nothing of a day explains scores that differ.
    """
    cured = after.standing.moment[:10] > scene.first.moment[:10]
    born = cured and scene.of_the_day[0].layer in _BEFORE_TRADING
    mine = scene.of_the_day if born else [one for one in scene.of_the_day if one.layer in row.layers]
    first = (mine or scene.of_the_day)[0]
    if first.code:
        return first, first.code
    named = [one for one in scene.of_the_day if one.code and one.moment == first.moment]
    if first.layer == "cash" and row.code == "ADJ":
        return first, _ex_code(scene, now)
    return first, named[0].code if named else ""


def _ex_code(scene: Scene, now: Trial) -> str:
    """Return the held code with a corporate action on the day of the first difference, or empty."""
    day = scene.first.moment[:10]
    before = max((told for told in now.side.cash if told < day), default="")
    held = {row.code for row in now.side.positions or () if row.day == before}
    table = scene.recipe.bundle.corporate_actions
    here = table[table["ex_date"].astype(str).str[:10] == day]
    return next((code for code in here["code"] if code in held), "")


# ------------------------------------------------------------------------------------------------------- the verdict
def explanation(found: Walk, anchor: str, cash: float, target: Side, quirks: Sequence[Quirk] = ()) -> Explanation:
    """Return a walk as the causes that the reports show, in basis points of the capital on the last common day."""
    sign = 1.0 if anchor == "local" else -1.0
    day = last_common_day(found.start.side, target)
    causes = tuple(_cause(step, anchor, sign, cash, day) for step in found.steps)
    end, goal = (values_of(side).get(day) for side in (found.end.side, target))
    rest = None if end is None or goal is None else sign * (goal - end) / cash * 1e4
    return Explanation(causes, rest, (*_remarks(found, target), *quirk_remark(found.start.verdict, quirks)))


def _cause(step: Step, anchor: str, sign: float, cash: float, day: str) -> Cause:
    row, first = BY_CODE[step.change.cause], step.first
    values = {"local": first.local, "platform": first.platform}
    if anchor != "local":
        values = {"local": first.platform, "platform": first.local}
    before, after = (values_of(trial.side).get(day) for trial in (step.before, step.after))
    points = None if before is None or after is None else sign * (after - before) / cash * 1e4
    whose = "平台" if anchor == "local" else "本地"
    told = (step.change.sentence or row.sentence).replace("{whose}", whose)
    return Cause(
        *(row.code, step.day, step.security, first.layer, first.field, values["local"], values["platform"], points),
        f"{row.name}：" + told.replace("{words}", f"{whose}如同 {in_chinese(step.change.words)}"),
        step.change.advice or row.advice,
    )


def _remarks(found: Walk, target: Side) -> list[str]:
    remarks = []
    for step in found.steps:
        before, after = (holdings_gap(trial.side, target) for trial in (step.before, step.after))
        gap, left = (path_gap(trial.side, target) for trial in (step.before, step.after))
        told = [
            f"持仓差 {before:.0%} → {after:.0%}" if isfinite(before) and isfinite(after) else "",
            f"净值日均差 {gap:,.2f} → {left:,.2f} 元" if isfinite(gap) and isfinite(left) else "",
        ]
        if any(told):
            remarks.append(f"{step.change.cause} 改后：{'，'.join(filter(None, told))}")
    if found.own_noise is not None:
        remarks.append(f"同一侧两次运行不同 the side differs from itself, first at {found.own_noise.moment[:10]}")
    if found.steps and not found.equal and not target.audits:
        remarks.append(_NEAREST_ONLY)
    remarks.append(f"重新运行 {found.runs} 次 counterfactual runs")
    return remarks


def attributed_share(found: Walk, target: Side) -> float:
    """Return which share of the distance of the NAV paths the causes remove; 1 where the paths never differ."""
    before, after = path_gap(found.start.side, target), path_gap(found.end.side, target)
    if not before > 0.005:
        return 1.0 if not after > 0.005 else 0.0
    return 1.0 - after / before
