"""The legal clocks that acts start: counted once, when they start or are corrected."""

from __future__ import annotations

from collections.abc import Mapping

from events.calendar import add_months
from events.dossiers import Deadline
from events.rulebook import Rulebook
from services.dossiers.domain.journey import (
    CERTIFIED,
    Facts,
    Recorded,
    carried_vote,
    is_done,
    last,
    over,
    steps_done,
)

STARTED_BY: Mapping[str, tuple[str, ...]] = {
    CERTIFIED: ("certificate",),
    "applied": ("papers",),
    "cell_vote": ("decision",),
    "decided": ("ceremony",),
    "decision_received": ("ceremony",),
    "ceremony": ("probation", "recognition_vote"),
}
"""The clocks that an act starts, or whose start it decides."""

ENDED_BY: Mapping[str, str] = {
    "certificate": "cell_vote",
    "papers": "cell_vote",
    "decision": "decided",
    "ceremony": "ceremony",
    "probation": "recognised",
    "recognition_vote": "recognised",
}
"""The act that a clock waits for."""

Clocks = Mapping[str, Deadline]


def running(facts: Facts, clocks: Clocks) -> list[Deadline]:
    """Return the clocks that still wait for their act."""
    if over(facts):
        return []
    done = steps_done(facts)
    return [each for name, each in clocks.items() if not is_done(ENDED_BY[name], done)]


def clock(
    name: str, facts: Facts, extension: int, book: Rulebook
) -> tuple[Recorded, Deadline] | None:
    """Return the act that starts a clock, and when it is due; None where nothing starts it."""
    act = _starter(name, facts, book)
    return (act, _deadline(name, act, facts, extension, book)) if act else None


def _starter(name: str, facts: Facts, book: Rulebook) -> Recorded | None:
    match name:
        case "certificate":
            return last(facts, CERTIFIED)
        case "papers":
            return last(facts, "applied")
        case "decision":
            return carried_vote(facts)
        case "ceremony":
            decided, received = last(facts, "decided"), last(facts, "decision_received")
            ruling = decided or received
            at_once = ruling and book.on(ruling.on).ceremony.starts == "decided"
            return decided if at_once else received
        case _:
            return last(facts, "ceremony")


def _deadline(name: str, act: Recorded, facts: Facts, extension: int, book: Rulebook) -> Deadline:
    ruling = last(facts, "decided") if name == "ceremony" else None
    rules = book.on((ruling or act).on)
    starts = act.on
    match name:
        case "certificate":
            due, provisional = add_months(starts, rules.certificate_months), False
        case "papers":
            due, provisional = add_months(starts, rules.papers_months), False
        case "probation":
            due, provisional = add_months(starts, rules.probation_months), False
        case "decision":
            days = rules.decision.working_days + extension
            due, provisional = book.working_days.after(starts, days)
        case "ceremony":
            due, provisional = book.working_days.after(starts, rules.ceremony.working_days)
        case _:
            starts = add_months(starts, rules.probation_months)
            due, provisional = book.working_days.after(starts, rules.recognition_vote.working_days)
    return Deadline(clock=name, starts=starts, due=due, provisional=provisional)


def started(kind: str, facts: Facts, extension: int, book: Rulebook) -> tuple[Deadline, ...]:
    """Return the clocks that the recorded act of a kind starts."""
    found = (clock(name, facts, extension, book) for name in STARTED_BY.get(kind, ()))
    return tuple(deadline for act, deadline in filter(None, found) if act.fact == kind)
