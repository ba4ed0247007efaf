"""What explains a difference: causes with their share in basis points, and the rest that nothing explains.

The one form in which the search for causes hands its result to the reports (table, JSON, page). A report without an
explanation shows the first difference and what to look at for its layer (``first_steps``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """One cause: its code (ADJ, TIME, NORM …), where it first shows, and what it is worth.

    ``day`` is ``YYYY-MM-DD`` (empty: the whole run), ``security`` a code or empty. ``basis_points`` is the part of
    the difference of the final NAV (platform − local, 1 bp = 0.01 % of the capital) that goes away with the cause,
    None where it was not measured. ``sentence`` says what happens, ``change`` what the user has to do.
    """

    code: str
    day: str
    security: str
    layer: str
    field: str
    local: str
    platform: str
    basis_points: float | None
    sentence: str
    change: str


@dataclass(frozen=True)
class Explanation:
    """All causes, the largest or earliest first as the search ranks them, and the unattributed rest in bp."""

    causes: tuple[Cause, ...]
    unattributed_bp: float | None = None
    remarks: tuple[str, ...] = ()
