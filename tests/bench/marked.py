"""A role that notes when each event passed it: python -m tests.bench.marked FILE MODULE ROLE.

Nothing in the roles is there for this: their own steps are wrapped, in this process only.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from functools import wraps
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from psycopg import AsyncConnection

from events import wire
from infra import relay
from infra.feed.kafka import KafkaFeed
from infra.feed.log import Log
from infra.runner import Runner

LEDGER = "dossiers"
Marks = dict[str, list[tuple[int, float]]]
"""By stage: up to which position events had come, and when, by `perf_counter`."""


class _Marking:
    def __init__(self) -> None:
        self.marks: Marks = {}

    def note(self, stage: str, position: int) -> None:
        self.marks.setdefault(stage, []).append((position, perf_counter()))


def mark_relay(marking: _Marking) -> None:
    """Wrap what a relay does to an event."""
    hear, read, encode = AsyncConnection.notifies, relay._Source.after, wire.encode  # noqa: SLF001

    @wraps(hear)
    async def hearing(ear: Any, **asked: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - as it is
        async for notice in hear(ear, **asked):
            marking.note("heard", int(notice.payload))
            yield notice

    @wraps(read)
    async def reading(source: Any, position: int, *limit: int) -> relay.Page:  # noqa: ANN401
        page = await read(source, position, *limit)
        if page:
            marking.note("read", page[-1][0])
        return page

    @wraps(encode)
    def encoding(ledger: str, **event: Any) -> bytes:  # noqa: ANN401 - as it is
        value = encode(ledger, **event)
        marking.note("encoded", event["position"])
        return value

    run = relay.run

    @wraps(run)
    async def running(*asked: Any, told: relay.Told, **more: Any) -> None:  # noqa: ANN401
        def telling(position: int, sent: int) -> None:
            marking.note("acknowledged", position)
            told(position, sent)

        await run(*asked, told=telling, **more)

    _put(AsyncConnection, hear, hearing)
    _put(relay._Source, read, reading)  # noqa: SLF001
    _put(wire, encode, encoding)
    _put(relay, run, running)


def mark_projector(marking: _Marking) -> None:
    """Wrap what a projector does to an event."""
    fetch, read, commit = Log.onward, KafkaFeed.read, Runner._commit  # noqa: SLF001

    @wraps(fetch)
    async def fetching(log: Log, *asked: Any) -> Sequence[Any]:  # noqa: ANN401 - as it is
        records = await fetch(log, *asked)
        if records and log.ledger == LEDGER:
            now = perf_counter()
            position = wire.decode(records[-1].value).position
            marking.marks.setdefault("fetched", []).append((position, now))
        return records

    @wraps(read)
    def reading(feed: KafkaFeed, *asked: int) -> Sequence[Any]:
        rows = read(feed, *asked)
        if rows and feed.ledger == LEDGER:
            marking.note("decoded", rows[-1].position)
        return rows

    @wraps(commit)
    def committing(runner: Runner, at: int, batch: Sequence[Any]) -> None:
        commit(runner, at, batch)
        if batch[-1].ledger == LEDGER:
            marking.note("committed", batch[-1].position)

    _put(Log, fetch, fetching)
    _put(KafkaFeed, read, reading)
    _put(Runner, commit, committing)


def _put(where: object, original: Callable[..., Any], wrapped: Callable[..., Any]) -> None:
    setattr(where, original.__name__, wrapped)


MARKED: dict[str, Callable[[_Marking], None]] = {"relay": mark_relay, "projector": mark_projector}


def main(file: str, module: str, role: str) -> None:
    """Be the role, and write what was noted when it ends."""
    marking = _Marking()
    MARKED[role](marking)
    sys.argv = [module, role]
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        Path(file).write_bytes(msgspec.json.encode(marking.marks))


if __name__ == "__main__":
    main(*sys.argv[1:])
