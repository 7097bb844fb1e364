"""Group commit: what arrives while a commit runs shares the next one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition, Lock
from typing import Generic, TypeVar, cast

from eventsourcing.persistence import OperationalError

from infra.ledger.port import LedgerClosedError, OutcomeUnknownError
from infra.metrics import COMMIT_SAVES

T = TypeVar("T")
R = TypeVar("R")

CALLS_PER_COMMIT = 256


class _Call(Generic[T, R]):
    """One thread's request: it sleeps on `woken` until it is answered or its turn comes."""

    __slots__ = ("answer", "error", "item", "leads", "woken")

    def __init__(self, item: T) -> None:
        self.item = item
        self.answer: R | None = None
        self.error: Exception | None = None
        self.leads = False
        self.woken = Lock()
        self.woken.acquire()


class GroupCommit(Generic[T, R]):
    """Lets one thread at a time commit, for itself and for all that wait behind it.

    The thread that finds nobody committing commits at once; it pays for no queue and no
    switch of threads. When it is done it hands the turn to the first that waits, so
    nobody works for others longer than for one commit.
    """

    def __init__(self, commit: Callable[[list[T]], list[R]]) -> None:
        self._commit = commit
        self._state = Lock()
        self._turn_free = Condition(self._state)
        self._waiting: deque[_Call[T, R]] = deque()
        self._turn_taken = False
        self._ended = False

    @property
    def waiting(self) -> int:
        """How many calls wait for the commit under way."""
        return len(self._waiting)

    def submit(self, item: T) -> R:
        """Commit an item, perhaps with others, and return its answer.

        An OperationalError of the commit means that nothing was written, an OutcomeUnknownError
        that nobody knows: the calls of that commit fail with it. Any other error ends the
        group, and whoever waits fails.
        """
        call: _Call[T, R] = _Call(item)
        with self._state:
            if self._ended:
                raise LedgerClosedError
            if self._turn_taken:
                self._waiting.append(call)
            else:
                self._turn_taken = call.leads = True
        if not call.leads:
            self._sleep(call)
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return cast("R", call.answer)

    def close(self) -> None:
        """Let the commit under way finish and fail every call that still waits."""
        with self._state:
            self._end()
            self._turn_free.wait_for(lambda: not self._turn_taken)

    def _sleep(self, call: _Call[T, R]) -> None:
        try:
            call.woken.acquire()
        except BaseException:  # an interrupt: the turn must not stay with who has left
            with self._state:
                if call.leads:
                    self._pass_on()
                elif call in self._waiting:
                    self._waiting.remove(call)
            raise

    def _lead(self, own: _Call[T, R]) -> None:
        with self._state:
            calls = [own]
            while self._waiting and len(calls) < CALLS_PER_COMMIT:
                calls.append(self._waiting.popleft())
        try:
            answers = self._commit([call.item for call in calls])
            for call, answer in zip(calls, answers, strict=True):
                call.answer = answer
            COMMIT_SAVES.observe(len(calls))
        except (OperationalError, OutcomeUnknownError) as error:
            for call in calls:
                call.error = type(error)(*error.args)
        except BaseException as error:
            for call in calls:
                call.error = LedgerClosedError(f"the commit failed: {error!r}")
            with self._state:
                self._end()
            if not isinstance(error, Exception):  # an interrupt is its thread's own
                raise
        finally:
            with self._state:
                self._pass_on()
            for call in calls[1:]:
                call.woken.release()

    def _pass_on(self) -> None:
        if self._waiting:
            heir = self._waiting.popleft()
            heir.leads = True
            heir.woken.release()
        else:
            self._turn_taken = False
            if self._ended:  # nobody but `close` waits for a free turn
                self._turn_free.notify_all()

    def _end(self) -> None:
        self._ended = True
        while self._waiting:
            call = self._waiting.popleft()
            call.error = LedgerClosedError()
            call.woken.release()
