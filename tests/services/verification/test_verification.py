"""What verification accepts, on a ledger: cases by candidacy, and names that only a key opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.envelope import By
from events.refusal import Refusal
from events.verification import case_of
from infra.sealing import KeyDestroyed
from services.verification import commands
from services.verification.application import Verification
from services.verification.domain import CaseNotOpened
from tests.installed import Sites

BY = By(actor="clerk")
CANDIDACY, PERSON, UNIT = UUID(int=1), UUID(int=2), UUID(int=3)
SEALED, ASKED = date(2026, 3, 2), date(2026, 3, 4)
NAME = "Nguyễn Văn Cha"


@pytest.fixture
def verification(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Verification]:
    with sites.empty(mode, tmp_path / "data") as site, site.open() as ketnap:
        ketnap.keys.create(PERSON)
        yield ketnap.verification


def open_case(on: date = SEALED) -> commands.OpenCase:
    return commands.OpenCase(candidacy=CANDIDACY, person=PERSON, unit=UNIT, on=on, by=BY)


def ask(**how: Any) -> commands.RequestVerification:  # noqa: ANN401 - the fields of the command
    given: dict[str, Any] = {"on": ASKED, "subject_kind": "father", "place": "X-1"}
    return commands.RequestVerification(candidacy=CANDIDACY, by=BY, **given | how)


def shred(verification: Verification) -> None:
    verification.keys.entomb("reference", PERSON)
    verification.keys.shred(PERSON)


def test_a_case_is_opened_once_however_often_it_is_asked_for(verification: Verification) -> None:
    first = verification.perform(open_case())

    assert (first, verification.perform(open_case())) == ((1,), ())
    assert verification.ledger.read(0, 9)[0].stream == case_of(CANDIDACY)


def test_nothing_can_be_asked_where_no_seal_opened_a_case(verification: Verification) -> None:
    with pytest.raises(CaseNotOpened):
        verification.perform(ask())

    assert verification.ledger.head().position == 0


@pytest.mark.parametrize(
    "command",
    [
        commands.CorrectSeal(candidacy=CANDIDACY, on=ASKED, sealed_on=None, by=BY),
        commands.NoteConclusion(candidacy=CANDIDACY, on=ASKED, concluded_by="lan", by=BY),
        commands.SuspendCase(candidacy=CANDIDACY, on=ASKED, by=BY),
        commands.ResumeCase(candidacy=CANDIDACY, on=ASKED, by=BY),
    ],
)
def test_what_becomes_of_a_candidacy_without_a_case_is_nothing_here(
    verification: Verification, command: commands.OnCase
) -> None:
    assert verification.perform(command) == ()


def test_another_seal_after_a_retracted_one_goes_on_with_the_case(
    verification: Verification,
) -> None:
    verification.perform(open_case())
    verification.perform(commands.CorrectSeal(candidacy=CANDIDACY, on=ASKED, sealed_on=None, by=BY))

    verification.perform(open_case(ASKED))

    assert verification.case(CANDIDACY).sealed_on == ASKED


def test_names_and_remarks_are_sealed_with_the_key_of_the_candidate(
    verification: Verification,
) -> None:
    verification.perform(open_case())
    verification.perform(ask(subject_name=NAME, place_name="Đảng ủy xã X"))
    reply = commands.RecordReply(
        candidacy=CANDIDACY, on=ASKED, request=1, matches=False, remarks="khác quê quán", by=BY
    )
    verification.perform(reply)

    known = verification.case(CANDIDACY).requests[1]
    assert (known.subject_name, known.remarks) == (NAME, "khác quê quán")
    for row in verification.ledger.read(0, 9):
        for secret in (NAME, "Đảng ủy xã X", "khác quê quán"):
            assert secret.encode() not in row.state


def test_a_shredded_candidate_takes_the_names_of_relatives_along(
    verification: Verification,
) -> None:
    verification.perform(open_case())
    verification.perform(ask(subject_name=NAME))
    shred(verification)

    known = verification.case(CANDIDACY).requests[1]
    assert (known.subject_kind, known.subject_name) == ("father", None)
    with pytest.raises(KeyDestroyed):
        verification.perform(ask(subject_kind="mother", subject_name="Trần Thị Mẹ"))


def test_who_has_no_name_here_is_asked_about_all_the_same(verification: Verification) -> None:
    verification.perform(open_case())
    shred(verification)

    assert verification.perform(ask()) == (2,)


def test_the_same_command_again_gets_the_same_answer(verification: Verification) -> None:
    verification.perform(open_case())

    answers = {verification.perform(ask(subject_name=NAME), key="k") for _ in range(2)}

    assert answers == {(2,)}
    with pytest.raises(Refusal):
        verification.perform(ask(subject_name="khác"), key="k")


def test_every_command_of_a_case_is_about_its_candidacy(verification: Verification) -> None:
    assert verification.about(open_case()) == verification.about(ask()) == CANDIDACY
    assert verification.about(object()) is None
