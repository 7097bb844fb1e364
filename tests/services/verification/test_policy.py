"""What follows in verification from dossiers: events in, commands out, nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from events import dossiers
from events.dossiers import Facets, Standing
from events.envelope import By, Envelope, Fact
from services.verification import commands
from services.verification.policy import react

CANDIDACY, PERSON, UNIT = UUID(int=1), UUID(int=2), UUID(int=3)
DAY = date(2026, 3, 3)
BECAUSE = By(actor="policy", document="QĐ 1", causation="dossiers/7", correlation="dossiers/7")


def happened(kind: type[Fact], **fields: Any) -> Envelope:  # noqa: ANN401 - the fields of the fact
    make: Any = kind
    fact = make(
        originator_id=CANDIDACY,
        originator_version=4,
        timestamp=datetime(2026, 3, 3, tzinfo=UTC),
        on=DAY,
        actor="clerk",
        document="QĐ 1",
        person=PERSON,
        **fields,
    )
    return Envelope("dossiers", 7, fact.timestamp, fact)


def act(kind: type[Fact], **fields: Any) -> Envelope:  # noqa: ANN401 - as above
    return happened(kind, unit=UNIT, facets=Facets(), **fields)


def test_a_seal_opens_a_case() -> None:
    assert react(act(dossiers.PersonalHistorySealed)) == commands.OpenCase(
        candidacy=CANDIDACY, person=PERSON, unit=UNIT, on=DAY, by=BECAUSE
    )


@pytest.mark.parametrize(
    "kind",
    [dossiers.CandidacyWithdrawn, dossiers.AdmissionRefused, dossiers.PersonDied],
)
def test_an_end_of_the_candidacy_suspends_the_case(kind: type[Fact]) -> None:
    assert react(act(kind)) == commands.SuspendCase(candidacy=CANDIDACY, on=DAY, by=BECAUSE)


def test_of_a_conclusion_the_case_knows_whose_it_is() -> None:
    assert react(act(dossiers.PoliticalStandardConcluded)) == commands.NoteConclusion(
        candidacy=CANDIDACY, concluded_by="clerk", on=DAY, by=BECAUSE
    )


@pytest.mark.parametrize(
    "kind",
    [
        dossiers.PersonalHistorySealed,
        dossiers.PoliticalStandardConcluded,
        dossiers.CandidacyWithdrawn,
    ],
)
def test_imported_facts_are_left_alone(kind: type[Fact]) -> None:
    assert react(act(kind, imported=True)) is None


def test_another_day_of_the_seal_is_that_of_the_case() -> None:
    later = date(2026, 3, 9)
    standing = (Standing(of=3, fact="sealed", on=later, unit=UNIT, facets=Facets()),)

    corrected = happened(dossiers.FactCorrected, fact="sealed", of=3, standing=standing)

    assert react(corrected) == commands.CorrectSeal(
        candidacy=CANDIDACY, sealed_on=later, on=DAY, by=BECAUSE
    )


def test_a_seal_that_never_was_leaves_the_case_without_one() -> None:
    assert react(happened(dossiers.FactRetracted, fact="sealed", of=3)) == commands.CorrectSeal(
        candidacy=CANDIDACY, sealed_on=None, on=DAY, by=BECAUSE
    )


def test_an_end_that_never_was_resumes_the_case() -> None:
    retracted = happened(dossiers.FactRetracted, fact="withdrawn", of=5, reopened=True)

    assert react(retracted) == commands.ResumeCase(candidacy=CANDIDACY, on=DAY, by=BECAUSE)


@pytest.mark.parametrize(
    "other",
    [
        act(dossiers.ApplicationSubmitted),
        happened(dossiers.FactCorrected, fact="applied", of=2),
        happened(dossiers.FactRetracted, fact="applied", of=2),
        happened(dossiers.FacetsCorrected),
    ],
)
def test_nothing_follows_from_any_other_fact(other: Envelope) -> None:
    assert react(other) is None


def test_what_follows_belongs_to_the_first_cause_of_the_chain() -> None:
    sealed = act(dossiers.PersonalHistorySealed, correlation="training/3")

    command = react(sealed)

    assert command is not None
    assert (command.by.causation, command.by.correlation) == ("dossiers/7", "training/3")
