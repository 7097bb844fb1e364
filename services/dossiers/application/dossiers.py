"""The commands that dossiers accepts: load, decide, and return what changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol, assert_never, cast
from uuid import UUID

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import BaseAggregate
from uuid_utils.compat import uuid7

from events.calendar import CIVIL
from events.dossiers import Facets, Finding
from events.envelope import By, Fact
from events.refusal import Refusal
from events.rulebook import Rulebook, rulebook
from infra.ledger.ahead import About
from infra.ledger.application import Commands
from infra.ledger.group import Rehearsal
from infra.ledger.port import ClaimTakenError, Ledger
from infra.sealing import Keys
from services.dossiers import commands
from services.dossiers.application.acting import amend, do
from services.dossiers.application.days import must_have_happened
from services.dossiers.application.outcomes import Outcome
from services.dossiers.domain import refusals
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.facets import completed, counted, differing
from services.dossiers.domain.history import Row, earliest, record_history
from services.dossiers.domain.journey import Recorded, over
from services.dossiers.domain.people import Details, Person
from services.dossiers.domain.readings import Act
from services.dossiers.domain.tree import Tree
from services.dossiers.domain.units import Unit

SAME_NAME = Finding(kind="same-name-and-birth-date")


class Units(Protocol):
    """Where the units are read: a view, and what this process knows that it has not read yet."""

    @property
    def tree(self) -> Tree:
        """Return the units by day."""
        ...

    @property
    def build(self) -> int:
        """Return what is another number when the view was built anew."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Look once whether the tree is current, for all that this thread asks inside."""
        ...

    def note(self, facts: Sequence[Fact], *, rehearsed: bool) -> None:
        """Have facts in the tree before the view has them."""
        ...

    def forget_rehearsed(self) -> None:
        """Drop facts that were only rehearsed."""
        ...

    def withdraw(self, code: str, holder: UUID | None) -> None:
        """Drop what was noted of units with a code that another one holds."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


class Dossiers(Commands):
    """Units, people and candidacies."""

    aggregates = (Unit, Person, Candidacy, Outcome)
    outcomes = Outcome

    def __init__(
        self,
        ledger: Ledger,
        keys: Keys,
        units: Units,
        book: Rulebook | None = None,
        *,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(ledger, keys)
        self.units = units
        self.book = book or rulebook()
        self._clock = clock

    def about(self, command: Any) -> UUID | None:  # noqa: ANN401 - as the base
        """Return the candidacy of a command."""
        return command.candidacy if isinstance(command, commands.ActOn) else None

    def decide(self, command: commands.Command) -> Sequence[BaseAggregate[UUID]]:
        """Return what the command changed."""
        must_have_happened(command, self._clock().astimezone(CIVIL).date())
        match command:
            case (
                commands.RegisterUnit()
                | commands.RenameUnit()
                | commands.MoveUnit()
                | commands.ReclassifyUnit()
            ):
                return self._noted(self._unit(command))
            case commands.CorrectUnit() | commands.DissolveUnit():
                return self._noted(self._unit(command))
            case commands.NominateCandidate():
                return self._nominate(command)
            case commands.RecordHistory():
                return self._record_history(command)
            case commands.ShredPerson():
                return self._record_shredding(command)
            case commands.ActOn():
                return self._on_candidacy(self._candidacy(command.candidacy), command)
            case _:
                assert_never(command)

    def claim_refusal(self, error: ClaimTakenError) -> Refusal:
        """Say what is taken in the words of its rule."""
        kind, _, key = error.key.partition("/")
        if kind == "unit-code":
            self.units.withdraw(key, error.holder)
            return refusals.UnitCodeTaken(code=key)
        if kind in {"candidacy", "attempt"}:
            return refusals.CandidacyOpenAlready(candidacy=error.holder)
        return refusals.PersonAlreadyKnown()

    @contextmanager
    def ahead(self, commands: Collection[About]) -> Iterator[None]:
        """Read what commands are about, the units too, for all of them at once."""
        with self.units.held(), super().ahead(commands):
            yield

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Save nothing of what is performed inside, and forget its units afterwards."""
        outermost = not self._rehearsing
        with super().rehearsal():
            try:
                yield
            finally:
                if outermost:
                    self.units.forget_rehearsed()

    @property
    def _rehearsing(self) -> bool:
        return isinstance(self._here.pending, Rehearsal)

    # Units.

    def _noted(self, unit: Unit) -> Sequence[Unit]:
        facts = [fact for fact in unit.pending_events if isinstance(fact, Fact)]
        self.units.note(facts, rehearsed=self._rehearsing)
        return (unit,)

    def _unit(self, command: commands.UnitCommand) -> Unit:
        tree, book = self.units.tree, self.book
        if isinstance(command, commands.RegisterUnit):
            return self._register(command, tree)
        unit: Unit = self._get(command.unit, refusals.UnknownUnit(unit=command.unit))
        on, by = command.on, command.by
        match command:
            case commands.RenameUnit(name=name):
                unit.rename(on, by, name, book)
            case commands.MoveUnit(parent=parent):
                unit.move(on, by, parent, tree, book)
            case commands.ReclassifyUnit(kind=kind, sector=sector):
                unit.reclassify(on, by, kind, sector, book)
            case commands.CorrectUnit(name=name, kind=kind, parent=parent, sector=sector):
                unit.correct(
                    on,
                    by,
                    name=name,
                    kind=kind,
                    parent=parent,
                    sector=sector,
                    reason=command.reason,
                    tree=tree,
                    book=book,
                )
            case commands.DissolveUnit(successors=successors):
                unit.dissolve(on, by, successors, tree, book)
        return unit

    def _register(self, command: commands.RegisterUnit, tree: Tree) -> Unit:
        try:
            known: Unit = self.repository.get(command.unit)
        except AggregateNotFoundError:
            return Unit.register(
                command.unit,
                command.on,
                command.by,
                code=command.code,
                name=command.name,
                kind=command.kind,
                parent=command.parent,
                sector=command.sector,
                tree=tree,
                book=self.book,
            )
        if (known.life.code, known.life.since) != (command.code, command.on):
            raise refusals.UnitAlreadyRegistered(unit=known.life.code, on=known.life.since)
        return known

    # People.

    def person(self, person_ref: str) -> UUID | None:
        """Return the id of a person by reference."""
        return self.holder(f"person/{self.keys.reference(person_ref)}")

    def candidacies(self, person: UUID) -> list[UUID]:
        """Return the candidacies of a person, the first attempt first."""
        found: list[UUID] = []
        while stream := self.holder(f"attempt/{person}/{len(found) + 1}"):
            found.append(stream)
        return found

    def standing(self, candidacy: UUID) -> dict[int, Recorded]:
        """Return the facts of a candidacy as they stand, by version."""
        return dict(self._candidacy(candidacy).facts)

    def told(self, candidacy: UUID) -> tuple[Candidacy, list[Fact]]:
        """Return a candidacy, and the facts that tell of it. Raises UnknownCandidacy."""
        facts = [cast("Fact", fact) for fact in self.events.get(candidacy)]
        if not facts or not isinstance(facts[0], Candidacy.CandidacyOpened):
            raise refusals.UnknownCandidacy(candidacy=candidacy)
        found: Candidacy | None = None
        for fact in facts:
            found = cast("Candidacy | None", fact.mutate(found))
        return cast("Candidacy", found), facts

    def personal(
        self, persons: Sequence[UUID], fields: Sequence[str], *, actor: str, purpose: str
    ) -> dict[UUID, dict[str, Any]]:
        """Return personal fields of people, putting the reads on record; nothing of the shredded.

        Raises UnknownPerson.
        """
        self.keys.log_reads(actor, persons, purpose, fields)
        found: dict[UUID, dict[str, Any]] = {}
        for each in persons:
            person: Person = self._get(each, refusals.UnknownPerson(person=each))
            told = {"person_ref": person.person_ref} | asdict(person.details)
            found[each] = {name: told[name] for name in fields}
        return found

    def details(self, person: UUID, *, actor: str, purpose: str) -> Details:
        """Return what is known of a person, putting the read on record."""
        known: Person = self._get(person, refusals.UnknownPerson(person=person))
        fields = ("person_ref", "full_name", "birth_date", "religion")
        self.keys.log_read(actor, person, purpose, fields)
        return known.details

    def shred_person(
        self, command: commands.ShredPerson, *, key: str | None = None
    ) -> tuple[int, ...]:
        """Destroy a person's key; said again, it ends what a crash left undone, or is so already.

        Raises UnknownPerson.
        """
        reference = self.keys.reference(command.person_ref) if command.person_ref else None
        unfinished = dict(self.keys.unfinished())
        if reference:
            person = self.holder(f"person/{reference}") or unfinished.get(reference)
            if person is None and self.keys.entombed(reference):
                return ()
        else:
            person = command.person
        if person is None:
            raise refusals.UnknownPerson
        known: Person = self._get(person, refusals.UnknownPerson())
        by_person = {each: tombstone for tombstone, each in unfinished.items()}
        reference = reference or known.reference or by_person.get(person)
        if reference is None:
            return ()
        return self.shred(replace(command, person=person), person, reference, key=key)

    def _record_shredding(self, command: commands.ShredPerson) -> Sequence[Person]:
        if command.person is None:
            raise refusals.UnknownPerson
        person: Person = self._get(command.person, refusals.UnknownPerson())
        person.shred(command.on, command.by, self.book)
        return (person,)

    def _known_person(self, person_ref: str) -> tuple[str, Person | None]:
        if not person_ref.strip():
            raise refusals.PersonRefMissing(columns=("person_ref",))
        reference = self.keys.reference(person_ref)
        if self.keys.entombed(reference):
            raise refusals.PersonShredded(columns=("person_ref",))
        stream = self.holder(f"person/{reference}")
        known: Person | None = self.repository.get(stream) if stream else None
        return reference, known

    def _person(
        self,
        command: commands.NominateCandidate | commands.RecordHistory,
        *,
        correct: bool,
        reason: str | None,
    ) -> tuple[Person, tuple[str, ...], tuple[Finding, ...]]:
        """Return the person, which columns differ, and what does not fit."""
        told = Details(
            full_name=command.full_name,
            birth_date=command.birth_date,
            religion=command.religion,
        )
        reference, known = self._known_person(command.person_ref)
        if known is None:
            likeness, findings = self._likeness(told)
            day = command.on
            if isinstance(command, commands.RecordHistory):
                day = earliest(command.acts, command.left_on) or day
            person = Person.register(
                uuid7(),
                day,
                command.by,
                reference=reference,
                person_ref=command.person_ref,
                details=told,
                likeness=likeness,
                book=self.book,
            )
            return person, (), findings
        columns = known.details.differing(told)
        if columns and not correct:
            return known, columns, ()
        merged = known.details.completed(told)
        if merged == known.details:
            return known, columns, ()
        likeness, findings = self._likeness(merged, known)
        known.record_details(
            command.on, command.by, merged, likeness=likeness, reason=reason, book=self.book
        )
        return known, columns, findings

    def _likeness(
        self, details: Details, known: Person | None = None
    ) -> tuple[str | None, tuple[Finding, ...]]:
        """Return the claim of a name and a birth date, or the finding that another has it."""
        if not details.full_name or not details.birth_date:
            return None, ()
        likeness = self.keys.likeness(details.full_name, details.birth_date)
        holder = self.holder(f"likeness/{likeness}")
        if holder is None or (known and holder == known.id):
            return likeness, ()
        return None, (SAME_NAME,)

    # Candidacies.

    def _nominate(self, command: commands.NominateCandidate) -> Sequence[BaseAggregate[UUID]]:
        person, columns, findings = self._person(command, correct=False, reason=None)
        if columns:
            raise refusals.DiffersFromRecorded(columns=columns)
        act = self._act(command.on, command.by, person)
        earlier = self.candidacies(person.id)
        if earlier:
            before = self._candidacy(earlier[-1])
            if not (ended := over(before.facts)):
                first = min((fact.on for fact in before.facts.values()), default=None)
                if first == command.on and before.unit == command.unit:
                    return (person,)
                raise refusals.CandidacyOpenAlready(candidacy=before.id, on=first)
            if command.on < ended.on:
                raise refusals.DaysOutOfOrder.between(
                    (ended.fact, ended.on), ("nominated", command.on)
                )
        act.unit_for(command.unit, command.on, "nominated")
        candidacy = Candidacy.open(
            command.candidacy or uuid7(),
            act,
            person=person.id,
            unit=command.unit,
            facets=counted(
                command.facets, religious=person.details.religious, act=act, on=command.on
            ),
            attempt=len(earlier) + 1,
        )
        candidacy.nominate(act, findings=findings)
        return (person, candidacy)

    def _record_history(self, command: commands.RecordHistory) -> Sequence[BaseAggregate[UUID]]:
        person, columns, findings = self._person(
            command, correct=command.correct, reason=command.reason
        )
        act = self._act(command.on, command.by, person)
        first = earliest(command.acts, command.left_on)
        attempts = (
            self.candidacies(person.id) if person.version > len(person.pending_events) else []
        )
        known = self._attempt(attempts, first, correct=command.correct)
        recorded = known.facets if known else Facets()
        day = first or command.on
        told = counted(
            completed(recorded, command.facets),
            religious=person.details.religious if person.details.religion else recorded.religious,
            act=act,
            on=day,
        )
        if known:
            columns += differing(recorded, command.facets, self.book)
            candidacy = known
        else:
            candidacy = Candidacy.open(
                uuid7(),
                replace(act, on=day),
                person=person.id,
                unit=command.unit,
                facets=told,
                attempt=len(attempts) + 1,
                imported=True,
            )
        row = Row(
            unit=command.unit,
            acts=command.acts,
            facets=told,
            class_code=command.class_code,
            left_kind=command.left_kind,
            left_on=command.left_on,
            differing=columns,
            correct=command.correct,
            reason=command.reason,
            findings=findings,
            person_changed=bool(known and person.pending_events),
        )
        record_history(candidacy, row, act)
        return (person, candidacy)

    def _attempt(
        self, attempts: Sequence[UUID], first: date | None, *, correct: bool
    ) -> Candidacy | None:
        """Return the attempt that a row tells of; None where it tells of a new one."""
        found: Candidacy | None = None
        for stream in reversed(attempts):
            candidacy = self._candidacy(stream)
            ended = over(candidacy.facts)
            if first is None:
                return candidacy
            if ended and first > ended.day:
                return found or (candidacy if correct else None)
            found = candidacy
        return found

    def _on_candidacy(
        self, candidacy: Candidacy, command: commands.ActOn
    ) -> Sequence[BaseAggregate[UUID]]:
        person: Person = self._get(candidacy.person, refusals.UnknownPerson())
        act = self._act(command.on, command.by, person)
        if isinstance(command, commands.AmendingCommand):
            amend(candidacy, command, act)
            return (candidacy, person)
        do(candidacy, command, act)
        return (candidacy,)

    def _act(self, on: date, by: By, person: Person) -> Act:
        return Act(
            on=on,
            by=by,
            book=self.book,
            tree=self.units.tree,
            birth=person.details.birth_date,
            sealable=not person.shredded,
        )

    def _candidacy(self, stream: UUID) -> Candidacy:
        found: Candidacy = self._get(stream, refusals.UnknownCandidacy(candidacy=stream))
        return found

    def _get(self, stream: UUID, unknown: Refusal) -> Any:  # noqa: ANN401 - the caller names the aggregate
        try:
            return self.repository.get(stream)
        except AggregateNotFoundError:
            raise unknown from None
