"""Targets and opening counts."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.domain import BaseAggregate

from events.envelope import By
from events.period import parse_period
from services.reporting.domain import (
    Aim,
    BoundsCrossed,
    Count,
    DiffersFromRecorded,
    Tally,
    Target,
    Terms,
)

CLERK = By(actor="clerk", document="99-CV")
UNIT = UUID(int=1)
AIM = Aim(unit=UNIT, kind="assigned", period=parse_period("2022"))
TALLY = Tally(unit=UNIT, indicator="admitted", period=parse_period("2020"))
JANUARY, JUNE, AUGUST = date(2022, 1, 1), date(2022, 6, 1), date(2022, 8, 1)


def facts(known: BaseAggregate[UUID]) -> list[tuple[str, dict[str, Any]]]:
    """Return what was recorded since last asked."""
    return [(type(e).__name__, vars(e)) for e in known.collect_events()]


def a_target(**terms: Any) -> Target:  # noqa: ANN401 - the fields
    target = Target.issue(AIM, JANUARY, Terms(**{"minimum": 151} | terms), CLERK)
    facts(target)
    return target


def test_a_target_carries_what_its_readers_need() -> None:
    target = Target.issue(AIM, JANUARY, Terms(minimum=151, document="01-KH"), CLERK)

    ((name, fact),) = facts(target)
    assert name == "TargetIssued"
    assert (fact["unit"], fact["first_day"], fact["last_day"], fact["period"]) == (
        UNIT,
        date(2022, 1, 1),
        date(2022, 12, 31),
        "2022",
    )
    assert (fact["minimum"], fact["maximum"], fact["deadline_inclusive"]) == (151, None, True)
    assert fact["document"] == "01-KH"


def test_one_unit_period_kind_and_category_are_one_target() -> None:
    same = Aim(unit=UNIT, kind="assigned", period=parse_period("2022-01-01/2022-12-31"))
    others = [
        Aim(unit=UUID(int=2), kind="assigned", period=AIM.period),
        Aim(unit=UNIT, kind="pledge", period=AIM.period),
        Aim(unit=UNIT, kind="assigned", period=parse_period("2022-H1")),
        Aim(unit=UNIT, kind="assigned", period=AIM.period, category="công nhân"),
    ]

    assert same.stream == AIM.stream
    assert len({AIM.stream, *(other.stream for other in others)}) == 5


def test_a_later_day_amends_and_keeps_what_it_does_not_say() -> None:
    target = a_target(maximum=160, deadline=AUGUST, deadline_inclusive=False)

    target.record(JUNE, Terms(minimum=155), CLERK)

    ((name, fact),) = facts(target)
    assert (name, fact["on"], fact["minimum"], fact["maximum"], fact["deadline"]) == (
        "TargetAmended",
        JUNE,
        155,
        160,
        AUGUST,
    )
    assert fact["deadline_inclusive"] is False
    assert fact["corrects"] is False


def test_a_day_before_the_first_is_a_target_until_then() -> None:
    target = Target.issue(AIM, JUNE, Terms(minimum=160), CLERK)

    target.record(JANUARY, Terms(minimum=151), CLERK)

    assert {on: terms.minimum for on, terms in target.terms.items()} == {JANUARY: 151, JUNE: 160}


def test_an_amendment_that_changes_nothing_is_not_recorded() -> None:
    target = a_target()

    target.record(JUNE, Terms(minimum=151), CLERK)

    assert facts(target) == []


def test_the_same_day_with_other_terms_is_refused_by_column() -> None:
    target = a_target(maximum=160)

    with pytest.raises(DiffersFromRecorded) as refused:
        target.record(JANUARY, Terms(minimum=152, maximum=161), CLERK)

    assert refused.value.facts["columns"] == ("minimum", "maximum")
    assert facts(target) == []


def test_the_same_day_with_other_terms_corrects_with_a_reason() -> None:
    target = a_target()

    target.record(JANUARY, Terms(minimum=152), CLERK, reason="misread", correct=True)

    ((name, fact),) = facts(target)
    assert (name, fact["minimum"], fact["corrects"], fact["reason"]) == (
        "TargetAmended",
        152,
        True,
        "misread",
    )


def test_what_was_not_said_is_completed_without_a_reason() -> None:
    target = a_target()

    target.record(JANUARY, Terms(minimum=151, maximum=160), CLERK)

    ((_, fact),) = facts(target)
    assert (fact["maximum"], fact["corrects"], fact["reason"]) == (160, True, None)


@pytest.mark.parametrize("minimum", [161, 200])
def test_a_range_that_holds_no_number_is_refused(minimum: int) -> None:
    with pytest.raises(BoundsCrossed):
        Target.issue(AIM, JANUARY, Terms(minimum=minimum, maximum=160), CLERK)
    target = a_target(maximum=160)
    with pytest.raises(BoundsCrossed):
        target.record(JUNE, Terms(minimum=minimum), CLERK)
    assert facts(target) == []


def test_an_exact_target_is_a_range_of_one() -> None:
    target = Target.issue(AIM, JANUARY, Terms(minimum=151, maximum=151), CLERK)

    ((_, fact),) = facts(target)
    assert (fact["minimum"], fact["maximum"]) == (151, 151)


def test_a_count_is_in_force_from_the_last_day_of_its_period() -> None:
    count = Count.take(TALLY, 130, "report", CLERK)

    ((name, fact),) = facts(count)
    assert (name, fact["on"], fact["count"], fact["source"], fact["document"]) == (
        "CountRecorded",
        date(2020, 12, 31),
        130,
        "report",
        "99-CV",
    )


def test_one_unit_indicator_and_period_are_one_count() -> None:
    again = Tally(unit=UNIT, indicator="admitted", period=parse_period("2020-2020"))
    other = Tally(unit=UNIT, indicator="received", period=TALLY.period)

    assert again.stream == TALLY.stream != other.stream


def test_the_same_count_again_changes_nothing() -> None:
    count = Count.take(TALLY, 130, "report", CLERK)
    facts(count)

    count.record(130, None, CLERK)

    assert facts(count) == []


def test_another_count_is_refused_or_corrects() -> None:
    count = Count.take(TALLY, 130, "report", CLERK)
    facts(count)

    with pytest.raises(DiffersFromRecorded) as refused:
        count.record(131, "letter", CLERK)
    assert refused.value.facts["columns"] == ("count", "source")
    assert facts(count) == []
    count.record(131, None, CLERK, reason="misread", correct=True)

    ((name, fact),) = facts(count)
    assert (name, fact["count"], fact["source"], fact["reason"]) == (
        "CountCorrected",
        131,
        "report",
        "misread",
    )


def test_a_source_that_was_not_said_is_completed() -> None:
    count = Count.take(TALLY, 130, None, CLERK)
    facts(count)

    count.record(130, "report", CLERK)

    ((name, fact),) = facts(count)
    assert (name, fact["source"], fact["reason"]) == ("CountCorrected", "report", None)
