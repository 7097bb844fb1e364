"""From an act's answer until a page that is open is told, every role a process of its own.

The act goes to one api over HTTP; ledger, topic and view follow; another api's stream tells it.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from infra.adapters import Province
from tests.bench.distributed import Distributed
from tests.bench.house import House, Server, filled
from tests.bench.seeing import WARM_SECONDS, Say
from tests.bench.serving import position
from tests.bench.watching import watching
from tests.bench.wire import Answered, Wires, percentile

MOST_MILLISECONDS = 100
SLACK = 50
"""Candidacies more than acts are due; the open loop never sends one twice."""


def follow_all(
    here: Distributed,
    *,
    rates: Sequence[float],
    pairs: int,
    seconds: float,
    progress: Say,
    only: str = "",
) -> list[dict[str, Any]]:
    """Time acts at each rate; `only` names the files of the demo that fill the province."""
    people = int(sum(rates) * (pairs * seconds + WARM_SECONDS)) + SLACK
    with filled(Province(here.said), people, 1, progress, only=only) as house, ExitStack() as roles:
        for service, kind in (("dossiers", "relay"), ("reporting", "projector")):
            roles.enter_context(here.role(service, kind))
        api = roles.enter_context(here.role("dossiers", "api"))
        stream = roles.enter_context(here.role("reporting", "api"))
        told = []
        for rate in rates:
            _followed(house, api, stream, rate, WARM_SECONDS)
            rounds = []
            for number in range(pairs):
                progress(f"an act, then told to a page, {rate:g} a second: {number + 1}/{pairs}")
                rounds.append(_followed(house, api, stream, rate, seconds))
            told += [_told(rate, rounds, percent) for percent in (50, 99)]
    return told


def _followed(
    house: House, api: Server, stream: Server, rate: float, seconds: float
) -> list[tuple[float, float]]:
    """Return for each act the milliseconds from its answer, and from when it was due."""
    acts = house.acts("ours", house.access.tokens)

    async def work() -> list[Answered]:
        wires = Wires(api.address)
        answers = await wires.at_rate(rate, seconds, acts)
        await wires.close()
        return answers

    with watching(stream.address, house.streams(1), "/stream") as pages:
        answers = asyncio.run(work())
        arrivals = pages.until(position(answers)).arrivals
    reached = [at for at, _ in arrivals]
    seen = [arrivals[bisect_left(reached, position([each]))][1] for each in answers]
    return [
        (max(at - each.at, 0.0) * 1e3, (at - each.due) * 1e3)
        for at, each in zip(seen, answers, strict=True)
    ]


def _told(
    rate: float, rounds: Sequence[Sequence[tuple[float, float]]], percent: int
) -> dict[str, Any]:
    answered, due = (
        median(percentile([act[since] for act in each], percent) for each in rounds)
        for since in (0, 1)
    )
    return {
        "name": f"an act over HTTP, then told to a page by another process, at {rate:g} acts"
        f" a second, p{percent}",
        "ours_ms": round(answered, 2),
        "from_due_ms": round(due, 2),
        "acts": sum(map(len, rounds)),
        "aim": f"at most {MOST_MILLISECONDS} ms",
        "met": answered <= MOST_MILLISECONDS,
    }
