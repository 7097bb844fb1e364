"""The chain of a ledger, recomputed from what its database holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from uuid import UUID

from infra.ledger.port import EMPTY_DIGEST, Verdict, link

EVENTS_PER_STEP = 1000

Chained = tuple[int, int, bytes, int, bytes, bytes, bytes | None, bytes]
"""Position, recorded in microseconds, stream, version, type, state, sealed, digest."""
UNREADABLE: Chained = (0, 0, b"", 0, b"", b"", None, b"")


def recompute(
    head: tuple[int, bytes, int], rows: Iterable[Chained], progress: Callable[[int], None]
) -> Verdict:
    """Compare every event with the chain, and the last with the head; name the first wrong.

    The head is position, digest and recorded in microseconds. `progress` is told how many
    positions have been read.
    """
    last, digest, recorded = 0, EMPTY_DIGEST, 0
    for row in rows:
        expected = _digest(digest, row)
        reason = ""
        if row[0] != last + 1:
            reason = "the event is missing or cannot be read"
        elif row[0] > head[0]:
            reason = "the event lies beyond the head"
        elif expected is None or expected != row[7]:
            reason = "the event is not the one that was chained"
        elif row[1] < recorded:
            reason = "the event was recorded before the one that it follows"
        if expected is None or reason:
            return Verdict(last, last + 1, reason)
        last, digest, recorded = row[0], expected, row[1]
        if last % EVENTS_PER_STEP == 0:
            progress(last)
    progress(last)
    if last != head[0]:
        return Verdict(last, last + 1, "the event is missing")
    if (digest, recorded) != head[1:]:
        return Verdict(last, last, "the head is not that of the last event")
    return Verdict(last)


def _digest(previous: bytes, row: Chained) -> bytes | None:
    position, recorded, stream, version, kind, state, sealed, _ = row
    try:
        return link(
            previous,
            position,
            recorded,
            UUID(bytes=stream),
            version,
            kind.decode(),
            state,
            sha256(sealed or b"").digest(),
        )
    except (ValueError, OverflowError):  # no event can look like that
        return None
