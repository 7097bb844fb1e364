"""How a ledger's values look in a database, whichever it is: moments, streams, boxes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
END = (1 << 63) - 1
NO_BOX = sha256(b"").digest()


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def sealed_digest(sealed: bytes | None) -> bytes:
    return NO_BOX if sealed is None else sha256(sealed).digest()


def stream_of(originator_id: UUID | str) -> bytes:
    stream = originator_id if isinstance(originator_id, UUID) else UUID(originator_id)
    return stream.bytes
