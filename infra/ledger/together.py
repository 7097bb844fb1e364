"""Commands that stop where they save, so that those which wait at the same time save together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar

from infra.ledger.ahead import About
from infra.ledger.port import Ledger, Save, Saved

THREADS = 2
"""One decides while the other commits; more would only wait for each other."""
AT_ONCE = 16
"""Commands that one thread takes together: the first waits until the last is decided."""

T = TypeVar("T")

ReadingAhead = Callable[[Sequence[About]], AbstractContextManager[None]]
"""Reads what commands are about, so that it is found inside without asking the ledger."""

Steps = Generator[Save, Saved, T]
"""A command on its way: it yields what it saves, and is sent what became of that."""


@dataclass(frozen=True, slots=True)
class Under(Generic[T]):
    """A command on its way, with what was current where it was sent."""

    steps: Steps[T]
    about: About | None = None
    context: Context = field(default_factory=copy_context)

    def go_on(self, sent: Saved | Exception | None) -> Save:
        """Go on to the next save. Raises StopIteration at the end, and what the command raises."""
        if isinstance(sent, Exception):
            return self.context.run(self.steps.throw, sent)
        return self.context.run(self.steps.send, sent)  # type: ignore[arg-type]  # None begins it


def taken(
    ledger: Ledger, under: Sequence[Under[T]], ahead: ReadingAhead | None = None
) -> list[T | Exception]:
    """Take commands to their ends; what they save at the same time is one call of the ledger.

    Until each has saved for the first time, or ended, `ahead` has what they are about. Returns
    what each returned or raised.
    """
    ends: dict[int, T | Exception] = {}
    sent: dict[int, Saved | Exception | None] = dict.fromkeys(range(len(under)))
    try:
        with ahead([each.about for each in under if each.about]) if ahead else nullcontext():
            saves = _gone_on(under, sent, ends)
    except Exception as error:  # noqa: BLE001 - none was begun, and each is told
        return [error] * len(under)
    while saves:
        sent = dict(zip(saves, _appended(ledger, list(saves.values())), strict=True))
        saves = _gone_on(under, sent, ends)
    return [ends[number] for number in range(len(under))]


def _gone_on(
    under: Sequence[Under[T]],
    sent: Mapping[int, Saved | Exception | None],
    ends: dict[int, T | Exception],
) -> dict[int, Save]:
    """Let commands go on with what they are sent; return what those save that do not end."""
    saves: dict[int, Save] = {}
    for number, answer in sent.items():
        try:
            saves[number] = under[number].go_on(answer)
        except StopIteration as end:
            ends[number] = end.value
        except Exception as error:  # noqa: BLE001 - it is the answer to who sent the command
            ends[number] = error
    return saves


def _appended(ledger: Ledger, saves: list[Save]) -> Sequence[Saved | Exception]:
    try:
        return ledger.append(saves) if saves else []
    except Exception as error:  # noqa: BLE001 - each command makes of it what it must
        return [error] * len(saves)


class Together:
    """Takes commands from an event loop, on a few threads that each take some of what waits.

    A thread for each command would spend more on waking and waiting than on deciding.
    """

    def __init__(self, ledger: Ledger, ahead: ReadingAhead | None = None) -> None:
        self._ledger = ledger
        self._ahead = ahead
        self._lock = Lock()
        self._waiting: deque[tuple[Under[Any], asyncio.Future[Any]]] = deque()
        self._at_work = 0
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="commands")

    async def do(self, steps: Steps[T], about: About | None = None) -> T:
        """Return what a command returns. Raises what it raises."""
        end: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting.append((Under(steps, about), end))
            begins = self._at_work < THREADS
            self._at_work += begins
        if begins:
            self._threads.submit(self._work)
        return await end

    def _work(self) -> None:
        """Take what waits until nothing does."""
        while True:
            with self._lock:
                some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                if not some:
                    self._at_work -= 1
                    return
            ends = taken(self._ledger, [under for under, _ in some], self._ahead)
            _answer([future for _, future in some], ends)


def _answer(futures: Sequence[asyncio.Future[Any]], ends: Sequence[object]) -> None:
    """Wake each event loop once, however many of its commands were taken."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], object]]] = {}
    for future, end in zip(futures, ends, strict=True):
        loops.setdefault(future.get_loop(), []).append((future, end))
    for loop, answers in loops.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
    for future, end in answers:
        if future.cancelled():
            continue
        if isinstance(end, Exception):
            future.set_exception(end)
        else:
            future.set_result(end)
