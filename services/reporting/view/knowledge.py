"""What is known of units, targets, counts and classes at a vector of positions."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from events.refusal import Refusal
from infra.database import Database
from services.reporting.projection.history import microseconds, moment
from services.reporting.view.aims import Aim
from services.reporting.view.tables import LEDGERS


class UnknownUnit(Refusal):
    """No unit bears that code on that day."""


class UnitNotOnThatDay(UnknownUnit):
    """The unit exists, but on other days."""


class UnitNotYetKnown(Refusal):
    """At that moment nobody had told of the unit."""


@dataclass(frozen=True, slots=True)
class UnitKnown:
    """A unit as it is known on a day."""

    number: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Child:
    """A unit that lay directly below another on some day of a span."""

    number: int
    code: str
    name: str
    valid: bool
    """Whether the unit exists on the span's last day, wherever it lies."""


class CountKnown(NamedTuple):
    """An opening count, and the child through which it reaches the asked unit."""

    unit: int
    child: int
    indicator: str
    first: int
    last: int
    period: str
    amount: int
    position: int
    stream: bytes


class Stock(NamedTuple):
    """How many members a unit had on a day."""

    on: int
    amount: int
    position: int
    stream: bytes


class ClassKnown(NamedTuple):
    """A class of a centre at or below the asked unit."""

    unit: int
    child: int
    opened_on: int
    closed_on: int | None
    enrolled: int | None
    certified: int | None
    position: int
    stream: bytes
    one_by_one: int | None
    """How many learners are known one by one; None where nobody is."""

    @property
    def learners(self) -> int | None:
        """Return how many learn: as many as it was said, else those who are known."""
        return self.one_by_one if self.enrolled is None else self.enrolled

    def certified_by(self, day: int) -> int | None:
        """Return how many passed, which is known from the day the class ended."""
        ended = self.closed_on is not None and self.closed_on <= day
        return self.certified if ended else None


class Knowledge:
    """Reads one snapshot of the view, as known at one position of each ledger."""

    def __init__(self, db: Database, positions: Mapping[str, int]) -> None:
        self.db = db
        self.positions = positions
        self._known = {
            "known": positions["dossiers"],
            "known_counts": positions["reporting"],
            "known_classes": positions["training"],
        }

    def rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query that may name :known, :known_counts, :known_classes."""
        return self.db.execute(sql, self._known | values).fetchall()

    def recorded(self) -> datetime | None:
        """Return when the last fact was recorded; None where there is none."""
        found = self.db.execute(_RECORDED, self.positions).fetchone()[0]
        return None if found is None else moment(found)

    def unit(self, code: str, on: date) -> UnitKnown:
        """Return the unit that bears a code on a day.

        Raises UnitNotYetKnown, UnitNotOnThatDay or UnknownUnit.
        """
        asked = {"code": code, "day": on.toordinal()}
        if found := self.rows(_UNIT, **asked):
            number, name = found[0]
            return UnitKnown(number, code, name)
        if since := self.rows(_UNIT_SINCE, **asked):
            raise UnitNotYetKnown(unit=code, on=on, known_from=moment(since[0][0]))
        if (days := self.rows(_UNIT_DAYS, **asked)) and days[0][0] is not None:
            first, until = days[0]
            raise UnitNotOnThatDay(
                unit=code,
                on=on,
                first=date.fromordinal(first),
                last=None if until > date.max.toordinal() else date.fromordinal(until - 1),
            )
        raise UnknownUnit(unit=code, on=on)

    def last_bearer(self, code: str) -> int:
        """Return the unit that bears a code, or bore it last; raise UnknownUnit."""
        if found := self.rows(_LAST_BEARER, code=code):
            number: int = found[0][0]
            return number
        raise UnknownUnit(unit=code)

    def id(self, number: int) -> UUID:
        """Return the id of a unit."""
        return UUID(bytes=self.rows("select id from units where number = :n", n=number)[0][0])

    def roots(self, on: date) -> list[UnitKnown]:
        """Return the units that lie below none on a day, by code."""
        return [
            UnitKnown(number, code, name)
            for number, code, name in self.rows(_ROOTS, day=on.toordinal())
        ]

    def codes(self, numbers: Iterable[int], on: int) -> dict[int, str]:
        """Return the codes that units bear on a day, or else bore last."""
        found = self.rows(_CODES, numbers=_json(numbers), day=on)
        return dict(found)

    def registered(self, numbers: Iterable[int]) -> dict[int, int]:
        """Return the positions at which units became known."""
        return dict(self.rows(_REGISTERED, numbers=_json(numbers)))

    def children(self, unit: int, first: int, last: int, kinds: Container[str]) -> list[Child]:
        """Return every unit of some kinds that lay directly below another in a span, by code."""
        found = self.rows(_CHILDREN, unit=unit, first=first, last=last)
        children = []
        for number, states in groupby(found, key=lambda row: row[0]):
            spans = [_Span(*span) for span in states]
            there = [
                span
                for span in spans
                if span.parent == unit
                and span.kind in kinds
                and max(span.since, first) <= min(span.until - 1, last)
            ]
            if there:
                now = next((span for span in spans if span.since <= last < span.until), None)
                shown = now or there[-1]
                children.append(Child(number, shown.code, shown.name, now is not None))
        return sorted(children, key=lambda child: (child.code, child.number))

    def aims(self, units: Iterable[int], as_of: int) -> dict[int, list[Aim]]:
        """Return the targets of units that are issued by a day, in their latest form."""
        latest: dict[tuple[int, object], Aim] = {}
        for number, *fields in self.rows(_AIMS, numbers=_json(units), as_of=as_of):
            aim = Aim(*fields)
            latest[number, aim.stream] = aim
        found: dict[int, list[Aim]] = {number: [] for number, _ in latest}
        for (number, _), aim in latest.items():
            found[number].append(aim)
        return {number: sorted(aims, key=Aim.order) for number, aims in found.items()}

    def counts(self, unit: int) -> list[CountKnown]:
        """Return the opening counts of flows at or below a unit, effective or not."""
        return [CountKnown(*row) for row in self.rows(_COUNTS, unit=unit)]

    def classes(self, unit: int, first: int, last: int, as_of: int) -> list[ClassKnown]:
        """Return the classes opened in a span by the centres at or below a unit.

        Learners who are known one by one are those of the day `as_of`.
        """
        found = self.rows(_CLASSES, unit=unit, first=first, last=last, as_of=as_of)
        return [ClassKnown(*row) for row in found]

    def stocks(self, unit: int, as_of: int) -> dict[int, Stock]:
        """Return the latest number of members of each unit at or below one."""
        found = self.rows(_STOCKS, unit=unit, day=as_of)
        return {number: Stock(*stock) for number, *stock in found}

    def parents(self, unit: int, on: int) -> dict[int, tuple[int, str]]:
        """Return the parent and kind of each unit below another on a day."""
        found = self.rows(_PARENTS, unit=unit, day=on)
        return {number: (parent, kind) for number, parent, kind in found}

    def has_facts(self, unit: int, child: int, first: int, last: int) -> bool:
        """Tell whether an act of a span reached a unit through a child."""
        return bool(self.rows(_ANY, unit=unit, child=child, first=first, last=last))

    def people_beside(self, unit: int, count: CountKnown) -> int:
        """Return how many people known one by one are counted beside a count of theirs.

        They are of the count's indicator and days, at, below or above its unit, and at or
        below the asked unit.
        """
        return sum(row[0] or 0 for row in self.rows(_BESIDE_SUM, **_beside(unit, count)))

    def lines_beside(self, unit: int, count: CountKnown) -> list[tuple[Any, ...]]:
        """Return those people, as lines."""
        return self.rows(_BESIDE_LINES, **_beside(unit, count))


def _beside(unit: int, count: CountKnown) -> dict[str, object]:
    return {
        "unit": unit,
        "counted": count.unit,
        "kind": count.indicator,
        "first": count.first,
        "last": count.last,
    }


class _Span(NamedTuple):
    number: int
    since: int
    until: int
    code: str
    name: str
    kind: str
    parent: int | None


def positions_at(db: Database, known_at: datetime | None) -> dict[str, int]:
    """Return the last position of each ledger recorded by a moment, or that the view shows."""
    lasts: Iterable[int] = db.execute(_LASTS).fetchone()
    if known_at is not None:
        at = microseconds(known_at)
        lasts = [_last(db, ledger, at, last) for ledger, last in zip(LEDGERS, lasts, strict=True)]
    return dict(zip(LEDGERS, lasts, strict=True))


def _last(db: Database, ledger: str, at: int, high: int) -> int:
    """Find the position by bisection: `recorded` never goes backwards, positions have no gaps."""
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        row = db.execute(
            f"select recorded from history_{ledger} where position = ?",  # noqa: S608 - one of our own ledgers
            (middle,),
        )
        low, high = (middle, high) if row.fetchone()[0] <= at else (low, middle - 1)
    return low


def _json(numbers: Iterable[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


_NEWEST = "(select coalesce(max(position), 0) from history_{})"
_LASTS = f"select {', '.join(map(_NEWEST.format, LEDGERS))}"
_AT = "select recorded from history_{0} where position = :{0}"
_RECORDED = f"select max(recorded) from ({' union all '.join(map(_AT.format, LEDGERS))}) c"  # noqa: S608 - our own names
_UNIT = """
select number, name from unit_states
where code = :code and since <= :day and until > :day
  and known_from <= :known and known_to > :known"""
_UNIT_SINCE = """
select h.recorded from unit_states s join history_dossiers h on h.position = s.known_from
where s.code = :code and s.since <= :day and s.until > :day and s.known_from > :known
order by s.known_from limit 1"""
_UNIT_DAYS = """
select min(since), max(until) from unit_states s where code = :code
  and known_from <= :known and known_to > :known
  and number = (select number from unit_states n where n.code = :code
    and n.known_from <= :known and n.known_to > :known
    order by n.since > :day, n.since desc limit 1)"""
_LAST_BEARER = """
select number from unit_states where code = :code and known_from <= :known and known_to > :known
order by until desc limit 1"""
_ROOTS = """
select number, code, name from unit_states s
where since <= :day and until > :day and known_from <= :known and known_to > :known and not exists (
    select 1 from tree t where t.unit = s.number and t.ancestor <> s.number
    and t.since <= :day and t.until > :day and t.known_from <= :known and t.known_to > :known)
order by code"""
_CODES = """
select s.number, s.code from numbers(:numbers) n cross join unit_states s
where s.number = n.value and s.known_from <= :known and s.known_to > :known
order by s.number, s.since > :day desc, s.since"""
_REGISTERED = """
select s.number, min(s.known_from) from numbers(:numbers) n cross join unit_states s
where s.number = n.value group by s.number"""
_CHILDREN = """
select number, since, until, code, name, kind, parent from unit_states
where number in (
    select number from unit_states where parent = :unit and since <= :last and until > :first
    and known_from <= :known and known_to > :known)
  and known_from <= :known and known_to > :known
order by number, since"""
_AIMS = """
select u.number, g.kind, g.category, g.first_day, g.last_day, g.period, g.minimum, g.maximum,
    g.deadline, g.deadline_inclusive, g.document, g.issued_on, g.position, g.stream
from numbers(:numbers) n cross join units u cross join targets g
where u.number = n.value and g.unit = u.id and g.issued_on <= :as_of
  and g.position <= :known_counts order by g.issued_on, g.position"""
_COUNTS = """
select t.unit, t.child, r.kind, r.first_day, r.on_day, r.period, sum(r.sign * r.amount),
    max(r.position), r.stream
from tree t cross join units u cross join facts_reporting r
where t.ancestor = :unit and u.number = t.unit and r.unit = u.id and t.known_from <= :known
  and t.known_to > :known and r.on_day >= t.since and r.on_day < t.until
  and r.kind <> 'members' and r.position <= :known_counts
group by r.stream, t.unit, t.child, r.kind, r.first_day, r.on_day, r.period
having sum(r.sign) > 0 order by r.stream, t.unit, t.child, r.on_day"""
_CLASSES = """
select t.unit, t.child, c.on_day, c.closed_on, c.enrolled, c.certified, max(c.position), c.stream,
    (select sum(l.n) from learners l where l.stream = c.stream
     and l.on_day <= :as_of and l.position <= :known_classes)
from tree t cross join units u cross join facts_training c
where t.ancestor = :unit and u.number = t.unit and c.centre = u.id
  and t.known_from <= :known and t.known_to > :known
  and c.on_day >= t.since and c.on_day < t.until
  and c.on_day between :first and :last and c.position <= :known_classes
group by c.stream, t.unit, t.child, c.on_day, c.closed_on, c.enrolled, c.certified
having sum(c.n) > 0 order by c.stream, t.unit, t.child, c.on_day"""
_STOCKS = """
select number, on_day, amount, position, stream from (
    select t.unit as number, r.on_day, r.amount, max(r.position) as position, r.stream
    from tree t cross join units u cross join facts_reporting r
    where t.ancestor = :unit and u.number = t.unit and r.unit = u.id and r.kind = 'members'
      and t.known_from <= :known and t.known_to > :known
      and r.on_day <= :day and t.since <= :day and t.until > :day
      and r.position <= :known_counts
    group by t.unit, r.first_day, r.on_day, r.amount, r.stream having sum(r.sign) > 0) s
order by number, on_day, position"""
_PARENTS = """
select s.number, s.parent, s.kind from tree t cross join unit_states s
where t.ancestor = :unit and s.number = t.unit and t.known_from <= :known
  and t.known_to > :known and t.since <= :day and t.until > :day
  and s.since <= :day and s.until > :day and s.known_from <= :known and s.known_to > :known
  and s.parent is not null"""

_ANY = """
select 1 from tree t cross join facts_dossiers f
where t.ancestor = :unit and f.unit = t.unit and t.child = :child
  and t.known_from <= :known and t.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until
  and f.kind <> 'finding' and f.kind not like '%/%'
group by f.unit, f.kind, f.on_day having sum(f.n) > 0 limit 1"""
_BESIDE = """
select {columns} from tree t cross join facts_dossiers f
where t.ancestor = :counted and f.unit = t.unit and f.kind = :kind
  and t.known_from <= :known and t.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until {group}
union all
select {columns} from tree t cross join facts_dossiers f cross join tree d
where t.unit = :counted and t.ancestor <> :counted and f.unit = t.ancestor and f.kind = :kind
  and d.ancestor = :unit and d.unit = f.unit
  and t.known_from <= :known and t.known_to > :known
  and d.known_from <= :known and d.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until
  and f.tree_on >= d.since and f.tree_on < d.until {group}"""

_BESIDE_SUM = _BESIDE.format(columns="sum(f.n)", group="")
_BESIDE_LINES = (
    _BESIDE.format(
        columns="f.candidacy, f.version, f.kind, f.value, f.unit, f.on_day, f.facets, 0,"
        " sum(f.n), max(f.position)",
        group="group by 1, 2, 3, 4, 5, 6, 7 having sum(f.n) <> 0",
    )
    + " order by 6, 1, 2, 4, 7, 10"
)
