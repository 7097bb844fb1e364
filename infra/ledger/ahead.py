"""What commands are about, read for many of them in few journeys before they are decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from infra.ledger.port import SealedEvent

Answered = tuple[bytes, tuple[int, ...]]
"""The fingerprint and the positions of a command that is recorded."""


@dataclass(frozen=True, slots=True)
class About:
    """What a command will ask its ledger for: the stream that it changes, and its own key."""

    stream: UUID
    key: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """Streams, whole, and commands by their keys, as they were when all were read.

    What is saved meanwhile is met when the command is: its version is taken, or its key.
    """

    streams: Mapping[UUID, Sequence[SealedEvent]] = field(default_factory=dict)
    commands: Mapping[str, Answered | None] = field(default_factory=dict)


NOTHING_READ = Ahead()
