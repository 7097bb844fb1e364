"""What was typed, as values: days, moments, periods; misuse where it is none of these."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from events.calendar import CIVIL
from events.period import Period, parse_period
from services.terminal.edge import Misuse
from services.wording import say

_VIETNAMESE_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_LONGEST_DAY = len("2022-08-26")
END_OF_DAY = time(23, 59, 59, 999_999, tzinfo=CIVIL)


def today() -> date:
    """Return the civil day in Asia/Ho_Chi_Minh."""
    return datetime.now(CIVIL).date()


def day(text: str, lang: str, option: str) -> date:
    """Read `2022-08-26` or `26/08/2022`."""
    try:
        return _day(text.strip())
    except ValueError:
        raise misuse(lang, "bad-day", option, text=text) from None


def _day(text: str) -> date:
    if match := _VIETNAMESE_DAY.fullmatch(text):
        return date(int(match[3]), int(match[2]), int(match[1]))
    return date.fromisoformat(text)


def moment(text: str, lang: str, option: str) -> datetime:
    """Read a moment with its offset, or a day, which is known at its end."""
    stripped = text.strip()
    try:
        if len(stripped) <= _LONGEST_DAY:
            return datetime.combine(_day(stripped), END_OF_DAY)
        read = datetime.fromisoformat(stripped)
        if read.tzinfo is None:
            raise misuse(lang, "moment-without-offset", option, text=text)
        return read.astimezone(CIVIL)
    except (ValueError, OverflowError):
        raise misuse(lang, "bad-moment", option, text=text) from None


def period(text: str | None, as_of: date, lang: str) -> Period:
    """Read a period; without one, the year of the day asked for."""
    try:
        return parse_period(text or f"{as_of.year:04}")
    except ValueError:
        raise misuse(lang, "bad-period", "--period", text=text) from None


def unit(code: str | None, lang: str) -> str | None:
    """Read a unit's code, which is not empty."""
    if code is not None and not code.strip():
        raise misuse(lang, "unit-empty", "--unit")
    return code and code.strip()


def misuse(lang: str, key: str, option: str, **facts: object) -> Misuse:
    """Return the error of a command that was typed wrongly: exit code 2."""
    return Misuse(key, say(f"terminal.{key}", lang, **facts), {"option": option, **facts})
