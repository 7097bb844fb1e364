"""Deadlines as an officer reads them: how long there is, and how each was counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from events.rulebook import rulebook
from services.portal.steps import carried, done_on, latest
from services.portal.written import day, words

Json = Mapping[str, Any]

IN_WORKING_DAYS = frozenset({"decision", "ceremony", "recognition_vote", "recognition"})
_ENDED_BY = {
    "certificate": ("cell_vote",),
    "papers": ("cell_vote",),
    "decision": ("decided", "refused"),
    "ceremony": ("ceremony",),
}
_VALID = frozenset({"certificate", "papers"})
"""Clocks after which something is not valid any more."""
_MOST_NAMED = 4
_SOON = 7
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline, with what it means today."""

    name: str
    due: str
    shape: str
    left: str
    counted: tuple[str, ...]
    law: str | None
    """The document by which it was counted."""
    runs: bool


def clocks(deadlines: Sequence[Json], steps: Sequence[Json], today: date) -> list[Clock]:
    """Return the deadlines of a candidacy, those that run first, the nearest before the others."""
    told = [_clock(each, steps, today) for each in deadlines]
    return sorted(told, key=lambda clock: (not clock.runs, clock.due))


def _clock(told: Json, steps: Sequence[Json], today: date) -> Clock:
    name, due = str(told["clock"]), date.fromisoformat(told["due"])
    shape, left = remaining(name, due, today)
    if not told["running"]:
        kinds = _ENDED_BY.get(name, ("recognised",))
        ends = [step for step in steps if step["fact"] in kinds and carried(step)]
        shape, left = _ended(name, due, date.fromisoformat(done_on(ends[-1])) if ends else None)
    return Clock(
        told["title"],
        told["due"],
        shape,
        left,
        _counted(told, due, steps),
        _law(told["clause"]),
        told["running"],
    )


def _law(clause: str | None) -> str | None:
    known = rulebook().clauses.get(clause or "")
    if known is None:
        return None
    document = known.document
    return words("portal_case/deadline.law", number=document.number, dated=day(document.dated))


def _ended(name: str, due: date, end: date | None) -> tuple[str, str]:
    if end is None:
        return "none", words("portal_case/deadline.stopped")
    kept = end <= due or name == "probation"
    key = "kept" if kept else "late"
    return ("good" if kept else "late"), words(f"portal_case/deadline.{key}", on=day(end))


def remaining(name: str, due: date, today: date) -> tuple[str, str]:
    """Return the shape and the words of how long there is until a day, or since."""
    if due == today:
        return "late", words("portal_case/deadline.today")
    if due < today and name in _VALID:
        return "bad", words("portal_case/deadline.expired")
    if due < today and name == "probation":
        return "wait", words("portal_case/deadline.reached")
    working = name in IN_WORKING_DAYS
    first, last = sorted((due, today))
    count = working_days(first, last) if working else (last - first).days
    if due < today:
        unit = "working" if working else "days"
        return "bad", words(f"portal_case/deadline.over-{unit}", count=count)
    if name in _VALID:
        return "good" if count > _SOON else "late", words("portal_case/deadline.valid", count=count)
    unit = "working" if working else "days"
    shape = "late" if count <= _SOON else "wait"
    return shape, words(f"portal_case/deadline.left-{unit}", count=count)


def working_days(first: date, last: date) -> int:
    """Return how many working days there are after a day, up to another."""
    calendar = rulebook().working_days
    return sum(calendar.is_working_day(first + timedelta(n)) for n in range(1, _days(first, last)))


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def _counted(told: Json, due: date, steps: Sequence[Json]) -> tuple[str, ...]:
    """Say how a deadline was counted: from what, how many days, which days were left out."""
    name, starts = told["clock"], date.fromisoformat(told["starts"])
    begun = words(f"portal_case/deadline-from.{_begins(name, starts, steps)}")
    facts = {"from": begun, "starts": day(starts)}
    if told["working_days"] is None:
        return (words("portal_case/deadline.months", count=told["months"], **facts),)
    facts["count"] = told["working_days"]
    sentences = [words("portal_case/deadline.working", **facts), _left_out(starts, due)]
    if told["provisional"]:
        until = day(rulebook().working_days.last_published)
        sentences.append(words("portal_case/deadline.provisional", until=until))
    return tuple(sentences)


def _begins(name: str, starts: date, steps: Sequence[Json]) -> str:
    received = latest(steps, "decision_received")
    at_once = received is None or done_on(received) != starts.isoformat()
    return "ceremony-decided" if name == "ceremony" and at_once else name


def _left_out(starts: date, due: date) -> str:
    """Name the public holidays on which the clock stood, in spans."""
    spans: list[tuple[date, date]] = []
    for n in range(1, _days(starts, due)):
        each = starts + timedelta(n)
        if each.weekday() >= _SATURDAY or rulebook().working_days.is_working_day(each):
            continue
        if spans and spans[-1][1] == each - timedelta(1):
            spans[-1] = (spans[-1][0], each)
        else:
            spans.append((each, each))
    if not spans:
        return words("portal_case/deadline.weekends")
    named = ", ".join(_span(*span) for span in spans[:_MOST_NAMED])
    if more := spans[_MOST_NAMED:]:
        count = sum(_days(*span) for span in more)
        named = words("portal_case/deadline.more-off", days=named, count=count)
    return words("portal_case/deadline.off", days=named)


def _span(first: date, last: date) -> str:
    if first == last:
        return f"{first:%d/%m}"
    begun = f"{first:%d}" if first.month == last.month else f"{first:%d/%m}"
    return words("portal_case/deadline.span", first=begun, last=f"{last:%d/%m}")
