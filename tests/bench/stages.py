"""Where the time and the processor time of an act go, on its way from the ledger into the view."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import msgspec
import uvloop

from infra.database import PostgresSchema
from tests.bench.distributed import Distributed, processor_seconds
from tests.bench.house import Server
from tests.bench.marked import Marks
from tests.bench.seeing import WARM_SECONDS, Act, Say, Seeing, Writing, watch_view, watching
from tests.bench.streaming import LEDGER
from tests.bench.wire import percentile

STAGES = ("heard", "read", "encoded", "acknowledged", "fetched", "decoded", "committed", "seen")
"""By whom: relay, relay, relay, broker, projector, projector, projector, who watches the view."""


@dataclass(frozen=True, slots=True)
class _Round:
    rate: float
    acts: Sequence[Act]
    used: dict[str, float]
    """The processor seconds of each who had a part."""


def stages(
    here: Distributed, *, rates: Sequence[float], seconds: float, progress: Say
) -> list[dict[str, Any]]:
    """Record acts at each rate, and tell when they passed each stage, in the middle and late."""
    files = {kind: here.folder / f"marks-{kind}.json" for kind in ("relay", "projector")}
    place = PostgresSchema(here.said.dsn("views"), "reporting")
    rounds = []
    with ExitStack() as running:
        servers = {
            kind: running.enter_context(
                here.role(service, kind, "tests.bench.marked", str(files[kind]))
            )
            for service, kind in ((LEDGER, "relay"), ("reporting", "projector"))
        }
        view = running.enter_context(watching(watch_view, place))
        writing = running.enter_context(Writing.on(here))
        for rate in rates:
            progress(f"stages of an act, {rate:g} acts a second")
            uvloop.run(writing.ours(rate, WARM_SECONDS, view))
            rounds.append(_round(writing, rate, seconds, view, _processor(here, servers)))
    marks: Marks = {}
    for file in files.values():
        marks |= _marks(file)
    return [told for each in rounds for told in _told(each, marks)]


def _round(
    writing: Writing,
    rate: float,
    seconds: float,
    view: Seeing,
    used: dict[str, Callable[[], float]],
) -> _Round:
    before = {name: read() for name, read in used.items()}
    acts = uvloop.run(writing.ours(rate, seconds, view))
    return _Round(rate, acts, {name: read() - before[name] for name, read in used.items()})


def _processor(here: Distributed, servers: dict[str, Server]) -> dict[str, Callable[[], float]]:
    """Return what reads the processor seconds of each who has a part."""
    return {
        **{kind: server.cpu_seconds for kind, server in servers.items()},
        "postgres": here.postgres_seconds,
        "kafka": lambda: processor_seconds(here.stack.kafka.pid),
        "writer": process_time,
    }


def _marks(file: Path) -> Marks:
    return msgspec.json.decode(file.read_bytes(), type=Marks)


def _told(of: _Round, marks: Marks) -> list[dict[str, Any]]:
    passed = {
        name: [max(at(act) - act.answered, 0.0) * 1e3 for act in of.acts]
        for name, at in _passing(marks).items()
    }
    name = f"stages of an act, {of.rate:g} acts a second"
    return [
        *(
            {
                "name": f"{name}: milliseconds since it was answered, p{percent}",
                **{stage: round(percentile(passed[stage], percent), 2) for stage in STAGES},
            }
            for percent in (50, 99)
        ),
        {
            "name": f"{name}: processor microseconds an act",
            **{who: round(used / len(of.acts) * 1e6) for who, used in of.used.items()},
        },
    ]


def _passing(marks: Marks) -> dict[str, Callable[[Act], float]]:
    """Return for each stage what tells when an act had passed it."""

    def passing(stage: str) -> Callable[[Act], float]:
        noted = marks[stage]
        positions = [position for position, _ in noted]
        return lambda act: noted[bisect_left(positions, act.position)][1]

    return {**{stage: passing(stage) for stage in STAGES[:-1]}, "seen": lambda act: act.seen}
