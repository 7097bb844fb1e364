"""`ketnap up`: one process that keeps the views current and says how it is doing."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog
import uvicorn

from infra.http import operations
from infra.metrics import registry
from services.embedded import Embedded

_BACKLOG = 128


class AlreadyUpError(BlockingIOError):
    """Another process keeps the views of this folder."""


def listen(host: str, port: int) -> socket.socket:
    """Bind the address before anything is opened; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=_BACKLOG)


def serve(ketnap: Embedded, listening: socket.socket) -> None:
    """Project and serve health and metrics until SIGTERM or SIGINT. Raises AlreadyUpError."""
    log = structlog.get_logger()
    with ketnap.projecting() as ours:
        if not ours:
            raise AlreadyUpError
        with _projector(ketnap) as projector:

            def not_ready() -> list[str]:
                behind = [
                    f"{state.reader} is at {state.position} of {state.head}"
                    for state in ketnap.states()
                    if not state.ready
                ]
                return behind if projector.is_alive() else ["the projector has stopped", *behind]

            app = operations(title="ketnap", not_ready=not_ready, metrics=registry(ketnap.lags))
            host, port = listening.getsockname()[:2]
            log.info("up", host=host, port=port)
            with _no_default_signals():
                config = uvicorn.Config(app, log_config=None, access_log=False)
                uvicorn.Server(config).run(sockets=[listening])
            log.info("down")


@contextmanager
def _projector(ketnap: Embedded) -> Iterator[Thread]:
    stop = Event()
    thread = Thread(target=ketnap.project, args=(stop,), name="projector", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


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
