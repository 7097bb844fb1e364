"""Whose figures a stretch of the ledgers changes, and where those units lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from infra.database import Database
from services.reporting.view.knowledge import Knowledge, positions_at

COUNTING = ("dossiers", "training", "reporting")
"""The ledgers whose facts count; verification only tells."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A unit whose figures facts have changed, up to some positions."""

    unit: UUID
    code: str
    on: date
    """A day on which it is there: today, or else its last."""
    above: tuple[UUID, ...]
    """The units above it on that day."""
    positions: Mapping[str, int]


class Watch:
    """Tells, each time it is asked, what has changed since the last time.

    It has a connection of its own, and is asked by one thread.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: Mapping[str, int] = positions_at(db, None)

    @property
    def seen(self) -> Mapping[str, int]:
        """Return the positions up to which everything was told."""
        return self._seen

    def changes(self, today: date) -> list[Moved]:
        """Return the units whose figures are new, from the one that acted to the highest above.

        A unit that lay above on some day is told too: its figures of that day are new.
        """
        with self._db.reading():
            knowledge = Knowledge(self._db, positions_at(self._db, None))
            touched = self._touched(knowledge)
            found = [
                _moved(knowledge, number, told, today)
                for number, told in _with_those_above(knowledge, touched).items()
            ]
        self._seen = knowledge.positions
        return [each for each in found if each]

    def _touched(self, knowledge: Knowledge) -> dict[bytes, dict[str, int]]:
        touched: dict[bytes, dict[str, int]] = {}
        for ledger in COUNTING:
            since, until = self._seen[ledger], knowledge.positions[ledger]
            if since == until:
                continue
            for unit, named, position in knowledge.rows(
                _TOUCHED.format(ledger=ledger), since=since, until=until
            ):
                for each in (unit, UUID(named).bytes if named else None):
                    if each:
                        told = touched.setdefault(each, {})
                        told[ledger] = max(position, told.get(ledger, 0))
        return touched


def _with_those_above(
    knowledge: Knowledge, touched: Mapping[bytes, Mapping[str, int]]
) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for unit, told in touched.items():
        for (number,) in knowledge.rows(_EVER_ABOVE, unit=unit):
            positions = found.setdefault(number, {})
            for ledger, position in told.items():
                positions[ledger] = max(position, positions.get(ledger, 0))
    return found


def _moved(
    knowledge: Knowledge, number: int, positions: Mapping[str, int], today: date
) -> Moved | None:
    branches = knowledge.rows(_ABOVE, number=number)
    last = max((until for *_, until in branches), default=0) - 1
    on = min(today.toordinal(), last)
    if on < 1:
        return None  # nobody has told of the unit yet
    above = [UUID(bytes=unit) for unit, since, until in branches if since <= on < until]
    unit = knowledge.id(number)
    return Moved(
        unit,
        knowledge.codes([number], on)[number],
        date.fromordinal(on),
        tuple(each for each in above if each != unit),
        positions,
    )


def above(knowledge: Knowledge, unit: UUID, on: date) -> list[UUID] | None:
    """Return the units above a unit on a day; None where it is not there on that day."""
    day = on.toordinal()
    found = knowledge.rows(_ABOVE_ON, unit=unit.bytes, day=day)
    units = [UUID(bytes=ancestor) for (ancestor,) in found]
    return [each for each in units if each != unit] if unit in units else None


def bearer(knowledge: Knowledge, code: str, on: date) -> UUID | None:
    """Return the unit that bears a code on a day."""
    found = knowledge.rows(_BEARER, code=code, day=on.toordinal())
    return UUID(bytes=found[0][0]) if found else None


def code_of(knowledge: Knowledge, unit: UUID, on: date) -> str | None:
    """Return the code that a unit bears on a day; None where it is not there."""
    found = knowledge.rows(_CODE, unit=unit.bytes, day=on.toordinal())
    return found[0][0] if found else None


# A correction may take a fact from one unit to another: every unit of its candidacy is told.
_TOUCHED = """
with fresh as (
    select position, stream, unit, field(particulars, 'now_unit') as named,
        (unit is null or type like '%Corrected' or type like '%Retracted') as elsewhere
    from history_{ledger} where position > :since and position <= :until)
select unit, named, position from fresh
union all select u.id, null, n.position from fresh n join units u on u.id = n.stream
union all select h.unit, null, n.position from fresh n
join history_{ledger} h on h.stream = n.stream where n.elsewhere and h.unit is not null"""
_EVER_ABOVE = """
select distinct t.ancestor from units u join tree t on t.unit = u.number where u.id = :unit"""
_ABOVE = """
select u.id, t.since, t.until from tree t join units u on u.number = t.ancestor
where t.unit = :number and t.known_from <= :known and t.known_to > :known"""
_ABOVE_ON = """
select a.id from units u join tree t on t.unit = u.number join units a on a.number = t.ancestor
where u.id = :unit and t.known_from <= :known and t.known_to > :known
  and t.since <= :day and t.until > :day"""
_BEARER = """
select u.id from unit_states s join units u on u.number = s.number
where s.code = :code and s.since <= :day and s.until > :day
  and s.known_from <= :known and s.known_to > :known"""
_CODE = """
select s.code from units u join unit_states s on s.number = u.number
where u.id = :unit and s.since <= :day and s.until > :day
  and s.known_from <= :known and s.known_to > :known"""
