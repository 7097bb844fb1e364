"""What a feed is, wherever the facts come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from events import codec, wire
from events.codec import UndecodableError
from events.envelope import Envelope
from infra.ledger.port import Row


class FeedAwayError(ConnectionError):
    """What carries the facts is busy or gone, and comes back: to ask again is right."""


class Unreadable(Exception):
    """The record that comes next cannot be read, or is not there though later ones are."""

    def __init__(self, position: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.type = kind
        """The type of the fact, or nothing where that cannot be read either."""
        self.reason = reason


class Feed(Protocol):
    """The recorded facts of one ledger, in order, for ever. Each reader has its own."""

    @property
    def ledger(self) -> str:
        """Return the name of the ledger."""
        ...

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return up to `limit` records after a position, in order, as they were stored.

        Raises Unreadable where the very next one cannot be had, and FeedAwayError.
        """
        ...

    def head(self) -> int:
        """Return the last position. Raises FeedAwayError."""
        ...

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is a record after a position. Raises FeedAwayError."""
        ...


@runtime_checkable
class Parking(Protocol):
    """A feed that has a place of its own for what its readers cannot take."""

    def park(self, reader: str, position: int, kind: str, reason: str) -> None:
        """Put on record that a reader stands before a position, once. Raises FeedAwayError."""
        ...


def carried(ledger: str, record: bytes | None) -> Row:
    """Return the row of a ledger that a record of its topic carries. Raises UndecodableError.

    Its digest is empty: the chain is recomputed by who asks for it, not by every reader.
    """
    found = wire.decode(record)
    if found.source != ledger:
        raise UndecodableError(f"a record of {found.source}")
    return Row(
        found.position,
        found.subject,
        found.version,
        found.type,
        found.recorded,
        bytes(found.data),
        found.sealedhash,
        b"",
        found.traceparent,
    )


def opened(ledger: str, row: Row) -> Envelope:
    """Return a record as a reader receives it, its personal fields left out.

    Raises UnknownTypeError, NewerVersionError or UndecodableError.
    """
    fact = codec.decode(
        row.type, row.state, stream=row.stream, version=row.version, recorded=row.recorded
    )
    return Envelope(ledger, row.position, row.recorded, fact, row.trace)
