"""Learners of a class: as many as was said, else those who are known one by one."""

from __future__ import annotations

from typing import Any
from uuid import uuid5

import pytest

from events import training
from tests.services.reporting.office import SPACE, Office, day

PERIOD, LATER = "2026", "2026-12-31"


def enrol(office: Office, code: str, number: int, on: str) -> None:
    _learner(office, training.LearnerEnrolled, code, number, on)


def leave(office: Office, code: str, number: int, on: str) -> None:
    _learner(office, training.LearnerWithdrawn, code, number, on)


def _learner(office: Office, kind: Any, code: str, number: int, on: str) -> None:  # noqa: ANN401
    office.tell(
        kind,
        uuid5(SPACE, f"class/{code}"),
        day(on),
        person=uuid5(SPACE, f"person {number}"),
        candidacy=uuid5(SPACE, f"candidacy {number}"),
        centre=office.units["TT"],
        class_code=code,
    )


@pytest.fixture
def office(office: Office) -> Office:
    office.unit("H", kind="district_committee")
    office.unit("TT", "H", kind="training_centre")
    return office


def learners(office: Office, as_of: str = LATER, **how: Any) -> int | None:  # noqa: ANN401
    classes = office.figures("H", PERIOD, as_of, **how)["classes"]
    known: int | None = classes["learners"]
    return known


def test_learners_who_are_known_one_by_one_are_counted_where_no_number_is_said(
    office: Office,
) -> None:
    office.open_class("L1", "TT", "2026-03-02", None)
    office.open_class("L2", "TT", "2026-03-02", 40)
    for number in range(3):
        enrol(office, "L1", number, "2026-03-02")

    assert learners(office) == 43


def test_a_number_that_is_said_stands_before_those_who_are_known(office: Office) -> None:
    office.open_class("L1", "TT", "2026-03-02", 40)
    enrol(office, "L1", 1, "2026-03-02")

    assert learners(office) == 40


def test_who_left_is_no_learner_from_that_day_on(office: Office) -> None:
    office.open_class("L1", "TT", "2026-03-02", None)
    enrol(office, "L1", 1, "2026-03-02")
    enrol(office, "L1", 2, "2026-03-04")
    leave(office, "L1", 1, "2026-03-05")

    as_of = {day: learners(office, f"2026-03-0{day}") for day in range(2, 7)}

    assert as_of == {2: 1, 3: 1, 4: 2, 5: 1, 6: 1}


def test_a_class_of_which_nobody_says_how_many_learn_makes_the_sum_unknown(
    office: Office,
) -> None:
    office.open_class("L1", "TT", "2026-03-02", None)
    office.open_class("L2", "TT", "2026-03-02", 40)
    enrol(office, "L1", 1, "2026-03-05")

    assert learners(office, "2026-03-04") is None
    assert learners(office, "2026-03-05") == 41


def test_as_known_at_a_moment_only_learners_who_were_known_then_count(office: Office) -> None:
    office.open_class("L1", "TT", "2026-03-02", None)
    enrol(office, "L1", 1, "2026-03-02")
    then = office.recorded
    enrol(office, "L1", 2, "2026-03-02")

    assert learners(office, known_at=then) == 1
    assert learners(office) == 2


def test_learners_stay_when_what_is_known_of_their_class_is_corrected(office: Office) -> None:
    office.open_class("L1", "TT", "2026-03-02", None)
    enrol(office, "L1", 1, "2026-03-02")
    office.tell(
        training.ClassCorrected,
        uuid5(SPACE, "class/L1"),
        day("2026-03-03"),
        code="L1",
        centre=office.units["TT"],
        opened_on=day("2026-02-02"),
    )

    assert learners(office) == 1


def test_the_classes_behind_the_number_add_up_to_it(office: Office) -> None:
    office.open_class("L1", "TT", "2026-03-02", None)
    office.open_class("L2", "TT", "2026-03-02", 40)
    for number in range(3):
        enrol(office, "L1", number, "2026-03-02")

    listed = office.view.facts(office.question("H", PERIOD, LATER), "classes.learners")

    assert sorted(fact["n"] for fact in listed) == [3, 40]
