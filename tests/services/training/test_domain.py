"""Awareness classes."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from events.envelope import By
from events.rulebook import rulebook
from services.training.domain import (
    UNKNOWN_DAY,
    Class,
    ClassAlreadyCompleted,
    DaysOutOfOrder,
    Details,
    DiffersFromRecorded,
)

CLERK = By(actor="clerk", document="01-KH")
CENTRE = UUID(int=1)
RULES = rulebook().classes_on(date(2020, 5, 11))
MAY_11, MAY_16, JUNE_1 = date(2020, 5, 11), date(2020, 5, 16), date(2020, 6, 1)


def details(**known: Any) -> Details:  # noqa: ANN401 - the fields
    return Details(code="L1", centre=CENTRE, **known)


def an_open_class(**known: Any) -> Class:  # noqa: ANN401 - the fields
    found = Class.open(UUID(int=2), details(**{"opened_on": MAY_11} | known), CLERK)
    found.collect_events()
    return found


def facts(known: Class) -> list[tuple[str, dict[str, Any]]]:
    """Return what was recorded since last asked."""
    return [(type(e).__name__, vars(e)) for e in known.collect_events()]


def test_a_class_opens_on_its_day() -> None:
    opened = Class.open(UUID(int=2), details(opened_on=MAY_11, enrolled=68), CLERK)

    ((name, fact),) = facts(opened)
    assert (name, fact["on"], fact["enrolled"], fact["document"]) == (
        "ClassOpened",
        MAY_11,
        68,
        "01-KH",
    )


def test_a_class_without_its_day_is_known_and_belongs_to_no_period() -> None:
    opened = Class.open(UUID(int=2), details(), CLERK)

    ((_, fact),) = facts(opened)
    assert fact["on"] == UNKNOWN_DAY
    assert opened.details.opened_on is None


def test_a_class_completes_once() -> None:
    known = an_open_class()

    known.complete(MAY_16, 66, CLERK, RULES)
    known.complete(MAY_16, 66, CLERK, RULES)

    ((name, fact),) = facts(known)
    assert (name, fact["on"], fact["certified"], fact["centre"]) == (
        "ClassCompleted",
        MAY_16,
        66,
        CENTRE,
    )


def test_a_class_that_ended_does_not_end_again_on_another_day() -> None:
    known = an_open_class()
    known.complete(MAY_16, 66, CLERK, RULES)
    facts(known)

    with pytest.raises(ClassAlreadyCompleted):
        known.complete(JUNE_1, 66, CLERK, RULES)

    assert facts(known) == []


def test_a_class_does_not_end_before_it_begins() -> None:
    known = an_open_class()

    with pytest.raises(DaysOutOfOrder) as refused:
        known.complete(date(2020, 5, 10), None, CLERK, RULES)

    assert refused.value.facts["columns"] == ("opened_on", "closed_on")
    assert facts(known) == []


def test_what_was_unknown_is_taken_in_and_what_is_empty_changes_nothing() -> None:
    known = an_open_class(weekend=True)

    known.record(JUNE_1, details(enrolled=68), CLERK, RULES, reason=None, correct=False)

    ((name, fact),) = facts(known)
    assert (name, fact["on"], fact["enrolled"], fact["weekend"], fact["opened_on"]) == (
        "ClassCorrected",
        JUNE_1,
        68,
        True,
        MAY_11,
    )


def test_what_is_known_already_is_recorded_once() -> None:
    known = an_open_class(enrolled=68)

    known.record(
        JUNE_1, details(opened_on=MAY_11, enrolled=68), CLERK, RULES, reason=None, correct=False
    )

    assert facts(known) == []


def test_what_differs_is_refused_by_column() -> None:
    known = an_open_class(enrolled=68, weekend=True)

    with pytest.raises(DiffersFromRecorded) as refused:
        known.record(
            JUNE_1, details(enrolled=70, weekend=False), CLERK, RULES, reason=None, correct=False
        )

    assert refused.value.facts["columns"] == ("weekend", "enrolled")
    assert facts(known) == []


def test_what_differs_is_corrected_with_its_reason() -> None:
    known = an_open_class(enrolled=68)

    known.record(JUNE_1, details(enrolled=70), CLERK, RULES, reason="misread", correct=True)

    ((name, fact),) = facts(known)
    assert (name, fact["enrolled"], fact["reason"]) == ("ClassCorrected", 70, "misread")
    assert known.details.enrolled == 70


def test_the_first_day_becomes_known_later() -> None:
    known = Class.open(UUID(int=2), details(), CLERK)

    known.record(JUNE_1, details(opened_on=MAY_11), CLERK, RULES, reason=None, correct=False)

    assert known.details.opened_on == MAY_11
