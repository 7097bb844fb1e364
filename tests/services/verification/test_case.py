"""A verification case: nothing before the seal, nothing closed while a reply is awaited."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from events.dossiers import Deadline, Finding
from events.envelope import By
from events.rulebook import rulebook
from events.verification import case_of
from services.verification.domain import (
    AlreadyReplied,
    CandidateNotVerified,
    Case,
    CaseClosed,
    CaseSuspended,
    ClosedBeforeReply,
    GroundMissing,
    NothingToSupplement,
    PlaceMissing,
    RepliesMissing,
    ReplyBeforeRequest,
    RequestBeforeSeal,
    RequestIsWaived,
    SealMissing,
    SealOvertaken,
    UnknownRequest,
    UnknownVerificationSubject,
)
from tests.facts import facts, names

BOOK = rulebook()
BY = By(actor="clerk", document="12-CV/ĐU")
CANDIDACY, PERSON, UNIT = UUID(int=1), UUID(int=2), UUID(int=3)
SEALED = date(2022, 7, 15)
ASKED = date(2022, 7, 20)
REPLIED = date(2022, 8, 10)
OF_CASE = {"candidacy": CANDIDACY, "person": PERSON, "unit": UNIT}


def a_case() -> Case:
    opened = Case.open(SEALED, BY, BOOK, candidacy=CANDIDACY, person=PERSON, unit=UNIT)
    opened.collect_events()
    return opened


def ask(case: Case, on: date = ASKED, kind: str = "candidate", **how: Any) -> None:  # noqa: ANN401
    given: dict[str, Any] = {
        "place": "X-1",
        "abroad": False,
        "subject_name": None,
        "place_name": None,
    }
    case.request(on, BY, BOOK, subject_kind=kind, **given | how)


def reply(case: Case, number: int = 1, on: date = REPLIED, **how: Any) -> None:  # noqa: ANN401
    case.reply(on, BY, BOOK, number, **{"matches": True, "remarks": None} | how)


def waive(case: Case, number: int | None = None, on: date = REPLIED, **how: Any) -> None:  # noqa: ANN401
    given = {"subject_kind": None, "subject_name": None, "ground": "declared_member"}
    case.waive(on, BY, BOOK, number=number, reason=None, **given | how)


def a_case_that_asked(*kinds: str) -> Case:
    case = a_case()
    for kind in kinds:
        ask(case, kind=kind)
    case.collect_events()
    return case


def test_the_seal_opens_a_case_whose_stream_follows_from_the_candidacy() -> None:
    opened = Case.open(SEALED, BY, BOOK, candidacy=CANDIDACY, person=PERSON, unit=UNIT)

    assert opened.id == case_of(CANDIDACY)
    assert facts(opened) == [("VerificationOpened", {"on": SEALED, **OF_CASE})]


def test_a_place_is_asked_and_has_thirty_working_days() -> None:
    case = a_case()

    ask(case, subject_name="Nguyễn Văn A", place_name="Đảng ủy xã X")

    assert facts(case) == [
        (
            "VerificationRequested",
            {
                "on": ASKED,
                **OF_CASE,
                "request": 1,
                "subject_kind": "candidate",
                "place": "X-1",
                "abroad": False,
                "due": Deadline(clock="reply", starts=ASKED, due=date(2022, 8, 31)),
                "first": True,
                "subject_name": "Nguyễn Văn A",
                "place_name": "Đảng ủy xã X",
            },
        ),
    ]


def test_a_place_abroad_has_ninety_working_days() -> None:
    case = a_case()

    ask(case, abroad=True)

    assert facts(case)[0][1]["due"].due == BOOK.working_days.after(ASKED, 90).day


def test_only_the_first_request_of_a_case_is_the_first() -> None:
    case = a_case()

    waive(case, subject_kind="father", on=ASKED)
    ask(case)
    ask(case, kind="mother")

    assert [each.get("first") for _, each in facts(case)] == [None, True, False]


def test_nothing_is_asked_before_the_seal() -> None:
    case = a_case()

    with pytest.raises(RequestBeforeSeal) as refused:
        ask(case, on=SEALED - timedelta(days=1))
    with pytest.raises(RequestBeforeSeal):
        waive(case, subject_kind="father", on=SEALED - timedelta(days=1))

    assert refused.value.clause == "seal-first/24-qd-tw-2021"
    assert facts(case) == []


def test_only_those_are_verified_whom_the_rules_list_at_a_place_that_is_named() -> None:
    case = a_case()

    with pytest.raises(UnknownVerificationSubject):
        ask(case, kind="neighbour")
    with pytest.raises(UnknownVerificationSubject):
        waive(case, subject_kind=None)
    with pytest.raises(PlaceMissing):
        ask(case, place=" ")

    assert facts(case) == []


def test_the_same_request_said_again_changes_nothing_and_another_child_is_another() -> None:
    case = a_case()
    ask(case, kind="child", subject_name="Một")
    case.collect_events()

    ask(case, kind="child", subject_name="Một")
    ask(case, kind="child", subject_name="Hai")

    assert [each["request"] for _, each in facts(case)] == [2]


@pytest.mark.parametrize(("days", "late"), [(0, False), (1, True)])
def test_a_late_reply_is_recorded_as_late(days: int, *, late: bool) -> None:
    case = a_case_that_asked("candidate")
    due = date(2022, 8, 31)

    reply(case, on=due + timedelta(days=days), matches=False)

    ((name, recorded),) = facts(case)
    overrun = Finding(kind="overrun", expected="2022-08-31", actual="2022-09-01")
    assert (name, recorded["matches"]) == ("VerificationReplied", False)
    assert recorded.get("findings", ()) == ((overrun,) if late else ())


def test_a_reply_comes_once_after_its_request() -> None:
    case = a_case_that_asked("candidate")

    with pytest.raises(UnknownRequest):
        reply(case, 2)
    with pytest.raises(ReplyBeforeRequest):
        reply(case, on=ASKED - timedelta(days=1))
    assert facts(case) == []
    reply(case)
    reply(case)
    with pytest.raises(AlreadyReplied):
        reply(case, on=REPLIED + timedelta(days=1))

    assert names(case) == ["VerificationReplied"]


def test_a_supplement_is_asked_of_who_replied_and_awaits_another_reply() -> None:
    case = a_case_that_asked("candidate")
    later = REPLIED + timedelta(days=5)

    with pytest.raises(NothingToSupplement):
        case.supplement(later, BY, BOOK, 1, "quê quán")
    reply(case)
    case.collect_events()
    case.supplement(later, BY, BOOK, 1, "quê quán")
    with pytest.raises(RepliesMissing):
        case.close(later, BY, BOOK)
    reply(case, on=later)
    case.close(later, BY, BOOK)

    recorded = facts(case)
    assert [name for name, _ in recorded] == [
        "SupplementRequested",
        "VerificationReplied",
        "VerificationClosed",
    ]
    assert recorded[0][1]["due"].due == BOOK.working_days.after(later, 30).day


def test_a_supplement_keeps_the_time_of_a_place_abroad() -> None:
    case = a_case()
    ask(case, abroad=True)
    reply(case)
    case.collect_events()

    case.supplement(REPLIED, BY, BOOK, 1, None)

    assert facts(case)[0][1]["due"].due == BOOK.working_days.after(REPLIED, 90).day


def test_a_case_closes_when_every_request_is_answered_or_waived() -> None:
    case = a_case_that_asked("candidate", "father", "mother")

    reply(case, 1)
    reply(case, 2, matches=False)
    with pytest.raises(RepliesMissing) as refused:
        case.close(REPLIED, BY, BOOK)
    waive(case, 3)
    waive(case, subject_kind="spouse")
    case.close(REPLIED, BY, BOOK)

    assert refused.value.facts == {"requests": (3,)}
    assert facts(case)[-1] == (
        "VerificationClosed",
        {"on": REPLIED, **OF_CASE, "replies": 2, "waived": 2, "conflicts": 1},
    )


def test_a_case_does_not_close_without_a_reply_about_the_candidate() -> None:
    nothing, waived = a_case(), a_case_that_asked("candidate", "father")
    waive(waived, 1)
    reply(waived, 2)
    waived.collect_events()

    for case in (nothing, waived):
        with pytest.raises(CandidateNotVerified):
            case.close(REPLIED, BY, BOOK)

    assert facts(nothing) == facts(waived) == []


def test_a_case_does_not_close_before_its_last_reply() -> None:
    case = a_case_that_asked("candidate")
    reply(case)
    case.collect_events()

    with pytest.raises(ClosedBeforeReply):
        case.close(REPLIED - timedelta(days=1), BY, BOOK)

    assert facts(case) == []


def test_nothing_happens_in_a_case_that_is_closed() -> None:
    case = a_case_that_asked("candidate")
    reply(case)
    case.close(REPLIED, BY, BOOK)
    case.collect_events()

    case.close(REPLIED, BY, BOOK)
    case.suspend(REPLIED, BY, BOOK)
    for act in (ask, waive):
        with pytest.raises(CaseClosed):
            act(case)
    with pytest.raises(CaseClosed):
        case.close(REPLIED + timedelta(days=1), BY, BOOK)

    assert facts(case) == []


def test_a_waiver_has_a_ground_and_is_of_what_has_no_reply() -> None:
    case = a_case_that_asked("candidate", "father")
    reply(case, 1)
    case.collect_events()

    with pytest.raises(GroundMissing):
        waive(case, 2, ground="")
    with pytest.raises(AlreadyReplied):
        waive(case, 1)
    assert facts(case) == []
    waive(case, 2)
    waive(case, 2)
    with pytest.raises(RequestIsWaived):
        reply(case, 2)

    assert names(case) == ["VerificationWaived"]


def test_a_seal_that_is_retracted_stops_requests_until_there_is_another() -> None:
    case = a_case()
    later = SEALED + timedelta(days=30)

    case.rest_on_seal(later, BY, BOOK, None)
    with pytest.raises(SealMissing):
        ask(case)
    case.rest_on_seal(later, BY, BOOK, later)
    with pytest.raises(RequestBeforeSeal):
        ask(case)
    ask(case, on=later)

    assert [(name, each.get("sealed_on")) for name, each in facts(case)] == [
        ("SealCorrected", None),
        ("SealCorrected", later),
        ("VerificationRequested", None),
    ]


def test_a_seal_does_not_move_behind_what_was_requested_on_it() -> None:
    case = a_case_that_asked("candidate")

    for sealed_on in (None, ASKED + timedelta(days=1)):
        with pytest.raises(RequestBeforeSeal):
            case.rest_on_seal(REPLIED, BY, BOOK, sealed_on)
    case.rest_on_seal(REPLIED, BY, BOOK, SEALED)
    assert facts(case) == []
    case.rest_on_seal(REPLIED, BY, BOOK, ASKED)

    assert names(case) == ["SealCorrected"]


def told_at(position: int) -> By:
    """Return who follows dossiers: the policy, because of the fact at a position there."""
    return By(actor="policy", causation=f"dossiers/{position}")


def test_a_seal_that_dossiers_corrected_again_is_not_set_back_by_the_earlier_correction() -> None:
    case = a_case_that_asked("candidate")
    behind = ASKED + timedelta(days=1)
    with pytest.raises(RequestBeforeSeal):
        case.rest_on_seal(REPLIED, told_at(8), BOOK, behind)
    case.rest_on_seal(REPLIED, told_at(9), BOOK, SEALED)
    reply(case)
    case.supplement(REPLIED, BY, BOOK, 1, None)  # nothing asked lies before that day any more

    with pytest.raises(SealOvertaken) as refused:
        case.rest_on_seal(REPLIED, told_at(8), BOOK, behind)
    assert (refused.value.facts["sealed_on"], case.sealed_on) == (SEALED, SEALED)

    case.rest_on_seal(REPLIED, told_at(10), BOOK, behind)
    assert case.sealed_on == behind


def test_a_seal_of_the_same_day_is_taken_in_once() -> None:
    case = a_case()

    for _ in range(2):
        case.rest_on_seal(REPLIED, told_at(9), BOOK, SEALED)
    case.rest_on_seal(REPLIED, told_at(8), BOOK, SEALED)

    [(name, recorded)] = facts(case)
    assert (name, recorded["sealed_on"]) == ("SealCorrected", SEALED)


def test_who_concluded_while_a_case_goes_on_is_known_once_each() -> None:
    case = a_case_that_asked("candidate")

    for account in ("lan", "minh", "lan"):
        case.note_conclusion(REPLIED, BY, BOOK, account)

    assert case.concluded_by == {"lan", "minh"}
    assert names(case) == ["ConclusionNoted", "ConclusionNoted"]


def test_who_concluded_on_a_case_that_is_done_closes_nothing_and_is_not_noted() -> None:
    case = a_case_that_asked("candidate")
    reply(case)
    case.close(REPLIED, BY, BOOK)
    case.collect_events()

    case.note_conclusion(REPLIED, BY, BOOK, "lan")

    assert names(case) == []


def test_a_case_waits_while_the_candidacy_is_over() -> None:
    case = a_case_that_asked("candidate")

    case.suspend(REPLIED, BY, BOOK)
    case.suspend(REPLIED, BY, BOOK)
    with pytest.raises(CaseSuspended):
        reply(case)
    case.resume(REPLIED, BY, BOOK)
    case.resume(REPLIED, BY, BOOK)
    reply(case)

    assert names(case) == ["VerificationSuspended", "VerificationResumed", "VerificationReplied"]
