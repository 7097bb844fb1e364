"""The facts behind a figure: their sum is the figure, at every position."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from events.dossiers import CandidacyFact
from events.refusal import Refusal
from events.registry import TYPES
from services.reporting.projection.facets import PUBLISHED, TWICE, category, values
from services.reporting.projection.lines import FINDING, FUNNEL, LEFT, ROUNDS, STEPS
from services.reporting.view.aims import Aim
from services.reporting.view.behind import Behind, PersonLine
from services.reporting.view.figures import DAWN, Figures
from services.reporting.view.knowledge import CountKnown
from services.reporting.view.misfits import misfit
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
    "target.minimum",
    "by_unit.CODE.admitted",
    "by_unit.CODE.ratio.numerator",
    "by_unit.CODE.ratio.denominator",
    "by_unit.CODE.remaining",
    "targets",
    "targets.KIND.PERIOD.minimum",
    "targets.KIND.PERIOD.admitted",
    "targets.KIND.PERIOD.CATEGORY.minimum",
    "targets.KIND.PERIOD.CATEGORY.admitted",
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
NAMES = {topic: kind.fact for topic, kind in TYPES.items() if issubclass(kind, CandidacyFact)}
"""The names of facts, by their type."""
_HEADS = frozenset(name.partition(".")[0] for name in FIGURES)


class UnknownFigure(Refusal):
    """No figure has that name."""


@dataclass(slots=True)
class Listing:
    """Lists the facts behind any figure of one answer."""

    figures: Figures
    _child: int | None = field(init=False, default=None)

    def behind(self, figure: str) -> list[Behind]:
        """Return the facts behind a figure; raise UnknownFigure."""
        head, *rest = figure.split(".")
        found: Iterable[Behind] | None = None
        if head in _HEADS:
            found = getattr(self, f"_{head}")(rest)
        if found is None:
            raise UnknownFigure(figure=figure, known=FIGURES)
        return list(found)

    # One method a name of the answer

    def _admitted(self, rest: list[str]) -> Iterable[Behind] | None:
        return None if rest else self.flow("admitted")

    def _funnel(self, rest: list[str]) -> Iterable[Behind] | None:
        match rest:
            case [step] if step in FUNNEL:
                again = self._again(step)
                return (
                    fact
                    for fact in self.flow(step)
                    if fact.ledger != "dossiers" or fact.key[1] not in again
                )
        return None

    def _left(self, rest: list[str]) -> Iterable[Behind] | None:
        match rest:
            case [kind] if kind in LEFT:
                return self.flow(kind)
        return None

    def _ratio(self, rest: list[str]) -> Iterable[Behind] | None:
        return self._measured(self.figures.unit.number, ["ratio", *rest])

    def _target(self, rest: list[str]) -> Iterable[Behind] | None:
        return self._measured(self.figures.unit.number, ["target", *rest])

    def _remaining(self, rest: list[str]) -> Iterable[Behind] | None:
        return self._measured(self.figures.unit.number, ["remaining", *rest])

    def _measured(self, unit: int, figure: list[str]) -> Iterable[Behind] | None:
        """Return what is reckoned against the target of a unit; unknown where it has none."""
        name = ".".join(figure)
        if name not in {"ratio.numerator", "ratio.denominator", "remaining", *_TARGETS}:
            return None
        target = self.figures.measure(unit)
        if target is None:
            since = self.figures.knowledge.registered([unit])[unit]
            return [Behind(("target",), None, "dossiers", since, "target", self.figures.end, unit)]
        aims = [self.aim(aim, aim.minimum, unit) for aim in target.aims]
        if name in {"ratio.denominator", *_TARGETS}:
            return aims
        reached = self.flow("admitted", target.closes)
        if name == "ratio.numerator":
            return reached
        return [*aims, *(fact._replace(n=-(fact.n or 0)) for fact in reached)]

    def _targets(self, rest: list[str]) -> Iterable[Behind] | None:
        unit = self.figures.unit.number
        aims = self.figures.aims.get(unit, ())
        first, last = self.figures.first, self.figures.last
        match rest:
            case []:
                return [self.aim(aim, 1, unit) for aim in aims if aim.overlaps(first, last)]
            case [kind, period, *category, ("minimum" | "admitted") as part]:
                asked = (kind, period, ".".join(category) or None)
                for aim in aims:
                    if (aim.kind, aim.period, aim.category) == asked:
                        if part == "minimum":
                            return [self.aim(aim, aim.minimum, unit)]
                        return self.toward(aim, aim.first, aim.closes)
        return None

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
        asked = ".".join(rest)
        for child in sorted(self.figures.children, key=lambda child: -len(child.code)):
            if asked == child.code or asked.startswith(f"{child.code}."):
                self._child = child.number
                figure = asked[len(child.code) + 1 :]
                if figure in {"", "admitted"}:
                    return self.flow("admitted")
                return self._measured(child.number, figure.split("."))
        return None

    def _facets(self, rest: list[str]) -> Iterable[Behind] | None:
        if len(rest) < 2 or rest[0] not in PUBLISHED:  # noqa: PLR2004 - a facet and its value
            return None
        asked = (rest[0], ".".join(rest[1:]))
        lines = list(self.lines(["admitted"], self.figures.first, self.figures.end))
        known = facets_of(self.figures.knowledge, {line.facets for line in lines})
        return [self.person(line) for line in lines if asked in values(known[line.facets])]

    def _rounds(self, rest: list[str]) -> Iterable[Behind] | None:
        if len(rest) < 2 or (kind := f"round/{rest[-1]}") not in ROUNDS:  # noqa: PLR2004 - as above
            return None
        name = ".".join(rest[:-1])
        standing: dict[int, list[PersonLine]] = {}
        for line in self.lines([kind], DAWN, self.figures.end):
            if line.value == name:
                standing.setdefault(line.candidacy, []).append(line)
        stand = [
            max(lines, key=lambda line: (line.n, line.on))
            for lines in standing.values()
            if sum(line.n for line in lines) > 0
        ]
        acts = self._acts(stand)
        return [self.person(line, fact=acts[line.candidacy, line.version]) for line in stand]

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
                    "learners": known.learners,
                    "certified": known.certified_by(figures.as_of),
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
        if rest not in ([], ["count"]):
            return None
        made_of, parts = self.figures.stocks()
        known = made_of or {
            unit: stock for part in parts.values() if part for unit, stock in part.items()
        }
        unknown = [] if made_of else [unit for unit, part in parts.items() if part is None]
        since = self.figures.knowledge.registered(unknown)
        as_of = self.figures.as_of
        return [
            *(
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
                for unit, stock in known.items()
            ),
            *(
                Behind(("members", unit), None, "dossiers", since[unit], "unit", as_of, unit)
                for unit in unknown
            ),
        ]

    def _findings(self, rest: list[str]) -> Iterable[Behind] | None:
        kind = ".".join(rest)
        if not kind:
            return None
        if (found := misfit(self, kind)) is not None:
            return found
        lines = self.lines([FINDING], self.figures.first, self.figures.end)
        those = [line for line in lines if line.value == kind]
        acts = self._acts(those)
        return [self.person(line, fact=acts[line.candidacy, line.version]) for line in those]

    # What they share

    def flow(self, kind: str, closes: int | None = None) -> Iterator[Behind]:
        """Yield people and counts of a kind, those of a child if one is asked for."""
        figures = self.figures
        end = figures.end if closes is None else min(figures.end, closes)
        for line in self.lines([kind], figures.first, end):
            yield self.person(line)
        for count in figures.counted(kind, figures.first, figures.last):
            if count.last <= end and self._child in {None, count.child}:
                yield self.count(count, count.amount)

    def toward(self, aim: Aim, first: int, last: int) -> Iterator[Behind]:
        """Yield who counts toward a target on the days of a span; a category counts people."""
        figures = self.figures
        end = min(last, aim.last, figures.as_of)
        lines = list(self.lines(["admitted"], max(first, aim.first), end))
        known = facets_of(figures.knowledge, {line.facets for line in lines})
        for line in lines:
            named = {category(*each) for each in values(known[line.facets]) if each[0] != TWICE}
            if aim.category is None or aim.category in named:
                yield self.person(line)
        if aim.category is None:
            for count in figures.counted("admitted", aim.first, aim.last):
                if first <= count.last <= end:
                    yield self.count(count, count.amount)

    def count(self, count: CountKnown, n: int) -> Behind:
        """Return a count as a fact that adds something."""
        return Behind(
            ("count", count.stream),
            n,
            "reporting",
            count.position,
            "count",
            count.last,
            count.unit,
            more=(("indicator", count.indicator), ("period", count.period)),
        )

    def lines(self, kinds: list[str], first: int, last: int) -> Iterator[PersonLine]:
        """Yield the lines of people between two days, in time."""
        for row in self.figures.knowledge.rows(
            _LINES,
            unit=self.figures.unit.number,
            kinds=msgspec.json.encode(kinds).decode(),
            first=first,
            last=last,
        ):
            line = PersonLine(*row)
            if self._child in {None, line.child}:
                yield line

    def person(self, line: PersonLine, fact: str | None = None) -> Behind:
        """Return a line as a fact, named where its kind does not tell."""
        # A finding belongs to its act; of a step or a state a candidacy has one.
        act = (line.version,) if line.kind == FINDING else ()
        return Behind(
            (line.kind, line.candidacy, line.value, *act),
            line.n,
            "dossiers",
            line.position,
            fact or FACTS.get(line.kind, line.kind),
            line.on,
            line.unit,
            line.candidacy,
            line.facets,
            line=(line.kind, line.value),
        )

    def _acts(self, lines: Iterable[PersonLine]) -> dict[tuple[int, int], str]:
        """Return the names of the facts that lines come from, by candidacy and version."""
        asked = {(line.candidacy, line.version) for line in lines}
        cases = sorted({case for case, _ in asked})
        found = self.figures.knowledge.rows(_ACTS, cases=msgspec.json.encode(cases).decode())
        return {
            (case, version): NAMES[kind]
            for case, version, kind in found
            if (case, version) in asked
        }

    def _again(self, step: str) -> set[int]:
        """Return the candidacies whose step is of a person who took it before, in the span."""
        taken: dict[str, list[PersonLine]] = {}
        for line in self.lines([f"repeated/{step}"], self.figures.first, self.figures.end):
            taken.setdefault(line.value, []).append(line)
        return {
            line.candidacy
            for lines in taken.values()
            for line in sorted(lines, key=lambda line: (line.on, line.version))[1:]
        }

    def aim(self, aim: Aim, n: int, unit: int) -> Behind:
        """Return the target of a unit as a fact that adds something."""
        return Behind(
            ("target", aim.stream),
            n,
            "reporting",
            aim.position,
            "target",
            aim.issued_on,
            unit,
            more=(("kind", aim.kind), ("period", aim.period), ("minimum", aim.minimum)),
        )


_TARGETS = ("target", "target.minimum")
_ACTS = """
select o.position, h.version, h.type
from numbers(:cases) n cross join history_dossiers o cross join history_dossiers h
where o.position = n.value and h.stream = o.stream"""
_LINES = """
select f.candidacy, f.version, f.kind, f.value, f.unit, f.on_day, f.facets, t.child,
    sum(f.n), max(f.position)
from tree t cross join words(:kinds) k cross join facts_dossiers f
where t.ancestor = :unit and f.unit = t.unit and f.kind = k.value
  and t.known_from <= :known and t.known_to > :known
  and f.on_day between :first and :last and f.position <= :known
  and f.tree_on >= t.since and f.tree_on < t.until
group by f.candidacy, f.version, f.kind, f.value, f.unit, f.on_day, f.tree_on, f.facets, t.child
having sum(f.n) <> 0
order by f.on_day, f.candidacy, f.version, f.kind, f.value, f.unit, f.tree_on, f.facets, t.child"""
