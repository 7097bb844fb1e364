"""One role of reporting in a process of its own: `python -m services.reporting ROLE`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from threading import Event

from fastapi import FastAPI

from infra import roles
from infra.http import Cursors, Reached
from infra.projecting import projecting
from infra.relaying import relaying
from infra.roles import API, PROJECTOR, RELAY, Process, Role, answered, in_thread
from infra.runner import AWAY, SWEEP_SECONDS
from infra.standing import Standing
from infra.stream import Hub
from services.reporting.api import Live, Service
from services.reporting.api import api as application
from services.reporting.view import ReportingView
from services.reporting.view.reporting_view import PROJECTING_EVENTS
from services.reporting.view.tables import LEDGERS

SERVICE = "reporting"
IN_FLIGHT = timedelta(minutes=1)
"""Longer than a commit takes: what was recorded before that is in the ledger, or never will be."""


def api(here: Process) -> Role:
    """Answer, and tell open pages what changes."""
    ledgers = [here.ledger(name) for name in LEDGERS]
    view = here.keep(ReportingView(here.place()))
    standing = Standing(view.snapshot)

    def stands() -> Mapping[str, int]:
        return {name.rpartition(".")[2]: at for name, at in standing.positions().items()}

    def settled(moment: datetime) -> bool:
        if datetime.now(UTC) - moment < IN_FLIGHT:
            return False
        at = stands()
        heads = {ledger.name: answered(ledger.head) for ledger in ledgers}
        return all(head and at.get(name, 0) >= head.position for name, head in heads.items())

    watch = view.watch()
    hub = Hub(watch.seen)
    live = Live(watch, hub)
    reached = Reached(stands)
    service = Service(
        view=view,
        access=here.access,
        reached=reached,
        hub=hub,
        live=live,
        cursors=Cursors(here.keys.cursor_secret),
        settled=settled,
    )
    woken = Event()
    here.listen(woken.set)

    def follow(stop: Event) -> None:
        """Tell who waits and who watches; also now and then, should a notice be lost."""
        while not stop.is_set():
            woken.wait(SWEEP_SECONDS)
            woken.clear()
            try:
                live.tell(here.access.today())
            except AWAY:
                continue
            reached.moved()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.start()
        yield

    app = application(service, here.requests)
    app.router.lifespan_context = lifespan
    return Role(
        app=app,
        works=[in_thread(follow)],
        not_ready=lambda: here.not_ready(stands),
        stopping=hub.close,
    )


def projector(here: Process) -> Role:
    """Keep the figures and the history current."""
    view = here.keep(ReportingView(here.place()))
    feeds = {name: here.feed(name) for name in LEDGERS}
    runners = view.runners(feeds, batch_events=PROJECTING_EVENTS, ahead=True)
    readings = [(runner, feeds[runner.name.rpartition(".")[2]]) for runner in runners]
    return projecting(here, readings, view.snapshot)


if __name__ == "__main__":
    roles.main(SERVICE, {API: api, RELAY: relaying, PROJECTOR: projector})
