"""One thread that hears of each commit, in whichever process it is made."""

from __future__ import annotations

import socket
from contextlib import suppress
from os import dup
from threading import Event, Lock, Thread

import psycopg
from psycopg import sql

from infra.ledger.growth import SWEEP_SECONDS, Growth
from infra.ledger.postgres.connections import Connect


class Listener:
    """Tells a growth what is notified on a channel, on a connection of its own."""

    def __init__(self, connect: Connect, channel: str, growth: Growth) -> None:
        self._connect = connect
        self._listen = sql.SQL("listen {}").format(sql.Identifier(channel))
        self._growth = growth
        self._state = Lock()
        self._thread: Thread | None = None
        self._heard: psycopg.Connection | None = None
        self._closed = Event()

    def start(self) -> None:
        """Listen from now on, if that has not begun."""
        with self._state:
            if self._thread is None and not self._closed.is_set():
                self._thread = Thread(target=self._run, daemon=True, name="ledger listener")
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            # Until it is back, who waits finds what is new by the sweep.
            with suppress(psycopg.Error), self._connect() as database:
                with self._state:
                    self._heard = database
                try:
                    self._hear(database)
                finally:
                    with self._state:
                        self._heard = None
            self._closed.wait(SWEEP_SECONDS)

    def _hear(self, database: psycopg.Connection) -> None:
        database.execute(self._listen)
        # What came before is told by nobody.
        [(position,)] = database.execute("select max(position) from head").fetchall()
        self._growth.to(position)
        while not self._closed.is_set():
            for notification in database.notifies(timeout=SWEEP_SECONDS):
                self._growth.to(int(notification.payload))

    def close(self) -> None:
        """Stop listening, and wait until the thread has ended."""
        self._closed.set()
        with self._state:
            if self._heard is not None:  # it sleeps on the socket, and this is what wakes it
                with (
                    suppress(OSError, psycopg.Error),
                    socket.socket(fileno=dup(self._heard.fileno())) as ear,
                ):
                    ear.shutdown(socket.SHUT_RDWR)
            thread = self._thread
        if thread is not None:
            thread.join()
