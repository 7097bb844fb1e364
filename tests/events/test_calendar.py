"""Working days, months that clip, and ages."""

import tomllib
from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.calendar import (
    AGE_BANDS,
    WorkingDays,
    add_months,
    age_band,
    age_in_months,
    age_in_years,
)
from events.rulebook import FOLDER, rulebook

CALENDAR = rulebook().working_days
SWAPS_THE_LIBRARY_LACKS = {date(2026, 1, 2): date(2026, 1, 10)}
ONE_DAY = timedelta(days=1)

DAYS = st.dates(date(2005, 1, 1), date(2040, 12, 31))
BIRTHS = st.dates(date(1930, 1, 1), date(2010, 12, 31))
COUNTS = st.integers(1, 90)


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + n * ONE_DAY for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", range(2012, 2031))
def test_the_calendar_is_that_of_the_library_but_for_named_swaps(year: int) -> None:
    library = holidays.country_holidays("VN", years=range(year, year + 2))
    expected = {day for day in days_of(year) if library.is_working_day(day)}
    for off, instead in SWAPS_THE_LIBRARY_LACKS.items():
        if off.year == year:
            expected = expected - {off} | {instead}

    assert {day for day in days_of(year) if CALENDAR.is_working_day(day)} == expected


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2024, 2, 8), False),  # Tết
        (date(2024, 2, 15), True),
        (date(2024, 4, 18), False),  # Hùng Kings
        (date(2023, 1, 2), False),  # in place of a Sunday
        (date(2020, 9, 3), True),  # National Day has a second day since 2021 only
        (date(2021, 9, 3), False),
        (date(2025, 11, 24), True),  # Culture Day is off since 2026 only
        (date(2026, 11, 24), False),
        (date(2026, 8, 31), False),  # swapped
        (date(2026, 8, 22), True),  # for this Saturday
        (date(2026, 8, 15), False),
        (date(2011, 9, 2), False),  # a Friday before the calendar
        (date(2031, 9, 2), False),  # a Tuesday after it
        (date(2032, 11, 24), False),
        (date(2010, 11, 24), True),
        (date(2031, 9, 3), True),
    ],
)
def test_offices_are_closed_on_holidays_and_their_substitutes(day: date, works: bool) -> None:  # noqa: FBT001 - the expected answer
    assert CALENDAR.is_working_day(day) is works


@given(DAYS, COUNTS)
def test_a_clock_of_n_working_days_has_exactly_n_of_them_and_ends_on_the_last(
    start: date,
    days: int,
) -> None:
    due = CALENDAR.after(start, days).day

    between = [start + n * ONE_DAY for n in range(1, (due - start).days + 1)]
    assert sum(map(CALENDAR.is_working_day, between)) == days
    assert CALENDAR.is_working_day(due)


@given(DAYS, COUNTS)
def test_a_clock_that_starts_later_or_is_longer_never_ends_sooner(start: date, days: int) -> None:
    due = CALENDAR.after(start, days).day

    assert due <= CALENDAR.after(start + ONE_DAY, days).day
    assert due < CALENDAR.after(start, days + 1).day


@given(DAYS, COUNTS)
def test_a_clock_is_provisional_exactly_when_it_leaves_the_published_years(
    start: date,
    days: int,
) -> None:
    due = CALENDAR.after(start, days)

    inside = date(2012, 1, 1) <= start and due.day <= date(2026, 12, 31)
    assert due.provisional is not inside


def test_the_start_day_counts_where_the_policy_says_so() -> None:
    data = tomllib.loads((FOLDER / "calendar.toml").read_text("utf-8"))
    monday = date(2024, 6, 3)

    assert not CALENDAR.start_day_counts
    assert CALENDAR.after(monday, 5).day == date(2024, 6, 10)
    assert WorkingDays(data, start_day_counts=True).after(monday, 5).day == date(2024, 6, 7)


@pytest.mark.parametrize("days", [0, -1])
def test_a_clock_has_a_working_day_at_least(days: int) -> None:
    with pytest.raises(ValueError, match=str(days)):
        CALENDAR.after(date(2024, 6, 3), days)


@pytest.mark.parametrize(
    ("day", "months", "result"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2024, 8, 31), 1, date(2024, 9, 30)),
        (date(2024, 12, 31), 2, date(2025, 2, 28)),
        (date(2024, 12, 15), 1, date(2025, 1, 15)),
        (date(2024, 1, 31), -2, date(2023, 11, 30)),
    ],
)
def test_months_clip_to_the_last_day_that_there_is(day: date, months: int, result: date) -> None:
    assert add_months(day, months) == result


@given(DAYS, st.integers(-240, 240))
def test_months_on_is_that_many_months_by_count(day: date, months: int) -> None:
    assert age_in_months(day, add_months(day, months)) == months


@given(BIRTHS, DAYS)
def test_full_years_are_the_birthdays_passed(birth: date, on: date) -> None:
    years = age_in_years(birth, on)

    assert add_months(birth, 12 * years) <= on < add_months(birth, 12 * (years + 1))


@pytest.mark.parametrize(
    ("birth", "on", "band"),
    [
        (date(2004, 5, 15), date(2022, 5, 15), "18-30"),
        (date(2004, 5, 15), date(2022, 5, 1), "18-30"),
        (date(2004, 5, 15), date(2022, 4, 30), None),
        (date(1991, 5, 16), date(2022, 5, 15), "18-30"),
        (date(1991, 5, 15), date(2022, 5, 15), "31-40"),
        (date(1981, 5, 16), date(2022, 5, 15), "31-40"),
        (date(1981, 5, 15), date(2022, 5, 15), "41-50"),
        (date(1971, 5, 15), date(2022, 5, 15), "51-60"),
        (date(1961, 5, 16), date(2022, 5, 15), "51-60"),
        (date(1961, 5, 15), date(2022, 5, 15), ">60"),
        (date(1992, 2, 29), date(2023, 2, 28), "31-40"),
    ],
)
def test_the_band_is_that_of_the_full_years(birth: date, on: date, band: str | None) -> None:
    assert age_band(birth, on) == band


@given(BIRTHS, DAYS)
def test_bands_only_rise(birth: date, on: date) -> None:
    order = (None, *AGE_BANDS)

    assert order.index(age_band(birth, on)) <= order.index(age_band(birth, on + ONE_DAY))
