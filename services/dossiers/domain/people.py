"""A person: a reference, and what only the sealed box says of whoever bears it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import Self, cast
from uuid import UUID

from eventsourcing.domain import BaseAggregate

from events import dossiers
from events.envelope import By, Fact
from events.rulebook import Rulebook, fold

_NO_RELIGION = frozenset(fold(text) for text in ("không", "none", "no", "không theo"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What is known of a person; None is unknown."""

    full_name: str | None = None
    birth_date: date | None = None
    religion: str | None = None

    def differing(self, told: Details) -> tuple[str, ...]:
        """Return the names of what is told otherwise than it is known here."""
        return tuple(
            name
            for name in _DETAILS
            if None not in {getattr(self, name), getattr(told, name)}
            and getattr(self, name) != getattr(told, name)
        )

    def completed(self, told: Details) -> Details:
        """Return these, with everything that is told."""
        return Details(**{n: getattr(told, n) or getattr(self, n) for n in _DETAILS})

    @property
    def religious(self) -> bool | None:
        """Tell whether the person has a religion, as statistics ask."""
        return None if self.religion is None else fold(self.religion) not in _NO_RELIGION


_DETAILS = tuple(each.name for each in fields(Details))


class Person(BaseAggregate[UUID]):
    """A person under a reference, until shredded."""

    TOPIC = "dossiers.Person"

    class Event(Fact):
        """A fact of a person."""

        def apply(self, aggregate: Person) -> None:
            aggregate.take_in(self)

    PersonRegistered = dossiers.PersonRegistered
    PersonDetailsRecorded = dossiers.PersonDetailsRecorded
    PersonShredded = dossiers.PersonShredded

    def __init__(self) -> None:
        self.reference: str | None = None
        self.person_ref: str | None = None
        self.details = Details()
        self.likeness: str | None = None
        self.shredded = False

    @classmethod
    def register(  # noqa: PLR0913 - what a person is
        cls,
        person: UUID,
        on: date,
        by: By,
        *,
        reference: str,
        person_ref: str,
        details: Details,
        likeness: str | None,
        book: Rulebook,
    ) -> Self:
        """Begin a person; `likeness` is given to the first who has it."""
        return cls._create(
            cls.PersonRegistered,
            id=person,
            on=on,
            reference=reference,
            person_ref=person_ref,
            full_name=details.full_name,
            birth_date=details.birth_date,
            religion=details.religion,
            likeness=likeness,
            rule_set=book.on(on).id,
            **by.fields(),
        )

    def record_details(  # noqa: PLR0913 - what is recorded, and why
        self,
        on: date,
        by: By,
        details: Details,
        *,
        likeness: str | None,
        reason: str | None,
        book: Rulebook,
    ) -> None:
        """Record the details as they are now known."""
        if details != self.details:
            self.trigger_event(
                cast("type[Person.Event]", self.PersonDetailsRecorded),
                on=on,
                full_name=details.full_name,
                birth_date=details.birth_date,
                religion=details.religion,
                likeness=likeness,
                former_likeness=self.likeness if self.likeness != likeness else None,
                reason=reason,
                rule_set=book.on(on).id,
                **by.fields(),
            )

    def shred(self, on: date, by: By, book: Rulebook) -> None:
        """Record that the key of the person is destroyed."""
        if not self.shredded:
            self.trigger_event(
                cast("type[Person.Event]", self.PersonShredded),
                on=on,
                reference=self.reference,
                likeness=self.likeness,
                rule_set=book.on(on).id,
                **by.fields(),
            )

    def take_in(self, fact: Fact) -> None:
        """Apply a fact."""
        match fact:
            case dossiers.PersonShredded():
                self.shredded = True
            case dossiers.PersonDetailsRecorded():
                self._know(fact)
            case dossiers.PersonRegistered(reference=reference, person_ref=person_ref):
                self.reference, self.person_ref = reference, person_ref
                self._know(fact)

    def _know(self, fact: dossiers.PersonRegistered | dossiers.PersonDetailsRecorded) -> None:
        self.likeness = fact.likeness
        self.details = Details(
            full_name=fact.full_name, birth_date=fact.birth_date, religion=fact.religion
        )
