"""One uncertain point of the platform: what ``rules_trading`` and ``rules_data`` list and ``rules`` chooses from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sure = Literal["observed", "documented", "inferred", "guess"]


@dataclass(frozen=True)
class Rule:
    """One uncertain point of the platform; ``alternatives`` empty = any number or text of the same kind."""

    name: str
    value: str
    alternatives: tuple[str, ...]
    meaning: str
    evidence: str
    sure: Sure
