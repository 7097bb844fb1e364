"""The two sources of a figure's numbers: maintained counters, and the facts themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from events.dossiers import Facets
from services.reporting.projection.facets import values
from services.reporting.projection.lines import FINDING, FUNNEL, LEFT, ROUNDS
from services.reporting.projection.rolling import cover
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
    """What is counted already, as the whole view knows it: the answer for now."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def totals(self, unit: int, first: int, last: int, *, rounds: bool = False) -> Counter[Key]:
        """Return the flows by kind, facet and value, or else the changes of rounds."""
        sums: Counter[Key] = Counter()
        for low, high in cover(first, last):
            for kind, facet, value, n in self._knowledge.rows(
                _ROUNDS_COUNTED if rounds else _COUNTED, unit=unit, low=low, high=high
            ):
                sums[kind, facet, value] += n
        return sums

    def shares(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return how many admitted people reached a unit through each of its children."""
        sums: Counter[int] = Counter()
        for low, high in cover(first, last):
            for child, n in self._knowledge.rows(_SHARES_COUNTED, unit=unit, low=low, high=high):
                sums[child] += n
        return sums

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
        sums: Counter[Key] = Counter()
        combined: Counter[int] = Counter()
        kinds = _json(ROUNDS if rounds else FLOWS)
        for kind, value, facets, n in self._knowledge.rows(
            _SUMS, unit=unit, first=first, last=last, kinds=kinds
        ):
            sums[kind, "", value] += n
            if kind == "admitted":
                combined[facets] += n
        for known, n in zip(self._facets(combined), combined.values(), strict=True):
            for facet, value in values(known):
                sums["admitted", facet, value] += n
        return sums

    def shares(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return how many admitted people reached a unit through each of its children."""
        found = self._knowledge.rows(
            _SHARES, unit=unit, first=first, last=last, kinds=_json(["admitted"])
        )
        return Counter(dict(found))

    def latest(self, unit: int, first: int, last: int) -> Mapping[int, int]:
        """Return the last day on which an admission reached a unit through each child."""
        return dict(self._knowledge.rows(_LATEST, unit=unit, first=first, last=last))

    def _facets(self, numbers: Iterable[int]) -> list[Facets]:
        found = facets_of(self._knowledge, numbers)
        return [found[number] for number in numbers]


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


_COUNTED = """
select kind, facet, value, n from counters
where unit = :unit and span between :low and :high and kind not like 'round/%'"""
_ROUNDS_COUNTED = """
select kind, facet, value, sum(n) from counters
where unit = :unit and span between :low and :high and kind like 'round/%' group by 1, 2, 3"""
_SHARES_COUNTED = """
select child, sum(n) from shares
where unit = :unit and span between :low and :high group by child"""
_LATEST_COUNTED = """
select child, max(span) from shares
where unit = :unit and span between :first and :last and n > 0 group by child"""
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
