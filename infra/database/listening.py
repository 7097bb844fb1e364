"""Being woken by Postgres when somebody committed something."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread

import psycopg
from psycopg import sql

from infra.database.patient import PatientConnection

LOOK_SECONDS = 0.5
"""How often it is looked whether to stop, and how long until a lost server is tried again."""


def listen(dsn: str, channel: str, woken: Callable[[], None], stop: Event) -> Thread:
    """Call `woken` for what is told on a channel, in a thread of its own, until told to stop.

    It is called too whenever listening begins, also again: something may have been told
    meanwhile. So nothing is missed, and a call need not mean that something is new.
    """
    thread = Thread(
        target=_follow, args=(dsn, channel, woken, stop), name=f"listens {channel}", daemon=True
    )
    thread.start()
    return thread


def _follow(dsn: str, channel: str, woken: Callable[[], None], stop: Event) -> None:
    while not stop.is_set():
        try:
            _hear(dsn, channel, woken, stop)
        except psycopg.OperationalError:
            stop.wait(LOOK_SECONDS)


def _hear(dsn: str, channel: str, woken: Callable[[], None], stop: Event) -> None:
    with closing(PatientConnection.to(dsn, name=f"ketnap listens {channel}")) as connection:
        connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        woken()
        while not stop.is_set():
            # Many commits may have been told at once: one call is for all of them.
            if list(connection.notifies(timeout=LOOK_SECONDS, stop_after=1)):
                woken()
