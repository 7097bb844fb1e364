"""When an event was recorded, and that what was recorded is still what it was."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from infra.ledger.port import EMPTY_DIGEST, Ledger, Save, link
from tests.ports.places import NOON, Hands, Place, chain_digest, happened, one

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
AN = UUID(int=1)
BINH = UUID(int=2)
CHI = UUID(int=3)


def test_recorded_never_goes_back_when_the_clock_does(place: Place) -> None:
    clock = Hands()
    ledger = place.open(clock)

    ledger.append([one(AN, 1)])
    clock.move(hours=-3)
    ledger.append([one(AN, 2)])
    clock.move(hours=3, microseconds=1)
    ledger.append([one(AN, 3)])

    microsecond = timedelta(microseconds=1)
    assert [row.recorded for row in ledger.read(0, 9)] == [NOON, NOON, NOON + microsecond]
    assert ledger.head().recorded == NOON + microsecond


def test_recorded_is_never_earlier_than_that_of_the_cause(place: Place) -> None:
    ledger = place.open(Hands())
    cause = NOON + timedelta(seconds=5)

    ledger.append([one(AN, 1), one(AN, 2, not_before=cause), one(AN, 3), one(AN, 4)])

    assert [row.recorded for row in ledger.read(0, 9)] == [NOON, cause, cause, cause]


def test_recorded_goes_on_from_the_last_after_a_restart(place: Place) -> None:
    ledger = place.open(Hands())
    ledger.append([one(AN, 1, not_before=NOON + timedelta(days=1))])
    ledger.close()

    again = place.open(Hands())
    again.append([one(AN, 2)])

    assert again.head().recorded == NOON + timedelta(days=1)


def filled(place: Place) -> Ledger:
    clock = Hands()
    ledger = place.open(clock)
    for version in range(1, 5):
        ledger.append([Save(events=[happened(AN, version, sealed=b"box", state=b"%d" % version)])])
        ledger.append([Save(events=[happened(BINH, version, kind="t.B")])])
        clock.move(seconds=1)
    assert ledger.verify().wrong is None
    return ledger


def test_the_chain_is_the_one_of_the_design(place: Place) -> None:
    ledger = filled(place)

    assert chain_digest(ledger) == ledger.head().digest == ledger.read(7, 1)[0].digest


def test_a_whole_chain_is_verified_with_its_progress(ledger: Ledger) -> None:
    ledger.append([Save(events=[happened(uuid5(AN, str(n)), 1) for n in range(2500)])])
    told: list[int] = []

    verdict = ledger.verify(told.append)

    assert (verdict.positions, verdict.wrong) == (2500, None)
    assert told == [1000, 2000, 2500]


def test_an_empty_ledger_is_whole(ledger: Ledger) -> None:
    assert ledger.verify().wrong is None


@pytest.mark.parametrize(
    "change",
    [
        {"state": b"4"},
        {"sealed": b"bow"},
        {"sealed": None},
        {"type": "t.a"},
        {"recorded": 1},
        {"recorded": -1},
        {"stream": CHI.bytes},
        {"stream": b"short"},
        {"version": 9},
        {"version": -1},
        {"digest": bytes(32)},
        {"position": 500},
    ],
    ids=lambda change: "-".join(f"{name}={value!r}" for name, value in change.items()),
)
def test_a_changed_event_is_named(place: Place, change: dict[str, Any]) -> None:
    ledger = filled(place)

    place.change(5, **change)

    assert ledger.verify().wrong == 5


@pytest.mark.parametrize("position", [1, 5, 8])
def test_a_removed_event_is_named(place: Place, position: int) -> None:
    ledger = filled(place)

    place.remove(position)

    assert ledger.verify().wrong == position


def test_two_swapped_events_are_named_by_the_first(place: Place) -> None:
    ledger = filled(place)

    place.change(3, position=900)
    place.change(6, position=3)
    place.change(900, position=6)

    assert ledger.verify().wrong == 3


def forge(place: Place, ledger: Ledger) -> None:
    """Chain anew what now stands there, as somebody would who may write everything."""
    digest = EMPTY_DIGEST
    for row in ledger.read(0, 10):
        recorded = (row.recorded - EPOCH) // timedelta(microseconds=1)
        body = (row.position, recorded, row.stream, row.version, row.type, row.state)
        digest = link(digest, *body, row.sealed_digest)
        place.change(row.position, digest=digest)
        place.change_head(position=row.position, digest=digest, recorded=recorded)


def test_a_chain_made_anew_cannot_skip_a_position(place: Place) -> None:
    ledger = filled(place)

    place.remove(5)
    forge(place, ledger)

    assert ledger.verify().wrong == 5


def test_a_chain_made_anew_cannot_go_back_in_time(place: Place) -> None:
    ledger = filled(place)

    place.change(5, recorded=1)
    forge(place, ledger)

    assert ledger.verify().wrong == 5


def test_an_event_that_hides_beyond_the_head_is_named(place: Place) -> None:
    ledger = filled(place)
    seven = ledger.read(6, 1)[0]

    place.change_head(position=7, digest=seven.digest)

    assert ledger.verify().wrong == 8


@pytest.mark.parametrize("change", [{"digest": bytes(32)}, {"recorded": 1}])
def test_a_changed_head_is_named_by_the_last_event(place: Place, change: dict[str, Any]) -> None:
    ledger = filled(place)

    place.change_head(**change)

    assert ledger.verify().wrong == 8


def test_a_trace_is_outside_the_chain(place: Place) -> None:
    ledger = filled(place)

    place.change(5, trace="00-another-01")

    assert ledger.verify().wrong is None
