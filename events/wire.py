"""A recorded fact as a topic carries it: CloudEvents 1.0, one JSON object a record.

`data` is the state as its ledger stored it, byte for byte, so a reader recomputes the chain
of digests from the topic alone. The other attributes that a fact brings are copies of what
stands in `data`, for consumers that do not open it; ours read `data`. Sealed fields are not
here, only the hash of their box.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from events.codec import UndecodableError

_SPECIFICATION = "1.0"
_CONTENT = "application/json"
_LAST = 2**63 - 1
_DIGEST_BYTES = 32


class Carried(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """The attributes of a record, in the order in which they are written.

    An attribute that is not set is absent. Attributes unknown here are ignored.
    """

    specversion: str
    id: str
    """`<source>/<position>`: a record that comes again is known by it."""
    source: str
    """The ledger: `<service>`, and `/<province>` after it where there are several."""
    type: str
    subject: UUID
    """The stream: a unit, a person, a candidacy, a class, a case, a target."""
    time: Annotated[datetime, Meta(tz=True)]
    """As `recorded`: what a CloudEvent tells of is that the ledger learned it."""
    datacontenttype: str
    dataschema: str
    """The schema of `data`, with the version of the type: `ketnap:<type>.v<version>`."""
    position: Annotated[int, Meta(ge=1, le=_LAST)]
    """Its place in the ledger, without gaps from 1."""
    version: Annotated[int, Meta(ge=1, le=_LAST)]
    """Its place in the stream."""
    recorded: Annotated[datetime, Meta(tz=True)]
    """The UTC microsecond at which the ledger learned it."""
    sealedhash: Annotated[bytes, Meta(min_length=_DIGEST_BYTES, max_length=_DIGEST_BYTES)]
    """The sha256 of the box of personal fields; of nothing, where there is none."""
    on: str | None = None
    """The civil day (UTC+07:00) it took effect in the world."""
    actor: str | None = None
    actingfor: str | None = None
    ruleset: str | None = None
    document: str | None = None
    causationid: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None
    data: msgspec.Raw
    """The public fields of the fact, as the schema of its type promises them."""


class _Copied(msgspec.Struct, gc=False):
    """What the attributes repeat of a state."""

    on: str | None = None
    actor: str | None = None
    acting_for: str | None = None
    rule_set: str | None = None
    document: str | None = None
    causation: str | None = None
    correlation: str | None = None
    class_version: int = 1


_copied = msgspec.json.Decoder(_Copied).decode
_carried = msgspec.json.Decoder(Carried).decode
_written = msgspec.json.Encoder().encode


def encode(  # noqa: PLR0913 - what a ledger's row holds
    source: str,
    *,
    position: int,
    stream: UUID,
    version: int,
    type_name: str,
    recorded: datetime,
    state: bytes,
    sealed_digest: bytes,
    trace: str | None = None,
) -> bytes:
    """Return a row of a ledger as the record of its topic. Raises UndecodableError."""
    try:
        copied = _copied(state)
    except msgspec.MsgspecError as error:
        raise UndecodableError(f"{source}/{position}: {error}") from None
    return _written(
        Carried(
            specversion=_SPECIFICATION,
            id=f"{source}/{position}",
            source=source,
            type=type_name,
            subject=stream,
            time=recorded,
            datacontenttype=_CONTENT,
            dataschema=schema_of(type_name, copied.class_version),
            position=position,
            version=version,
            recorded=recorded,
            sealedhash=sealed_digest,
            on=copied.on,
            actor=copied.actor,
            actingfor=copied.acting_for,
            ruleset=copied.rule_set,
            document=copied.document,
            causationid=copied.causation,
            correlationid=copied.correlation,
            traceparent=trace,
            data=msgspec.Raw(state),
        )
    )


def decode(record: bytes | None) -> Carried:
    """Return what a record carries. Raises UndecodableError for what no relay wrote.

    A record that is not written as ours are, byte for byte, may be a newer release's: it is
    read again, slowly, and refused if it says anything twice or a number that JSON has not.
    """
    if record is None:
        raise UndecodableError("an empty record")
    try:
        carried = _carried(record)
        if not record.isascii():
            record.decode()
        if _written(carried) != record:
            json.loads(record, object_pairs_hook=_each_once, parse_constant=_no_number)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UndecodableError(f"{type(error).__name__}: {error}") from None
    if carried.id != f"{carried.source}/{carried.position}":
        raise UndecodableError(f"{carried.id} is not {carried.source}/{carried.position}")
    return carried


@cache
def schema_of(type_name: str, class_version: int) -> str:
    """Return the name of the schema of a type's public fields, as `contracts/schemas` has it."""
    return f"ketnap:{type_name}.v{class_version}"


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member stands there twice")
    return members


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")
