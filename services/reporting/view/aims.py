"""Which target a figure is measured against, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple


class Aim(NamedTuple):
    """A target of a unit, as known and issued."""

    kind: str
    category: str | None
    first: int
    last: int
    period: str
    minimum: int
    maximum: int | None
    deadline: int | None
    deadline_inclusive: int
    document: str | None
    issued_on: int
    position: int
    stream: bytes

    def order(self) -> tuple[int, int, str, str]:
        """Return what targets are listed by."""
        return self.first, self.last, self.kind, self.category or ""

    def overlaps(self, first: int, last: int) -> bool:
        """Tell whether it is of a day between two."""
        return self.first <= last and first <= self.last

    @property
    def closes(self) -> int:
        """Return the last day that counts toward it."""
        if self.deadline is None:
            return self.last
        return min(self.last, self.deadline - (not self.deadline_inclusive))

    def state(self, admitted: int) -> str:
        """Return where so many admitted people stand against its bounds."""
        if admitted < self.minimum:
            return "below"
        return "exceeded" if self.maximum is not None and admitted > self.maximum else "reached"


@dataclass(frozen=True, slots=True)
class Measure:
    """What a figure is measured against."""

    kind: str
    minimum: int
    maximum: int | None
    deadline: int | None
    deadline_inclusive: bool
    document: str | None
    is_: str
    aims: tuple[Aim, ...]
    of_period: bool
    """Whether it is of exactly the asked days."""

    @property
    def closes(self) -> int | None:
        """Return the last day that counts toward it, or None."""
        if self.deadline is None:
            return None
        return self.deadline if self.deadline_inclusive else self.deadline - 1

    def shown(self) -> dict[str, Any]:
        """Return it in the shape of the public formats."""
        return {
            "kind": self.kind,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "deadline": None if self.deadline is None else iso(self.deadline),
            "deadline_inclusive": self.deadline_inclusive,
            "document": self.document,
        }


def iso(day: int) -> str:
    """Return a day as it is written in the public formats."""
    return date.fromordinal(day).isoformat()


def measure(aims: Sequence[Aim], first: int, last: int) -> Measure | None:
    """Choose what a period's figure is measured against; a category never is.

    The assigned target of exactly that period; else its term target; else the sum of the
    fewest assigned targets that tile it; else the smallest assigned one that encloses it.
    """
    whole = [aim for aim in aims if aim.category is None]
    for kind in ("assigned", "term"):
        for aim in whole:
            if (aim.kind, aim.first, aim.last) == (kind, first, last):
                return _alone(aim, of_period=True)
    assigned = [aim for aim in whole if aim.kind == "assigned"]
    if tiles := _tiles(assigned, first, last):
        return _together(tiles)
    enclosing = [aim for aim in assigned if aim.first <= first and last <= aim.last]
    if enclosing:
        smallest = min(enclosing, key=lambda aim: (aim.last - aim.first, aim.first))
        return _alone(smallest, of_period=False)
    return None


def _alone(aim: Aim, *, of_period: bool) -> Measure:
    return Measure(
        aim.kind,
        aim.minimum,
        aim.maximum,
        aim.deadline,
        bool(aim.deadline_inclusive),
        aim.document,
        f"{aim.kind} target of {aim.period}",
        (aim,),
        of_period,
    )


def _together(tiles: Sequence[Aim]) -> Measure:
    upper = [tile.maximum for tile in tiles if tile.maximum is not None]
    return Measure(
        "assigned",
        sum(tile.minimum for tile in tiles),
        sum(upper) if len(upper) == len(tiles) else None,
        None,
        True,  # noqa: FBT003 - as where there is no deadline
        None,
        f"assigned targets of {', '.join(tile.period for tile in tiles)}",
        tuple(tiles),
        True,  # noqa: FBT003 - they tile exactly the asked days
    )


def _tiles(aims: Sequence[Aim], first: int, last: int) -> tuple[Aim, ...]:
    """Return the fewest targets that cover every day once; empty if none do."""
    inside = sorted(aim for aim in aims if first <= aim.first and aim.last <= last)
    best: dict[int, tuple[Aim, ...]] = {first: ()}
    for aim in sorted(inside, key=lambda aim: (aim.first, aim.last)):
        if aim.first in best:
            so_far = (*best[aim.first], aim)
            if aim.last + 1 not in best or len(so_far) < len(best[aim.last + 1]):
                best[aim.last + 1] = so_far
    return best.get(last + 1, ())
