"""Which period, as of which day, as known at which moment: asked in the address of a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from events.period import Period, parse_period

CIVIL = timezone(timedelta(hours=7))
_DAY = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>[^\sT:]+)(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?", re.ASCII
)
_END_OF_DAY = time(23, 59, 59)
FIELDS = ("period", "as_of", "known_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a page speaks of. Named are only the parts that its address names."""

    period: Period
    as_of: date
    known_at: datetime | None
    named: frozenset[str] = frozenset()
    wrong: frozenset[str] = frozenset()
    """The parts that could not be read; what is shown instead is as if they were not named."""

    def question(self) -> dict[str, str]:
        """Return the whole question, as the services are asked."""
        asked = {"period": self.period.text, "as_of": self.as_of.isoformat()}
        return asked | ({"known_at": self.known_at.isoformat()} if self.known_at else {})

    def address(self) -> dict[str, str]:
        """Return what links carry on."""
        return {name: text for name, text in self.question().items() if name in self.named}


def moment(query: Mapping[str, str], today: date) -> Moment:
    """Read the moment of an address; what it does not name is today, and this year."""
    given = {name: text.strip() for name in FIELDS if (text := query.get(name, "")).strip()}
    wrong = set()
    as_of, known_at, period = today, None, None
    try:
        as_of = read_day(given["as_of"]) if "as_of" in given else today
    except ValueError:
        wrong.add("as_of")
    try:
        known_at = _moment(given["known_at"]) if "known_at" in given else None
    except ValueError:
        wrong.add("known_at")
    try:
        period = parse_period(given["period"]) if "period" in given else None
    except ValueError:
        wrong.add("period")
    return Moment(
        period=period or parse_period(f"{as_of.year:04}"),
        as_of=as_of,
        known_at=known_at,
        named=frozenset(given) - wrong,
        wrong=frozenset(wrong),
    )


def read_day(text: str) -> date:
    """Read `26/08/2022`, `26-8-2022` or `2022-08-26`; ValueError if it is none."""
    if read := _DAY.fullmatch(text.strip()):
        return date(int(read[3]), int(read[2]), int(read[1]))
    return date.fromisoformat(text.strip())


def _moment(text: str) -> datetime:
    """Read a day, which is its end, a day and a time of here, or a moment with its offset."""
    if read := _MOMENT.fullmatch(text):
        at = time.fromisoformat(read["time"].zfill(5)) if read["time"] else _END_OF_DAY
        return datetime.combine(read_day(read["day"]), at, CIVIL)
    # An address that was typed has a blank where its offset had a plus.
    told = datetime.fromisoformat(re.sub(r" (?=\d{2}:\d{2}$)", "+", text))
    return told if told.tzinfo else told.replace(tzinfo=CIVIL)
