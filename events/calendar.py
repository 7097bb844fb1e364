"""Days as the office counts them: working days, months that clip, ages by month."""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections.abc import Mapping
from datetime import MAXYEAR, date, timedelta, timezone
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

CIVIL = timezone(timedelta(hours=7))
"""Days begin in Asia/Ho_Chi_Minh, which keeps one offset."""
MONTHS_A_YEAR = 12
AGE_BANDS = ("18-30", "31-40", "41-50", "51-60", ">60")
_BAND_ENDS = (30, 40, 50, 60)
_ADULT_YEARS = 18
_SATURDAY = 5
_ONE_DAY = timedelta(days=1)


class Due(NamedTuple):
    """The last day of a clock, and whether it lies beyond the published calendar."""

    day: date
    provisional: bool


class WorkingDays:
    """The working days of public offices: weeks, public holidays, substitute and swapped days.

    Outside the published years, days are the expected ones where the calendar lists
    them, else weekdays but for the holidays of a fixed date; a clock that ends there
    is provisional.
    """

    def __init__(self, calendar: Mapping[str, Any], *, start_day_counts: bool) -> None:
        """Take the calendar as it is written in `contracts/rulebook/calendar.toml`."""
        by_day = partial(_by_day, calendar)
        self.version: str = calendar["version"]
        self.first_published: date = calendar["first_published"]
        self.last_published: date = calendar["last_published"]
        self.last_expected: date = calendar["last_expected"]
        self.days_off: Mapping[date, str] = by_day("days_off", "expected_days_off")
        self.working_weekend_days: Mapping[date, str] = by_day("working_weekend_days")
        self.start_day_counts = start_day_counts
        self._yearly: Mapping[str, int] = calendar["yearly"]
        self._counted: dict[tuple[date, int], Due] = {}

    def is_working_day(self, day: date) -> bool:
        """Tell whether the offices work on this day."""
        if day in self.working_weekend_days:
            return True
        if day.weekday() >= _SATURDAY or day in self.days_off:
            return False
        if self.first_published <= day <= self.last_expected:
            return True
        return day.year < self._yearly.get(f"{day:%m-%d}", MAXYEAR)

    def is_published(self, day: date) -> bool:
        """Tell whether the calendar of this day is known, not expected."""
        return self.first_published <= day <= self.last_published

    def after(self, start: date, days: int) -> Due:
        """Return the last day of a clock of so many working days that starts on `start`."""
        if days < 1:
            raise ValueError(days)
        if (start, days) not in self._counted:
            self._counted[start, days] = self._count(start, days)
        return self._counted[start, days]

    def _count(self, start: date, days: int) -> Due:
        day = start if self.start_day_counts else start + _ONE_DAY
        while True:
            days -= self.is_working_day(day)
            if not days:
                published = self.is_published(start) and self.is_published(day)
                return Due(day, provisional=not published)
            day += _ONE_DAY


def read_calendar(path: Path, *, start_day_counts: bool) -> WorkingDays:
    """Read a calendar file."""
    return WorkingDays(tomllib.loads(path.read_text("utf-8")), start_day_counts=start_day_counts)


def add_months(day: date, months: int) -> date:
    """Return the same day so many months on, or the last of a month that has no such day."""
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def age_in_months(birth: date, on: date) -> int:
    """Return an age counted by month: only the month and the year of either day matter."""
    return (on.year - birth.year) * MONTHS_A_YEAR + on.month - birth.month


def age_in_years(birth: date, on: date) -> int:
    """Return the full years of age; who was born on 29 February is a year older on the 28th."""
    years = on.year - birth.year
    return years - (add_months(birth, years * MONTHS_A_YEAR) > on)


def age_band(birth: date, on: date) -> str | None:
    """Return the band of the public formats, by full years; None for who is under age.

    Who is 18 by month, as the law counts, but not yet by day is in the first band.
    """
    if age_in_months(birth, on) < _ADULT_YEARS * MONTHS_A_YEAR:
        return None
    years = age_in_years(birth, on)
    return AGE_BANDS[sum(years > end for end in _BAND_ENDS)]


def _by_day(calendar: Mapping[str, Any], *sections: str) -> Mapping[date, str]:
    return MappingProxyType(
        {
            date.fromisoformat(day): name
            for section in sections
            for day, name in calendar[section].items()
        },
    )
