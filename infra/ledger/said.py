"""What is counted and logged of every command: what became of it, and never what stood in it."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol, TypeVar

import structlog

from events.refusal import Refusal
from infra import logs
from infra.ledger.together import Steps
from infra.metrics import COMMAND_SECONDS

RECORDED, NOTHING, REFUSED, FAILED = "recorded", "nothing", "refused", "failed"
# Finding the histogram of a label takes longer than to observe.
_SECONDS = {
    outcome: COMMAND_SECONDS.labels(outcome) for outcome in (RECORDED, NOTHING, REFUSED, FAILED)
}
_log = structlog.get_logger()


class Recorded(Protocol):
    """What a command recorded."""

    @property
    def positions(self) -> tuple[int, ...]:
        """Return the positions; none if it was so already."""
        ...


R = TypeVar("R", bound=Recorded)


def said(service: str, command: object, steps: Steps[R]) -> Steps[R]:
    """Do a command; count how long it took until it was known what became of it, and log that."""
    began = perf_counter()
    outcome: tuple[int, ...] | BaseException = ()
    try:
        done = yield from steps
        outcome = done.positions
    except BaseException as error:
        outcome = error
        raise
    else:
        return done
    finally:
        seconds = perf_counter() - began
        _SECONDS[_named(outcome)].observe(seconds)
        note(service, command, outcome, ms=round(seconds * 1e3, 1))


def note(
    service: str, command: object, outcome: tuple[int, ...] | BaseException, **more: float
) -> None:
    """Log what became of a command.

    It and what was raised are named by their types: their fields, and texts, may be personal.
    A process that has not said where its lines go has none: what a command line prints is
    its answer.
    """
    if not logs.is_configured():
        return
    match outcome:
        case ():
            became: dict[str, object] = {}
        case tuple():
            became = {"position": outcome[-1]}
        case _:
            became = {"why": type(outcome).__name__}
    act = type(command).__name__
    _log.info("command", service=service, act=act, outcome=_named(outcome), **became, **more)


def _named(outcome: tuple[int, ...] | BaseException) -> str:
    if isinstance(outcome, tuple):
        return RECORDED if outcome else NOTHING
    return REFUSED if isinstance(outcome, Refusal) else FAILED
