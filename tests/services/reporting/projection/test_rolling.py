"""Spans of time: ranges of days, months and years that cover a period."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.projection.rolling import cover, spans

DAYS = st.dates(date(1998, 1, 1), date(2030, 12, 31))
NEAR = st.integers(-45, 45).map(timedelta)


@given(DAYS, DAYS, NEAR, st.booleans())
def test_a_cover_holds_every_day_of_a_period_once_and_no_other(
    one: date,
    other: date,
    near: timedelta,
    at_first: bool,  # noqa: FBT001 - drawn
) -> None:
    first, last = min(one, other), max(one, other)
    ranges = cover(first.toordinal(), last.toordinal())

    for day in (first, last, (first if at_first else last) + near):
        held = sum(low <= span <= high for low, high in ranges for span in spans(day.toordinal()))
        assert held == (first <= day <= last)


@given(DAYS, st.integers(0, 12_000))
def test_a_cover_is_few_ranges_of_few_spans(first: date, days: int) -> None:
    ranges = cover(first.toordinal(), first.toordinal() + days)

    assert len(ranges) <= 5
    assert sum(high - low + 1 for low, high in ranges) <= 2 * (30 + 11) + days // 365


def test_no_day_needs_no_span() -> None:
    assert cover(2, 1) == []


def test_all_time_is_all_years() -> None:
    first, last = date.min.toordinal(), date.max.toordinal()

    assert cover(first, last) == [(spans(first)[-1], spans(last)[-1])]
