"""What facts take and give back: for one save, and for a whole ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from events import codec
from events.envelope import Fact
from events.registry import TYPES, UnknownTypeError
from infra.ledger.port import ClaimTakenError, Ledger, Row
from infra.sealing import Keys

_ROWS_A_READ = 2000

Changes = tuple[list[tuple[str, UUID]], list[str]]
"""The claims that are taken, each with its stream, and those that are given back."""


def changes(facts: Iterable[Fact], holder: Callable[[str], UUID | None]) -> Changes:
    """Return what the facts of one save change, taken in their order.

    Only the stream that holds a claim gives it back: a stream that says its end again, to
    correct the day, leaves what was its own with the next holder. That may be read before
    the save, since nothing but that stream's own facts can make it the holder.
    Raises ClaimTakenError where a claim that is taken and given back belongs to another.
    """
    facts = tuple(facts)
    before = {claim: holder(claim) for fact in facts for claim in fact.releases()}
    after: dict[str, UUID | None] = dict(before)
    for fact in facts:
        stream = fact.originator_id
        for claim in fact.releases():
            if after[claim] == stream:
                after[claim] = None
        for claim in fact.takes():
            if claim in before and (other := after[claim]) not in {None, stream}:
                raise ClaimTakenError(claim, other)
            after[claim] = stream
    return (
        [(claim, now) for claim, now in after.items() if now and now != before.get(claim)],
        [claim for claim, then in before.items() if then and then != after[claim]],
    )


def rebuild_claims(
    ledger: Ledger, keys: Keys, types: Mapping[str, type[Fact]] = TYPES
) -> dict[str, UUID]:
    """Return, from nothing but the events, every claim with its holder."""
    claims: dict[str, UUID] = {}
    position = 0
    while rows := ledger.read(position, _ROWS_A_READ):
        position = rows[-1].position
        for row in rows:
            if row.type not in types:
                raise UnknownTypeError(row.type)
            fact = _fact(row, types[row.type], ledger, keys)
            for claim in fact.releases() if fact else ():
                if claims.get(claim) == row.stream:
                    del claims[claim]
            claims |= dict.fromkeys(fact.takes() if fact else (), row.stream)
    return claims


def _fact(row: Row, kind: type[Fact], ledger: Ledger, keys: Keys) -> Fact | None:
    if kind.takes is Fact.takes and kind.releases is Fact.releases:
        return None
    form = codec.form(kind)
    outside = {"originator_id": row.stream, "originator_version": row.version}
    fact = form.decode(row.state, None, outside)
    if not kind.sealed or (box := ledger.boxes(row.stream).get(row.version)) is None:
        return fact
    opened = keys.open(fact.subject, row.stream, row.version, box)
    return form.decode(row.state, opened, outside)
