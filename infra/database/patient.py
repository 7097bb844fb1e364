"""A connection that waits for an answer for so long, and no longer.

A server that is stopped, or whose disk hangs, goes on acknowledging what is sent to it: neither
keepalives nor a timeout that it keeps itself would notice.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.errors import _WaitTimeout

CONNECT_SECONDS = 5
ANSWER_SECONDS = 15.0
"""How long one statement may take where somebody waits for its answer."""
NOTICES_A_DEAD_PEER = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

RV = TypeVar("RV")


class NoAnswerError(psycopg.OperationalError):
    """The server has not answered in time; nobody knows what became of the statement."""


class PatientConnection(psycopg.Connection[tuple[Any, ...]]):
    """Closes itself where a statement is not answered in time, and raises NoAnswerError."""

    patience_seconds: float | None = ANSWER_SECONDS
    """None waits for ever."""

    @classmethod
    def to(cls, dsn: str, *, name: str, connect_seconds: int = CONNECT_SECONDS) -> Self:
        """Connect under a name, each statement committing itself. Raises OperationalError."""
        watched = make_conninfo(
            dsn,
            fallback_application_name=name,
            connect_timeout=connect_seconds,
            **NOTICES_A_DEAD_PEER,
        )
        return cls.connect(watched, autocommit=True)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for what the library does on the connection."""
        if timeout is not None:  # whoever gives it handles its end
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience_seconds)
        except _WaitTimeout:
            self.close()
            raise NoAnswerError(f"no answer within {self.patience_seconds:.0f} s") from None
