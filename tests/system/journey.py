"""A newcomer's case, taken through all four services by the commands that officers give."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from events.dossiers import Facets
from events.envelope import By
from events.period import parse_period
from services.dossiers import commands as dossiers
from services.dossiers.commands import ActOn
from services.installation import Installation
from services.reporting.view import Question
from services.training import commands as training
from services.training.domain import Result
from services.verification import commands as verification

BY = By(actor="clerk", document="QĐ 1")
DAYS = {
    "nominated": date(2026, 1, 5),
    "opened": date(2026, 1, 12),
    "closed": date(2026, 1, 16),
    "certified": date(2026, 1, 20),
    "applied": date(2026, 1, 21),
    "sealed": date(2026, 1, 22),
    "verification_asked": date(2026, 1, 23),
    "replied": date(2026, 2, 3),
    "verification_closed": date(2026, 2, 4),
    "cell_vote": date(2026, 3, 3),
    "dossier_received": date(2026, 3, 10),
    "political_standard": date(2026, 4, 1),
    "decided": date(2026, 4, 10),
    "decision_received": date(2026, 4, 15),
    "ceremony": date(2026, 5, 19),
    "recognised": date(2027, 6, 1),
}


@dataclass
class Journey:
    """One candidate of a cell of a district with a training centre."""

    ketnap: Installation
    district: UUID = field(default_factory=uuid7)
    cell: UUID = field(default_factory=uuid7)
    centre: UUID = field(default_factory=uuid7)
    candidacy: UUID = field(default_factory=uuid7)

    def __post_init__(self) -> None:
        for unit, code, kind, parent in (
            (self.district, "H", "grassroots_committee", None),
            (self.cell, "H-1", "cell", self.district),
            (self.centre, "H-TT", "training_centre", self.district),
        ):
            self.dossiers(
                dossiers.RegisterUnit(
                    unit=unit, code=code, name=code, kind=kind, parent=parent, by=BY
                )
            )

    def dossiers(self, command: Any) -> None:  # noqa: ANN401 - any command of dossiers
        self.ketnap.dossiers.perform(command)

    def training(self, command: Any) -> None:  # noqa: ANN401 - any command of training
        self.ketnap.training.perform(command)

    def verification(self, command: Any) -> None:  # noqa: ANN401 - any command of verification
        self.ketnap.verification.perform(command)

    def act(self, kind: type[ActOn], fact: str, **own: Any) -> None:  # noqa: ANN401
        self.dossiers(kind(candidacy=self.candidacy, on=DAYS[fact], by=BY, **own))

    @property
    def person(self) -> UUID:
        person = self.ketnap.dossiers.person("079095000001")
        assert person is not None
        return person

    def nominate(self) -> None:
        self.dossiers(
            dossiers.NominateCandidate(
                on=DAYS["nominated"],
                person_ref="079095000001",
                full_name="Nguyễn Thị Mới",
                birth_date=date(1999, 9, 9),
                facets=Facets(sex="female"),
                unit=self.cell,
                candidacy=self.candidacy,
                by=BY,
            )
        )

    def open_class(self) -> None:
        self.training(training.OpenClass(on=DAYS["opened"], code="L1", centre=self.centre, by=BY))
        self.training(
            training.EnrolLearner(
                on=DAYS["opened"],
                code="L1",
                person=self.person,
                candidacy=self.candidacy,
                by=BY,
            )
        )

    def close_class(self) -> None:
        result = Result(attended=9, periods=10, score=Decimal("7.5"))
        self.training(
            training.CompleteClass(
                on=DAYS["closed"], code="L1", results=((self.candidacy, result),), by=BY
            )
        )

    def issue_certificate(self) -> None:
        self.training(
            training.IssueCertificate(
                on=DAYS["certified"], code="L1", candidacy=self.candidacy, number="1", by=BY
            )
        )

    def apply(self) -> None:
        self.act(dossiers.SubmitApplication, "applied")

    def seal(self) -> None:
        self.act(dossiers.SealPersonalHistory, "sealed")

    def ask(self, kind: str, place: str) -> None:
        self.verification(
            verification.RequestVerification(
                candidacy=self.candidacy,
                on=DAYS["verification_asked"],
                subject_kind=kind,
                place=place,
                by=BY,
            )
        )

    def reply(self, request: int) -> None:
        self.verification(
            verification.RecordReply(
                candidacy=self.candidacy,
                on=DAYS["replied"],
                request=request,
                matches=True,
                by=BY,
            )
        )

    def close_case(self) -> None:
        self.verification(
            verification.CloseCase(candidacy=self.candidacy, on=DAYS["verification_closed"], by=BY)
        )

    def days(self) -> dict[str, date]:
        """Return the day of every fact that stands."""
        standing = self.ketnap.dossiers.standing(self.candidacy)
        return {fact.fact: fact.on for fact in standing.values()}

    def figures(self, period: str = "2026", as_of: str = "2027-12-31") -> dict[str, Any]:
        self.ketnap.catch_up()
        return self.ketnap.view.figures(
            Question(unit_code="H", period=parse_period(period), as_of=date.fromisoformat(as_of))
        )
