"""The facts of dossiers: people who count, and the units through which they count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from events.dossiers import (
    CandidacyFact,
    CandidacyOpened,
    CellVoteTaken,
    CeremonyExtensionApproved,
    Correction,
    DecisionPeriodExtended,
    Facets,
    FactRetracted,
    Finding,
    Standing,
)
from events.envelope import Envelope
from services.reporting.projection.facets import values
from services.reporting.projection.forest import Forest, UnitTables
from services.reporting.projection.history import Told, told
from services.reporting.projection.lines import Act, Candidacy, Line, Person, lines
from services.reporting.projection.rolling import (
    CACHED_FACETS,
    Counted,
    CounterTables,
    Rolling,
)


class Counting(NamedTuple):
    """A line of a person that begins to count at a position, or, below zero, ceases to."""

    position: int
    part: int
    line: Line
    n: int


class DossiersTables(UnitTables, CounterTables, Protocol):
    """What the view keeps of the dossiers ledger."""

    def facets_numbers(self, several: Iterable[Facets]) -> Mapping[Facets, int]:
        """Return the numbers of combinations of facets, given in this order to those new."""
        ...

    def facets(self, number: int) -> Facets:
        """Return the facets that bear a number."""
        ...

    def people(self, persons: Iterable[bytes]) -> Mapping[bytes, Person]:
        """Return what stands of people, those known already."""
        ...

    def keep_people(self, people: Mapping[bytes, Person]) -> None:
        """Keep what now stands of people."""
        ...

    def count(self, countings: Sequence[Counting]) -> None:
        """Append what begins and ceases to count."""
        ...

    def tell(self, history: Sequence[Told]) -> None:
        """Append rows of history."""
        ...


@dataclass(slots=True)
class Growing:
    """A candidacy that several facts in a row only add to."""

    stream: int
    person: bytes
    candidacy: Candidacy
    last: int
    """The day of its last act."""
    positions: dict[int, int] = field(default_factory=dict)
    """Where each version of those facts stands."""


class DossiersProjection:
    """Keeps what stands of each person, and writes only what a fact makes different.

    Without `counting` it writes no counters: they are summed up when all else is there.
    """

    def __init__(self, tables: DossiersTables, *, counting: bool = True) -> None:
        self._tables = tables
        self._rolling = Rolling(tables, self._values_of) if counting else None
        self._forest = Forest(tables, self._rolling)
        self._people: dict[bytes, Person] = {}
        self._lines: dict[bytes, set[Line]] = {}
        self._growing: Growing | None = None
        self._countings: list[Counting] = []
        self._facets_numbers: dict[Facets, int] = {}
        self._facets: dict[int, Facets] = {}

    def forget(self) -> None:
        """Drop what is held in memory."""
        self._forest.forget()
        self._people.clear()
        self._lines.clear()
        self._growing = None
        self._countings.clear()
        self._facets_numbers.clear()
        self._facets.clear()
        if self._rolling:
            self._rolling.forget()

    def project(self, batch: Sequence[Envelope]) -> None:
        """Apply the next facts, in order."""
        self._people.clear()
        self._lines.clear()
        history = [told(envelope) for envelope in batch]
        self._people.update(self._tables.people({row.person for row in history if row.person}))
        self._number_facets(batch)
        # First, because it is the most: the database works at it meanwhile.
        self._tables.tell(history)
        for envelope in batch:
            self._apply(envelope)
        self._settle()
        self._write_countings()
        self._tables.keep_people(self._people)
        if self._rolling:
            self._rolling.write()

    def _apply(self, envelope: Envelope) -> None:
        match envelope.fact:
            case CandidacyFact() as fact:
                carried = not isinstance(fact, CellVoteTaken) or fact.carried
                act = self._act(fact.originator_version, fact.fact, fact, carried=carried)
                if not self._grows(envelope, fact, act):
                    person = fact.person.bytes
                    candidacy = self._candidacy(envelope, person)
                    candidacy.acts[act.version] = act
                    self._restate(candidacy, fact.standing)
                    self._write_differences(envelope.position, person)
            case CandidacyOpened() as fact:
                self._candidacy(envelope, fact.person.bytes)
            case Correction() | DecisionPeriodExtended() | CeremonyExtensionApproved() as fact:
                person = fact.person.bytes
                candidacy = self._candidacy(envelope, person)
                if isinstance(fact, FactRetracted):
                    candidacy.acts.pop(fact.of, None)
                self._restate(candidacy, fact.standing)
                self._write_differences(envelope.position, person)
            case _:
                # What a change of the tree moves is read from the table.
                self._settle()
                self._write_countings()
                self._forest.change(envelope)

    def _grows(self, envelope: Envelope, fact: CandidacyFact, act: Act) -> bool:
        """Take an act that changes nothing of what counts already, and so needs no comparing.

        Acts in the order of their days, of a person with one candidacy and no round, only
        add: what each adds is told by its version when the last of them is in.
        """
        growing = self._growing
        stream = fact.originator_id.int  # compared for every fact, and an id takes its time
        if growing is None or growing.stream != stream:
            person = fact.person.bytes
            candidacy = self._candidacy(envelope, person)
            if act.round or fact.standing or len(self._people[person].candidacies) > 1:
                return False
            last = max((known.on for known in candidacy.acts.values()), default=0)
            growing = Growing(stream, person, candidacy, last)
        if act.on < growing.last or act.round or fact.standing:
            return False
        self._growing = growing
        growing.last = act.on
        growing.candidacy.acts[act.version] = act
        growing.positions[act.version] = envelope.position
        return True

    def _settle(self) -> None:
        """Write what the acts of one candidacy added."""
        growing, self._growing = self._growing, None
        if growing is None:
            return
        before, now = self._lines[growing.person], lines(self._people[growing.person])
        self._lines[growing.person] = now
        at, part = 0, 0
        for line in sorted(now - before, key=_by_version):
            position = growing.positions[line.version]
            at, part = position, part + 1 if position == at else 0
            self._write(position, part, line, line.n)

    def _candidacy(self, envelope: Envelope, person: bytes) -> Candidacy:
        self._settle()
        known = self._people.get(person)
        if known is None:
            known = self._people[person] = Person(envelope.position)
        if person not in self._lines:
            self._lines[person] = lines(known) if known.candidacies else set()
        stream = envelope.fact.originator_id.bytes
        for candidacy in known.candidacies:
            if candidacy.stream == stream:
                return candidacy
        opened = Candidacy(envelope.position, stream)
        known.candidacies.append(opened)
        return opened

    def _act(
        self, version: int, name: str, source: CandidacyFact | Standing, *, carried: bool
    ) -> Act:
        return Act(
            version,
            name,
            source.on.toordinal(),
            self._forest.number(source.unit),
            self._facets_numbers[source.facets],
            source.facets.referral_round,
            _kinds(source.findings),
            carried,
        )

    def _restate(self, candidacy: Candidacy, standing: Iterable[Standing]) -> None:
        for fact in standing:
            known = candidacy.acts.get(fact.of)
            carried = known is None or known.carried
            candidacy.acts[fact.of] = self._act(fact.of, fact.fact, fact, carried=carried)

    def _write_differences(self, position: int, person: bytes) -> None:
        before, now = self._lines[person], lines(self._people[person])
        self._lines[person] = now
        different = [(line, -line.n) for line in sorted(before - now)]
        different += [(line, line.n) for line in sorted(now - before)]
        for part, (line, n) in enumerate(different):
            self._write(position, part, line, n)

    def _write(self, position: int, part: int, line: Line, n: int) -> None:
        self._countings.append(Counting(position, part, line, n))
        if self._rolling:
            self._rolling.add(
                self._forest.branches(line.unit),
                Counted(line.kind, line.value, line.on, line.tree_on, line.facets, n),
            )

    def _write_countings(self) -> None:
        self._tables.count(self._countings)
        self._countings.clear()

    def _number_facets(self, batch: Sequence[Envelope]) -> None:
        """Learn the numbers of all facets that the next facts bear, asking once."""
        unknown = _borne(batch, self._facets_numbers)
        if len(self._facets_numbers) + len(unknown) > CACHED_FACETS:
            self._facets_numbers.clear()
            self._facets.clear()
            unknown = _borne(batch, {})
        if unknown:
            for facets, number in self._tables.facets_numbers(unknown).items():
                self._facets_numbers[facets] = number
                self._facets[number] = facets

    def _values_of(self, number: int) -> tuple[tuple[str, str], ...]:
        return values(self._facets.get(number) or self._tables.facets(number))


def _borne(batch: Sequence[Envelope], known: Mapping[Facets, int]) -> list[Facets]:
    """Return the unknown facets under which facts, and those that they restate, are on record."""
    borne: dict[Facets, None] = {}
    for envelope in batch:
        fact = envelope.fact
        if isinstance(fact, CandidacyFact) and fact.facets not in known:
            borne[fact.facets] = None
        for standing in getattr(fact, "standing", ()):
            if standing.facets not in known:
                borne[standing.facets] = None
    return list(borne)


def _by_version(line: Line) -> tuple[int, Line]:
    return line.version, line


def _kinds(findings: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(finding.kind for finding in findings) if findings else ()
