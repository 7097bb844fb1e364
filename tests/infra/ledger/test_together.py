"""Commands that wait at the same time are taken together, and each gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import pytest

from infra.ledger.ahead import About
from infra.ledger.port import LedgerClosedError, Save, Saved, SealedEvent, VersionTakenError
from infra.ledger.sqlite import SqliteLedger
from infra.ledger.together import AT_ONCE, Steps, Together, Under, taken

STREAM = UUID(int=7)
NOBODY_KNOWS = -1
WAIT_SECONDS = 60


class Counted(SqliteLedger):
    """A ledger that remembers how many saves each call had."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "inn")
        self.calls: list[int] = []

    def append(self, saves: Sequence[Save]) -> list[Saved]:
        self.calls.append(len(saves))
        return super().append(saves)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Counted]:
    opened = Counted(tmp_path / "inn.db")
    yield opened
    opened.close()


def fact(stream: UUID, version: int) -> Save:
    return Save(events=[SealedEvent(stream, version, "inn.Opened", b"{}")])


def recording(stream: UUID) -> Steps[int]:
    """Record the next version of a stream, deciding anew where somebody else was first."""
    version = 0
    while True:
        version += 1
        saved = yield fact(stream, version)
        if saved.refusal is None:
            return version
        assert isinstance(saved.refusal, VersionTakenError)


def refusing() -> Steps[int]:
    raise LookupError("no room")
    yield Save()


def test_what_is_saved_at_the_same_time_is_one_call_and_each_gets_its_own_answer(
    ledger: Counted,
) -> None:
    streams = [uuid4() for _ in range(3)]

    ends = taken(ledger, [Under(recording(stream)) for stream in streams])

    assert ends == [1, 1, 1]
    assert ledger.calls == [3]
    assert [row.stream for row in ledger.read(0, 10)] == streams


def test_of_two_that_change_the_same_thing_the_second_decides_anew(ledger: Counted) -> None:
    ends = taken(ledger, [Under(recording(STREAM)), Under(recording(STREAM))])

    assert ends == [1, 2]
    assert ledger.calls == [2, 1]
    assert [row.version for row in ledger.read(0, 10)] == [1, 2]


def test_who_is_refused_does_not_hold_the_others_up(ledger: Counted) -> None:
    refused, recorded = taken(ledger, [Under(refusing()), Under(recording(STREAM))])

    assert isinstance(refused, LookupError)
    assert recorded == 1


def test_what_the_ledger_raises_is_raised_in_every_command_that_saved(ledger: Counted) -> None:
    ledger.close()

    def told() -> Steps[int]:
        try:
            yield fact(uuid4(), 1)
        except LedgerClosedError:
            return NOBODY_KNOWS
        return 0

    ends = taken(ledger, [Under(told()), Under(recording(STREAM))])

    assert ends[0] == NOBODY_KNOWS
    assert isinstance(ends[1], LedgerClosedError)


def test_each_goes_on_where_it_was_sent_also_after_it_has_saved(ledger: Counted) -> None:
    here: ContextVar[str] = ContextVar("here", default="nowhere")

    def saying() -> Steps[tuple[str, str]]:
        before = here.get()
        yield fact(uuid4(), 1)
        return before, here.get()

    def sent(place: str) -> Under[tuple[str, str]]:
        token = here.set(place)
        under = Under(saying())
        here.reset(token)
        return under

    assert taken(ledger, [sent("left"), sent("right")]) == [("left",) * 2, ("right",) * 2]


def test_what_commands_are_about_is_read_ahead_at_once_until_they_save(ledger: Counted) -> None:
    read: list[Sequence[About]] = []
    is_read = False

    @contextmanager
    def ahead(commands: Sequence[About]) -> Iterator[None]:
        nonlocal is_read
        read.append(commands)
        is_read = True
        yield
        is_read = False

    def looking(stream: UUID) -> Steps[tuple[bool, bool]]:
        before = is_read
        yield fact(stream, 1)
        return before, is_read

    about = [About(uuid4(), f"key-{number}") for number in range(2)]
    ends = taken(ledger, [Under(looking(each.stream), each) for each in about], ahead)

    assert read == [about]
    assert ends == [(True, False)] * 2


def test_where_nothing_can_be_read_ahead_each_is_told_and_nothing_is_recorded(
    ledger: Counted,
) -> None:
    @contextmanager
    def ahead(_: Sequence[About]) -> Iterator[None]:
        raise LedgerClosedError
        yield

    ends = taken(ledger, [Under(recording(uuid4()), About(STREAM, "key"))] * 2, ahead)

    assert [type(end) for end in ends] == [LedgerClosedError] * 2
    assert ledger.head().position == 0


def test_whoever_comes_while_both_threads_work_is_taken_together_afterwards(
    ledger: Counted,
) -> None:
    may_end = Event()

    def slow(at_work: Event) -> Steps[int]:
        at_work.set()
        may_end.wait()
        return (yield from recording(uuid4()))

    async def all_at_once() -> list[int]:
        together = Together(ledger)
        first = []
        for at_work in (Event(), Event()):
            first.append(asyncio.create_task(together.do(slow(at_work))))
            await asyncio.to_thread(at_work.wait)
        later = [asyncio.create_task(together.do(recording(uuid4()))) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)  # until each of them waits
        may_end.set()
        return await asyncio.gather(*first, *later)

    assert asyncio.run(all_at_once()) == [1] * (2 + AT_ONCE)
    assert sorted(ledger.calls) == [1, 1, AT_ONCE]


def test_who_no_longer_waits_does_not_keep_the_others_from_their_answers(ledger: Counted) -> None:
    at_work, may_end = Event(), Event()

    def slow() -> Steps[int]:
        at_work.set()
        may_end.wait()
        return (yield from recording(uuid4()))

    async def one_leaves() -> int:
        together = Together(ledger)
        leaves = asyncio.create_task(together.do(slow()))
        await asyncio.to_thread(at_work.wait)
        leaves.cancel()
        may_end.set()
        return await together.do(recording(STREAM))

    assert asyncio.run(one_leaves()) == 1
    assert ledger.wait(1, WAIT_SECONDS)
    assert len(ledger.read(0, 10)) == 2
