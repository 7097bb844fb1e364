"""One schedule: an office is made, troubled, left in peace, and looked at."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import traceback
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any
from uuid import UUID

from events.envelope import By
from infra.ledger.claims import rebuild_claims
from infra.ledger.port import Save, SealedEvent
from infra.ledger.sqlite import SqliteLedger
from infra.sealing import Keys
from tests.chaos.outcome import Outcome
from tests.chaos.simulated import office, oracle
from tests.chaos.simulated.bus import Network, Topic, Trouble
from tests.chaos.simulated.processes import (
    Client,
    Clock,
    Parts,
    Projector,
    Reacting,
    Relay,
    Request,
    Server,
    Site,
    WithLedger,
)
from tests.chaos.simulated.world import World

LEDGERS = ("hall", "archive")
ROUNDS = 40
"""So many times everybody runs once in peace, at most, until all agree."""
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
OWN, PAGES, LEAVING = 0.8, 0.65, 0.2
UNKNOWN = "hall.RoofRepaired"
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it; a disk would only be slower


@dataclass
class Ground:
    """What schedules share: keys, a loop, and a folder that each finds empty."""

    folder: Path
    keys: Keys
    loop: AbstractEventLoop

    def empty(self) -> Path:
        """Return an empty folder."""
        folder = self.folder / "ledgers"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder


@contextmanager
def ground() -> Iterator[Ground]:
    """Lend what schedules are run on; facts of the office are known meanwhile."""
    above = MEMORY if MEMORY.is_dir() else None
    with (
        office.published(),
        tempfile.TemporaryDirectory(prefix="ketnap-", dir=above) as folder,
        closing(asyncio.new_event_loop()) as loop,
        closing(Keys.in_folder(Path(folder) / "keys")) as keys,
    ):
        yield Ground(Path(folder), keys, loop)


class NewerRelease(WithLedger):
    """Writes one fact that no reader here knows."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "newer release")
        self.position: int | None = None

    def start(self) -> None:
        self.hall = SqliteLedger(self.site.folder / "hall.db", "hall", clock=self.site.clock)

    def killed(self) -> None:
        self.hall.close()

    def step(self) -> None:
        if self.position is None and not self.world.maybe(0.7):
            state = b'{"on":"2026-11-24","actor":"a"}'
            fact = SealedEvent(UUID(int=7), 1, UNKNOWN, state)
            [saved] = self.hall.append([Save(events=[fact])])
            [self.position] = saved.positions
            self.world.fault("unknown type", f"a newer release writes {self.position}")


@dataclass
class Schedule:
    """What a seed makes."""

    seed: int
    ground: Ground
    parts: Parts = field(default_factory=Parts)

    def __post_init__(self) -> None:
        self.world = World(self.seed)
        chance = self.world.chance
        distributed = chance.random() < 0.85
        clock = Clock(self.world, NOON)
        folder, keys, loop = self.ground.empty(), self.ground.keys, self.ground.loop
        self.site = Site(self.world, folder, keys, clock, loop, self.parts, distributed)
        server, client = self.parts.server or Server, self.parts.client or Client
        relay = self.parts.relay or Relay
        servers = [server(self.site, f"server {n}") for n in range(chance.randint(1, 2))]
        self.clients = [
            client(self.world, f"client {n}", servers, requests)
            for n, requests in enumerate(_requests(chance))
        ]
        self.projectors = [
            Projector(self.site, ledger, n)
            for ledger in LEDGERS
            for n in range(chance.randint(1, 2))
        ]
        self.reactors = [Reacting(self.site, n) for n in range(chance.randint(1, 2))]
        self.newer = NewerRelease(self.site) if chance.random() < 0.1 else None
        self.world.processes += [*servers, *self.clients, *self.projectors, *self.reactors]
        self.world.processes += [self.newer] if self.newer else []
        if distributed:
            self.site.topics |= {name: Topic(self.world, name) for name in LEDGERS}
            topics = list(self.site.topics.values())
            relays = [
                relay(self.site, ledger, n)
                for ledger in LEDGERS
                for n in range(chance.choice((1, 1, 2)))
            ]
            self.world.processes += [*relays, Network(self.world, topics)]
            self.world.processes += [Trouble(self.world, topics)]

    def run(self) -> list[str]:
        """Run it, and return what is wrong afterwards."""
        try:
            self._trouble()
            rounds = self._peace()
            return self._judge(rounds)
        except Exception:  # noqa: BLE001 - whatever a process raised is what is wrong
            return [f"a process failed:\n{traceback.format_exc()}"]
        finally:
            for process in self.world.processes:
                process.kill()
            self.site.close()

    def _trouble(self) -> None:
        for _ in range(self.world.chance.randint(30, 120)):
            self.world.run(self.world.chance.choice(self.world.processes))

    def _peace(self) -> int | None:
        """Let everybody run in turn; return after how many rounds all agreed, or None."""
        self.world.calm = True
        self.world.tell("no more faults")
        for number in range(1, ROUNDS + 1):
            for process in self.world.processes:
                self.world.run(process)
            if self._agree():
                return number
        return None

    def _agree(self) -> bool:
        requests = [request for client in self.clients for request in client.requests]
        return all(request.is_over for request in requests) and not self._behind()

    def _behind(self) -> list[str]:
        """Return which readers are not where they should be."""
        behind = []
        readers: list[Projector | Reacting] = [*self.projectors, *self.reactors]
        for reader in readers:
            if not reader.up:
                return [f"{reader.name} is down"]
            want, stands = self._target(reader.ledger)
            at = reader.reader.position
            if (at, reader.stands_before) != (want, stands):
                where = f"is at {at}, before {reader.stands_before}"
                behind.append(f"{reader.name} {where}; it should be at {want}, before {stands}")
        return behind

    def _target(self, ledger: str) -> tuple[int, int | None]:
        """Return where the readers of a ledger must end, and what they must stand before."""
        if ledger == "hall" and self.newer and self.newer.position:
            return self.newer.position - 1, self.newer.position
        return self.site.head(ledger), None

    def _judge(self, rounds: int | None) -> list[str]:
        problems = [] if rounds else ["it did not converge", *self._behind()]
        hall, archive = (oracle.kept(self.site.folder / f"{name}.db") for name in LEDGERS)
        for client in self.clients:
            problems += client.surprises
            problems += [p for request in client.requests for p in _answered(request, hall)]
        for name, kept in zip(LEDGERS, (hall, archive), strict=True):
            problems += [f"{name}: {problem}" for problem in self._ledger(name, kept)]
        until = self._target("hall")[0]
        known = hall.facts[:until]
        for name, facts in (("hall", known), ("archive", archive.facts)):
            want, there = oracle.view(facts), oracle.shown(self.site.view(name))
            problems += [
                f"view {name}: {table} is {there[table]}, not {want[table]}"
                for table in want
                if want[table] != there[table]
            ]
        should, done = oracle.reactions(known), oracle.reacted(archive.facts)
        if should != done:
            problems.append(f"the archive did {done}, not {should}")
        return problems

    def _ledger(self, name: str, kept: oracle.Kept) -> list[str]:
        held, problems = oracle.claims(kept.facts)
        problems += oracle.gaps(kept.facts)
        if held != kept.claims:
            problems.append(f"the claims are {kept.claims}, not {held}")
        with closing(SqliteLedger(self.site.folder / f"{name}.db", name)) as ledger:
            verdict = ledger.verify()
            if verdict.wrong is not None:
                problems.append(f"the chain breaks at {verdict.wrong}: {verdict.reason}")
            if UNKNOWN not in ledger.types():
                rebuilt = rebuild_claims(ledger, self.ground.keys)
                if rebuilt != dict(ledger.claims()):
                    problems.append("the claims are not those that the events tell")
        return problems


def run(seed: int, ground: Ground, parts: Parts | None = None, *, note: str = "") -> Outcome:
    """Run the schedule of a seed."""
    began = monotonic()
    schedule = Schedule(seed, ground, parts or Parts())
    problems = schedule.run()
    return Outcome(
        seed=seed,
        replay=f"python -m tests.chaos --seed {seed} --simulated 1 --real 0{note}",
        steps=schedule.world.steps,
        faults=dict(schedule.world.faults),
        problems=tuple(problems),
        schedule=tuple(schedule.world.story) if problems else (),
        seconds=monotonic() - began,
    )


def _requests(chance: Random) -> list[list[Request]]:
    """Return what each client will ask for: about a visit of its own, or one of another's."""
    scripts: list[list[Request]] = []
    visits: list[UUID] = []
    for client in range(chance.randint(2, 3)):
        visits.append(UUID(int=chance.getrandbits(128), version=4))
        desk = str(chance.choice((client, client, 0)))
        script: list[Request] = []
        for number in range(chance.randint(3, 7)):
            on = date(2026, 11, 1) + timedelta(days=chance.randint(0, 20))
            by = By(actor="clerk", document=f"{client}/{number}")
            visit = visits[-1] if chance.random() < OWN else chance.choice(visits)
            about: dict[str, Any] = {"on": on, "by": by, "visit": visit}
            what = chance.random()
            pair: tuple[object, object]
            if number == 0:
                about |= {"visit": visits[-1], "desk": desk}
                pair = office.TakeDesk(**about), office.TakeDesk(**about | {"desk": "9"})
            elif what < PAGES:
                about |= {"pages": chance.randint(1, 9)}
                pair = office.HandPages(**about), office.HandPages(**about | {"pages": 99})
            elif what < PAGES + LEAVING:
                later = about | {"on": on + timedelta(days=1)}
                pair = office.LeaveDesk(**about), office.LeaveDesk(**later)
            else:
                visits.append(UUID(int=chance.getrandbits(128), version=4))
                about |= {"visit": visits[-1], "desk": str(chance.randint(0, 2))}
                pair = office.TakeDesk(**about), office.TakeDesk(**about | {"desk": "9"})
            script.append(Request(f"clerk/{by.document}", pair[0], pair[1], f"{by.document}"))
        scripts.append(script)
    return scripts


def _answered(request: Request, hall: oracle.Kept) -> list[str]:
    """Return what is wrong about one request: its facts are known by the paper they rest on."""
    stored = tuple(f.position for f in hall.facts if f.state.get("document") == request.paper)
    if request.refusal is not None:
        told: tuple[int, ...] = ()
    elif request.answer is not None:
        told = request.answer
    else:
        return [f"{request.key} was never answered"]
    problems = []
    if stored != told:
        problems.append(f"{request.key} was answered {told}; stored is {stored}")
    if request.answer and hall.commands.get(request.key) != list(told):
        problems.append(f"{request.key} stands in the ledger as {hall.commands.get(request.key)}")
    return problems
