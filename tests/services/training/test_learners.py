"""Learners of a class: enrolled, withdrawn, examined, certified once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from events.dossiers import Finding
from services.training.domain import (
    AttendanceTooLow,
    CertificateAlreadyIssued,
    CertificateNumberMissing,
    CertifiedDiffers,
    ClassAlreadyCompleted,
    ClassNotCompleted,
    DaysOutOfOrder,
    LearnerInAnotherClass,
    NotPassed,
    OutsideTheClass,
    Result,
    ResultAlreadyRecorded,
    ResultsMissing,
    RetakeNotAllowed,
    ScoreImpossible,
    UnknownLearner,
)
from tests.facts import facts, names
from tests.services.training.office import (
    BOOK,
    BY,
    CENTRE,
    ENDED,
    OPENED,
    RULES,
    a_class,
    a_class_that_ended,
    candidacy,
    person,
    scored,
)

ISSUED = date(2026, 3, 10)


def test_a_learner_is_enrolled_for_a_candidacy() -> None:
    opened = a_class()

    opened.enrol(OPENED, person(1), candidacy(1), BY)

    assert facts(opened) == [
        (
            "LearnerEnrolled",
            {
                "on": OPENED,
                "person": person(1),
                "candidacy": candidacy(1),
                "centre": CENTRE,
                "class_code": "L1",
            },
        ),
    ]


def test_a_learner_who_is_enrolled_again_changes_nothing() -> None:
    opened = a_class(learners=1)

    opened.enrol(ENDED, person(0), candidacy(0), BY)

    assert facts(opened) == []


def test_a_person_does_not_learn_twice_in_one_class() -> None:
    opened = a_class(learners=1)

    with pytest.raises(LearnerInAnotherClass):
        opened.enrol(OPENED, person(0), candidacy(9), BY)

    assert facts(opened) == []


def test_nobody_is_enrolled_before_the_class_or_after_its_end() -> None:
    opened, ended = a_class(), a_class_that_ended("8")

    with pytest.raises(OutsideTheClass):
        opened.enrol(OPENED - timedelta(days=1), person(1), candidacy(1), BY)
    with pytest.raises(ClassAlreadyCompleted):
        ended.enrol(OPENED, person(1), candidacy(1), BY)

    assert facts(opened) == facts(ended) == []


def test_who_leaves_is_no_learner_and_may_come_back() -> None:
    opened = a_class(learners=2)

    opened.withdraw(ENDED, candidacy(0), BY, "ốm")
    with pytest.raises(UnknownLearner):
        opened.record_result(ENDED, candidacy(0), scored("8"), BY, RULES)
    opened.enrol(ENDED, person(0), candidacy(0), BY)

    assert names(opened) == ["LearnerWithdrawn", "LearnerEnrolled"]


def test_nobody_leaves_whose_result_is_known() -> None:
    opened = a_class(learners=1)
    opened.record_result(ENDED, candidacy(0), scored("8"), BY, RULES)
    opened.collect_events()

    with pytest.raises(ResultAlreadyRecorded):
        opened.withdraw(ENDED, candidacy(0), BY, None)

    assert facts(opened) == []


@pytest.mark.parametrize(
    ("result", "passed"),
    [
        (scored("5"), True),
        (scored("4.99"), False),
        (scored("4", retake="5"), True),
        (scored("4", retake="4"), False),
        (scored(None), False),
        (scored(None, attended=2), False),
        (scored("9", attended=8), True),
    ],
)
def test_five_out_of_ten_passes_at_once_or_when_the_paper_is_written_again(
    result: Result, *, passed: bool
) -> None:
    opened = a_class(learners=1)

    opened.record_result(ENDED, candidacy(0), result, BY, RULES)

    ((name, recorded),) = facts(opened)
    assert (name, recorded["passed"]) == ("ResultRecorded", passed)


@pytest.mark.parametrize(
    ("result", "refusal"),
    [
        (scored("8", attended=7), AttendanceTooLow),
        (scored("10.1"), ScoreImpossible),
        (scored("-1"), ScoreImpossible),
        (scored("8", attended=11), ScoreImpossible),
        (scored("5", retake="6"), RetakeNotAllowed),
        (scored(None, retake="6"), RetakeNotAllowed),
    ],
)
def test_a_result_that_the_rules_do_not_allow_is_refused(
    result: Result, refusal: type[Exception]
) -> None:
    opened = a_class(learners=1)

    with pytest.raises(refusal):
        opened.record_result(ENDED, candidacy(0), result, BY, RULES)

    assert facts(opened) == []


def test_a_class_ends_with_the_results_of_all_its_learners() -> None:
    opened = a_class(learners=2)
    opened.record_result(ENDED, candidacy(0), scored("8"), BY, RULES)
    opened.collect_events()

    with pytest.raises(ResultsMissing):
        opened.complete(ENDED, None, BY, RULES)
    assert facts(opened) == []
    opened.record_result(ENDED, candidacy(1), scored("3"), BY, RULES)
    opened.complete(ENDED, None, BY, RULES)

    name, completed = facts(opened)[-1]
    assert (name, completed["certified"]) == ("ClassCompleted", 1)
    assert completed["certificates_due"] == ENDED + timedelta(days=15)


def test_who_passed_is_counted_from_the_learners_and_not_told_otherwise() -> None:
    opened = a_class(learners=1)
    opened.record_result(ENDED, candidacy(0), scored("8"), BY, RULES)
    opened.collect_events()

    with pytest.raises(CertifiedDiffers):
        opened.complete(ENDED, 2, BY, RULES)

    assert facts(opened) == []


def test_a_class_of_learners_whom_nobody_knows_ends_with_the_number_that_passed() -> None:
    opened = a_class(enrolled=40)

    opened.complete(ENDED, 39, BY, RULES)

    assert facts(opened) == [("ClassCompleted", {"on": ENDED, "centre": CENTRE, "certified": 39})]


@pytest.mark.parametrize(("learners", "too_small"), [(24, True), (25, False)])
def test_a_class_that_is_too_small_is_recorded_as_such(learners: int, *, too_small: bool) -> None:
    opened = a_class(learners)
    for number in range(learners):
        opened.record_result(ENDED, candidacy(number), scored("8"), BY, RULES)

    opened.complete(ENDED, None, BY, RULES)

    found = facts(opened)[-1][1].get("findings", ())
    small = (Finding(kind="class-too-small", expected="25", actual="24"),)
    assert found == (small if too_small else ())


def test_a_class_that_ended_ends_again_only_as_it_did() -> None:
    ended = a_class_that_ended("8")

    ended.complete(ENDED, None, BY, RULES)
    with pytest.raises(ClassAlreadyCompleted):
        ended.complete(ENDED + timedelta(days=1), None, BY, RULES)

    assert facts(ended) == []


def test_a_result_is_corrected_with_a_reason_and_the_class_counts_anew() -> None:
    ended = a_class_that_ended("8", "4")

    with pytest.raises(ResultAlreadyRecorded):
        ended.record_result(ISSUED, candidacy(1), scored("6"), BY, RULES, correct=True)
    assert facts(ended) == []
    ended.record_result(
        ISSUED, candidacy(1), scored("6"), BY, RULES, correct=True, reason="chấm lại"
    )

    assert [(name, each.get("certified")) for name, each in facts(ended)] == [
        ("ResultRecorded", None),
        ("ClassCorrected", 2),
    ]


def test_a_certificate_is_issued_to_who_passed_once_the_class_has_ended() -> None:
    ended = a_class_that_ended("8")

    ended.issue_certificate(ISSUED, candidacy(0), "TT-1", BY, BOOK)

    assert facts(ended) == [
        (
            "CertificateIssued",
            {
                "on": ISSUED,
                "person": person(0),
                "candidacy": candidacy(0),
                "centre": CENTRE,
                "class_code": "L1",
                "number": "TT-1",
            },
        ),
    ]


def test_a_certificate_is_issued_once() -> None:
    ended = a_class_that_ended("8")
    ended.issue_certificate(ISSUED, candidacy(0), "TT-1", BY, BOOK)
    ended.collect_events()

    ended.issue_certificate(ISSUED, candidacy(0), "TT-1", BY, BOOK)
    with pytest.raises(CertificateAlreadyIssued):
        ended.issue_certificate(ISSUED, candidacy(0), "TT-2", BY, BOOK)
    with pytest.raises(CertificateAlreadyIssued):
        ended.record_result(
            ISSUED, candidacy(0), scored("3"), BY, RULES, correct=True, reason="chấm lại"
        )

    assert facts(ended) == []


def test_no_certificate_before_the_end_without_passing_or_without_a_number() -> None:
    opened, ended = a_class(learners=1), a_class_that_ended("4", "8")

    with pytest.raises(ClassNotCompleted):
        opened.issue_certificate(ISSUED, candidacy(0), "TT-1", BY, BOOK)
    with pytest.raises(NotPassed):
        ended.issue_certificate(ISSUED, candidacy(0), "TT-1", BY, BOOK)
    with pytest.raises(CertificateNumberMissing):
        ended.issue_certificate(ISSUED, candidacy(1), " ", BY, BOOK)
    with pytest.raises(DaysOutOfOrder):
        ended.issue_certificate(ENDED - timedelta(days=1), candidacy(1), "TT-1", BY, BOOK)

    assert facts(opened) == facts(ended) == []


@pytest.mark.parametrize(("days", "late"), [(15, False), (16, True)])
def test_a_certificate_that_is_issued_late_is_recorded_as_late(days: int, *, late: bool) -> None:
    ended = a_class_that_ended("8")

    ended.issue_certificate(ENDED + timedelta(days=days), candidacy(0), "TT-1", BY, BOOK)

    assert ("findings" in facts(ended)[0][1]) is late
