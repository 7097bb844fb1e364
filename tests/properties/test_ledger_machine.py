"""Whatever is saved, refused, released and reopened, a ledger is what a plain dict says it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from infra.ledger.port import (
    ClaimTakenError,
    CommandRepeatedError,
    ReaderMovedError,
    Save,
    VersionTakenError,
)
from tests.ports.places import Hands, Place, PostgresSchema, SqliteFile, chain_digest, happened

STREAMS = [UUID(int=number) for number in range(1, 4)]
CLAIMS = ["code/1", "code/2", "seat/1"]
KEYS = ["key/1", "key/2", "key/3", "key/4"]


@dataclass(frozen=True)
class Wish:
    """A save before it is known which versions are the next ones."""

    streams: list[UUID]
    stale: bool
    """It repeats the last version of its first stream instead of the next one."""
    takes: list[tuple[str, UUID]]
    releases: list[str]
    command: tuple[str, bytes] | None
    reader_step: int | None
    lost_reader: bool
    cause_seconds: int | None


WISHES = st.builds(
    Wish,
    streams=st.lists(st.sampled_from(STREAMS), max_size=3),
    stale=st.sampled_from([False, False, False, True]),
    takes=st.lists(st.tuples(st.sampled_from(CLAIMS), st.sampled_from(STREAMS)), max_size=2),
    releases=st.lists(st.sampled_from(CLAIMS), max_size=1),
    command=st.none() | st.tuples(st.sampled_from(KEYS), st.sampled_from([b"a", b"b"])),
    reader_step=st.none() | st.integers(1, 3),
    lost_reader=st.sampled_from([False, False, True]),
    cause_seconds=st.none() | st.integers(-5, 5),
)


@dataclass
class Model:
    """The ledger as plain Python."""

    events: list[tuple[UUID, int, datetime]] = field(default_factory=list)
    claims: dict[str, UUID] = field(default_factory=dict)
    commands: dict[str, tuple[bytes, tuple[int, ...]]] = field(default_factory=dict)
    reader: int = 0

    def last(self, stream: UUID) -> int:
        return sum(1 for owner, _, _ in self.events if owner == stream)

    def refusal(self, save: Save) -> type[IntegrityError] | None:
        if save.command and save.command[0] in self.commands:
            return CommandRepeatedError
        if save.reader and save.reader[1] != self.reader:
            return ReaderMovedError
        places = [(event.originator_id, event.originator_version) for event in save.events]
        taken = {(stream, version) for stream, version, _ in self.events}
        if len(set(places)) < len(places) or taken & set(places):
            return VersionTakenError
        claims = {key: at for key, at in self.claims.items() if key not in save.releases}
        for key, stream in save.takes:
            if claims.setdefault(key, stream) != stream:
                return ClaimTakenError
        return None

    def apply(self, save: Save, now: datetime) -> tuple[int, ...]:
        first = len(self.events) + 1
        moments = [now, *(recorded for _, _, recorded in self.events[-1:])]
        moments += [save.not_before] if save.not_before else []
        for event in save.events:
            assert isinstance(event.originator_id, UUID)
            self.events.append((event.originator_id, event.originator_version, max(moments)))
        positions = tuple(range(first, len(self.events) + 1))
        for key in save.releases:
            self.claims.pop(key, None)
        self.claims.update(save.takes)
        if save.command:
            self.commands[save.command[0]] = (save.command[1], positions)
        if save.reader:
            self.reader = save.reader[2]
        return positions


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place

    @initialize()
    def open(self) -> None:
        self.clock = Hands()
        self.ledger = self.place.open(self.clock)
        self.model = Model()

    @rule(wishes=st.lists(WISHES, min_size=1, max_size=5))
    def append(self, wishes: list[Wish]) -> None:
        saves = self._saves(wishes)
        now = self.clock.shows
        expected = []
        for save in saves:
            refusal = self.model.refusal(save)
            expected.append((refusal, () if refusal else self.model.apply(save, now)))

        answers = self.ledger.append(saves)

        assert [(type(a.refusal) if a.refusal else None, a.positions) for a in answers] == expected

    def _saves(self, wishes: list[Wish]) -> list[Save]:
        """Ask for versions as a caller would who sees all that is asked before it."""
        asked = {stream: self.model.last(stream) for stream in STREAMS}
        reader = self.model.reader
        saves = []
        for wish in wishes:
            events = []
            for number, stream in enumerate(wish.streams):
                asked[stream] += not (wish.stale and number == 0)
                events.append(happened(stream, max(asked[stream], 1), state=b"%d" % number))
            cause = wish.cause_seconds
            moved = None
            if wish.reader_step is not None:
                moved = ("policy", reader + wish.lost_reader, reader + wish.reader_step)
            saves.append(
                Save(
                    events=events,
                    takes=wish.takes,
                    releases=wish.releases,
                    command=wish.command,
                    reader=moved,
                    not_before=None
                    if cause is None
                    else self.clock.shows + timedelta(seconds=cause),
                )
            )
        return saves

    @rule(seconds=st.integers(-3, 9))
    def time_passes_or_goes_back(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = self.place.open(self.clock)

    @rule()
    def go_on_by_another_handle(self) -> None:
        self.ledger = self.place.open(self.clock)

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        rows = self.ledger.read(0, 10_000)
        assert [row.position for row in rows] == list(range(1, len(rows) + 1))
        assert [(row.stream, row.version, row.recorded) for row in rows] == self.model.events
        assert dict(self.ledger.claims()) == self.model.claims
        assert self.ledger.reader("policy") == self.model.reader
        for key in KEYS:
            assert self.ledger.command(key) == self.model.commands.get(key)

    @invariant()
    def its_chain_is_whole(self) -> None:
        assert self.ledger.head().digest == chain_digest(self.ledger)
        assert self.ledger.verify().wrong is None

    def teardown(self) -> None:
        self.place.close()


def run(new_place: Callable[[int], Place], *, examples: int) -> None:
    numbers = count()

    class OnThis(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(new_place(next(numbers)))

    run_state_machine_as_test(
        OnThis,
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_a_ledger_in_a_file_is_what_the_model_says(tmp_path: Path) -> None:
    def new_file(number: int) -> Place:
        folder = tmp_path / str(number)
        folder.mkdir()
        return SqliteFile(folder)

    run(new_file, examples=40)


def test_a_ledger_on_postgres_is_what_the_model_says(database: str) -> None:
    run(lambda number: PostgresSchema(database, f"ledger_{number}"), examples=20)
