"""A period of the public formats: a year, a half, a quarter, a month, years, or two days."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_YEAR = re.compile(r"(\d{4})")
_HALF = re.compile(r"(\d{4})-H([12])")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_YEARS = re.compile(r"(\d{4})-(\d{4})")
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Every day from `first` to `last`, both included."""

    first: date
    last: date
    text: str

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return self.text

    def encloses(self, other: Period) -> bool:
        """Tell whether every day of the other period is a day of this one."""
        return self.first <= other.first and other.last <= self.last

    def overlaps(self, other: Period) -> bool:
        """Tell whether the two have a day in common."""
        return self.first <= other.last and other.first <= self.last

    def same_days(self, other: Period) -> bool:
        """Tell whether the two are the same days, however they are written."""
        return (self.first, self.last) == (other.first, other.last)


def parse_period(text: str) -> Period:
    """Read a period as written in files and after `--period`; ValueError if it is none."""
    text = text.strip()
    if match := _YEAR.fullmatch(text):
        return _months(text, int(match[1]), 1, 12)
    if match := _HALF.fullmatch(text):
        return _months(text, int(match[1]), 6 * int(match[2]) - 5, 6)
    if match := _QUARTER.fullmatch(text):
        return _months(text, int(match[1]), 3 * int(match[2]) - 2, 3)
    if match := _MONTH.fullmatch(text):
        return _months(text, int(match[1]), int(match[2]), 1)
    if match := _YEARS.fullmatch(text):
        return _between(date(int(match[1]), 1, 1), date(int(match[2]), 12, 31), text)
    if match := _DAYS.fullmatch(text):
        return _between(date.fromisoformat(match[1]), date.fromisoformat(match[2]), text)
    raise ValueError(text)


def _months(text: str, year: int, month: int, count: int) -> Period:
    last = month + count - 1
    return Period(date(year, month, 1), date(year, last, monthrange(year, last)[1]), text)


def _between(first: date, last: date, text: str) -> Period:
    if last < first:
        raise ValueError(text)
    return Period(first, last, text)
