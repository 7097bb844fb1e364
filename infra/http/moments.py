"""As of a day, as known at a moment, and not before a position is there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from threading import Lock

from infra.http.refusals import Malformed, NotYetKnown

PATIENCE_SECONDS = 2.0
SWEEP_SECONDS = 0.1
_CIVIL = timezone(timedelta(hours=7))
_END_OF_DAY = time(23, 59, 59, 999_999, _CIVIL)
_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_UNESCAPED_PLUS = re.compile(r" (?=\d{2}:\d{2}$)", re.ASCII)
_POSITION = re.compile(r"([a-z]{1,32}):(0|[1-9]\d{0,17})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """The day a figure is asked as of, and the moment it is asked as known at."""

    as_of: date
    known_at: datetime | None


def asked(as_of: str | None, known_at: str | None, *, today: date) -> Asked:
    """Return which moment is asked for. Raises Malformed.

    A day given as a moment is the end of that day; a moment says its offset.
    """
    return Asked(_day(as_of, "as_of") if as_of else today, _moment(known_at) if known_at else None)


def _day(text: str, field: str) -> date:
    try:
        if read := _DAY.fullmatch(text):
            return date(int(read[3]), int(read[2]), int(read[1]))
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed(fields=(field,)) from None


def _moment(text: str) -> datetime:
    if "T" not in text and ":" not in text:
        return datetime.combine(_day(text, "known_at"), _END_OF_DAY)
    try:
        read = datetime.fromisoformat(_UNESCAPED_PLUS.sub("+", text))
    except ValueError:
        raise Malformed(fields=("known_at",)) from None
    if read.tzinfo is None:
        raise Malformed(fields=("known_at",))
    return read


def positions(text: str | None, ledgers: Collection[str], field: str = "after") -> dict[str, int]:
    """Return the positions of `dossiers:12,training:4`. Raises Malformed."""
    read: dict[str, int] = {}
    for each in text.split(",") if text else ():
        place = _POSITION.fullmatch(each.strip())
        if not place or place[1] not in ledgers or place[1] in read:
            raise Malformed(fields=(field,))
        read[place[1]] = int(place[2])
    return read


def written_positions(vector: Mapping[str, int]) -> str:
    """Return positions as `?after=` and a stream's ids write them."""
    return ",".join(f"{ledger}:{position}" for ledger, position in sorted(vector.items()))


class Reached:
    """Waits, without a thread each, until the views have come to a position."""

    def __init__(
        self, read: Callable[[], Mapping[str, int]], *, sweep_seconds: float = SWEEP_SECONDS
    ) -> None:
        self._read = read
        self._sweep_seconds = sweep_seconds
        self._lock = Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def moved(self) -> None:
        """Say, from whatever thread, that a view has moved."""
        with self._lock:
            for loop, woken in self._waiting:
                loop.call_soon_threadsafe(woken.set)

    async def wait(
        self, after: Mapping[str, int], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Return when the views show these positions. Raises NotYetKnown.

        They are read again when a view of this process moves, and now and then for one that
        another process moves.
        """
        if not after:
            return
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        until = loop.time() + patience_seconds
        waiting = (loop, woken)
        with self._lock:
            self._waiting.add(waiting)
        try:
            while not await self._there(after):
                left = until - loop.time()
                if left <= 0:
                    raise NotYetKnown(retry_after_seconds=1)
                try:
                    async with asyncio.timeout(min(left, self._sweep_seconds)):
                        await woken.wait()
                except TimeoutError:
                    continue
                woken.clear()
        finally:
            with self._lock:
                self._waiting.discard(waiting)

    async def _there(self, after: Mapping[str, int]) -> bool:
        stand = await asyncio.to_thread(self._read)
        return all(stand.get(ledger, 0) >= position for ledger, position in after.items())
