"""What a figure means: pace, state, and the order of units."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from events.period import parse_period
from services.portal.standing import Order, folded, order, ordered, pace, rows

YEAR = parse_period("2022")


def unit(name: str, admitted: int, minimum: int | None = None, **more: object) -> dict[str, Any]:
    target: dict[str, object] | None = None
    ratio: dict[str, object] | None = None
    if minimum is not None:
        target = {"minimum": minimum, "maximum": None, "deadline": None, "document": None}
        target |= {"deadline_inclusive": True, **more}
    if minimum:
        ratio = {
            "numerator": admitted,
            "denominator": minimum,
            "denominator_is": "assigned target of 2022",
            "percent": "",
        }
    return {
        "unit": name,
        "name": name,
        "admitted": admitted,
        "target": target,
        "ratio": ratio,
        "remaining": None if minimum is None else minimum - admitted,
        "last_ceremony": None,
    }


def test_the_pace_of_phong_dien_is_that_of_the_drawing() -> None:
    told = pace(unit("PD", 52, 151), YEAR, date(2022, 8, 26))

    assert told
    assert (told.even, told.behind, told.monthly, told.last) == (98, 46, 24, date(2022, 12, 31))


@pytest.mark.parametrize(
    ("as_of", "even", "monthly"),
    [
        (date(2021, 12, 31), 0, 9),
        (date(2022, 1, 1), 0, 9),
        (date(2022, 12, 31), 100, None),
        (date(2023, 5, 1), 100, None),
    ],
)
def test_a_pace_begins_at_nothing_and_ends_at_the_target(
    as_of: date, even: int, monthly: int | None
) -> None:
    told = pace(unit("A", 0, 100), YEAR, as_of)

    assert told
    assert told.even == even
    assert (told.monthly is None) == (monthly is None)


def test_a_deadline_shortens_the_pace() -> None:
    by_march = unit("A", 3, 10, deadline="2022-04-01", deadline_inclusive=False)

    told = pace(by_march, YEAR, date(2022, 3, 31))

    assert told
    assert (told.even, told.behind, told.last, told.monthly) == (10, 7, date(2022, 3, 31), None)


def test_a_target_of_other_days_has_no_pace() -> None:
    assert pace(unit("A", 3, 10), parse_period("2022-H1"), date(2022, 3, 31)) is None
    assert pace(unit("A", 3), YEAR, date(2022, 3, 31)) is None
    assert pace(unit("A", 3, 0), YEAR, date(2022, 3, 31)) is None


@pytest.mark.parametrize(
    ("told", "word"),
    [
        (unit("A", 0, 10), "silent"),
        (unit("A", 0), "silent"),
        (unit("A", 1), "no-target"),
        (unit("A", 1, 10), "behind"),
        (unit("A", 5, 10), "even"),
        (unit("A", 10, 10), "reached"),
        (unit("A", 12, 10), "reached"),
        (unit("A", 12, 10, maximum=11), "exceeded"),
        (unit("A", 0, 0), "reached"),
    ],
)
def test_a_state_is_a_word(told: dict[str, Any], word: str) -> None:
    assert rows([told], YEAR, date(2022, 6, 30))[0].word == word


def test_the_least_advanced_come_first_and_of_equals_who_lacks_most() -> None:
    told = rows(
        [unit("a", 2, 4), unit("b", 0, 3), unit("c", 0, 5), unit("d", 4), unit("e", 0)],
        YEAR,
        date(2022, 6, 30),
    )

    assert [row.unit for row in ordered(told, order({}))] == ["c", "b", "a", "e", "d"]
    down = Order("rate", down=True, filter="")
    assert [row.unit for row in ordered(told, down)] == ["a", "c", "b", "e", "d"]


def test_names_are_found_without_marks_and_numbers_stand_in_their_order() -> None:
    told = rows([unit(f"Đơn vị {n}", 1, 2) for n in (10, 2, 1)], YEAR, date(2022, 6, 30))

    by_name = Order("unit", down=False, filter="don VI")
    assert [row.unit for row in ordered(told, by_name)] == ["Đơn vị 1", "Đơn vị 2", "Đơn vị 10"]
    assert ordered(told, Order("unit", down=False, filter="xyz")) == []
    assert folded("Đặng") == "dang"


def test_an_order_that_nobody_offered_is_the_usual_one() -> None:
    assert order({"sap": "password", "chieu": "x"}).is_worst_first
