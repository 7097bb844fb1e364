"""One role of a service in a process of its own: what it works at, how it is, how it ends."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Event, Thread
from time import monotonic, sleep
from types import TracebackType
from typing import Any, NoReturn, Protocol, Self, TypeVar

import psycopg
import structlog
import uvloop
from fastapi import FastAPI

from infra import logs
from infra.access import Access
from infra.adapters import Province
from infra.database import Away, NotMigrated, PostgresSchema
from infra.database.listening import listen as listen_to_postgres
from infra.feed.kafka import KafkaFeed
from infra.filling import Databases, Disk
from infra.http import Reached, operations
from infra.ledger.port import Ledger
from infra.metrics import Lag, Requests, registry
from infra.runner import AWAY, Parked
from infra.sealing import Keys, MasterKeyError
from infra.serving import Server, listen, signals_left_to_the_server
from infra.settings import BadSettingError, MissingSettingError, Settings, settings
from infra.topics import TopicError

API, RELAY, PROJECTOR, REACTOR = "api", "relay", "projector", "reactor"
PATIENCE_SECONDS = 20
"""How long answers that are under way may take when the process is told to stop."""
BEGIN_SECONDS = 30.0
"""How long a role that starts waits for a database that is away."""
AGAIN_SECONDS = 0.2
FAILED, MISUSE = 1, 2
KEPT_BY = "--kept-by"
"""With this a role is told the pipe whose other end its keeper holds."""

Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Goes on until it is told to stop; where it ends before that, the process ends."""


class Closed(Protocol):
    """What is closed at the end."""

    def close(self) -> None:
        """Close it."""
        ...


T = TypeVar("T", bound=Closed)
A = TypeVar("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a process does."""

    app: FastAPI | None = None
    """What it serves, beside telling how it is doing."""
    works: Sequence[Work] = ()
    not_ready: Callable[[], list[str]] = list
    """Names what keeps it from its work; empty is ready."""
    not_alive: Callable[[], list[str]] = list
    """Names what has not moved for so long that only another process can help."""
    stopping: Callable[[], None] = lambda: None
    """Ends what would never end by itself."""
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop


class Process:
    """What a role is made of; everything that it opens is closed when the process ends."""

    def __init__(self, service: str, said: Settings) -> None:
        self.service = service
        self.said = said
        self.kept = Province(said)
        self.stop = Event()
        """Set when the process ends."""
        self.lags: Callable[[], list[Lag]] = list
        """Where the readers of this process stand."""
        self._ledgers: list[Ledger] = []
        self.metrics = registry(lambda: self.lags(), self._heads)  # noqa: PLW0108 - set later
        self.metrics.register(Disk(said.data))
        self.metrics.register(Databases(said.dsns))
        self.requests = Requests(self.metrics)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop.set()
        self._closing.close()

    def keep(self, thing: T) -> T:
        """Close a thing when the process ends."""
        self._closing.callback(thing.close)
        return thing

    def ledger(self, name: str | None = None) -> Ledger:
        """Open a ledger, that of the service unless another is named."""
        ledger = self.keep(self.kept.ledger(name or self.service))
        self._ledgers.append(ledger)
        return ledger

    def place(self) -> PostgresSchema:
        """Return where the view of the service lies."""
        return self.kept.place(self.service)

    @cached_property
    def keys(self) -> Keys:
        """The keys of people."""
        return self.keep(self.kept.keys())

    @cached_property
    def access(self) -> Access:
        """The accounts."""
        return self.keep(self.kept.access(self.keys.access_secret))

    def feed(self, ledger: str) -> KafkaFeed:
        """Return a feed of a ledger's topic; each reader has its own."""
        return self.keep(KafkaFeed(self.said.bootstrap, ledger))

    def reached(self, stands: Callable[[], Mapping[str, int]]) -> Reached:
        """Return what waits until the view of the service has come to a position."""
        reached = Reached(stands)
        self.listen(reached.moved)
        return reached

    def listen(self, woken: Callable[[], None]) -> None:
        """Call something each time that the view of the service moved, whoever moved it."""
        place = self.place()
        listen_to_postgres(place.dsn, place.channel, woken, self.stop)

    def not_ready(self, stands: Callable[[], Mapping[str, int]] = dict) -> list[str]:
        """Name the databases of this process that do not answer."""
        asked: dict[str, Callable[[], object]] = {
            f"the ledger of {ledger.name}": ledger.head for ledger in self._ledgers
        }
        asked["the view"] = stands
        return [f"{name} is away" for name, ask in asked.items() if answered(ask) is None]

    def _heads(self) -> Mapping[str, int]:
        heads = {ledger.name: answered(ledger.head) for ledger in self._ledgers}
        return {name: head.position for name, head in heads.items() if head}


def answered(ask: Callable[[], A]) -> A | None:
    """Return what is asked of a database or a broker; None while it is away."""
    try:
        return ask()
    except (*AWAY, psycopg.OperationalError, psycopg.InterfaceError):
        return None


def saying(reader: str, ledger: str) -> Callable[[Parked], None]:
    """Return what writes a line where a reader comes to a stand."""

    def say(parked: Parked) -> None:
        structlog.get_logger().error(
            "parked", reader=reader, ledger=ledger, position=parked.position, type=parked.type
        )

    return say


def in_thread(run: Callable[[Event], None]) -> Work:
    """Return work that is done by a thread."""

    async def work(stop: asyncio.Event) -> None:
        told = Event()
        with ThreadPoolExecutor(1) as pool:
            running = asyncio.get_running_loop().run_in_executor(pool, run, told)
            stopping = asyncio.ensure_future(stop.wait())
            either: set[asyncio.Future[Any]] = {running, stopping}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            told.set()
            stopping.cancel()
            await running

    return work


def main(
    service: str,
    roles: Mapping[str, Callable[[Process], Role]],
    arguments: Sequence[str] | None = None,
) -> NoReturn:
    """Be the role that the command line names, until SIGTERM or SIGINT.

    Leave with 0 when told to stop, 1 when something failed and 2 when it cannot begin so.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    match given:
        case [kind] if kind in roles:
            pass
        case [kind, option, line] if kind in roles and option == KEPT_BY and line.isdecimal():
            Thread(target=_end_with_keeper, args=(int(line),), name="keeper", daemon=True).start()
        case _:
            sys.stderr.write(f"usage: python -m services.{service} {'|'.join(roles)}\n")
            raise SystemExit(MISUSE)
    raise SystemExit(_be(service, kind, roles[kind]))


def _end_with_keeper(line: int) -> None:
    """End this process in order when whoever started it is no more, even if it was killed."""
    while os.read(line, 1):
        pass
    structlog.get_logger().warning("keeper is gone")
    os.kill(os.getpid(), signal.SIGTERM)


def _be(service: str, kind: str, make: Callable[[Process], Role]) -> int:
    logs.configure(service=service, role=kind)
    log = structlog.get_logger()
    try:
        said = settings()
        logs.configure(said.log_level, service=service, role=kind)
        port = said.port if kind == API else said.metrics_port
        with _made(make, service, said) as (process, role), listen(said.host, port) as listening:
            app = operations(
                not_ready=role.not_ready,
                not_alive=role.not_alive,
                metrics=process.metrics,
            )
            if role.app:
                app.mount("/", role.app)
                app.lifespan_context = role.app.router.lifespan_context
            host, port = listening.getsockname()[:2]
            # What is there now is there for ever: to look through it takes longer than an act.
            gc.collect()
            gc.freeze()
            log.info("started", host=host, port=port)
            server = Server(app, role.stopping, patience_seconds=PATIENCE_SECONDS)
            with signals_left_to_the_server(), asyncio.Runner(loop_factory=role.loop) as runner:
                is_well = runner.run(_until_told(server, listening, role.works))
    except MissingSettingError as missing:
        log.error("setting missing", variable=missing.variable, advice="set it, or its _FILE")  # noqa: TRY400 - its text is the variable
        return MISUSE
    except BadSettingError as bad:
        log.error("setting wrong", setting=str(bad))  # noqa: TRY400 - as above
        return MISUSE
    except NotMigrated as absent:
        log.error("not migrated", schema=absent.schema, advice="run `ketnap migrate`")  # noqa: TRY400 - as above
        return FAILED
    except (MasterKeyError, TopicError, Away, OSError) as error:
        log.error("cannot begin", error=type(error).__name__, why=str(error))  # noqa: TRY400 - as above
        return FAILED
    log.info("stopped")
    return 0 if is_well else FAILED


@contextmanager
def _made(
    make: Callable[[Process], Role], service: str, said: Settings
) -> Iterator[tuple[Process, Role]]:
    """Lend a role, once what it stands on answers. Raises what came of the last attempt.

    To end, and to be started again, would take longer than most databases are away.
    """
    patience = monotonic() + BEGIN_SECONDS
    is_waiting = False
    while True:
        with Process(service, said) as process:
            try:
                role = make(process)
            except AWAY as error:
                if monotonic() > patience:
                    raise
                if not is_waiting:
                    structlog.get_logger().warning("waits to begin", error=type(error).__name__)
                is_waiting = True
            else:
                yield process, role
                return
        sleep(AGAIN_SECONDS)


async def _until_told(server: Server, listening: Any, works: Sequence[Work]) -> bool:  # noqa: ANN401 - a socket
    """Serve and work until told to stop; tell whether nothing failed before."""
    stop = asyncio.Event()
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    working = [asyncio.ensure_future(work(stop)) for work in works]
    await asyncio.wait({serving, *working}, return_when=asyncio.FIRST_COMPLETED)
    ended = [work for work in working if work.done()]
    server.should_exit = True
    stop.set()
    done = await asyncio.gather(serving, *working, return_exceptions=True)
    for error in done:
        if isinstance(error, BaseException):
            _log_failure(error)
    return not ended and not any(isinstance(error, BaseException) for error in done)


def _log_failure(error: BaseException) -> None:
    why = {"why": str(error)} if isinstance(error, logs.Plain) else {}
    structlog.get_logger().error("failed", error=type(error).__name__, at=logs.where(error), **why)
