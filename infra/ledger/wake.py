"""Hears of a ledger on Postgres that grows, in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from psycopg import AsyncConnection, OperationalError, sql

SWEEP_SECONDS = 0.5


class Wake:
    """Set when the ledger has grown, when it cannot be heard any more, and at the stop."""

    def __init__(self, ear: AsyncConnection[Any], stop: asyncio.Event) -> None:
        self.heard = 0
        """The last position of the ledger that was told of."""
        self._event = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear(ear))
        self._hearing.add_done_callback(lambda _: self._event.set())
        self._stopping = asyncio.create_task(self._end(stop))

    def clear(self) -> None:
        """Be set by what happens from now on."""
        self._event.clear()

    async def soon(self) -> None:
        """Wait until it is set, or for a sweep. Raises what made the ear deaf."""
        await is_set(self._event, SWEEP_SECONDS)
        self.must_hear()

    def must_hear(self) -> None:
        """Raise what made the ear deaf."""
        if self._hearing.done():
            self._hearing.result()

    async def close(self) -> None:
        """Hear no more."""
        tasks = (self._hearing, self._stopping)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self, ear: AsyncConnection[Any]) -> None:
        async for notice in ear.notifies():
            self.heard = int(notice.payload)
            self._event.set()
        raise OperationalError("nothing more is heard of the ledger")

    async def _end(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._event.set()


@asynccontextmanager
async def listening(
    ear: AsyncConnection[Any], ledger: str, stop: asyncio.Event
) -> AsyncIterator[Wake]:
    """Hear of the ledger until the block ends."""
    await ear.execute(sql.SQL("listen {}").format(sql.Identifier(f"ledger_{ledger}")))
    wake = Wake(ear, stop)
    try:
        yield wake
    finally:
        await wake.close()


async def is_set(event: asyncio.Event, seconds: float) -> bool:
    """Wait so long at most; tell whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
