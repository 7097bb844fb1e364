"""A server over HTTP: bound first, stopped in order, its signals its own."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

_BACKLOG = 128
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def listen(host: str, port: int) -> socket.socket:
    """Bind the address; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Head and body of an answer are two writes: the second would wait 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class Server(uvicorn.Server):
    """Ends what is endless first: the server waits for every answer before it stops."""

    def __init__(
        self,
        app: ASGIApp,
        stopping: Callable[[], None] = lambda: None,
        *,
        patience_seconds: int,
    ) -> None:
        config = uvicorn.Config(
            app,
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=patience_seconds,
        )
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: no new request, the streams, then every answer that is under way."""
        self._stopping()
        await super().shutdown(sockets)


@contextmanager
def signals_left_to_the_server() -> Iterator[None]:
    """Let the server alone act on signals: it raises them again when it is done."""
    before = {name: signal.signal(name, lambda *_: None) for name in _SIGNALS}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
