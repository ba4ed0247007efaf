"""What two runs must share before their results can be compared: period, capital, frequency, settings, rules.

``run.json`` states them; a platform download does not, so against the platform nothing is known and nothing is
refused here. The market's fingerprint is not among them: different data is what a comparison may want to find.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PREMISES = ("start", "end", "cash", "frequency", "options", "rules_changed")


def premises_of(page: Mapping[str, Any]) -> dict[str, str]:
    """Return name -> text of the premises that a ``run.json`` states; options one by one."""
    found: dict[str, str] = {}
    for name in PREMISES:
        value = page.get(name)
        if isinstance(value, Mapping):
            # what one side leaves unsaid is its default, so an empty set of rules is a statement too
            found[name] = "stated"
            found |= {f"{name}.{key}": _text(part) for key, part in value.items()}
        elif value is not None:
            found[name] = _text(value)
    return found


def unequal_premises(left: Mapping[str, str], right: Mapping[str, str]) -> list[str]:
    """Return ``name: left ≠ right`` of each premise that differs; empty when one side states none."""
    if not left or not right:
        return []
    stated = {name for name in PREMISES if name in left and name in right}
    names = sorted(name for name in {*left, *right} if name.partition(".")[0] in stated)
    pairs = [(name, left.get(name, "–"), right.get(name, "–")) for name in names]
    return [f"{name}: {one} ≠ {other}" for name, one, other in pairs if one != other]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
