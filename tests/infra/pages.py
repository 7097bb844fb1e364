"""Pages that are open on a hub, in a time that does not pass by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from infra.stream import Hub, Pace, Sees, Still, Stream
from tests.infra.timeless import events, timeless

START = {"dossiers": 10, "reporting": 2}


def everything(key: str) -> bool:
    return True


@dataclass
class Page:
    """An open page: what it was sent, and when."""

    stream: Stream
    sent: bytes = b""
    at: list[float] = field(default_factory=list)
    reading: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.reading.set()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for chunk in self.stream.chunks():
            self.sent += chunk
            if b"event: " in chunk:
                self.at.append(asyncio.get_running_loop().time())
            await self.reading.wait()

    @property
    def events(self) -> list[tuple[str, str, Any]]:
        return [
            (each["event"], each["id"], json.loads(each["data"]).get("changed"))
            for each in events(self.sent)
        ]

    @property
    def figures(self) -> dict[str, Any]:
        """What the page shows at the end."""
        shown: dict[str, Any] = {}
        for _, _, changed in self.events:
            shown |= changed or {}
        return shown


def a_page(
    hub: Hub,
    *,
    account: str = "a",
    audience: str = "all",
    sees: Sees = everything,
    seen: str | None = None,
    still: Still | None = None,
) -> Page:
    return Page(
        hub.subscribe(account=account, audience=audience, sees=sees, seen=seen, still=still)
    )


def run(scenario: Callable[[Hub], Coroutine[Any, Any, None]], pace: Pace | None = None) -> None:
    async def started() -> None:
        hub = Hub(START, pace)
        hub.start()
        await scenario(hub)
        hub.close()

    timeless(started())


def at(position: int) -> dict[str, int]:
    return {"dossiers": position}


async def seconds(count: float) -> None:
    await asyncio.sleep(count)


async def until(is_so: Callable[[], bool]) -> None:
    """Let others have their turns until something is so."""
    for _ in range(1000):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError
