"""An event loop whose time passes only while everybody waits: an hour takes no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class _Waiting(selectors.SelectSelector):
    """Never waits: what it was to wait is added to the time."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            return super().select()  # only another thread can go on
        if not ready and timeout:
            self.passed += timeout
        return ready


class TimelessLoop(asyncio.SelectorEventLoop):
    """Counts the seconds that were waited."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        return self._waiting.passed


def timeless(scenario: Coroutine[Any, Any, T]) -> T:
    """Run a scenario to its end."""
    with asyncio.Runner(loop_factory=TimelessLoop) as runner:
        return runner.run(scenario)


def events(sent: bytes) -> list[Mapping[str, str]]:
    """Read server-sent events as a browser does, those without data and comments left out."""
    read: list[Mapping[str, str]] = []
    for block in sent.decode().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":")
        )
        if "data" in fields:
            read.append(fields)
    return read


def last_id(sent: bytes) -> str:
    """Return what a browser would send as Last-Event-ID."""
    return [line[4:] for line in sent.decode().splitlines() if line.startswith("id: ")][-1]
