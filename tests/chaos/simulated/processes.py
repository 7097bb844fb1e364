"""The processes of an installation: the real handlers, and boundaries around what they commit."""

from __future__ import annotations

import sqlite3
from asyncio import AbstractEventLoop
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from events.refusal import Refusal
from infra.database.sqlite import SqliteDatabase
from infra.feed import Feed, LedgerFeed
from infra.ledger.application import ChangedCommand, Commands
from infra.ledger.port import Save, Saved
from infra.ledger.rows import microseconds
from infra.ledger.sqlite import SqliteLedger
from infra.reactor import Reactor
from infra.reactor.deliveries import Deliveries
from infra.relay import Page, _Source, _Topic
from infra.runner import TABLES as READERS
from infra.runner import Runner, Standstills
from infra.sealing import Keys
from tests.chaos.simulated import office
from tests.chaos.simulated.bus import Consumer, Pipe, Producer, SimulatedFeed, Topic
from tests.chaos.simulated.world import Process, Unanswered, World


class SimulatedLedger(SqliteLedger):
    """The real one, with a boundary before and after each commit."""

    def __init__(self, path: Path, name: str, process: Process, clock: Clock) -> None:
        self.process = process
        super().__init__(path, name, clock=clock)

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        self.process.at(f"before it commits to {self.name}")
        saved = super().append(saves)
        self.process.at(f"after it has committed to {self.name}")
        return saved


class SimulatedDatabase(SqliteDatabase):
    """The real one, with a boundary before, inside and after each transaction."""

    def __init__(self, connection: sqlite3.Connection, process: Process) -> None:
        super().__init__(connection)
        self.process = process

    @contextmanager
    def writing(self, *, at_once: bool = False) -> Iterator[None]:
        self.process.at("before it changes its view")
        with super().writing(at_once=at_once):
            yield
            self.process.at("with its view not yet committed", inside=True)
        self.process.at("after it has changed its view")


class Clock:
    """A clock that somebody sets forward and back."""

    def __init__(self, world: World, shows: datetime) -> None:
        self._world = world
        self._shows = shows

    def __call__(self) -> datetime:
        self._shows += timedelta(milliseconds=1)
        if self._world.maybe(0.02):
            seconds = self._world.chance.choice((-86_400, -3, 60, 86_400))
            self._world.fault("clock", f"the clock is set by {seconds} s")
            self._shows += timedelta(seconds=seconds)
        return self._shows


@dataclass
class Parts:
    """What processes are made of. A planted bug is another part in its place."""

    ledger: type[SimulatedLedger] = SimulatedLedger
    runner: type[Runner] = Runner
    register: type[office.Register] = office.Register
    deliveries: type[Deliveries] = Deliveries
    reactor: type[Reactor] = Reactor
    feed: type[SimulatedFeed] = SimulatedFeed
    server: type[Server] | None = None
    client: type[Client] | None = None
    relay: type[Relay] | None = None


@dataclass
class Site:
    """What outlives every process: the ledgers, the views, the topics."""

    world: World
    folder: Path
    keys: Keys
    clock: Clock
    loop: AbstractEventLoop
    parts: Parts
    distributed: bool
    topics: dict[str, Topic] = field(default_factory=dict)
    views: dict[str, sqlite3.Connection] = field(default_factory=dict)
    _looks: dict[str, sqlite3.Connection] = field(default_factory=dict)

    def ledger(self, name: str, process: Process) -> SimulatedLedger:
        return self.parts.ledger(self.folder / f"{name}.db", name, process, self.clock)

    def feed(self, name: str, process: WithLedger) -> Feed:
        if not self.distributed:
            return LedgerFeed(process.open(name))
        return self.parts.feed(self.topics[name], process, self.loop)

    def head(self, name: str) -> int:
        """Return the last position of a ledger, asked by nobody who could be killed."""
        if name not in self._looks:
            self.ledger(name, Nobody(self.world, "nobody")).close()
            self._looks[name] = sqlite3.connect(self.folder / f"{name}.db")
        row = self._looks[name].execute("select max(position) from events").fetchone()
        return row[0] or 0

    def close(self) -> None:
        for connection in (*self.views.values(), *self._looks.values()):
            connection.close()

    def view(self, name: str) -> sqlite3.Connection:
        if name not in self.views:
            made = sqlite3.connect(":memory:", isolation_level=None)
            made.executescript(READERS + office.TABLES)
            self.views[name] = made
        return self.views[name]


class Nobody(Process):
    """Stands where a process is asked for and nothing happens."""

    def start(self) -> None:
        pass

    def step(self) -> None:
        pass


class WithLedger(Process):
    """A process that has ledgers open."""

    def __init__(self, site: Site, name: str) -> None:
        super().__init__(site.world, name)
        self.site = site
        self._opened: list[SimulatedLedger] = []

    def open(self, name: str) -> SimulatedLedger:
        self._opened.append(self.site.ledger(name, self))
        return self._opened[-1]

    def killed(self) -> None:
        while self._opened:
            self._opened.pop().close()


class Server(WithLedger):
    """An API process of the hall."""

    threads = True

    def start(self) -> None:
        self.hall: Commands = office.Hall(self.open("hall"), self.site.keys)

    def step(self) -> None:
        pass

    def answer(self, command: object, key: str) -> tuple[int, ...]:
        """Do a command. Raises Refusal."""
        positions = self.hall.perform(command, key=key)
        self.at("before it answers")
        return positions


@dataclass
class Request:
    """A command of a client, and what it was told about it."""

    key: str
    command: object
    changed: object
    """Another command, for the same key."""
    paper: str = ""
    """The document on which its facts rest."""
    answer: tuple[int, ...] | None = None
    refusal: str | None = None
    asked: int = 0

    @property
    def is_over(self) -> bool:
        return self.answer is not None or self.refusal is not None


class Client(Process):
    """Sends commands, each until it has an answer; and sometimes again after that."""

    def __init__(
        self, world: World, name: str, servers: list[Server], requests: list[Request]
    ) -> None:
        super().__init__(world, name)
        self._servers = servers
        self.requests = requests
        self.surprises: list[str] = []

    def start(self) -> None:
        pass

    def step(self) -> None:
        chance = self.world.chance
        over = [request for request in self.requests if request.answer is not None]
        if over and self.world.maybe(0.1):
            self._repeat(chance.choice(over), changed=chance.random() < 0.3)
            return
        waiting = [request for request in self.requests if not request.is_over]
        if waiting:
            self.send(waiting[0])

    def send(self, request: Request) -> None:
        """Ask one server, and take note of what it says."""
        request.asked += 1
        try:
            positions = self._ask(request.command, request.key)
        except Refusal as refusal:
            request.refusal = refusal.code
            self.world.tell(f"{self.name} is refused {request.key}: {refusal.code}")
        else:
            if self.world.maybe(0.05):
                self.world.fault("answer lost", f"the answer to {request.key} is lost")
                return
            request.answer = positions
            self.world.tell(f"{self.name} is answered {request.key}: {positions}")

    def _repeat(self, request: Request, *, changed: bool) -> None:
        self.world.faults["sent again"] += 1
        try:
            again = self._ask(request.changed if changed else request.command, request.key)
        except Refusal as refusal:
            if not (changed and isinstance(refusal, ChangedCommand)):
                self.surprises.append(f"{request.key}, answered before, was refused: {refusal}")
        else:
            if changed:
                self.surprises.append(f"{request.key} was taken with another body")
            elif again != request.answer:
                self.surprises.append(f"{request.key}: {request.answer}, and then {again}")

    def _ask(self, command: object, key: str) -> tuple[int, ...]:
        up = [server for server in self._servers if server.up]
        if not up:
            raise Unanswered
        server = self.world.chance.choice(up)
        return self.world.inside(server, lambda: server.answer(command, key))


class Source(_Source):
    """The ledger, as a relay asks for it."""

    def __init__(self, ledger: SimulatedLedger) -> None:
        # In place of the real one's beginning, which has a connection to Postgres.
        self._ledger = ledger

    async def after(self, position: int, limit: int = 5) -> Page:
        """Return the next events, in the form in which Postgres gives them."""
        return [
            (
                row.position,
                row.stream.bytes,
                row.version,
                row.type,
                microseconds(row.recorded),
                row.state,
                row.sealed_digest,
                row.trace,
            )
            for row in self._ledger.read(position, limit)
        ]

    async def head(self) -> int:
        """Return the last position."""
        return self._ledger.head().position


class SimulatedEnd(_Topic):
    """The real end of a topic, where a look need not be waited for."""

    def look_again(self) -> None:
        self._looked = 0.0


class Relay(WithLedger):
    """Carries a ledger to its topic, as `infra.relay.run` does, with boundaries between."""

    writes_at: type[SimulatedEnd] = SimulatedEnd

    def __init__(self, site: Site, ledger: str, number: int) -> None:
        super().__init__(site, f"relay {number} of {ledger}")
        self._ledger = ledger
        self._topic = site.topics[ledger]
        self._pipe: Pipe | None = None

    def start(self) -> None:
        self.source = Source(self.open(self._ledger))
        self._pipe = self._topic.pipe()
        self.end = self.writes_at(
            self._ledger,
            TopicPartition(f"{self._ledger}.events", 0),
            Consumer(self._topic),
            Producer(self._topic, self._pipe, self),
        )
        self.sent = self.site.loop.run_until_complete(self.end.ends_like(self.source))

    def step(self) -> None:
        run = self.site.loop.run_until_complete
        try:
            page = run(self.source.after(self.sent, self.world.chance.randint(1, 5)))
            if page:
                self.at(f"before it sends {page[0][0]}")
                self.sends(page[-1][0])
                self.sent += run(self.end.send(page))
                self.at(f"after {self.sent} was acknowledged")
            if self.world.calm or self.world.maybe(0.3):
                self.end.look_again()
                run(self.end.looked_at())
        except (KafkaError, ConnectionError) as error:
            self.world.tell(f"{self.name} ends: {type(error).__name__}")
            self.kill()

    def sends(self, last: int) -> None:
        """Take note of what is about to be sent: a relay does not."""

    def killed(self) -> None:
        super().killed()
        if self._pipe:
            self._pipe.leave()


class Projector(WithLedger):
    """Keeps a view of one ledger."""

    def __init__(self, site: Site, ledger: str, number: int) -> None:
        super().__init__(site, f"projector {number} of {ledger}")
        self.ledger = ledger

    def start(self) -> None:
        parts = self.site.parts
        self.db = db = SimulatedDatabase(self.site.view(self.ledger), self)
        feed = self.site.feed(self.ledger, self)
        batch = self.world.chance.choice((1, 3, 500))
        register = parts.register(db)
        self.reader = parts.runner(self.ledger, feed, db, register, batch_events=batch)

    def step(self) -> None:
        self.at("before it reads")
        self.reader.step()

    @property
    def stands_before(self) -> int | None:
        parked = Standstills(self.db).of(self.ledger) if self.up else None
        return parked.position if parked else None


class Reacting(WithLedger):
    """Has the archive follow the hall: over Faust, or over the hall's own ledger."""

    ledger = "hall"

    def __init__(self, site: Site, number: int) -> None:
        super().__init__(site, f"reactor {number}")

    def start(self) -> None:
        parts = self.site.parts
        archive = office.Archive(self.open("archive"), self.site.keys)
        feed = self.site.feed("hall", self)
        self._faust: Faust | None = None
        if self.site.distributed:
            deliveries = parts.deliveries(office.POLICY, feed, archive, office.follow)
            self.reader = deliveries.reactor
            self._faust = Faust(self.site.topics["hall"], deliveries, self)
        else:
            self.reader = parts.reactor(office.POLICY, feed, archive, office.follow)

    def step(self) -> None:
        self.at("before it reads")
        if self._faust:
            self._faust.step()
        else:
            self.reader.step()

    @property
    def stands_before(self) -> int | None:
        return self.reader.parked.position if self.up and self.reader.parked else None


class Faust:
    """What Faust does to an agent: deliver, commit offsets whatever became of it, keep a timer."""

    def __init__(self, topic: Topic, deliveries: Deliveries, process: Process) -> None:
        self._topic = topic
        self._deliveries = deliveries
        self._process = process
        self._next = topic.groups.get(office.POLICY, 0)

    def step(self) -> None:
        world = self._process.world
        if self._next > len(self._topic.records):
            self._next = 0  # auto_offset_reset is earliest
        if self._next == len(self._topic.records) or world.chance.random() < 0.1:
            self._deliveries.sweep()
            return
        record = self._topic.records[self._next]
        self._next += 1
        if world.maybe(0.3):
            self._topic.groups[office.POLICY] = self._next
            self._process.at("after Faust has committed an offset")
        self._deliveries.take(record)
