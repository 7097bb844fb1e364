"""Every figure of a unit, from the sums of one source: a figure is its operands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from events.period import Period
from events.rulebook import rulebook
from services.reporting.projection.facets import AGES, BOOLEANS, PUBLISHED, TWICE, UNKNOWN, category
from services.reporting.projection.lines import BEGUN, FUNNEL, LEFT, LISTED, ROUND_STATES
from services.reporting.view.aims import Aim, Measure, iso
from services.reporting.view.aims import measure as measure_of
from services.reporting.view.findings import Findings
from services.reporting.view.knowledge import Child, CountKnown, Knowledge, Stock, UnitKnown
from services.reporting.view.percent import percent
from services.reporting.view.sources import Key, Source, repeated

DAWN = 1
"""The first day there is."""
EXPECTED: dict[str, tuple[str, ...]] = {"sex": ("female", "male"), "age": AGES}
"""What is told of the closed facets, also where it is nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A unit and a period, as of a day, perhaps as known at an earlier moment."""

    unit_code: str
    period: Period
    as_of: date
    known_at: datetime | None = None
    places: int = 1


@dataclass(slots=True)
class Figures:
    """The answer to one question, reckoned part by part over the same sums."""

    question: Question
    unit: UnitKnown
    knowledge: Knowledge
    source: Source
    findings: Findings = field(init=False)
    first: int = field(init=False)
    last: int = field(init=False)
    as_of: int = field(init=False)
    end: int = field(init=False)
    """The last day that counts."""
    totals: Counter[Key] = field(init=False)
    counts: list[CountKnown] = field(init=False)
    children: list[Child] = field(init=False)
    aims: dict[int, list[Aim]] = field(init=False)
    _shares: dict[int, Counter[int]] = field(init=False, default_factory=dict)
    _toward: dict[tuple[int, int], Counter[Key]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.first = self.question.period.first.toordinal()
        self.last = self.question.period.last.toordinal()
        self.as_of = self.question.as_of.toordinal()
        self.end = min(self.last, self.as_of)
        self.totals = self._sums(self.first, self.end)
        self.counts = self.knowledge.counts(self.unit.number)
        children = self.knowledge.children(self.unit.number, self.first, self.end, _party_kinds())
        numbers = [self.unit.number, *(child.number for child in children)]
        self.aims = self.knowledge.aims(numbers, self.as_of)
        self.children = [child for child in children if child.valid or self._in_use(child)]
        self.findings = Findings(self.unit.code)

    def answer(self) -> dict[str, Any]:
        """Return the figures in the shape of the public formats, texts left to the edge."""
        target = self.measure(self.unit.number)
        answer: dict[str, Any] = {
            "unit": self.unit.code,
            "name": self.unit.name,
            "period": self.question.period.text,
            "as_of": self.question.as_of.isoformat(),
            "known_at": self.question.known_at and self.question.known_at.isoformat(),
            "positions": dict(self.knowledge.positions),
            "target": target and target.shown(),
            **self._against(target, self.admitted(self.first, self.end), self._numerator(target)),
        }
        if answer["ratio"] is None:
            words = "ratio-without-denominator" if target is None else "ratio-of-zero"
            self.findings.add("ratio-without-denominator", words=words, actual=answer["admitted"])
        answer["by_unit"] = self.by_unit()
        answer["units"] = self._units(answer["by_unit"])
        answer["targets"] = [_brief(row) for row in self.targets()]
        answer["facets"] = self._facets()
        answer["rounds"] = self._rounds()
        answer["left"] = {kind: self._flow(kind) for kind in LEFT}
        answer["funnel"] = self._funnel()
        answer["classes"] = self._classes()
        answer["members"] = self._members()
        self._find(answer)
        answer["findings"] = self.findings.listed
        # In the order of the public formats.
        return {name: answer[name] for name in ORDER}

    # People and counts

    def admitted(self, first: int, last: int, closes: int | None = None) -> int:
        """Return people and counts admitted between two days, those that count by `closes`."""
        end = min(last, self.as_of, last if closes is None else closes)
        return self._sums(first, end)["admitted", "", ""] + sum(
            count.amount for count in self.counted("admitted", first, last) if count.last <= end
        )

    def _sums(self, first: int, end: int) -> Counter[Key]:
        if (first, end) not in self._toward:
            self._toward[first, end] = (
                self.source.totals(self.unit.number, first, end) if first <= end else Counter()
            )
        return self._toward[first, end]

    def counted(self, indicator: str, first: int, last: int) -> Iterable[CountKnown]:
        """Return the counts that belong to a period and are in effect."""
        return (
            count
            for count in self.counts
            if count.indicator == indicator
            and first <= count.first
            and count.last <= min(last, self.as_of)
        )

    def _flow(self, kind: str) -> int:
        known = self.totals[kind, "", ""]
        return known + sum(c.amount for c in self.counted(kind, self.first, self.last))

    def _funnel(self) -> dict[str, int]:
        again = repeated(self.knowledge, self.unit.number, self.first, self.end)
        return {step: self._flow(step) - again[step] for step in FUNNEL}

    def _through(self, child: int, end: int) -> int:
        """Return people and counts admitted that reached the unit through a child."""
        if end not in self._shares:
            shares = Counter(self.source.shares(self.unit.number, self.first, end))
            for count in self.counted("admitted", self.first, self.last):
                if count.last <= end:
                    shares[count.child] += count.amount
            self._shares[end] = shares
        return self._shares[end][child]

    # Targets

    def measure(self, unit: int) -> Measure | None:
        return measure_of(self.aims.get(unit, ()), self.first, self.last)

    def _numerator(self, target: Measure | None) -> int:
        closes = target.closes if target else None
        return self.admitted(self.first, self.last, closes)

    def _against(self, target: Measure | None, admitted: int, numerator: int) -> dict[str, Any]:
        if target is None:
            return {"admitted": admitted, "ratio": None, "remaining": None}
        ratio = target.minimum and {
            "numerator": numerator,
            "denominator": target.minimum,
            "denominator_is": target.is_,
            "percent": percent(numerator, target.minimum, self.question.places),
        }
        remaining = target.minimum - numerator
        return {"admitted": admitted, "ratio": ratio or None, "remaining": remaining}

    def targets(self) -> list[dict[str, Any]]:
        """Return the unit's targets that overlap the period, with the papers they stand on."""
        listed = []
        for aim in self.aims.get(self.unit.number, ()):
            if not aim.overlaps(self.first, self.last):
                continue
            reached = self._reached(aim, aim.closes)
            late = self._reached(aim, aim.last) - reached
            if late:
                self.findings.add(
                    "after-deadline",
                    expected=reached,
                    actual=reached + late,
                    target=aim.kind,
                    period=aim.period,
                    category=aim.category,
                    deadline=iso(aim.deadline or aim.last),
                )
            listed.append(
                {
                    "kind": aim.kind,
                    "period": aim.period,
                    "category": aim.category,
                    "minimum": aim.minimum,
                    "maximum": aim.maximum,
                    "deadline": None if aim.deadline is None else iso(aim.deadline),
                    "admitted": reached,
                    "state": aim.state(reached),
                    "deadline_inclusive": bool(aim.deadline_inclusive),
                    "document": aim.document,
                    "issued_on": iso(aim.issued_on),
                }
            )
        return listed

    def _reached(self, aim: Aim, closes: int) -> int:
        """Return who counts toward a target over its own period; a category counts people."""
        if aim.category is None:
            return self.admitted(aim.first, aim.last, closes)
        sums = self._sums(aim.first, min(closes, self.as_of))
        named = sum(
            n
            for (_, facet, value), n in sums.items()
            if facet and facet != TWICE and category(facet, value) == aim.category
        )
        return named - sums["admitted", TWICE, aim.category]

    # Units below

    def _in_use(self, child: Child) -> bool:
        """Tell whether a unit that is no more has a fact, a count or a target of the period."""
        aims = self.aims.get(child.number, ())
        return (
            any(aim.overlaps(self.first, self.last) for aim in aims)
            or any(
                count.child == child.number and self.first <= count.first and count.last <= self.end
                for count in self.counts
            )
            or self.knowledge.has_facts(self.unit.number, child.number, self.first, self.end)
        )

    def by_unit(self) -> list[dict[str, Any]]:
        rows = []
        for child in self.children:
            target = self.measure(child.number)
            admitted = self._through(child.number, self.end)
            closes = target.closes if target else None
            numerator = self._through(
                child.number, self.end if closes is None else min(self.end, closes)
            )
            against = self._against(target, admitted, numerator)
            rows.append(
                {
                    "unit": child.code,
                    "name": child.name,
                    "admitted": admitted,
                    "target": target and target.shown(),
                    "ratio": against["ratio"],
                    "remaining": against["remaining"],
                }
            )
        return rows

    def ceremonies(self) -> tuple[str | None, list[str | None]]:
        """Return the day of the period's last ceremony, and that of each unit below.

        It is known of those who are known one by one.
        """
        days = self.source.latest(self.unit.number, self.first, self.end)
        below = [days.get(child.number) for child in self.children]
        return _day(max(days.values(), default=None)), [_day(day) for day in below]

    def sheet(self) -> dict[str, Any]:
        """Return the answer with the days of the last ceremonies, as a page shows it."""
        answer = self.answer()
        last, below = self.ceremonies()
        rows = zip(answer["by_unit"], below, strict=True)
        return {
            **answer,
            "last_ceremony": last,
            "by_unit": [{**row, "last_ceremony": day} for row, day in rows],
        }

    def _units(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        without = [row["unit"] for row in rows if not row["admitted"]]
        return {
            "total": len(rows),
            "with_ceremony": len(rows) - len(without),
            "without_ceremony": without,
        }

    # People known one by one

    def _facets(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {
            facet: dict.fromkeys(
                ("yes", "no", UNKNOWN) if facet in BOOLEANS else EXPECTED.get(facet, ()), 0
            )
            for facet in PUBLISHED
        }
        for (kind, facet, value), n in sorted(self.totals.items()):
            if kind == "admitted" and facet in found and n:
                found[facet][value] = n
        return found

    def _rounds(self) -> list[dict[str, Any]]:
        if self.end < self.first:
            return []
        sums = self._round_sums(DAWN, self.end)
        if not sums:
            return []
        within = self._round_sums(self.first, self.end)
        opening = self._round_sums(DAWN, self.first)
        return [
            {"round": name, "listed": sums[LISTED, "", name]}
            | {state: sums[f"round/{state}", "", name] for state in ROUND_STATES}
            for name in sorted({name for _, _, name in sums})
            if within[LISTED, "", name]
            or within[BEGUN, "", name]
            or opening["round/in_progress", "", name]
        ]

    def _round_sums(self, first: int, last: int) -> Counter[Key]:
        return self.source.totals(self.unit.number, first, last, rounds=True)

    # Classes and members

    def _classes(self) -> dict[str, Any]:
        opened = self.knowledge.classes(self.unit.number, self.first, self.end, self.as_of)
        parts = {
            "learners": [known.learners for known in opened],
            "certified": [known.certified_by(self.as_of) for known in opened],
        }
        for name, known in parts.items():
            self.findings.unknown_part(f"classes.{name}", known)
        return {"classes": len(opened)} | {name: _sum(known) for name, known in parts.items()}

    def stocks(self) -> tuple[dict[int, Stock] | None, dict[int, dict[int, Stock] | None]]:
        """Return the latest numbers of members that make up the unit's, by their unit.

        None where a part is unknown; then the second tells what is known of each child, or
        of the unit itself where it has none.
        """
        stocks = self.knowledge.stocks(self.unit.number, self.as_of)
        below: dict[int, list[int]] = {}
        for number, (parent, kind) in self.knowledge.parents(self.unit.number, self.as_of).items():
            if kind in _party_kinds():
                below.setdefault(parent, []).append(number)

        def made_of(unit: int) -> dict[int, Stock] | None:
            if unit in stocks:
                return {unit: stocks[unit]}
            parts = [made_of(child) for child in below.get(unit, ())]
            known = [part for part in parts if part is not None]
            if not parts or len(known) < len(parts):
                return None
            return {number: stock for part in known for number, stock in part.items()}

        children = {child: made_of(child) for child in below.get(self.unit.number, ())}
        return made_of(self.unit.number), children or {self.unit.number: None}

    def _members(self) -> dict[str, Any] | None:
        stocks, parts = self.stocks()
        if stocks is None:
            known = [None if part is None else len(part) for part in parts.values()]
            self.findings.unknown_part("members", known)
            return None
        return {
            "count": sum(stock.amount for stock in stocks.values()),
            "on": iso(min(stock.on for stock in stocks.values())),
        }

    # What does not fit

    def _find(self, answer: Mapping[str, Any]) -> None:
        self._find_residual()
        self._find_counts()
        self._find_excess(answer)
        for (kind, _, value), n in sorted(self.totals.items()):
            if kind == "finding" and n:
                self.findings.add(value, expected=0, actual=n)

    def residual(self) -> tuple[Measure | None, list[tuple[int, Aim]]]:
        """Return the unit's target and, where they do not add up to it, those of its children."""
        target = self.measure(self.unit.number)
        allocated = [
            (child.number, aim)
            for child in self.children
            for aim in self.aims.get(child.number, ())
            if (aim.kind, aim.category, aim.first, aim.last)
            == ("assigned", None, self.first, self.last)
        ]
        if not target or not target.of_period:
            return target, []
        fits = sum(aim.minimum for _, aim in allocated) == target.minimum
        return target, [] if fits else allocated

    def _find_residual(self) -> None:
        target, allocated = self.residual()
        if target and allocated:
            actual = sum(aim.minimum for _, aim in allocated)
            self.findings.add("allocation-residual", expected=target.minimum, actual=actual)

    def excesses(self, answer: Mapping[str, Any]) -> Iterator[tuple[str, int, str, int]]:
        """Yield what is counted as more than all there are: its name and count, and all's."""
        classes, members = answer["classes"], answer["members"]
        parts = [("classes.certified", classes["certified"], "classes.learners")]
        if members:
            parts += [
                (f"{part}.{kind}", answer[part][kind], "members")
                for part, kind in (
                    ("funnel", "recognised"),
                    ("left", "struck_off"),
                    ("left", "resigned"),
                )
            ]
        for figure, count, base in parts:
            all_ = members["count"] if base == "members" else classes["learners"]
            if count is not None and all_ is not None and count > all_:
                yield figure, count, base, all_

    def _find_excess(self, answer: Mapping[str, Any]) -> None:
        for figure, count, _, all_ in self.excesses(answer):
            self.findings.add("count-exceeds-base", expected=all_, actual=count, figure=figure)

    def early(self) -> list[CountKnown]:
        """Return the counts of the period that are not in effect yet."""
        return [
            count
            for count in self.counts
            if self.first <= count.first and count.last <= self.last and count.last > self.as_of
        ]

    def inside(self) -> list[CountKnown]:
        """Return the counts in effect that are of a day of the period."""
        return [
            count
            for count in self.counts
            if count.first <= self.end and count.last >= self.first and count.last <= self.as_of
        ]

    def _find_counts(self) -> None:
        early, inside = self.early(), self.inside()
        codes = self.knowledge.codes({count.unit for count in (*early, *inside)}, self.as_of)
        for count in early:
            self.findings.add(
                "count-not-yet-effective",
                unit=codes[count.unit],
                expected=count.amount,
                actual=0,
                indicator=count.indicator,
                period=count.period,
                effective=iso(count.last),
            )
        for count in inside:
            if people := self.knowledge.people_beside(self.unit.number, count):
                self.findings.add(
                    "count-overlap",
                    unit=codes[count.unit],
                    expected=0,
                    actual=people,
                    indicator=count.indicator,
                    period=count.period,
                    count=count.amount,
                )


def _day(day: int | None) -> str | None:
    return None if day is None else iso(day)


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _brief(target: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in target.items() if name not in _OF_ITS_PAPER}


def _party_kinds() -> frozenset[str]:
    kinds = rulebook().unit_kinds
    return frozenset(code for code, kind in kinds.items() if kind.party_organisation)


_OF_ITS_PAPER = frozenset({"document", "issued_on"})
ORDER = (
    "unit",
    "name",
    "period",
    "as_of",
    "known_at",
    "positions",
    "target",
    "admitted",
    "ratio",
    "remaining",
    "units",
    "by_unit",
    "targets",
    "facets",
    "rounds",
    "left",
    "funnel",
    "classes",
    "members",
    "findings",
)
