"""A role with a bug that people write: python -m tests.chaos.real.planted BUG SERVICE ROLE.

Nothing of ketnap can be switched to behave so; its classes are changed here, before it starts.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from events.envelope import Envelope
from infra.reactor import Reactor
from infra.relay import _Source
from infra.runner import Runner

BETWEEN_SECONDS = 0.05
"""How long the process is between two steps that should be one: long enough to be hit."""


def view_after_position() -> None:
    """Have a projector save its position, and then its view."""

    def commit(self: Any, at: int, batch: Sequence[Envelope]) -> None:  # noqa: ANN401 - a Runner
        self._left_at = batch[-1].position
        with self._db.writing():
            self._move(at, self._left_at)
        Event().wait(BETWEEN_SECONDS)
        with self._db.writing():
            self._projection.project(batch)

    Runner._commit = commit  # type: ignore[method-assign]  # noqa: SLF001


def command_after_position() -> None:
    """Have a reactor save its position, and then do what it is there for."""
    perform = Reactor._perform  # noqa: SLF001

    def late(self: Any, saved: int, envelope: Envelope, command: object) -> None:  # noqa: ANN401
        self._move(envelope.position)
        Event().wait(BETWEEN_SECONDS)
        service = self._service.perform
        self._service.perform = lambda *given, **how: service(*given, **(how | {"reader": None}))
        try:
            perform(self, saved, envelope, command)
        finally:
            self._service.perform = service

    Reactor._perform = late  # type: ignore[method-assign]  # noqa: SLF001


def relay_without_a_lock() -> None:
    """Have a relay carry its ledger though another one does."""

    async def may_relay(self: _Source) -> bool:
        return True

    _Source.may_relay = may_relay  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    "view-after-position": view_after_position,
    "command-after-position": command_after_position,
    "relay-without-a-lock": relay_without_a_lock,
}


def command(bug: str, role: str) -> list[str]:
    """Return what to start in the place of a role."""
    return [sys.executable, "-m", "tests.chaos.real.planted", bug, *role.split()]


if __name__ == "__main__":
    name, service_, role_ = sys.argv[1:]
    BUGS[name]()
    sys.argv = [f"services.{service_}", role_]
    runpy.run_module(f"services.{service_}", run_name="__main__")
