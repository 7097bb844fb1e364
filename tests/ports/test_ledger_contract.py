"""What every ledger promises, whatever database holds it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.persistence import (
    Notification,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)

from infra.ledger.port import (
    EMPTY_DIGEST,
    ClaimTakenError,
    CommandRepeatedError,
    Head,
    Ledger,
    ReaderMovedError,
    Save,
    SealedEvent,
    VersionTakenError,
)
from tests.ports.places import happened, one, refusal_of

AN = UUID(int=1)
BINH = UUID(int=2)
CHI = UUID(int=3)


# Order


def test_an_empty_ledger_stands_at_position_zero(ledger: Ledger) -> None:
    assert ledger.head() == Head(0, EMPTY_DIGEST, datetime(1970, 1, 1, tzinfo=UTC))
    assert ledger.max_notification_id() is None
    assert ledger.read(0, 10) == []


def test_positions_follow_the_order_of_the_saves_without_a_gap(ledger: Ledger) -> None:
    first = ledger.append([one(AN, 1), Save(events=[happened(AN, 2), happened(BINH, 1)])])
    second = ledger.append([one(BINH, 2)])

    assert [saved.positions for saved in first + second] == [(1,), (2, 3), (4,)]
    assert [(row.position, row.stream, row.version) for row in ledger.read(0, 10)] == [
        (1, AN, 1),
        (2, AN, 2),
        (3, BINH, 1),
        (4, BINH, 2),
    ]


def test_a_refused_save_leaves_no_gap(ledger: Ledger) -> None:
    ledger.append([one(AN, 1)])
    ledger.append([one(AN, 1), one(AN, 2)])

    assert [row.position for row in ledger.read(0, 10)] == [1, 2]


def test_a_reader_reads_on_from_a_position_up_to_a_limit(ledger: Ledger) -> None:
    ledger.append([one(AN, version) for version in range(1, 6)])

    assert [row.position for row in ledger.read(1, 3)] == [2, 3, 4]
    assert ledger.read(5, 3) == []


def test_an_event_comes_back_as_it_went_in(ledger: Ledger) -> None:
    event = SealedEvent(AN, 1, "dossiers.Đã", b'{"on":"2022-08-26"}', b"\x00box", "00-trace-01")
    ledger.append([Save(events=[event])])

    [row] = ledger.read(0, 1)
    assert (row.type, row.state, row.trace) == (event.topic, event.state, event.trace)
    assert ledger.select_events(AN) == [event]
    assert ledger.boxes(AN) == {1: b"\x00box"}


def test_a_stream_is_read_between_versions_in_either_order(ledger: Ledger) -> None:
    ledger.append([one(AN, version) for version in range(1, 6)])

    def versions(events: Sequence[StoredEvent]) -> list[int]:
        return [event.originator_version for event in events]

    assert versions(ledger.select_events(AN)) == [1, 2, 3, 4, 5]
    assert versions(ledger.select_events(AN, gt=1, lte=4)) == [2, 3, 4]
    assert versions(ledger.select_events(AN, desc=True, limit=2)) == [5, 4]
    assert versions(ledger.select_events(AN, lte=0)) == []


def test_streams_are_found_together_each_whole_and_in_order(ledger: Ledger) -> None:
    ledger.append([one(AN, 1), one(BINH, 1), one(CHI, 1), one(AN, 2)])

    found = ledger.streams([BINH, AN, UUID(int=4)])

    assert found == {each: ledger.select_events(each) for each in (AN, BINH)}
    assert [event.originator_version for event in found[AN]] == [1, 2]
    assert ledger.streams([]) == {}


def test_notifications_are_the_events_in_order_perhaps_of_some_types_only(ledger: Ledger) -> None:
    ledger.append(
        [Save(events=[happened(AN, 1, kind="t.A"), happened(AN, 2, kind="t.B"), happened(BINH, 1)])]
    )

    def ids(notifications: Sequence[Notification]) -> list[int]:
        return [notification.id for notification in notifications]

    select = ledger.select_notifications
    assert ids(select(None, 10)) == ids(select(1, 10)) == [1, 2, 3]
    assert ids(select(1, 10, inclusive_of_start=False)) == [2, 3]
    assert ids(select(1, 10, 2)) == [1, 2]
    assert ids(select(1, 10, topics=["t.B"])) == [2]
    assert ids(select(1, 2)) == [1, 2]
    assert ledger.max_notification_id() == 3


# Conflicts


def test_a_taken_version_refuses_only_its_own_save(ledger: Ledger) -> None:
    ledger.append([one(AN, 1)])

    before, taken, after = ledger.append([one(BINH, 1), one(AN, 1), one(CHI, 1)])

    assert isinstance(taken.refusal, VersionTakenError)
    assert (before.positions, taken.positions, after.positions) == ((2,), (), (3,))


def test_of_two_saves_of_one_call_the_first_has_the_version(ledger: Ledger) -> None:
    first, second = ledger.append([one(AN, 1), one(AN, 1)])

    assert first.refusal is None
    assert isinstance(second.refusal, VersionTakenError)


def test_a_save_that_conflicts_with_itself_is_refused(ledger: Ledger) -> None:
    twice = Save(events=[happened(AN, 1), happened(AN, 1)])

    assert isinstance(refusal_of(ledger, twice), VersionTakenError)


def test_nothing_of_a_refused_save_is_kept(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, takes=[("code/1", AN)])])

    refused = Save(
        events=[happened(BINH, 1), happened(AN, 1)],
        takes=[("code/2", BINH)],
        releases=["code/1"],
        command=("k", b"body"),
        reader=("policy", 0, 9),
    )

    assert isinstance(refusal_of(ledger, refused), VersionTakenError)
    assert ledger.head().position == 1
    assert ledger.select_events(BINH) == []
    assert list(ledger.claims()) == [("code/1", AN)]
    assert ledger.command("k") is None
    assert ledger.reader("policy") == 0


def test_what_no_ledger_can_hold_is_refused_before_it_is_tried(ledger: Ledger) -> None:
    for event in (happened(AN, 0), happened(AN, 1 << 63), SealedEvent("an", 1, "t.A", b"{}")):
        with pytest.raises(ProgrammingError):
            ledger.append([Save(events=[event])])

    assert ledger.append([one(AN, 1)])[0].positions == (1,)


def test_a_save_that_cannot_be_written_leaves_the_ledger_open(ledger: Ledger) -> None:
    unwritable: Any = "a text, where bytes must be"
    with pytest.raises(OperationalError, match="nothing was written"):
        ledger.append([one(BINH, 1), Save(events=[happened(AN, 1, state=unwritable)])])

    assert ledger.append([one(AN, 1)])[0].positions == (1,)


# Claims


def test_a_claim_is_held_by_the_stream_that_took_it(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, takes=[("person/1", AN), ("code/7", AN)])])

    assert ledger.holder("person/1") == AN
    assert ledger.holder("person/2") is None
    assert list(ledger.claims()) == [("code/7", AN), ("person/1", AN)]


def test_a_claim_of_another_refuses_the_save_and_names_the_holder(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, takes=[("person/1", AN)])])

    refusal = refusal_of(ledger, one(BINH, 1, takes=[("free", BINH), ("person/1", BINH)]))

    assert isinstance(refusal, ClaimTakenError)
    assert (refusal.key, refusal.holder) == ("person/1", AN)
    assert ledger.holder("free") is None


def test_of_two_saves_of_one_call_the_first_has_the_claim(ledger: Ledger) -> None:
    first, second = ledger.append(
        [one(AN, 1, takes=[("person/1", AN)]), one(BINH, 1, takes=[("person/1", BINH)])]
    )

    assert first.refusal is None
    assert isinstance(second.refusal, ClaimTakenError)
    assert ledger.holder("person/1") == AN


def test_two_streams_of_one_save_cannot_take_the_same_claim(ledger: Ledger) -> None:
    both = Save(
        events=[happened(AN, 1), happened(BINH, 1)], takes=[("person/1", AN), ("person/1", BINH)]
    )

    assert isinstance(refusal_of(ledger, both), ClaimTakenError)


def test_a_stream_may_take_what_it_holds(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, takes=[("person/1", AN)])])

    assert refusal_of(ledger, one(AN, 2, takes=[("person/1", AN)])) is None
    assert ledger.holder("person/1") == AN


def test_a_released_claim_can_be_taken_even_in_the_same_call(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, takes=[("person/1", AN)])])

    released, taken = ledger.append(
        [one(AN, 2, releases=["person/1"]), one(BINH, 1, takes=[("person/1", BINH)])]
    )

    assert released.refusal is taken.refusal is None
    assert ledger.holder("person/1") == BINH


def test_one_save_hands_a_claim_over_since_releases_come_first(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, takes=[("code/1", AN)])])

    hand_over = one(BINH, 1, releases=["code/1"], takes=[("code/1", BINH)])

    assert refusal_of(ledger, hand_over) is None
    assert ledger.holder("code/1") == BINH


# Commands and readers


def test_a_command_is_kept_with_its_positions(ledger: Ledger) -> None:
    ledger.append([one(AN, 1)])
    ledger.append([Save(events=[happened(AN, 2), happened(AN, 3)], command=("key", b"body"))])

    assert ledger.command("key") == (b"body", (2, 3))
    assert ledger.command("other") is None


def test_commands_are_found_together_and_one_that_is_not_recorded_is_left_out(
    ledger: Ledger,
) -> None:
    ledger.append([one(AN, 1, command=("first", b"body"))])
    ledger.append([Save(events=[happened(AN, 2), happened(AN, 3)], command=("second", b"else"))])

    assert ledger.commands(["first", "second", "never"]) == {
        "first": (b"body", (1,)),
        "second": (b"else", (2, 3)),
    }
    assert ledger.commands([]) == {}


def test_a_repeated_command_is_refused_with_what_it_did_the_first_time(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, command=("key", b"body"))])

    repeated = refusal_of(ledger, one(AN, 1, command=("key", b"another body")))

    assert isinstance(repeated, CommandRepeatedError)
    assert (repeated.key, repeated.fingerprint, repeated.positions) == ("key", b"body", (1,))
    assert ledger.head().position == 1


def test_a_command_repeated_within_one_call_is_done_once(ledger: Ledger) -> None:
    first, second = ledger.append(
        [one(AN, 1, command=("key", b"body")), one(AN, 2, command=("key", b"body"))]
    )

    assert first.positions == (1,)
    assert isinstance(second.refusal, CommandRepeatedError)
    assert second.refusal.positions == (1,)


def test_a_refused_command_is_not_kept(ledger: Ledger) -> None:
    ledger.append([one(AN, 1)])
    assert refusal_of(ledger, one(AN, 1, command=("key", b"body"))) is not None

    assert refusal_of(ledger, one(AN, 2, command=("key", b"body"))) is None


def test_a_save_without_events_keeps_claims_command_and_reader(ledger: Ledger) -> None:
    ledger.append([one(AN, 1)])

    [saved] = ledger.append(
        [Save(takes=[("seat/1", AN)], command=("key", b"body"), reader=("policy", 0, 4))]
    )

    assert saved.refusal is None
    assert saved.positions == ()
    assert ledger.head().position == 1
    assert ledger.holder("seat/1") == AN
    assert ledger.command("key") == (b"body", ())
    assert ledger.reader("policy") == 4


def test_a_reader_moves_with_the_save_from_where_it_was(ledger: Ledger) -> None:
    ledger.append([one(AN, 1, reader=("policy", 0, 3))])
    assert ledger.reader("policy") == 3

    moved = refusal_of(ledger, one(AN, 2, reader=("policy", 0, 3)))

    assert isinstance(moved, ReaderMovedError)
    assert ledger.head().position == 1
    assert refusal_of(ledger, one(AN, 2, reader=("policy", 3, 4))) is None
    assert ledger.reader("policy") == 4


def test_of_two_saves_of_one_call_one_moves_the_reader(ledger: Ledger) -> None:
    first, second = ledger.append(
        [one(AN, 1, reader=("policy", 0, 1)), one(BINH, 1, reader=("policy", 0, 1))]
    )

    assert first.refusal is None
    assert isinstance(second.refusal, ReaderMovedError)


# The library's way in


def test_the_library_saves_with_the_keywords_of_a_save(ledger: Ledger) -> None:
    plain = StoredEvent(AN, 1, "t.A", b"{}")

    positions = ledger.insert_events(
        [plain], tracking=None, takes=[("person/1", AN)], command=("key", b"body")
    )

    assert positions is not None
    assert list(positions) == [1]
    assert ledger.holder("person/1") == AN
    assert ledger.command("key") == (b"body", (1,))
    with pytest.raises(VersionTakenError):
        ledger.insert_events([plain])


def test_the_library_saves_a_sealed_event_with_its_box(ledger: Ledger) -> None:
    ledger.insert_events([happened(AN, 1, sealed=b"box")])

    assert ledger.boxes(AN) == {1: b"box"}


def test_the_library_saves_nothing_when_there_is_nothing(ledger: Ledger) -> None:
    assert list(ledger.insert_events([]) or ()) == []
    assert ledger.append([]) == []
    assert ledger.head().position == 0


def test_every_type_that_was_recorded_is_known(ledger: Ledger) -> None:
    ledger.append([Save(events=[happened(AN, 1, kind="t.B"), happened(AN, 2, kind="t.A")])])
    ledger.append([one(AN, 2), one(AN, 3)])

    assert ledger.types() == ["t.A", "t.B"]


def test_the_library_does_not_subscribe(ledger: Ledger) -> None:
    with pytest.raises(NotSupportedError):
        ledger.subscribe()
