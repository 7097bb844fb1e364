"""The facts behind a figure: their sum is the figure, at every position."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from events.refusal import Refusal
from services.reporting.projection.facets import PUBLISHED, values
from services.reporting.projection.lines import FINDING, FUNNEL, LEFT, ROUNDS, STEPS
from services.reporting.view.aims import Aim
from services.reporting.view.figures import DAWN, Figures
from services.reporting.view.sources import facets_of

FACTS = {kind: fact for fact, kind in STEPS.items()}
FIGURES = (
    "admitted",
    "ratio.numerator",
    "ratio.denominator",
    "remaining",
    "units.total",
    "units.with_ceremony",
    "units.without_ceremony",
    "by_unit.CODE.admitted",
    "targets",
    "facets.FACET.VALUE",
    "rounds.ROUND.PART",
    *(f"left.{kind}" for kind in LEFT),
    *(f"funnel.{step}" for step in FUNNEL),
    "classes.classes",
    "classes.learners",
    "classes.certified",
    "members",
    "findings.KIND",
)


class UnknownFigure(Refusal):
    """No figure has that name."""


class Behind(NamedTuple):
    """A fact that stands behind a figure, with what it adds."""

    key: tuple[object, ...]
    """What it is, whatever is corrected of it."""
    n: int
    ledger: str
    position: int
    fact: str
    on: int
    unit: int
    candidacy: int | None = None
    facets: int | None = None
    more: tuple[tuple[str, object], ...] = ()


class _Line(NamedTuple):
    candidacy: int
    version: int
    kind: str
    value: str
    unit: int
    on: int
    facets: int
    child: int
    n: int
    position: int


@dataclass(slots=True)
class Listing:
    """Lists the facts behind any figure of one answer."""

    figures: Figures
    _child: int | None = field(init=False, default=None)

    def behind(self, figure: str) -> list[Behind]:
        """Return the facts behind a figure; raise UnknownFigure."""
        head, *rest = figure.split(".")
        listed: Callable[[list[str]], Iterable[Behind] | None] = getattr(
            self, f"_{head}", lambda _: None
        )
        found = listed(rest)
        if found is None:
            raise UnknownFigure(figure=figure, known=FIGURES)
        return list(found)

    # One method a name of the answer

    def _admitted(self, rest: list[str]) -> Iterable[Behind] | None:
        return None if rest else self._flow("admitted")

    def _funnel(self, rest: list[str]) -> Iterable[Behind] | None:
        match rest:
            case [step] if step in FUNNEL:
                again = self._again(step)
                return (
                    fact
                    for fact in self._flow(step)
                    if fact.ledger != "dossiers" or fact.key[1] not in again
                )
        return None

    def _left(self, rest: list[str]) -> Iterable[Behind] | None:
        match rest:
            case [kind] if kind in LEFT:
                return self._flow(kind)
        return None

    def _ratio(self, rest: list[str]) -> Iterable[Behind] | None:
        target = self.figures.measure(self.figures.unit.number)
        match rest:
            case ["numerator"]:
                return self._flow("admitted", target.closes if target else None)
            case ["denominator"]:
                return self._target([])
        return None

    def _target(self, rest: list[str]) -> Iterable[Behind] | None:
        if rest not in ([], ["minimum"]):
            return None
        target = self.figures.measure(self.figures.unit.number)
        aims = target.aims if target else ()
        return [self._aim(aim, aim.minimum) for aim in aims]

    def _remaining(self, rest: list[str]) -> Iterable[Behind] | None:
        if rest or not self.figures.measure(self.figures.unit.number):
            return None if rest else []
        reached = self._ratio(["numerator"]) or ()
        return [*(self._target([]) or ()), *(fact._replace(n=-fact.n) for fact in reached)]

    def _targets(self, rest: list[str]) -> Iterable[Behind] | None:
        aims = self.figures.aims.get(self.figures.unit.number, ())
        first, last = self.figures.first, self.figures.last
        return None if rest else [self._aim(aim, 1) for aim in aims if aim.overlaps(first, last)]

    def _units(self, rest: list[str]) -> Iterable[Behind] | None:
        chosen = {
            (): (True, False),
            ("total",): (True, False),
            ("with_ceremony",): (True,),
            ("without_ceremony",): (False,),
        }.get(tuple(rest))
        if chosen is None:
            return None
        rows = self.figures.by_unit()
        since = self.figures.knowledge.registered(child.number for child in self.figures.children)
        return [
            Behind(
                ("unit", child.number),
                1,
                "dossiers",
                since[child.number],
                "unit",
                self.figures.end,
                child.number,
                more=(("admitted", row["admitted"]),),
            )
            for child, row in zip(self.figures.children, rows, strict=True)
            if bool(row["admitted"]) in chosen
        ]

    def _by_unit(self, rest: list[str]) -> Iterable[Behind] | None:
        code = ".".join(rest[:-1] if rest[-1:] == ["admitted"] else rest)
        for child in self.figures.children:
            if child.code == code:
                self._child = child.number
                return self._flow("admitted")
        return None

    def _facets(self, rest: list[str]) -> Iterable[Behind] | None:
        if len(rest) < 2 or rest[0] not in PUBLISHED:  # noqa: PLR2004 - a facet and its value
            return None
        asked = (rest[0], ".".join(rest[1:]))
        lines = list(self._lines(["admitted"], self.figures.first, self.figures.end))
        known = facets_of(self.figures.knowledge, {line.facets for line in lines})
        return [self._person(line) for line in lines if asked in values(known[line.facets])]

    def _rounds(self, rest: list[str]) -> Iterable[Behind] | None:
        if len(rest) < 2 or (kind := f"round/{rest[-1]}") not in ROUNDS:  # noqa: PLR2004 - as above
            return None
        name = ".".join(rest[:-1])
        standing: dict[int, list[_Line]] = {}
        for line in self._lines([kind], DAWN, self.figures.end):
            if line.value == name:
                standing.setdefault(line.candidacy, []).append(line)
        return [
            self._person(max(lines, key=lambda line: (line.n, line.on)))
            for lines in standing.values()
            if sum(line.n for line in lines) > 0
        ]

    def _classes(self, rest: list[str]) -> Iterable[Behind] | None:
        part = ".".join(rest) or "classes"
        if part not in {"classes", "learners", "certified"}:
            return None
        figures = self.figures
        opened = figures.knowledge.classes(
            figures.unit.number, figures.first, figures.end, figures.as_of
        )
        return [
            Behind(
                ("class", known.stream),
                {
                    "classes": 1,
                    "learners": known.learners or 0,
                    "certified": known.certified_by(figures.as_of) or 0,
                }[part],
                "training",
                known.position,
                "class",
                known.opened_on,
                known.unit,
                more=(
                    ("enrolled", known.learners),
                    ("certified", known.certified_by(figures.as_of)),
                ),
            )
            for known in opened
        ]

    def _members(self, rest: list[str]) -> Iterable[Behind] | None:
        stocks, _ = self.figures.stocks()
        if rest not in ([], ["count"]):
            return None
        return [
            Behind(
                ("count", stock.stream),
                stock.amount,
                "reporting",
                stock.position,
                "count",
                stock.on,
                unit,
                more=(("indicator", "members"),),
            )
            for unit, stock in (stocks or {}).items()
        ]

    def _findings(self, rest: list[str]) -> Iterable[Behind] | None:
        kind = ".".join(rest)
        lines = self._lines([FINDING], self.figures.first, self.figures.end)
        return [self._person(line) for line in lines if line.value == kind] if kind else None

    # What they share

    def _flow(self, kind: str, closes: int | None = None) -> Iterator[Behind]:
        figures = self.figures
        end = figures.end if closes is None else min(figures.end, closes)
        for line in self._lines([kind], figures.first, end):
            yield self._person(line)
        for count in figures.counted(kind, figures.first, figures.last):
            if count.last <= end and self._child in {None, count.child}:
                yield Behind(
                    ("count", count.stream),
                    count.amount,
                    "reporting",
                    count.position,
                    "count",
                    count.last,
                    count.unit,
                    more=(("indicator", count.indicator), ("period", count.period)),
                )

    def _lines(self, kinds: list[str], first: int, last: int) -> Iterator[_Line]:
        for row in self.figures.knowledge.rows(
            _LINES,
            unit=self.figures.unit.number,
            kinds=msgspec.json.encode(kinds).decode(),
            first=first,
            last=last,
        ):
            line = _Line(*row)
            if self._child in {None, line.child}:
                yield line

    def _person(self, line: _Line) -> Behind:
        # A finding belongs to its act; of a step or a state a candidacy has one.
        act = (line.version,) if line.kind == FINDING else ()
        return Behind(
            (line.kind, line.candidacy, line.value, *act),
            line.n,
            "dossiers",
            line.position,
            FACTS.get(line.kind, line.value if line.kind == FINDING else line.kind),
            line.on,
            line.unit,
            line.candidacy,
            line.facets,
        )

    def _again(self, step: str) -> set[int]:
        """Return the candidacies whose step is of a person who took it before, in the span."""
        taken: dict[str, list[_Line]] = {}
        for line in self._lines([f"repeated/{step}"], self.figures.first, self.figures.end):
            taken.setdefault(line.value, []).append(line)
        return {
            line.candidacy
            for lines in taken.values()
            for line in sorted(lines, key=lambda line: (line.on, line.version))[1:]
        }

    def _aim(self, aim: Aim, n: int) -> Behind:
        return Behind(
            ("target", aim.stream),
            n,
            "reporting",
            aim.position,
            "target",
            aim.issued_on,
            self.figures.unit.number,
            more=(("kind", aim.kind), ("period", aim.period), ("minimum", aim.minimum)),
        )


_LINES = """
select f.candidacy, f.version, f.kind, f.value, f.unit, f.on_day, f.facets, t.child,
    sum(f.n), max(f.position)
from tree t cross join json_each(:kinds) k
cross join facts_dossiers f on f.unit = t.unit and f.kind = k.value
where t.ancestor = :unit and t.known_from <= :known and t.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until
group by f.candidacy, f.version, f.kind, f.value, f.unit, f.on_day, f.tree_on, f.facets, t.child
having sum(f.n) <> 0 order by f.on_day, f.candidacy, f.version"""
