"""What explains a difference: causes with their share in basis points, and the rest that nothing explains.

The one form in which the search for causes hands its result to the reports (table, JSON, page). A report without an
explanation shows the first difference and what to look at for its layer (``first_steps``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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
class Rederived:
    """A layer that the files of a side do not tell, derived here by running the strategy as that side must have.

    The run agrees with all that the side's files do tell, through ``until`` (``YYYY-MM-DD``, empty: to the end).
    ``day`` to ``platform`` tell the first difference; they are empty where the layer is the same on both sides.
    """

    layer: str
    compared: int
    different: int
    until: str = ""
    day: str = ""
    security: str = ""
    field: str = ""
    local: str = ""
    platform: str = ""


@dataclass(frozen=True)
class Explanation:
    """All causes, the largest or earliest first as the search ranks them, and the unattributed rest in bp."""

    causes: tuple[Cause, ...]
    unattributed_bp: float | None = None
    remarks: tuple[str, ...] = ()
    rederived: tuple[Rederived, ...] = ()

    @staticmethod
    def from_plain(page: Mapping[str, Any]) -> Explanation:
        """Return an explanation from what ``dataclasses.asdict`` made of it, by way of JSON."""
        return Explanation(
            tuple(Cause(**cause) for cause in page["causes"]),
            page["unattributed_bp"],
            tuple(page["remarks"]),
            tuple(Rederived(**layer) for layer in page["rederived"]),
        )
