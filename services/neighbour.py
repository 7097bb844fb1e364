"""Dossiers as its neighbours in one process know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.directory import Candidate
from services.dossiers.domain.refusals import UnknownCandidacy
from services.installation import Installation


class Neighbour:
    """Answers what other services ask of units and people."""

    def __init__(self, ketnap: Installation) -> None:
        self._dossiers = ketnap.dossiers
        self._units = ketnap.units

    def bearer(self, code: str, on: date) -> UUID | None:
        """Return the unit that bears a code on a day."""
        return self._units.tree.by_code(code, on)

    def code(self, unit: UUID) -> str:
        """Return the code of a unit, or its id where it is not known."""
        return self._units.tree.code(unit)

    def name(self, unit: UUID, on: date) -> str:
        """Return how a unit is called on a day, or was at its last."""
        tree = self._units.tree
        if then := tree.unit(unit, on):
            return then.name
        life = tree.lives.get(unit)
        return life.spans[-1].name if life and life.spans else str(unit)

    def ancestors(self, unit: UUID, day: date, /) -> Sequence[UUID] | None:
        """Return the units above a unit on a day; None where it is not there on that day."""
        tree = self._units.tree
        return tree.ancestors(unit, day) if tree.unit(unit, day) else None

    def candidate(self, candidacy: UUID) -> Candidate | None:
        """Return whose a candidacy is; None where there is none of that id."""
        try:
            found, _ = self._dossiers.told(candidacy)
        except UnknownCandidacy:
            return None
        return Candidate(found.person, found.unit)

    def candidacy_of(self, person_ref: str) -> UUID | None:
        """Return the latest candidacy of the person of a reference."""
        person = self._dossiers.person(person_ref)
        candidacies = self._dossiers.candidacies(person) if person else []
        return candidacies[-1] if candidacies else None

    def names(self, persons: Sequence[UUID], *, actor: str, purpose: str) -> Mapping[UUID, str]:
        """Return names of people; who read them, and why, is put on record first."""
        asked = sorted(set(persons))
        told = self._dossiers.personal(asked, ("full_name",), actor=actor, purpose=purpose)
        return {person: name for person, fields in told.items() if (name := fields["full_name"])}
