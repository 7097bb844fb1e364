"""`ketnap up`: one process that serves pages and services, and keeps the views current."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import structlog

from infra.serving import Server, signals_left_to_the_server
from services.embedded import Embedded
from services.web import Web

_PATIENCE_SECONDS = 5
"""How long answers that are under way may take when the process is told to stop."""


class AlreadyUpError(BlockingIOError):
    """Another process keeps the views of this folder."""


def serve(ketnap: Embedded, listening: socket.socket) -> None:
    """Serve, react and project until SIGTERM or SIGINT. Raises AlreadyUpError."""
    log = structlog.get_logger()
    with ketnap.projecting() as ours:
        if not ours:
            raise AlreadyUpError
        projector = _Projector(ketnap)
        with closing(Web(ketnap, projector.not_ready)) as web, projector.running(web):
            host, port = listening.getsockname()[:2]
            log.info("up", host=host, port=port)
            with signals_left_to_the_server():
                server = Server(web.app, web.hub.close, patience_seconds=_PATIENCE_SECONDS)
                server.run(sockets=[listening])
            log.info("down")


class _Projector:
    """The thread that reacts and keeps the views current."""

    def __init__(self, ketnap: Embedded) -> None:
        self._ketnap = ketnap
        self._thread = Thread()

    def not_ready(self) -> list[str]:
        """Name the readers that are behind."""
        behind = [
            f"{state.reader} is at {state.position} of {state.head}"
            for state in self._ketnap.states()
            if not state.ready
        ]
        return behind if self._thread.is_alive() else ["the projector has stopped", *behind]

    @contextmanager
    def running(self, web: Web) -> Iterator[None]:
        """Project until the block ends."""
        stop = Event()
        self._thread = Thread(
            target=self._ketnap.project, args=(stop, web.moved), name="projector", daemon=True
        )
        self._thread.start()
        try:
            yield
        finally:
            stop.set()
            self._thread.join()
