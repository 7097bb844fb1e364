"""Who is who and what lies where: what services ask of dossiers, in process or over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

import msgspec


class Candidate(msgspec.Struct, frozen=True):
    """Whose a candidacy is, and where."""

    person: UUID
    unit: UUID


class Candidates(msgspec.Struct, frozen=True):
    """The candidacies of a person, the first attempt first."""

    candidacies: list[UUID]


class Named(msgspec.Struct, frozen=True):
    """How people are called, by person; those whose name is destroyed are left out."""

    names: dict[str, str]


class UnitSpan(msgspec.Struct, frozen=True):
    """How a unit is called and where it lies, from a day until the next span."""

    since: date
    name: str
    parent: UUID | None


class UnitLife(msgspec.Struct, frozen=True):
    """The days of a unit."""

    unit: UUID
    code: str
    since: date
    until: date | None
    spans: list[UnitSpan]


class Lives(msgspec.Struct, frozen=True):
    """Every unit that there ever was."""

    units: list[UnitLife]


class Directory(Protocol):
    """What a service knows of units and people without owning them."""

    def bearer(self, code: str, on: date) -> UUID | None:
        """Return the unit that bears a code on a day."""
        ...

    def code(self, unit: UUID) -> str:
        """Return the code of a unit, or its id where it is not known."""
        ...

    def name(self, unit: UUID, on: date) -> str:
        """Return how a unit is called on a day, or was at its last."""
        ...

    def ancestors(self, unit: UUID, day: date, /) -> Sequence[UUID] | None:
        """Return the units above a unit on a day; None where it is not there on that day."""
        ...

    def candidate(self, candidacy: UUID) -> Candidate | None:
        """Return whose a candidacy is; None where there is none of that id."""
        ...

    def candidacy_of(self, person_ref: str) -> UUID | None:
        """Return the latest candidacy of the person of a reference."""
        ...

    def names(self, persons: Sequence[UUID], *, actor: str, purpose: str) -> Mapping[UUID, str]:
        """Return names of people; who read them, and why, is put on record first."""
        ...
