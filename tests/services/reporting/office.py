"""A small office for tests: it records facts in the words of the field, and asks for figures."""

# ruff: noqa: ANN401 - what is passed on to an event of any kind

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from events import dossiers, reporting, training
from events.codec import encode
from events.dossiers import CandidacyFact, Facets, Finding, Standing
from events.envelope import Fact, FirstFact
from events.period import parse_period
from events.registry import LEDGERS
from infra.database import Place, PostgresSchema, SqliteFile
from infra.ledger.port import Row
from infra.runner import TABLES, Runner
from services.reporting.view import Question, ReportingView, tables

SPACE = UUID(int=2026)
START = datetime(2026, 1, 1, tzinfo=UTC)
ACTS: MappingProxyType[str, type[CandidacyFact]] = MappingProxyType(
    {
        kind.fact: kind
        for kind in vars(dossiers).values()
        if isinstance(kind, type) and issubclass(kind, CandidacyFact) and hasattr(kind, "fact")
    }
)


def day(text: str) -> date:
    return date.fromisoformat(text)


@dataclass
class Shelf:
    """A ledger as its reader sees it."""

    ledger: str
    rows: list[Row] = field(default_factory=list)

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return self.rows[after : after + limit]

    def head(self) -> int:
        return len(self.rows)

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return self.head() > after


@dataclass
class Office:
    """Ledgers of facts that nobody decided: rules are tested elsewhere."""

    view: ReportingView
    batch_events: int = 500
    ledgers: dict[str, Shelf] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    units: dict[str, UUID] = field(default_factory=dict)
    runners: list[Runner] = field(default_factory=list)
    recorded: datetime = START
    people: int = 0

    def __post_init__(self) -> None:
        self.ledgers = {name: Shelf(name) for name in LEDGERS}
        self.runners = self.view.runners(self.ledgers, batch_events=self.batch_events)

    def tell(self, fact_type: type[Fact], stream: UUID, on: date, /, **fields: Any) -> int:
        """Record a fact, a second after the one before; return its version."""
        version = self.versions[stream] = self.versions.get(stream, 0) + 1
        self.recorded += timedelta(seconds=1)
        if issubclass(fact_type, FirstFact):
            fields["originator_topic"] = ""
        make: Any = fact_type
        fact = make(
            originator_id=stream,
            originator_version=version,
            timestamp=self.recorded,
            on=on,
            actor="clerk",
            **fields,
        )
        shelf = self.ledgers[fact_type.TOPIC.partition(".")[0]]
        state, _ = encode(fact)
        position = len(shelf.rows) + 1
        shelf.rows.append(
            Row(position, stream, version, fact_type.TOPIC, self.recorded, state, b"", b"", None)
        )
        return version

    # Units

    def unit(
        self, code: str, parent: str | None = None, since: str = "0001-01-01", **fields: Any
    ) -> None:
        self.units[code] = uuid5(SPACE, f"{code}/{since}")
        self.tell(
            dossiers.UnitRegistered,
            self.units[code],
            day(since),
            code=code,
            parent=self.units[parent] if parent else None,
            **{"name": f"Chi bộ {code}", "kind": "cell"} | fields,
        )

    def move(self, code: str, to: str | None, on: str) -> None:
        parent = self.units[to] if to else None
        self.tell(dossiers.UnitMoved, self.units[code], day(on), parent=parent)

    def dissolve(self, code: str, last: str, **fields: Any) -> None:
        self.tell(dossiers.UnitDissolved, self.units[code], day(last), code=code, **fields)

    def rename(self, code: str, name: str, on: str) -> None:
        self.tell(dossiers.UnitRenamed, self.units[code], day(on), name=name)

    # People

    def case(self, unit: str, *, person: UUID | None = None, **facets: Any) -> Case:
        """Open a candidacy; facets are those of the person."""
        self.people += 1
        stream = uuid5(SPACE, f"candidacy {self.people}")
        known = Case(self, stream, person or uuid5(SPACE, f"person {self.people}"), unit)
        known.facets = facets
        self.tell(
            dossiers.CandidacyOpened,
            stream,
            date(2000, 1, 1),
            person=known.person,
            unit=self.units[unit],
            facets=Facets(**facets),
        )
        return known

    def admit(self, unit: str, on: str, times: int = 1, **facets: Any) -> None:
        for _ in range(times):
            self.case(unit, **facets).did("ceremony", on)

    # Targets, counts, classes

    def target(
        self,
        unit: str,
        period: str,
        minimum: int,
        *,
        kind: str = "assigned",
        issued: str | None = None,
        category: str | None = None,
        **fields: Any,
    ) -> None:
        days = parse_period(period)
        stream = uuid5(SPACE, f"target/{unit}/{days.first}/{days.last}/{kind}/{category}")
        first = stream not in self.versions
        deadline = fields.pop("deadline", None)
        self.tell(
            reporting.TargetIssued if first else reporting.TargetAmended,
            stream,
            day(issued) if issued else days.first,
            unit=self.units[unit],
            kind=kind,
            first_day=days.first,
            last_day=days.last,
            period=period,
            minimum=minimum,
            category=category,
            deadline=day(deadline) if deadline else None,
            **fields,
        )

    def count(self, unit: str, indicator: str, period: str, count: int) -> None:
        days = parse_period(period)
        stream = uuid5(SPACE, f"count/{unit}/{indicator}/{days.first}/{days.last}")
        first = stream not in self.versions
        self.tell(
            reporting.CountRecorded if first else reporting.CountCorrected,
            stream,
            days.last,
            unit=self.units[unit],
            indicator=indicator,
            first_day=days.first,
            last_day=days.last,
            period=period,
            count=count,
        )

    def open_class(self, code: str, centre: str, on: str, enrolled: int | None) -> None:
        self.tell(
            training.ClassOpened,
            uuid5(SPACE, f"class/{code}"),
            day(on),
            code=code,
            centre=self.units[centre],
            enrolled=enrolled,
        )

    def complete_class(self, code: str, centre: str, on: str, certified: int | None) -> None:
        self.tell(
            training.ClassCompleted,
            uuid5(SPACE, f"class/{code}"),
            day(on),
            centre=self.units[centre],
            certified=certified,
        )

    # Questions

    def catch_up(self) -> None:
        for runner in self.runners:
            runner.catch_up(runner.state.head)

    def question(self, unit: str, period: str, as_of: str, **how: Any) -> Question:
        self.catch_up()
        return Question(unit_code=unit, period=parse_period(period), as_of=day(as_of), **how)

    def figures(self, unit: str, period: str, as_of: str, **how: Any) -> dict[str, Any]:
        """Ask for figures; both sources must give the same answer."""
        question = self.question(unit, period, as_of, **how)
        answer = self.view.figures(question)
        assert self.view.figures(question, source="facts") == answer
        return answer


@dataclass
class Case:
    """A candidacy, and what is recorded of it."""

    office: Office
    stream: UUID
    person: UUID
    unit: str
    facets: dict[str, Any] = field(default_factory=dict)
    acts: dict[int, tuple[str, date, str, dict[str, Any]]] = field(default_factory=dict)

    def did(
        self,
        fact: str,
        on: str,
        *,
        unit: str | None = None,
        findings: Sequence[str] = (),
        occasion: str | None = None,
        **fields: Any,
    ) -> Case:
        """Record an act of the journey."""
        at = unit or self.unit
        facets = self.facets | ({"occasion": occasion} if occasion else {})
        version = self.office.tell(
            ACTS[fact],
            self.stream,
            day(on),
            person=self.person,
            unit=self.office.units[at],
            facets=Facets(**facets),
            findings=tuple(Finding(kind=kind) for kind in findings),
            **fields,
        )
        self.acts[version] = (fact, day(on), at, facets)
        return self

    def journey(self, **acts: str) -> Case:
        for fact, on in acts.items():
            self.did(fact, on)
        return self

    def correct(self, fact: str, *, on: str | None = None, unit: str | None = None) -> Case:
        """Correct the day or the unit of the last such act."""
        version = self._version(fact)
        _, old_on, old_unit, facets = self.acts[version]
        self.acts[version] = (fact, day(on) if on else old_on, unit or old_unit, facets)
        self._restate(dossiers.FactCorrected, [version], fact=fact, of=version)
        return self

    def correct_facets(self, **facets: Any) -> Case:
        """Correct facets of every act."""
        self.facets |= facets
        for version, (fact, on, unit, known) in self.acts.items():
            self.acts[version] = (fact, on, unit, known | facets)
        self._restate(dossiers.FacetsCorrected, list(self.acts), facets=Facets(**self.facets))
        return self

    def correct_unit(self, unit: str) -> Case:
        """Correct the unit of the whole candidacy."""
        self.unit = unit
        for version, (fact, on, _, facets) in self.acts.items():
            self.acts[version] = (fact, on, unit, facets)
        self._restate(
            dossiers.CandidacyUnitCorrected, list(self.acts), unit=self.office.units[unit]
        )
        return self

    def retract(self, fact: str) -> Case:
        """Say that the last such act never happened."""
        version = self._version(fact)
        del self.acts[version]
        self._restate(dossiers.FactRetracted, [], fact=fact, of=version)
        return self

    def _version(self, fact: str) -> int:
        return max(version for version, act in self.acts.items() if act[0] == fact)

    def _restate(self, kind: type[Fact], versions: Sequence[int], **fields: Any) -> None:
        standing = tuple(
            Standing(
                of=version,
                fact=self.acts[version][0],
                on=self.acts[version][1],
                unit=self.office.units[self.acts[version][2]],
                facets=Facets(**self.acts[version][3]),
            )
            for version in versions
        )
        self.office.tell(
            kind, self.stream, date(2026, 1, 1), person=self.person, standing=standing, **fields
        )


@contextmanager
def open_office(
    folder: Path, batch_events: int = 500, *, place: Place | None = None
) -> Iterator[Office]:
    view = ReportingView(place or SqliteFile(folder / "reporting.db"))
    try:
        yield Office(view, batch_events)
    finally:
        view.close()


def postgres(dsn: str, schema: str = "reporting") -> PostgresSchema:
    """Return a schema with the tables of an empty view."""
    place = PostgresSchema(dsn, schema)
    place.make(TABLES + tables.SCHEMA + tables.INDEXES, tables.LAYOUT)
    return place


def kinds(answer: dict[str, Any]) -> list[str]:
    return [finding["kind"] for finding in answer["findings"]]


def finding(answer: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the operands of the one finding of a kind."""
    (found,) = (finding for finding in answer["findings"] if finding["kind"] == kind)
    return {name: found[name] for name in ("unit", "expected", "actual", "difference")}
