"""What follows in dossiers from training and verification: events in, commands out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from events import training, verification
from events.dossiers import Deadline
from events.envelope import By, Envelope, Fact
from services.dossiers.commands import AskVerification, NoteCertificate, NoteVerification
from services.dossiers.policy import react

CANDIDACY, PERSON, UNIT = UUID(int=1), UUID(int=2), UUID(int=3)
DAY = date(2026, 3, 3)


def happened(kind: type[Fact], **fields: Any) -> Envelope:  # noqa: ANN401 - the fields of the fact
    ledger = kind.TOPIC.partition(".")[0]
    make: Any = kind
    fact = make(
        originator_id=UUID(int=9),
        originator_version=4,
        timestamp=datetime(2026, 3, 3, tzinfo=UTC),
        on=DAY,
        actor="clerk",
        person=PERSON,
        candidacy=CANDIDACY,
        **fields,
    )
    return Envelope(ledger, 7, fact.timestamp, fact)


def in_class(kind: type[Fact], **fields: Any) -> Envelope:  # noqa: ANN401 - as above
    return happened(kind, centre=UNIT, class_code="L1", **fields)


def because(ledger: str) -> By:
    return By(actor="policy", causation=f"{ledger}/7", correlation=f"{ledger}/7")


def requested(*, first: bool) -> Envelope:
    return happened(
        verification.VerificationRequested,
        unit=UNIT,
        request=1,
        subject_kind="candidate",
        place="X",
        abroad=False,
        due=Deadline(clock="reply", starts=DAY, due=DAY),
        first=first,
    )


def test_a_certificate_is_noted_for_the_candidacy_it_was_learned_for() -> None:
    assert react(in_class(training.CertificateIssued, number="1")) == NoteCertificate(
        candidacy=CANDIDACY, on=DAY, class_code="L1", by=because("training")
    )


def test_the_first_request_is_when_verification_is_asked_for() -> None:
    assert react(requested(first=True)) == AskVerification(
        candidacy=CANDIDACY, on=DAY, by=because("verification")
    )


def test_the_end_of_the_case_is_noted() -> None:
    closed = happened(verification.VerificationClosed, unit=UNIT, replies=1, waived=0, conflicts=0)

    assert react(closed) == NoteVerification(
        candidacy=CANDIDACY, on=DAY, closed_by=closed.fact.actor, by=because("verification")
    )


@pytest.mark.parametrize(
    "other",
    [
        requested(first=False),
        in_class(training.LearnerEnrolled),
        in_class(training.ResultRecorded, passed=True),
        happened(verification.VerificationOpened, unit=UNIT, originator_topic=""),
        happened(
            verification.VerificationReplied,
            unit=UNIT,
            request=1,
            subject_kind="candidate",
            matches=True,
        ),
    ],
)
def test_nothing_follows_from_any_other_fact(other: Envelope) -> None:
    assert react(other) is None
