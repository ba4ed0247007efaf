"""The audit line of the exported strategy: one a rebalance, from inputs to targets.

``AUDIT|v1|2025-01-02|lag=2024-12-31|pool=300:<16 hex>|inputs=<16 hex>|raw=<ids>|repaired=<ids>|ties=<words>|``
then, where not the code alone ranks equal scores, ``keys=<names>|`` and what they read: ``held=<codes>|`` (or
``none``), ``money=<16 hex>|``, the digest of the traded values; where exposures are taken out of the scores,
``neutral=<names>:<rank or zscore>:<stocks without an exposure>:<16 hex>|``, the digest of the exposures;
then one entry a stock, ``<code>:<score>:<rank>:<target>``. The score is the 16 hex digits of the IEEE-754 big-endian
float64, or ``nan``; the target is in shares or CNY, ``-`` where there is none. Of an unknown version the named parts
and the entries that can be read are taken, and ``version_known`` is False.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass

from sdk.report.numbers import Reading

KNOWN_VERSIONS = ("v1",)
_ENTRY = re.compile(
    r"(?P<code>[^:|=]+):(?P<score>[0-9a-fA-F]{16}|nan):(?P<rank>-?\d+|-):(?P<target>[^:|]*)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_KEPT_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class AuditStock:
    """One stock of an audit line; ``score`` shows value and bits, and is compared by its bits."""

    code: str
    score: Reading
    rank: str
    target: str


@dataclass(frozen=True)
class AuditLine:
    """One rebalance as the strategy saw it. ``moment`` is the log's time, ``day`` the line's own date."""

    moment: str
    version: str
    day: str
    named: tuple[tuple[str, str], ...]
    stocks: tuple[AuditStock, ...]
    problems: tuple[str, ...] = ()

    @property
    def version_known(self) -> bool:
        return self.version in KNOWN_VERSIONS

    @property
    def rank_keys(self) -> tuple[str, ...]:
        """The secondary keys of the rebalance; a line that names none ranks equal scores by code."""
        return tuple(self.get("keys").split(",")) if self.get("keys") else ("code",)

    @property
    def held(self) -> tuple[str, ...]:
        """The codes held before the rebalance, as far as key held read them."""
        return tuple(code for code in self.get("held").split(",") if code not in ("", "none"))

    @property
    def neutral(self) -> tuple[tuple[str, ...], str]:
        """The exposures taken out of the scores and the standard; no names where the line says nothing."""
        names, _, rest = self.get("neutral").partition(":")
        return tuple(filter(None, names.split(","))), rest.partition(":")[0] or "rank"

    @property
    def chosen(self) -> tuple[str, ...]:
        """The codes with a target, in the order of the line."""
        return tuple(stock.code for stock in self.stocks if stock.target != "-")

    def get(self, name: str) -> str:
        return dict(self.named).get(name, "")


def parse_audit(text: str, moment: str) -> AuditLine:
    """Read what follows ``AUDIT|``. Never raises: parts without meaning are listed in ``problems``."""
    version, _, rest = text.partition("|")
    day, _, rest = rest.partition("|")
    named: dict[str, str] = {}
    stocks: dict[str, AuditStock] = {}
    problems = [] if version in KNOWN_VERSIONS else [f"unknown audit version {version[:20]!r}"]
    if not _DAY.fullmatch(day):
        problems.append(f"no date: {day[:20]!r}")
    for part in filter(None, rest.split("|")):
        name, equals, value = part.partition("=")
        entry = _ENTRY.fullmatch(part)
        if entry:
            stock = AuditStock(entry["code"], _score(entry["score"]), entry["rank"], entry["target"])
            stocks.setdefault(stock.code, stock)
        elif equals and name.isidentifier():
            named.setdefault(name, value)
        elif len(problems) < _KEPT_PROBLEMS:
            problems.append(f"no meaning: {part[:60]!r}")
    return AuditLine(moment, version, day, tuple(named.items()), tuple(stocks.values()), tuple(problems))


def _score(digits: str) -> Reading:
    """Return the score; its text is compared, so that only equal bits are equal. Every NaN is one NaN."""
    value = float("nan") if digits == "nan" else struct.unpack(">d", bytes.fromhex(digits))[0]
    return Reading("nan" if math.isnan(value) else f"{value!r} [{digits.lower()}]")
