"""`ketnap up`: one process that serves pages and services, and keeps the views current."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import structlog
import uvicorn

from services.embedded import Embedded
from services.web import Web

_BACKLOG = 128
_PATIENCE_SECONDS = 5
"""How long answers that are under way may take when the process is told to stop."""


class AlreadyUpError(BlockingIOError):
    """Another process keeps the views of this folder."""


def listen(host: str, port: int) -> socket.socket:
    """Bind the address before anything is opened; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Head and body of an answer are two writes: the second would wait 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


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
            with _no_default_signals():
                config = uvicorn.Config(
                    web.app,
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=_PATIENCE_SECONDS,
                )
                Server(config, web).run(sockets=[listening])
            log.info("down")


class Server(uvicorn.Server):
    """Ends the open streams first: the server waits for every answer before it stops."""

    def __init__(self, config: uvicorn.Config, web: Web) -> None:
        super().__init__(config)
        self._web = web

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._web.hub.close()
        await super().shutdown(sockets)


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


@contextmanager
def _no_default_signals() -> Iterator[None]:
    """Let the server alone act on signals: it raises them again when it is done."""
    before = {name: signal.signal(name, lambda *_: None) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)
