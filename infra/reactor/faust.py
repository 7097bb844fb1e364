"""Faust reacts: a process that joins a group, is handed facts, and does what a policy asks for."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from time import monotonic, sleep
from typing import Any, NoReturn

import faust
import structlog

from infra.feed import Feed, FeedAwayError
from infra.ledger.application import Commands
from infra.logs import where
from infra.reactor.deliveries import Deliveries, Progress
from infra.reactor.reactor import Policy
from infra.runner import AWAY, SWEEP_SECONDS, Parked, Standstills, State

SESSION_SECONDS = 6.0
"""The shortest that brokers grant: so long a killed process keeps its place from another one."""
PATIENCE_SECONDS = 30.0
"""So long a ledger or a feed may be away before the process ends, to begin anew."""
FAILED = 1

_log = structlog.get_logger()


class FaustReactor:
    """A reactor that Faust hands the records of a topic, in a process of its own.

    Faust commits its group's offset past a record whose agent failed, and may hang when a
    timer fails. So the offset is never asked; an agent never raises; whatever fails ends the
    process, and the next one goes on from the position in the service's own ledger.
    """

    def __init__(  # noqa: PLR0913 - a reactor, and where Faust finds what it is handed
        self,
        name: str,
        feed: Feed,
        service: Commands,
        policy: Policy,
        *,
        bootstrap: str,
        topic: str,
        standstills: Standstills | None = None,
        end: Callable[[int], NoReturn] = os._exit,
    ) -> None:
        self.name = name
        self._bootstrap = bootstrap
        self._topic = topic
        self._end = end
        self._deliveries = Deliveries(name, feed, service, policy, standstills)
        self._progress = Progress()
        self._alone = Lock()
        self._assigned: bool | None = None
        self._delivered = False
        self._stopping = False
        self._state: State | None = None
        self._missed = ""

    @property
    def state(self) -> State | None:
        """Return where the reactor stood when it last looked, or None before that."""
        return self._state

    def on_parked(self, told: Callable[[Parked], None]) -> None:
        """Have something told of each record before which the reactor comes to a stand."""
        self._deliveries.reactor.on_parked = told

    @property
    def missed(self) -> str:
        """Name what is away for which the reactor waits, or nothing."""
        return self._missed

    @property
    def seconds_without_progress(self) -> float:
        """Return for how long the reactor did not move though there was something to do."""
        return self._progress.seconds_without

    async def run(self, stop: asyncio.Event) -> None:
        """React until told to stop, then save the position and leave."""
        app = self._app()
        meanwhile = asyncio.ensure_future(self._vital(self._meanwhile)())
        await app.start()
        stopped = asyncio.ensure_future(stop.wait())
        ended = asyncio.ensure_future(app.wait_until_stopped())
        await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            self._fail(app.crash_reason or RuntimeError("Faust has stopped"))
        self._stopping = True
        await app.stop()
        with suppress(*AWAY):
            await asyncio.to_thread(self._patiently, self._deliveries.reactor.settle)
        for task in (meanwhile, stopped, ended):
            task.cancel()

    def _app(self) -> Any:  # noqa: ANN401 - Faust carries no types
        group = f"{self.name}.{self._topic}"
        app: Any = faust.App(
            group,
            broker=f"kafka://{self._bootstrap}",
            store="memory://",
            datadir=Path(gettempdir()) / "ketnap-faust",
            autodiscover=False,
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            topic_partitions=1,
            stream_wait_empty=False,
            broker_commit_interval=SWEEP_SECONDS,
            broker_session_timeout=SESSION_SECONDS,
            broker_heartbeat_interval=SWEEP_SECONDS,
            consumer_auto_offset_reset="earliest",
            consumer_group_instance_id=group,
        )
        records = app.topic(self._topic, value_serializer="raw", key_serializer="raw")
        app.agent(records, name=self.name)(self._vital(self._agent))
        app.timer(SWEEP_SECONDS)(self._vital(self._tick))
        app.on_partitions_assigned.connect(self._on_assigned)
        app.on_partitions_revoked.connect(self._on_revoked)
        app.finalize()
        return app

    async def _agent(self, stream: AsyncIterator[bytes]) -> None:
        async for record in stream:
            self._delivered = True
            await asyncio.to_thread(self._patiently, self._deliveries.take, record)

    async def _meanwhile(self) -> None:
        """Work until the group lets it in for the first time, which takes seconds.

        What is to be done is known by the position, and nothing is done twice.
        """
        while self._assigned is None:
            await asyncio.to_thread(self._patiently, self._deliveries.sweep)
            await asyncio.to_thread(self._patiently, self._look)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _tick(self) -> None:
        quiet, self._delivered = not self._delivered, False
        reactor = self._deliveries.reactor
        if self._assigned and quiet:
            await asyncio.to_thread(self._patiently, self._deliveries.sweep)
        else:
            await asyncio.to_thread(self._patiently, reactor.settle)
        await asyncio.to_thread(self._patiently, self._look)

    def _look(self) -> None:
        state = self._deliveries.reactor.state
        self._state = state
        stands = state.parked is not None or not self._assigned
        self._progress.seen(state.position, idle=state.ready or stands)

    async def _on_assigned(self, _app: object, *assigned: object, **_: object) -> None:
        self._assigned = any(assigned)

    async def _on_revoked(self, _app: object, *_revoked: object, **_: object) -> None:
        self._assigned = False

    def _patiently(self, work: Callable[..., None], *args: object) -> None:
        """Do a piece of work, alone; while what it needs is away, again and again."""
        since = monotonic()
        while True:
            try:
                with self._alone:
                    work(*args)
            except AWAY as error:
                self._missed = "the broker" if isinstance(error, FeedAwayError) else "the database"
                if monotonic() - since > PATIENCE_SECONDS or self._stopping:
                    raise
                sleep(SWEEP_SECONDS)
            else:
                self._missed = ""
                return

    def _vital(self, work: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @wraps(work)
        async def run(*args: object) -> None:
            try:
                await work(*args)
            except Exception as error:  # noqa: BLE001 - whatever it is, Faust must not handle it
                self._fail(error)

        return run

    def _fail(self, error: BaseException) -> NoReturn:
        """End the process, in a way that neither Faust nor a thread can hold up."""
        _log.error("reactor-failed", reactor=self.name, error=type(error).__name__, at=where(error))
        sys.stderr.flush()
        self._end(FAILED)
