"""Where two run directories first differ, from their texts alone: the truth against which a search is measured.

It shares no code with the comparison of parity: lines and cells are compared as text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from parity.counterfactual import Recipe

_COLUMNS = {"fill price": (7,), "fee": (12,), "size": (9, 6)}


def first_difference(right: Path, wrong: Path, layer: str) -> tuple[str, str]:
    """Return (day, code) of the first difference between two run directories, by comparing lines of text.

    Of one day the audit line comes first, then the table of orders, then that of holdings, then the daily returns.
    The code is that of the first entry, in the order of the right side, that differs; empty where none does.
    """
    audits = [_audits(folder) for folder in (right, wrong)]
    tables = {
        name: [_rows(folder / name) for folder in (right, wrong)]
        for name in ("transaction.csv", "position.csv", "result.csv")
    }
    days = [_unequal(*audits), *(_unequal(*pair) for pair in tables.values())]
    day = min((each for each in days if each), default="")
    if not day:
        return "", ""
    if layer in ("inputs", "score", "rank/ties", "target") and days[0] == day:
        lines = [told.get(day, "") for told in audits]
        return day, (_entry(*lines) if all(lines) else "") or _order_code(tables, day, ())
    if layer == "fee" and (fees := _fees(right, wrong)) and fees[0] <= day:
        return fees
    if layer in ("order", "size", "fill price", "fee") and days[1] == day:
        return day, _order_code(tables, day, _COLUMNS.get(layer, ()))
    if days[2] == day:
        mine, theirs = (pair.get(day, []) for pair in tables["position.csv"])
        return day, _holding_code(mine, theirs, layer)
    return day, ""


def _audits(folder: Path) -> dict[str, str]:
    lines = (folder / "log.txt").read_text("utf-8").splitlines()
    found = [line.partition("AUDIT|")[2] for line in lines if "AUDIT|" in line]
    return {line.split("|")[1]: line for line in found}


def _rows(path: Path) -> dict[str, list[list[str]]]:
    rows: dict[str, list[list[str]]] = {}
    for row in list(csv.reader(io.StringIO(path.read_text("gbk"))))[1:]:
        rows.setdefault(row[0][:10], []).append(row)
    return rows


def _unequal(one: dict, other: dict) -> str:
    return min((day for day in {*one, *other} if one.get(day) != other.get(day)), default="")


_FEE = re.compile(r"^(\d{4}-\d\d-\d\d) .*?(\d{6}\.XSH[EG]).*?commission: ?([-\d.e]+)")


def _fees(right: Path, wrong: Path) -> tuple[str, str] | None:
    """Return (day, code) of the first fill line of both logs whose commission differs."""
    lines = [
        [
            found.groups()
            for line in (folder / "log.txt").read_text("utf-8").splitlines()
            if (found := _FEE.match(line))
        ]
        for folder in (right, wrong)
    ]
    return next(((one[0], one[1]) for one, other in zip(*lines, strict=False) if one != other), None)


def payer(right: Path, recipe: Recipe, day: str) -> str:
    """Return the first code, by number, that was held the day before and has a corporate action on ``day``."""
    rows = _rows(right / "position.csv")
    before = max((told for told in rows if told < day), default="")
    held = sorted(row[2].rpartition("(")[2].rstrip(")") for row in rows.get(before, []))
    table = recipe.bundle.corporate_actions
    acting = set(table[table["ex_date"].astype(str).str[:10] == day]["code"])
    return next((code for code in held if code in acting), "")


def _entry(one: str, other: str) -> str:
    mine, theirs = (
        {part.split(":")[0]: part.split(":")[1:] for part in line.split("|") if part.count(":") == 3}
        for line in (one, other)
    )
    both = [code for code in mine if code in theirs]
    for field in ((0,), (1,), (2,)):
        for code in both:
            if any(mine[code][at] != theirs[code][at] for at in field):
                return code
        if field == (0,):
            alone = [code for code in mine if code not in theirs] + [code for code in theirs if code not in mine]
            if alone:
                return alone[0]
    return ""


def _order_code(tables: dict, day: str, columns: Iterable[int]) -> str:
    mine, theirs = (
        {row[3].rpartition("(")[2].rstrip(")"): row for row in pair.get(day, [])}
        for pair in tables["transaction.csv"]
    )
    for code in _in_order(list(mine), list(theirs)):
        one, other = mine.get(code), theirs.get(code)
        if one is None or other is None or (columns and any(one[at] != other[at] for at in columns)):
            return code
        if not columns and one != other:
            return code
    return ""


def _in_order(mine: list[str], theirs: list[str]) -> list[str]:
    """Merge two lists of codes: what stands on one side alone comes where it stands, mine before theirs."""
    merged, at = [], 0
    for code in mine:
        if code in theirs:
            place = theirs.index(code)
            merged += [other for other in theirs[at:place] if other not in mine]
            at = max(at, place)
        merged.append(code)
    return merged + [other for other in theirs[at:] if other not in mine]


def _holding_code(mine: list[list[str]], theirs: list[list[str]], layer: str) -> str:
    """Return the code of the first differing holding; a payout shows in the cash alone, so the stock is not told."""
    others = {row[2]: row for row in theirs}
    for row in mine:
        # everything but the total value and the weight, which differ in every row of the day
        if layer != "cash" and others.get(row[2], [])[:15] != row[:15] and row[2] != "Cash":
            return row[2].rpartition("(")[2].rstrip(")")
    return ""
