"""How numbers, days and sentences are written on a page."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal

from events.calendar import CIVIL
from services.wording import coded, known, say

HERE = Path(__file__).parent
STATIC = HERE / "static"
NONE = "—"
LANG = "vi"


def number(value: float | None) -> str:
    """Write a number: `1.455`; a dash where it is not known."""
    if value is None:
        return NONE
    # Of whole numbers a page has hundreds, and the library takes its time for each.
    if isinstance(value, int):
        return f"{value:,}".replace(",", ".")
    return format_decimal(value, locale=LANG)


def day(value: date | str | None) -> str:
    """Write a day: `26/08/2022`; a dash where it is not known."""
    if not value:
        return NONE
    read = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return read.strftime("%d/%m/%Y")


def minute(value: datetime | str | None) -> str:
    """Write a moment of here: `26/08/2022 09:31`."""
    return _at(value, "%d/%m/%Y %H:%M")


def clock(value: datetime | str | None) -> str:
    """Write a moment's time of here: `09:31:07`."""
    return _at(value, "%H:%M:%S")


def said_at(value: datetime | str | None) -> str:
    """Write when something was said: the time of a moment of today, else its day too."""
    if not value or day(_civil(value).date()) == day(datetime.now(CIVIL).date()):
        return clock(value)
    return _at(value, "%d/%m/%Y %H:%M:%S")


def _at(value: datetime | str | None, form: str) -> str:
    if not value:
        return NONE
    return _civil(value).strftime(form)


def _civil(value: datetime | str) -> datetime:
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.astimezone(CIVIL)


def period(text: str) -> str:
    """Write a period: `năm 2022`, `quý 1/2022`, `01/01/2022-30/06/2022`."""
    if "/" in text:
        first, last = text.split("/")
        return words("period.days", first=day(first), last=day(last))
    year, _, part = text.partition("-")
    if not part:
        return words("period.year", year=year)
    if part[0] in "HQ":
        return words(f"period.{part[0].lower()}", year=year, part=part[1])
    if len(part) > 2:  # noqa: PLR2004 - a month has two digits
        return words("period.years", first=year, last=part)
    return words("period.month", year=year, part=part)


def words(key: str, **facts: Any) -> str:  # noqa: ANN401 - whatever a text names
    """Return a sentence of the pages: of `portal`, or of the section that the key names first."""
    return say(_whole(key), LANG, **facts) if facts else _said(_whole(key))


def has_words(key: str) -> bool:
    """Tell whether the pages have a sentence under a key."""
    return known(_whole(key), LANG)


@cache
def _said(key: str) -> str:
    return say(key, LANG)


def _whole(key: str) -> str:
    section, _, rest = key.partition("/")
    return f"{section}.{rest}" if rest else f"portal.{key}"


def code_words(section: str, code: object) -> object:
    """Return how a code of the public formats is said, by the section of its words."""
    return coded(section, code, LANG)


@cache
def asset(name: str) -> str:
    """Return the address of a file of ours, which changes when the file does."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"
