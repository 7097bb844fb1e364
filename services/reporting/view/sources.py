"""The two sources of a figure's numbers: maintained counters, and the facts themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from events.dossiers import Facets
from services.reporting.projection.facets import values
from services.reporting.projection.lines import FINDING, FUNNEL, LEFT, ROUNDS
from services.reporting.projection.rolling import Sums, cover, entered
from services.reporting.view.knowledge import Knowledge

FLOWS = (*FUNNEL, *LEFT, FINDING)
Key = tuple[str, str, str]
"""Kind, facet and value."""


class Source(Protocol):
    """Sums what counts for a unit from one day to another, both included."""

    def totals(self, unit: int, first: int, last: int, *, rounds: bool = False) -> Counter[Key]:
        """Return the flows by kind, facet and value, or else the changes of rounds."""
        ...

    def shares(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return how many admitted people reached a unit through each of its children."""
        ...

    def latest(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return the last day on which an admission reached a unit through each child."""
        ...


class Counters:
    """What is counted already, as the whole view knows it: the answer for now.

    What reached a unit from below is summed up in sheets; the unit's own facts are read.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def totals(self, unit: int, first: int, last: int, *, rounds: bool = False) -> Counter[Key]:
        """Return the flows by kind, facet and value, or else the changes of rounds."""
        sums = _summed(
            self._knowledge,
            _OWN,
            unit=unit,
            first=first,
            last=last,
            kinds=_json(ROUNDS if rounds else FLOWS),
        )
        below: dict[str, int] = {}
        for (sheet,) in self._knowledge.rows(
            _SHEETS_OF_ROUNDS if rounds else _SHEETS, unit=unit, **_ranges(first, last)
        ):
            for name, n in _SUMS_OF_SHEET.decode(sheet).items():
                below[name] = below.get(name, 0) + n
        for name, n in below.items():
            key = entered(name)
            if key[0].startswith("round/") == rounds:
                sums[key] += n
        return sums

    def shares(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return how many admitted people reached a unit through each of its children."""
        found = self._knowledge.rows(_SHARES_COUNTED, unit=unit, **_ranges(first, last))
        return Counter(dict(found))

    def latest(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return the last day on which an admission reached a unit through each child."""
        # A day is a span of its own, under its own number.
        return dict(self._knowledge.rows(_LATEST_COUNTED, unit=unit, first=first, last=last))


class Facts:
    """The sum over facts, as known at any position and through the tree as known then."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def totals(self, unit: int, first: int, last: int, *, rounds: bool = False) -> Counter[Key]:
        """Return the flows by kind, facet and value, or else the changes of rounds."""
        kinds = _json(ROUNDS if rounds else FLOWS)
        return _summed(self._knowledge, _SUMS, unit=unit, first=first, last=last, kinds=kinds)

    def shares(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return how many admitted people reached a unit through each of its children."""
        found = self._knowledge.rows(
            _SHARES, unit=unit, first=first, last=last, kinds=_json(["admitted"])
        )
        return Counter(dict(found))

    def latest(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return the last day on which an admission reached a unit through each child."""
        return dict(self._knowledge.rows(_LATEST, unit=unit, first=first, last=last))


def _summed(knowledge: Knowledge, sql: str, **asked: object) -> Counter[Key]:
    """Return facts summed by kind, facet and value."""
    sums: Counter[Key] = Counter()
    combined: Counter[int] = Counter()
    for kind, value, facets, n in knowledge.rows(sql, **asked):
        sums[kind, "", value] += n
        if kind == "admitted":
            combined[facets] += n
    if combined:
        known = facets_of(knowledge, combined)
        for number, n in combined.items():
            for facet, value in values(known[number]):
                sums["admitted", facet, value] += n
    return sums


def _ranges(first: int, last: int) -> dict[str, int]:
    """Return the ranges of a cover as parameters: as many as there may be, the rest empty."""
    ranges = cover(first, last)
    ranges += [(0, -1)] * (_MOST_RANGES - len(ranges))
    return {
        f"{end}_{number}": span
        for number, ends in enumerate(ranges)
        for end, span in zip(("low", "high"), ends, strict=True)
    }


def facets_of(knowledge: Knowledge, numbers: Iterable[int]) -> dict[int, Facets]:
    """Return combinations of facets by their numbers."""
    asked = f"[{','.join(map(str, numbers))}]"
    return {
        number: msgspec.json.decode(facets, type=Facets)
        for number, facets in knowledge.rows(_FACETS, numbers=asked)
    }


def repeated(knowledge: Knowledge, unit: int, first: int, last: int) -> Counter[str]:
    """Return how many steps of the funnel are of people who took them before, in the span.

    Such people have several candidacies, and are few.
    """
    again: Counter[str] = Counter()
    people: Counter[tuple[str, str]] = Counter()
    kinds = _json(f"repeated/{kind}" for kind in FUNNEL)
    for kind, person, _, n in knowledge.rows(_SUMS, unit=unit, first=first, last=last, kinds=kinds):
        people[str(kind).removeprefix("repeated/"), str(person)] += n
    for (kind, _), n in people.items():
        again[kind] += n - 1
    return again


def _json(words: Iterable[str]) -> str:
    return msgspec.json.encode(list(words)).decode()


_MOST_RANGES = 5
_SUMS_OF_SHEET = msgspec.json.Decoder(Sums)


def _over_ranges(select: str) -> str:
    """Return a statement over every range: neither database finds `or` by the key alone."""
    return " union all ".join(
        f"{select} and span between :low_{number} and :high_{number}"
        for number in range(_MOST_RANGES)
    )


_SHEETS = _over_ranges("select sums from counters where unit = :unit")
_SHEETS_OF_ROUNDS = _over_ranges(
    "select sums from counters where unit = :unit and sums like '%\"round/%'"
)
_REACHED = _over_ranges("select child, n from shares where unit = :unit")
_SHARES_COUNTED = f"select child, sum(n) from ({_REACHED}) reached group by child"  # noqa: S608 - our own names
_LATEST_COUNTED = """
select child, max(span) from shares
where unit = :unit and span between :first and :last and n > 0 group by child
union all
select unit, max(on_day) from (
    select unit, on_day from facts_dossiers
    where unit = :unit and kind = 'admitted' and on_day between :first and :last
    group by unit, on_day having sum(n) > 0) own
group by unit"""
_OWN = """
select f.kind, f.value,
    case when f.kind = 'admitted' then f.facets else 0 end, sum(f.n)
from words(:kinds) k cross join facts_dossiers f
where f.unit = :unit and f.kind = k.value and f.on_day between :first and :last
group by 1, 2, 3 having sum(f.n) <> 0"""
# `cross join` keeps SQLite from reading the facts first.
_SUMS = """
select f.kind, f.value,
    case when f.kind = 'admitted' then f.facets else 0 end, sum(f.n)
from tree t cross join words(:kinds) k cross join facts_dossiers f
where t.ancestor = :unit and f.unit = t.unit and f.kind = k.value
  and t.known_from <= :known and t.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until
group by 1, 2, 3 having sum(f.n) <> 0"""
_SHARES = """
select t.child, sum(f.n)
from tree t cross join words(:kinds) k cross join facts_dossiers f
where t.ancestor = :unit and f.unit = t.unit and f.kind = k.value
  and t.known_from <= :known and t.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until
group by 1 having sum(f.n) <> 0"""
_LATEST = """
select s.child, max(s.on_day) from (
    select t.child, f.on_day from tree t cross join facts_dossiers f
    where t.ancestor = :unit and f.unit = t.unit and f.kind = 'admitted'
      and t.known_from <= :known and t.known_to > :known
      and f.on_day between :first and :last and f.position <= :known
      and f.tree_on >= t.since and f.tree_on < t.until
    group by t.child, f.on_day having sum(f.n) > 0) s
group by s.child"""
_FACETS = (
    "select number, facets from facets where number in (select n.value from numbers(:numbers) n)"
)
