"""A wire to Postgres that is cut where a test says, as if a switch between the two had failed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

READY = b"Z\x00\x00\x00\x05I"
"""What the server ends an answer with, once what it did is committed."""


class Wire:
    """Carries every byte between clients and a server on another port of this host."""

    def __init__(self, dsn: str) -> None:
        said = conninfo_to_dict(dsn)
        self._server = (str(said["host"]), int(str(said["port"])))
        self._entrance = socket.create_server(("127.0.0.1", 0))
        self.dsn = make_conninfo(dsn, host="127.0.0.1", port=self._entrance.getsockname()[1])
        self._state = Lock()
        self._ends: list[socket.socket] = []
        self._lose_request = self._lose_answer = self._down = False
        self.cuts = 0
        self.lost = Event()
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def lose_the_next_request(self) -> None:
        """Cut everything instead of carrying what a client says next."""
        self.lost.clear()
        self._lose_request = True

    def lose_the_next_answer(self, *, and_stay_down: bool = False) -> None:
        """Carry the next request, and cut everything when its whole answer has come."""
        self.lost.clear()
        self._down_after = and_stay_down
        self._lose_answer = True

    def cut(self, *, and_stay_down: bool = False) -> None:
        """Cut every connection; new ones are carried, unless it is to stay down."""
        with self._state:
            self._down = and_stay_down
            self._lose_request = self._lose_answer = False
            for end in self._ends:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._ends.clear()
        self.cuts += 1
        self.lost.set()

    def mend(self) -> None:
        """Carry new connections again."""
        self._down = False

    def close(self) -> None:
        with suppress(OSError):
            self._entrance.shutdown(socket.SHUT_RDWR)
        self._entrance.close()
        self.cut(and_stay_down=True)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._entrance.accept()
                if self._down:
                    client.close()
                    continue
                try:
                    server = socket.create_connection(self._server)
                except OSError:  # the server is away, and may come back
                    client.close()
                    continue
                with self._state:
                    self._ends += [client, server]
                for carry, source, sink in (
                    (self._request, client, server),
                    (self._answer, server, client),
                ):
                    thread = Thread(target=self._carry, args=(carry, source, sink))
                    self._threads.append(thread)
                    thread.start()

    def _carry(
        self, through: Callable[[bytes], bytes], source: socket.socket, sink: socket.socket
    ) -> None:
        with suppress(OSError), source:
            try:
                while data := source.recv(1 << 16):
                    sink.sendall(through(data))
            finally:  # also where it was reset: else the other end would wait for ever
                sink.shutdown(socket.SHUT_RDWR)

    def _request(self, data: bytes) -> bytes:
        if not self._lose_request:
            return data
        self.cut()
        return b""

    def _answer(self, data: bytes) -> bytes:
        if not self._lose_answer:
            return data
        if data.endswith(READY):
            self.cut(and_stay_down=self._down_after)
        return b""


def waiting_for_a_lock(dsn: str) -> int:
    """Return how many connections to the database wait for another one's transaction."""
    with psycopg.connect(dsn, autocommit=True) as database:
        [(count,)] = database.execute(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        ).fetchall()
    return int(count)
