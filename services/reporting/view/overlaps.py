"""What a count would count twice: the counts that stand, and people known one by one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple
from uuid import UUID

from events.period import Period
from services.reporting.view.knowledge import Knowledge


class CountStanding(NamedTuple):
    """A count as it is now known."""

    unit: UUID
    indicator: str
    period: Period


def counts_standing(knowledge: Knowledge) -> list[CountStanding]:
    """Return every count of every unit."""
    return [
        CountStanding(
            UUID(bytes=unit),
            indicator,
            Period(date.fromordinal(first), date.fromordinal(last), period),
        )
        for unit, indicator, first, last, period in knowledge.rows(_COUNTS)
    ]


def person_in(
    knowledge: Knowledge, indicator: str, period: Period, unit: UUID, above: Iterable[UUID]
) -> tuple[UUID, date] | None:
    """Return where and when somebody is known in a period: in a unit, or in line with it."""
    asked = {
        "kind": indicator,
        "first": period.first.toordinal(),
        "last": period.last.toordinal(),
    }
    found = knowledge.rows(_PEOPLE_BELOW, unit=unit.bytes, **asked)
    for ancestor in above:
        found = found or knowledge.rows(_PEOPLE_AT, unit=ancestor.bytes, **asked)
    return (UUID(bytes=found[0][0]), date.fromordinal(found[0][1])) if found else None


_COUNTS = """
select unit, kind, first_day, on_day, period from facts_reporting
group by stream, unit, kind, first_day, on_day, period having sum(sign) > 0
order by stream, first_day, on_day"""
_PEOPLE_BELOW = """
select place.id, f.on_day from units u
cross join tree t cross join facts_dossiers f cross join units place
where u.id = :unit and t.ancestor = u.number and f.unit = t.unit and place.number = f.unit
  and f.kind = :kind and f.on_day between :first and :last
  and f.tree_on >= t.since and f.tree_on < t.until and t.known_to = (select max(known_to) from tree)
group by f.candidacy, f.version, f.on_day, place.id having sum(f.n) > 0
order by f.candidacy, f.version, f.on_day limit 1"""
_PEOPLE_AT = """
select u.id, f.on_day from units u cross join facts_dossiers f
where u.id = :unit and f.unit = u.number and f.kind = :kind and f.on_day between :first and :last
group by f.candidacy, f.version, f.on_day, u.id having sum(f.n) > 0
order by f.candidacy, f.version, f.on_day limit 1"""
