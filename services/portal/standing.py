"""What a figure means for who answers for it: its pace, its state, and the order of units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from events.period import Period, parse_period

_DAYS_A_MONTH = 30.4
_OF = re.compile(r"(?P<kind>assigned|term) targets? of (?P<periods>.+)")
_COMPOSED = str.maketrans("đĐ", "dD")


@dataclass(frozen=True, slots=True)
class Pace:
    """Where an even pace over the period would be on the day that is asked."""

    even: int
    behind: int
    """How many more an even pace would have; below zero when one is ahead of it."""
    last: date
    """The last day that counts."""
    share: float
    """How much of the time is over, of a hundred."""
    monthly: int | None
    """How many a month are still needed; None when the time is over."""


def pace(figures: Mapping[str, Any], period: Period, as_of: date) -> Pace | None:
    """Reckon the pace of a figure against its target.

    None where there is no target, or one of other days than those asked for.
    """
    ratio, target = figures["ratio"], figures["target"]
    if not ratio or not target or not _of_these_days(ratio["denominator_is"], period):
        return None
    last = period.last
    if target["deadline"]:
        deadline = date.fromisoformat(target["deadline"])
        last = min(last, deadline - timedelta(days=not target["deadline_inclusive"]))
    days = max((last - period.first).days + 1, 1)
    over = min(max((as_of - period.first).days + 1, 0), days)
    even = ratio["denominator"] * over // days
    left = (last - as_of).days
    remaining = figures["remaining"]
    return Pace(
        even=even,
        behind=even - ratio["numerator"],
        last=last,
        share=100 * over / days,
        monthly=max(1, round(remaining * _DAYS_A_MONTH / left))
        if left > 0 and remaining > 0
        else None,
    )


def denominator(text: str) -> tuple[str, list[str]] | None:
    """Return the kind of target that is the denominator, and its periods."""
    read = _OF.fullmatch(text)
    return (read["kind"], read["periods"].split(", ")) if read else None


def _of_these_days(text: str, period: Period) -> bool:
    told = denominator(text)
    if told is None:
        return False
    periods = [parse_period(each) for each in told[1]]
    first, last = min(each.first for each in periods), max(each.last for each in periods)
    return (first, last) == (period.first, period.last)


def state(row: Mapping[str, Any], period: Period, as_of: date) -> tuple[str, str]:
    """Return the shape and the word of where a unit stands."""
    ratio, target = row["ratio"], row["target"]
    if not ratio:
        if target:  # of nobody: there is no ratio, and it is reached
            return "good", "reached"
        return ("none", "no-target") if row["admitted"] else ("bad", "silent")
    reached, wanted = ratio["numerator"], ratio["denominator"]
    if reached >= wanted:
        most = target["maximum"]
        return ("good", "exceeded" if most is not None and reached > most else "reached")
    at = pace(row, period, as_of)
    if at and at.behind <= 0:
        return "good", "even"
    if not row["admitted"]:
        return "bad", "silent"
    return "late", "behind" if at else "below"


@dataclass(frozen=True, slots=True)
class Row:
    """A unit below, with its figures, and where it stands."""

    unit: str
    name: str
    admitted: int
    target: Mapping[str, Any] | None
    ratio: Mapping[str, Any] | None
    remaining: int | None
    last_ceremony: str | None
    shape: str
    word: str

    @property
    def rate(self) -> float | None:
        """Return the share of the target that is reached."""
        ratio = self.ratio
        return ratio["numerator"] / ratio["denominator"] if ratio else None


@dataclass(frozen=True, slots=True)
class Order:
    """By which column, which way, and which units: as the address has it."""

    key: str
    down: bool
    filter: str

    def first(self, key: str) -> str:
        """Return the way a column is sorted when it is chosen."""
        return "tang" if key in {"unit", "rate", "state"} else "giam"

    @property
    def is_worst_first(self) -> bool:
        """Tell whether the least advanced come first."""
        return self.key == "rate" and not self.down


LATE = frozenset({"late", "bad"})
"""The shapes of who is behind."""
_GRAVITY = {"silent": 0, "behind": 1, "below": 1, "even": 2, "reached": 3, "exceeded": 4}
_KEYS: Mapping[str, Callable[[Row], float | int | str | None]] = {
    "unit": lambda row: folded(row.name),
    "target": lambda row: row.target["minimum"] if row.target else None,
    "admitted": lambda row: row.admitted,
    "rate": lambda row: row.rate,
    "remaining": lambda row: row.remaining,
    "ceremony": lambda row: row.last_ceremony,
    "state": lambda row: _GRAVITY.get(row.word),
}


def order(query: Mapping[str, str]) -> Order:
    """Read an order from an address; the least advanced first where it names none."""
    key = query.get("sap", "rate")
    if key not in _KEYS:
        key = "rate"
    return Order(key, query.get("chieu", "tang") == "giam", query.get("loc", "").strip()[:100])


def rows(told: Iterable[Mapping[str, Any]], period: Period, as_of: date) -> list[Row]:
    """Return the units below, each with where it stands."""
    return [
        Row(
            each["unit"],
            each["name"],
            each["admitted"],
            each["target"],
            each["ratio"],
            each["remaining"],
            each["last_ceremony"],
            *state(each, period, as_of),
        )
        for each in told
    ]


def ordered(all_rows: Iterable[Row], by: Order) -> list[Row]:
    """Return the rows that are asked for, in their order; the unknown come last either way."""
    wanted = folded(by.filter).split()
    kept = [
        row for row in all_rows if all(part in folded(f"{row.unit} {row.name}") for part in wanted)
    ]
    value = _KEYS[by.key]
    known: list[tuple[Any, Row]] = [(told, row) for row in kept if (told := value(row)) is not None]
    # Among equals the one that lacks most comes first.
    known.sort(key=lambda pair: (-(pair[1].remaining or 0), folded(pair[1].name)))
    known.sort(key=lambda pair: pair[0], reverse=by.down)
    unknown = [row for row in kept if value(row) is None]
    unknown.sort(key=lambda row: (bool(row.admitted), folded(row.name)))
    return [*(row for _, row in known), *unknown]


def folded(text: str) -> str:
    """Return a text as one types it in a hurry: without marks, small; numbers in their order."""
    plain = unicodedata.normalize("NFD", text).translate(_COMPOSED)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign)).casefold()
    return re.sub(r"\d+", lambda number: number[0].zfill(6), plain)


def silent(all_rows: Sequence[Row]) -> list[Row]:
    """Return the units without a ceremony, those with the largest targets first."""
    found = [row for row in all_rows if not row.admitted]
    return sorted(
        found,
        key=lambda row: (-(row.target["minimum"] if row.target else 0), folded(row.name)),
    )
