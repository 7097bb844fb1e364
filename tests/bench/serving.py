"""The same over HTTP: commands, open streams, and a page while streams are open."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import msgspec

from infra.adapters import Folder
from tests.bench import plain
from tests.bench.house import House, Server, filled, ours, theirs
from tests.bench.paired import Compared, Measured, interleave
from tests.bench.watching import watching
from tests.bench.wire import Answered, Request, Wires, get, percentile

AT_ONCE = 32
PREFIX = "/api/dossiers"
WARM_SECONDS = 0.5
MOST_RATE = 3000
"""More commands a second than either side does: so many people wait for their certificate."""
ACTS_A_SECOND, STREAMED_A_SECOND, BESIDE_A_PAGE = 100, 50, 5
PAGES_A_SECOND, PAGE_STREAMS = 100, 50
MOST_PAGE_BYTES = 100_000
LEAST_FRAMES_A_SECOND = 10
MOST_MILLISECONDS = {"seen": 25, "page": 50}
MOST_INFLATION = 1.2

Say = Callable[[str], None]


def serve_both(
    folder: Path,
    *,
    pairs: int,
    seconds: float,
    streams: int,
    progress: Say,
    most_rate: int = MOST_RATE,
    only: str = "",
) -> tuple[list[Compared], list[dict[str, Any]]]:
    """Compare commands with a plain application, then time streams and pages of ours.

    `only` names the files of the demo that fill them.
    """
    people = int(most_rate * (pairs * seconds + WARM_SECONDS)) + int(
        seconds * pairs * (ACTS_A_SECOND + 2 * STREAMED_A_SECOND + BESIDE_A_PAGE) + 100
    )
    with filled(
        Folder(folder / "ours"), people, max(streams, PAGE_STREAMS), progress, only=only
    ) as house:
        with ours(house, progress) as server, theirs(folder / "plain.db", house) as other:
            compared = _commands(house, server, other, pairs, seconds, progress)
        with ours(house, progress) as server:
            length = pairs * seconds
            progress("accepted, then seen")
            measured = [_seen(house, server, length)]
            progress("the overview beside open streams")
            measured.append(_page(house, server, length))
            progress(f"{streams} open streams")
            measured.append(_streamed(house, server, streams, pairs, seconds))
    return [compared], measured


def _commands(  # noqa: PLR0917 - two servers, and how long
    house: House, server: Server, other: Server, pairs: int, seconds: float, progress: Say
) -> Compared:
    compared = Compared(
        name=f"commands over HTTP, {AT_ONCE} at once, against a plain application",
        ours_is="scope, role, version, key and every rule; chained, durable",
        other_is="FastAPI and an insert into SQLite with the same validation, durable",
        aim=1.0,
    )

    def one() -> Measured:
        return answered_for(server, house.acts("ours", house.access.tokens, PREFIX), seconds)

    def another() -> Measured:
        return answered_for(other, house.acts("plain", plain.TOKENS), seconds)

    answered_for(server, house.acts("ours", house.access.tokens, PREFIX), WARM_SECONDS)
    answered_for(other, house.acts("plain", plain.TOKENS), WARM_SECONDS)
    return interleave(compared, one, another, pairs=pairs, progress=progress)


def answered_for(
    server: Server,
    make: Callable[[], Request],
    seconds: float,
    *,
    beside: Callable[[], float] = lambda: 0.0,
) -> Measured:
    """Keep requests under way for a while; `beside` is processor time that counts too."""

    async def work() -> Measured:
        wires = Wires(server.address)
        cpu, start = server.cpu_seconds() + beside(), perf_counter()
        done = await wires.at_once(AT_ONCE, seconds, make)
        taken = perf_counter() - start
        measured = Measured(taken, server.cpu_seconds() + beside() - cpu, done)
        await wires.close()
        return measured

    return asyncio.run(work())


def _at_rate(
    server: Server, rate: float, seconds: float, make: Callable[[], Request]
) -> list[Answered]:
    async def work() -> list[Answered]:
        wires = Wires(server.address)
        answers = await wires.at_rate(rate, seconds, make)
        await wires.close()
        return answers

    return asyncio.run(work())


def _seen(house: House, server: Server, seconds: float) -> dict[str, Any]:
    """Time from the answer to an act to the frame that tells of it, on a stream that is open."""
    acts = house.acts("ours", house.access.tokens, PREFIX)
    with watching(server.address, house.streams(1)) as streams:
        _at_rate(server, ACTS_A_SECOND, WARM_SECONDS, acts)
        answers = _at_rate(server, ACTS_A_SECOND, seconds, acts)
        arrivals = streams.until(position(answers)).arrivals
    reached = [position for position, _ in arrivals]
    from_accepted, from_sent = [], []
    for each in answers:
        at = arrivals[bisect_left(reached, position([each]))][1]
        from_accepted.append(max(at - each.at, 0.0) * 1e3)
        from_sent.append((at - each.due) * 1e3)
    return {
        "name": f"accepted, then seen on an open stream, at {ACTS_A_SECOND} acts a second",
        "acts": len(answers),
        "p50_ms": round(median(from_accepted), 2),
        "p99_ms": round(percentile(from_accepted, 99), 2),
        "sent_to_seen_p50_ms": round(median(from_sent), 2),
        "sent_to_seen_p99_ms": round(percentile(from_sent, 99), 2),
        **_told(answers, "command"),
        "aim": f"p99 at most {MOST_MILLISECONDS['seen']} ms",
        "met": percentile(from_accepted, 99) <= MOST_MILLISECONDS["seen"],
    }


def _page(house: House, server: Server, seconds: float) -> dict[str, Any]:
    """Time the overview of a province at a rate, while streams are open and acts come."""
    page = get("/", {"Cookie": f"ketnap={house.session}", "Accept-Encoding": "identity"})
    acts = house.acts("ours", house.access.tokens, PREFIX)

    async def work() -> tuple[list[Answered], list[Answered]]:
        wires = Wires(server.address)
        await wires.at_rate(BESIDE_A_PAGE, WARM_SECONDS, lambda: page)
        asked = await asyncio.gather(
            wires.at_rate(PAGES_A_SECOND, seconds, lambda: page),
            wires.at_rate(BESIDE_A_PAGE, seconds, acts),
        )
        await wires.close()
        return asked[0], asked[1]

    with watching(server.address, house.streams(PAGE_STREAMS)) as streams:
        cpu, start = server.cpu_seconds(), perf_counter()
        pages, done = asyncio.run(work())
        busy = (server.cpu_seconds() - cpu) / (perf_counter() - start)
        streams.until(position(done))
    length = max(len(each.body) for each in pages)
    waited = percentile([each.milliseconds for each in pages], 99)
    return {
        "name": f"the overview of a province, {PAGES_A_SECOND} times a second,"
        f" beside {PAGE_STREAMS} streams and {BESIDE_A_PAGE} acts a second",
        "pages": len(pages),
        **_told(pages, "page"),
        "page_bytes": length,
        "server_cores": round(busy, 2),
        "aim": f"p99 at most {MOST_MILLISECONDS['page']} ms, at most {MOST_PAGE_BYTES} bytes",
        "met": waited <= MOST_MILLISECONDS["page"] and length <= MOST_PAGE_BYTES,
    }


def _streamed(
    house: House, server: Server, streams: int, pairs: int, seconds: float
) -> dict[str, Any]:
    """Time commands without streams and with them, and count what the streams are told."""
    inflated, rates = [], []
    without: list[Answered] = []
    beside: list[Answered] = []
    dropped = ended = 0
    for _ in range(pairs):
        acts = house.acts("ours", house.access.tokens, PREFIX)
        alone = _at_rate(server, STREAMED_A_SECOND, seconds, acts)
        with watching(server.address, house.streams(streams)) as open_:
            start = perf_counter()
            together = _at_rate(server, STREAMED_A_SECOND, seconds, acts)
            seen = open_.until(position(together))
            rates += [frames / (seen.arrivals[-1][1] - start) for frames in seen.frames]
        dropped, ended = dropped + seen.reloads, ended + seen.ended
        without += alone
        beside += together
        inflated.append(_p99(together) / _p99(alone))
        sleep(WARM_SECONDS)
    return {
        "name": f"{streams} open streams, {STREAMED_A_SECOND} acts a second",
        "frames_a_second_least": round(min(rates), 1),
        "frames_a_second": round(median(rates), 1),
        "dropped": dropped,
        "ended": ended,
        "inflation": round(median(inflated), 2),
        **_told(without, "command_without"),
        **_told(beside, "command_beside"),
        "aim": f"{LEAST_FRAMES_A_SECOND} frames a second, none dropped, command p99 at most"
        f" {MOST_INFLATION:g} times",
        "met": not dropped
        and not ended
        and min(rates) >= LEAST_FRAMES_A_SECOND
        and median(inflated) <= MOST_INFLATION,
    }


def _p99(answers: Sequence[Answered]) -> float:
    return percentile([each.milliseconds for each in answers], 99)


def _told(answers: Sequence[Answered], what: str) -> dict[str, float]:
    return {
        f"{what}_p50_ms": round(percentile([each.milliseconds for each in answers], 50), 2),
        f"{what}_p99_ms": round(_p99(answers), 2),
    }


def position(answers: Sequence[Answered]) -> int:
    """Return the last position that was answered."""
    return max(
        int(msgspec.json.decode(each.body)["position"].rpartition(":")[2]) for each in answers
    )
