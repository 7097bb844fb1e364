"""Periods, as files and the command line write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.period import parse_period

DAYS = st.dates(date(1975, 1, 1), date(2075, 12, 31))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2022", date(2022, 1, 1), date(2022, 12, 31)),
        ("2022-H1", date(2022, 1, 1), date(2022, 6, 30)),
        ("2022-H2", date(2022, 7, 1), date(2022, 12, 31)),
        ("2022-Q1", date(2022, 1, 1), date(2022, 3, 31)),
        ("2022-Q4", date(2022, 10, 1), date(2022, 12, 31)),
        ("2022-06", date(2022, 6, 1), date(2022, 6, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2020-2022", date(2020, 1, 1), date(2022, 12, 31)),
        ("2022-01-01/2022-06-30", date(2022, 1, 1), date(2022, 6, 30)),
        (" 2022 ", date(2022, 1, 1), date(2022, 12, 31)),
    ],
)
def test_a_period_is_every_day_that_its_text_names(text: str, first: date, last: date) -> None:
    period = parse_period(text)

    assert (period.first, period.last, str(period)) == (first, last, text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "22",
        "2022-H3",
        "2022-Q5",
        "2022-13",
        "2022-2020",
        "2022-06-30/2022-01-01",
        "năm 2022",
        "2022-02-30/2022-03-01",
        "0000",
        "2022-01-01",
        "2022-6",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_period(text)


@given(DAYS, DAYS, DAYS)
def test_two_days_hold_exactly_the_days_between_them(one: date, other: date, day: date) -> None:
    first, last = min(one, other), max(one, other)

    assert (day in parse_period(f"{first}/{last}")) == (first <= day <= last)


@given(DAYS, DAYS, DAYS, DAYS)
def test_enclosing_is_overlapping_without_a_rest(a: date, b: date, c: date, d: date) -> None:
    outer = parse_period(f"{min(a, b)}/{max(a, b)}")
    inner = parse_period(f"{min(c, d)}/{max(c, d)}")
    days = [inner.first + timedelta(n) for n in range(0, (inner.last - inner.first).days + 1, 97)]
    ends = all(day in outer for day in (*days, inner.last))

    assert outer.encloses(inner) == ends
    assert outer.overlaps(inner) or not outer.encloses(inner)
    assert outer.overlaps(inner) == inner.overlaps(outer)


def test_the_same_days_may_be_written_in_two_ways() -> None:
    assert parse_period("2022-H1").same_days(parse_period("2022-01-01/2022-06-30"))
    assert not parse_period("2022").same_days(parse_period("2022-H1"))
