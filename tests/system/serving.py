"""An installation that is served at an address of this machine, and those who ask there."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import httpx2

from infra.serving import Server
from services.embedded import Embedded
from services.installation import POLL_SECONDS, Installation
from services.web import Web
from tests.house import House
from tests.installed import Site


@dataclass
class Served(House):
    """An installation that is served, and who asks there."""

    address: str
    server: Server

    def client(self, code: str, role: str = "district_board") -> httpx2.Client:
        """Return somebody who asks for a unit, over a socket."""
        headers = {"Authorization": f"Bearer {self.token(code, role)}"}
        return httpx2.Client(base_url=self.address, headers=headers, timeout=10)


@dataclass
class Told:
    """An event of a stream."""

    id: str = ""
    event: str = ""
    data: Any = None
    comments: list[str] = field(default_factory=list)


def events(answer: httpx2.Response) -> Iterator[Told]:
    """Yield the events of a stream as they come."""
    told = Told()
    for line in answer.iter_lines():
        match line.partition(":")[::2]:
            case "", "":
                yield told
                told = Told()
            case "id", text:
                told.id = text.strip()
            case "event", text:
                told.event = text.strip()
            case "data", text:
                told.data = json.loads(text)
            case "", text:
                told.comments.append(text.strip())


def keep(ketnap: Installation, stop: Event, moved: Callable[[], None]) -> None:
    """Keep the views current until told to stop: as `up` does, or where roles would, as they do."""
    if isinstance(ketnap, Embedded):
        ketnap.project(stop, moved)
    while not stop.wait(POLL_SECONDS):
        if not all(state.ready for state in ketnap.states()):
            ketnap.catch_up()
            moved()


@contextmanager
def served(site: Site) -> Iterator[Served]:
    """Serve all of an installation, on a free port, until the block ends."""
    stop = Event()
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        site.open() as ketnap,
        closing(Web(ketnap)) as web,
    ):
        server = Server(web.app, web.hub.close, patience_seconds=5)
        threads = [
            Thread(target=server.run, kwargs={"sockets": [listening]}),
            Thread(target=keep, args=(ketnap, stop, web.moved)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield Served(ketnap, web, site, "http://{}:{}".format(*listening.getsockname()), server)
        finally:
            server.should_exit = True
            stop.set()
            for thread in threads:
                thread.join()
