"""Dossiers in an installation of its own, with what an office says to it."""

# ruff: noqa: ANN401 - what a command or a row says is told by keyword

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.dossiers.application import NominateCandidate, RecordHistory, RegisterUnit
from services.installation import Installation
from tests.services.dossiers.office import BIRTH, BY, DAYS

TODAY = date(2024, 6, 3)
NOW = datetime(2024, 6, 2, 18, tzinfo=UTC)
"""It is the day after in Vietnam."""
NAME = "Nguyễn Văn Mẫu"
UNKNOWN = UUID(int=0)


class Office:
    """Dossiers where nothing was recorded before, with a district and two cells."""

    def __init__(self, ketnap: Installation) -> None:
        self.ledger = ketnap.ledgers["dossiers"]
        self.keys, self.units, self.app = ketnap.keys, ketnap.units, ketnap.dossiers
        self.district, self.cell, self.other, self.front = (uuid7() for _ in range(4))
        for unit, code, kind, parent in (
            (self.district, "D", "Huyện ủy", None),
            (self.cell, "C1", "cell", self.district),
            (self.other, "C2", "cell", self.district),
            (self.front, "MT", "mass_organisation", self.district),
        ):
            self.app.perform(
                RegisterUnit(unit=unit, code=code, name=code, kind=kind, parent=parent, by=BY)
            )

    def nominate(self, **told: Any) -> NominateCandidate:
        return NominateCandidate(
            **{
                "on": DAYS["nominated"],
                "person_ref": "P1",
                "full_name": NAME,
                "birth_date": BIRTH,
                "unit": self.cell,
                "by": BY,
                **told,
            }
        )

    def row(self, **told: Any) -> RecordHistory:
        return RecordHistory(
            **{
                "on": TODAY,
                "person_ref": "P1",
                "full_name": NAME,
                "birth_date": BIRTH,
                "unit": self.cell,
                "acts": dict(DAYS),
                "by": BY,
                **told,
            }
        )

    def candidacies(self, person_ref: str = "P1") -> list[UUID]:
        person = self.app.person(person_ref)
        return self.app.candidacies(person) if person else []

    def recorded(self, *positions: int) -> list[str]:
        """Return the names of the facts at some positions."""
        types = {row.position: row.type for row in self.ledger.read(0, 1000)}
        return [types[position].partition(".")[2] for position in positions]

    def refused(self, command: Any, refusal: type[Exception]) -> None:
        """Assert that a command is refused and nothing is recorded."""
        before = self.ledger.head()
        with pytest.raises(refusal):
            self.app.perform(command)
        assert self.ledger.head() == before
