"""`ketnap reader resume`: a reader that stands still is told to go on, and that is on record."""

from __future__ import annotations

from contextlib import closing
from datetime import date

from uuid_utils.compat import uuid7

from events.envelope import By
from events.refusal import Refusal
from infra.ledger.port import Save
from infra.runner import Parked, Standstills, State, open_view, skip
from services.installation import LAYOUTS, Installation
from services.reporting.application import RecordResumption
from services.reporting.domain import Resumed


class UnknownReader(Refusal):
    """No reader bears that name."""


class ReaderGoesOn(Refusal):
    """The reader does not stand still."""


class StandsElsewhere(Refusal):
    """The reader stands still before another record than the one to be skipped."""


def resume(  # noqa: PLR0913 - what is said of it
    ketnap: Installation,
    name: str,
    on: date,
    by: By,
    *,
    skipping: int | None = None,
    reason: str | None = None,
) -> Parked:
    """Have a reader try its record again, or skip it; return the record. Raises Refusal.

    The reader goes on where it runs: it looks before it does anything.
    """
    state = _state(ketnap, name)
    parked = state.parked
    if parked is None:
        raise ReaderGoesOn(reader=name)
    if skipping is not None and skipping != parked.position:
        raise StandsElsewhere(reader=name, position=str(parked.position))
    resumed = Resumed(
        reader=name,
        at=parked.position,
        record=parked.type,
        skipped=skipping is not None,
        reason=reason,
    )
    ketnap.reporting.perform(RecordResumption(stream=uuid7(), on=on, resumed=resumed, by=by))
    service = name.partition(".")[0]
    layout = LAYOUTS[service]
    with closing(open_view(ketnap.place(service), layout.schema, layout.stamp)) as db:
        if skipping is None:
            Standstills(db).lift(name)
        elif name in ketnap.reactors:
            _skip_reaction(ketnap, name, service, skipping)
            Standstills(db).lift(name)
        else:
            skip(db, name, skipping)
    return parked


def _state(ketnap: Installation, name: str) -> State:
    for state in ketnap.states():
        if state.reader == name:
            return state
    raise UnknownReader(reader=name, known=tuple(state.reader for state in ketnap.states()))


def _skip_reaction(ketnap: Installation, name: str, service: str, position: int) -> None:
    ledger = ketnap.ledgers[service]
    [saved] = ledger.append([Save(reader=(name, ledger.reader(name), position))])
    if saved.refusal is not None:
        raise saved.refusal
