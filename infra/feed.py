"""Where a reader gets recorded facts from: embedded, the ledger itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from events import codec
from events.envelope import Envelope
from infra.ledger.port import Ledger, Row


class Feed(Protocol):
    """The recorded facts of one ledger, in order, for ever."""

    @property
    def ledger(self) -> str:
        """Return the name of the ledger."""
        ...

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return up to `limit` records after a position, in order, as they were stored."""
        ...

    def head(self) -> int:
        """Return the last position."""
        ...

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position."""
        ...


class LedgerFeed:
    """The feed that reads the ledger itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def ledger(self) -> str:
        """Return the name of the ledger."""
        return self._ledger.name

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return up to `limit` records after a position, in order."""
        return self._ledger.read(after, limit)

    def head(self) -> int:
        """Return the last position."""
        return self._ledger.head().position

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position."""
        return self._ledger.wait(after, timeout_seconds)


def opened(ledger: str, row: Row) -> Envelope:
    """Return a record as a reader receives it, its personal fields left out.

    Raises UnknownTypeError, NewerVersionError or UndecodableError.
    """
    fact = codec.decode(
        row.type, row.state, stream=row.stream, version=row.version, recorded=row.recorded
    )
    return Envelope(ledger, row.position, row.recorded, fact)
