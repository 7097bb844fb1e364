"""What a ledger is, whatever database holds it. Every adapter passes `tests/ports`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, IntegrityError, StoredEvent

EMPTY_DIGEST = bytes(32)
"""The digest before the first event."""


@dataclass(frozen=True)
class SealedEvent(StoredEvent):
    """A stored event whose personal fields lie encrypted beside its state."""

    sealed: bytes | None = None
    """The box of personal fields; read by no feed."""
    trace: str | None = None
    """The W3C trace context of the command; outside the chain."""


@dataclass(frozen=True, slots=True)
class Row:
    """An event as the ledger holds it, without its box."""

    position: int
    stream: UUID
    version: int
    type: str
    recorded: datetime
    state: bytes
    sealed_digest: bytes
    digest: bytes
    trace: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last position of a ledger, its chain digest and the moment it was recorded."""

    position: int
    digest: bytes
    recorded: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """What one command commits: all of it or nothing."""

    events: Sequence[SealedEvent] = ()
    takes: Sequence[tuple[str, UUID]] = ()
    """Claims taken, each with the stream that takes it."""
    releases: Sequence[str] = ()
    """Claims given back, before any is taken: one save may hand a claim over."""
    command: tuple[str, bytes] | None = None
    """The key of the command and the fingerprint of its body."""
    reader: tuple[str, int, int] | None = None
    """A reader's name, the position it was at and the one it moves to."""
    not_before: datetime | None = None
    """The `recorded` of the cause: ours is never earlier."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The answer to a save: its positions, or why it was refused."""

    positions: tuple[int, ...] = ()
    refusal: IntegrityError | None = None


class VersionTakenError(IntegrityError):
    """Somebody else recorded that version of the stream first."""


class ClaimTakenError(IntegrityError):
    """Another stream holds the claim."""

    def __init__(self, key: str, holder: UUID | None) -> None:
        super().__init__(f"claim {key} is held by {holder}")
        self.key = key
        self.holder = holder


class CommandRepeatedError(IntegrityError):
    """A command with that key is recorded already, perhaps with another body."""

    def __init__(self, key: str, fingerprint: bytes, positions: tuple[int, ...]) -> None:
        super().__init__(f"command {key} is recorded already")
        self.key = key
        self.fingerprint = fingerprint
        self.positions = positions


class ReaderMovedError(IntegrityError):
    """The reader is no longer where the save says it was."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a recomputation of the chain found."""

    positions: int
    """How many positions were read."""
    wrong: int | None = None
    """The first position that is not what the chain says, or None."""
    reason: str = ""
    problems: tuple[str, ...] = field(default=())


def link(  # noqa: PLR0913, PLR0917 - the fields of the chained body, in their order
    previous: bytes,
    position: int,
    recorded_us: int,
    stream: UUID,
    version: int,
    kind: str,
    state: bytes,
    sealed_digest: bytes,
) -> bytes:
    """Return the digest of an event: sha256(previous || body).

    The body is position, recorded (microseconds since 1970, UTC) and version as 8 bytes
    big-endian and the stream's 16 bytes, in the order position, recorded, stream, version;
    then the type with its length as 4 bytes before it; then sha256(state) and sha256(sealed),
    where an absent box is an empty one.
    """
    name = kind.encode()
    return sha256(
        previous
        + position.to_bytes(8, "big")
        + recorded_us.to_bytes(8, "big")
        + stream.bytes
        + version.to_bytes(8, "big")
        + len(name).to_bytes(4, "big")
        + name
        + sha256(state).digest()
        + sealed_digest,
    ).digest()


class Ledger(ApplicationRecorder):
    """One totally ordered, gap-free, chained log of events with the claims they hold."""

    name: str

    @abstractmethod
    def append(self, saves: Sequence[Save]) -> list[Saved]:
        """Commit saves together, in order; a conflict refuses only its own save.

        `recorded` is max(now, the ledger's last, the save's `not_before`). Blocks until the
        commit is durable. Raises LedgerClosedError when the ledger is closed, and the library's
        OperationalError when nothing was written and the ledger goes on.
        """

    @abstractmethod
    def read(self, after: int, limit: int) -> list[Row]:
        """Return up to `limit` events after a position, in order."""

    @abstractmethod
    def boxes(self, stream: UUID) -> dict[int, bytes | None]:
        """Return the sealed boxes of a stream by version."""

    @abstractmethod
    def head(self) -> Head:
        """Return where the ledger stands; position 0 when it is empty."""

    @abstractmethod
    def holder(self, claim: str) -> UUID | None:
        """Return the stream that holds a claim."""

    @abstractmethod
    def claims(self) -> Iterator[tuple[str, UUID]]:
        """Return every live claim with its holder, sorted by key."""

    @abstractmethod
    def command(self, key: str) -> tuple[bytes, tuple[int, ...]] | None:
        """Return the fingerprint and the positions of a recorded command."""

    @abstractmethod
    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[SealedEvent]]:
        """Return whole streams in one journey; one without events is left out."""

    @abstractmethod
    def commands(self, keys: Collection[str]) -> dict[str, tuple[bytes, tuple[int, ...]]]:
        """Return what `command` does for each key, in one journey; one not recorded is left out."""

    @abstractmethod
    def reader(self, name: str) -> int:
        """Return the position of a reader that moves with this ledger's saves; 0 if new."""

    @abstractmethod
    def types(self) -> list[str]:
        """Return every type that was ever recorded, so that a start can refuse unknown ones."""

    @abstractmethod
    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Wait until there is an event after a position; woken in process, swept every 0.5 s."""

    @abstractmethod
    def tell(self, grown: Callable[[], None]) -> None:
        """Have something called after each commit of this process, by the thread that made it."""

    @abstractmethod
    def verify(self, progress: Callable[[int], None] = lambda _: None) -> Verdict:
        """Recompute the chain from the first event and name the first wrong position."""

    @abstractmethod
    def close(self) -> None:
        """Finish what is under way; every save that still waits fails with LedgerClosedError."""


class LedgerClosedError(ConnectionError):
    """The ledger is closed or its loop has ended; what became of a waiting save is unknown."""


class OutcomeUnknownError(LedgerClosedError):
    """The database went away while a save was under way; the ledger goes on when it is back."""
