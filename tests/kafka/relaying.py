"""A relay that runs beside a test, and the ledger that it carries."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Condition, Event, Thread
from typing import Self
from uuid import UUID

import uvloop

from infra import relay
from infra.database.migrating import migrate
from infra.ledger.port import Save, SealedEvent
from infra.ledger.postgres import STEPS, PostgresLedger
from tests.kafka.broker import RENAMED, UNIT

PATIENCE_SECONDS = 20.0


@contextmanager
def kept(dsn: str, name: str) -> Iterator[PostgresLedger]:
    """Make a ledger, and open it."""
    migrate(dsn, name, STEPS)
    with closing(PostgresLedger(dsn, name)) as ledger:
        yield ledger


def act(ledger: PostgresLedger, count: int, *, stream: UUID = UNIT, state: str = "") -> int:
    """Record facts, each in a save of its own, and return the last position."""
    at = ledger.head().position
    saves = [
        Save(
            events=[
                SealedEvent(
                    stream,
                    version,
                    RENAMED,
                    f'{{"on":"2026-01-01","actor":"clerk","name":"{state}{version}"}}'.encode(),
                    sealed=b"Canary" if version % 2 else None,
                )
            ]
        )
        for version in range(at + 1, at + count + 1)
    ]
    assert all(saved.refusal is None for saved in ledger.append(saves))
    return at + count


class Relaying:
    """A relay in a thread, until it is told to stop or ends by itself."""

    def __init__(self, dsn: str, ledger: str, bootstrap: str) -> None:
        self._asked = (dsn, ledger, bootstrap)
        self._changed = Condition()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_running = Event()
        self.position = -1
        self.sent = 0
        self.begun = 0
        self.away: list[Exception] = []
        self.error: BaseException | None = None
        self._thread = Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def reached(self, position: int) -> Self:
        """Return when the broker has acknowledged a position."""
        with self._changed:
            there = self._changed.wait_for(
                lambda: self.position >= position or self.error, PATIENCE_SECONDS
            )
        assert there, f"at {self.position}"
        assert self.error is None, repr(self.error)
        return self

    def waits_for_the_broker(self) -> Exception:
        """Return why the relay began, or tries to begin, anew."""
        with self._changed:
            there = self._changed.wait_for(lambda: self.away or self.error, PATIENCE_SECONDS)
        assert there, f"at {self.position}"
        assert self.error is None, repr(self.error)
        return self.away[0]

    def begins_anew(self) -> Self:
        """Return when the relay has begun once more than it had."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.begun > 1 or self.error, PATIENCE_SECONDS)
        assert self.error is None, repr(self.error)
        return self

    def ended(self) -> BaseException | None:
        """Return the error with which the relay ends by itself."""
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive()
        return self.error

    def stop(self) -> None:
        """Tell it to stop, and wait until it has."""
        self._is_running.wait()  # who is told before that would not hear it
        if self._thread.is_alive() and self._loop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            uvloop.run(self._carry())
        except Exception as error:  # noqa: BLE001 - the test asks which
            with self._changed:
                self.error = error
                self._changed.notify_all()

    async def _carry(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_running.set()
        dsn, ledger, bootstrap = self._asked
        await relay.run(
            dsn, ledger, bootstrap, stop=self._stop, told=self._told, away=self._was_away
        )

    def _told(self, position: int, sent: int) -> None:
        with self._changed:
            self.position = position
            self.sent += sent
            self.begun += not sent
            self._changed.notify_all()

    def _was_away(self, error: Exception) -> None:
        with self._changed:
            self.away.append(error)
            self._changed.notify_all()
