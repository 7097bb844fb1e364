"""As of a day, as known at a moment, and waiting for a position."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Thread, active_count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.http import Malformed, NotYetKnown, Reached, asked, positions, written_positions
from tests.infra.http.inn import TODAY, a_guest

CIVIL = timezone(timedelta(hours=7))
LEDGERS = ("dossiers", "training", "reporting")


def test_what_is_not_asked_is_today_as_known_now() -> None:
    assert asked(None, None, today=TODAY) == asked("", "", today=TODAY)
    assert asked(None, None, today=TODAY).as_of == TODAY
    assert asked(None, None, today=TODAY).known_at is None


@pytest.mark.parametrize("text", ["2022-08-26", "26/08/2022"])
def test_a_day_given_as_a_moment_is_its_end_in_vietnam(text: str) -> None:
    read = asked(text, text, today=TODAY)

    assert read.as_of == date(2022, 8, 26)
    assert read.known_at == datetime(2022, 8, 26, 16, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2022-08-26T17:00:00+07:00", "2022-08-26T17:00:00 07:00", "2022-08-26T10:00:00Z"]
)
def test_a_moment_is_read_with_its_offset(text: str) -> None:
    assert asked(None, text, today=TODAY).known_at == datetime(2022, 8, 26, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("as_of", "known_at", "field"),
    [
        ("2022-02-30", None, "as_of"),
        ("hôm qua", None, "as_of"),
        ("30/02/2022", None, "as_of"),
        ("2022-08-26T10:00:00Z", None, "as_of"),
        (None, "2022-08-26T10:00:00", "known_at"),
        (None, "10:00", "known_at"),
        (None, "2022-13-01", "known_at"),
        (None, "x" * 5000, "known_at"),
    ],
)
def test_no_other_moment_is_guessed_at(as_of: str | None, known_at: str | None, field: str) -> None:
    with pytest.raises(Malformed) as refused:
        asked(as_of, known_at, today=TODAY)

    assert refused.value.facts == {"fields": (field,)}


def test_a_page_is_asked_for_a_moment_in_its_address() -> None:
    response = a_guest().get("/rooms", params={"as_of": "26/08/2022", "known_at": "2022-08-27"})

    assert response.json() == {
        "as_of": "2022-08-26",
        "known_at": "2022-08-27T23:59:59.999999+07:00",
    }


@given(st.dictionaries(st.sampled_from(LEDGERS), st.integers(0, 10**18 - 1)))
def test_positions_are_read_as_they_are_written(vector: dict[str, int]) -> None:
    assert positions(written_positions(vector), LEDGERS) == vector


def test_no_position_is_asked_for() -> None:
    assert positions(None, LEDGERS) == positions("", LEDGERS) == {}


@pytest.mark.parametrize(
    "text",
    [
        "dossiers",
        "dossiers:",
        "dossiers:-1",
        "dossiers:1.5",
        "dossiers:01",
        "dossiers:1,dossiers:2",
        "secrets:1",
        "dossiers:1,",
        "dossiers:1;training:2",
        "dossiers:" + "9" * 19,
        "dossiers:٣",
    ],
)
def test_a_position_of_another_form_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        positions(text, LEDGERS)

    assert refused.value.facts == {"fields": ("after",)}


class View:
    """Stands somewhere, and is asked how often it was."""

    def __init__(self, **stand: int) -> None:
        self.stand = stand
        self.asked = 0

    def __call__(self) -> dict[str, int]:
        self.asked += 1
        return dict(self.stand)


NEVER = 3600.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a thread makes it true
            await asyncio.sleep(0)


def test_what_is_there_already_is_not_waited_for() -> None:
    view = View(dossiers=12, training=4)

    asyncio.run(Reached(view).wait({"dossiers": 12, "training": 3}))

    assert view.asked == 1


def test_a_reader_waits_until_every_view_is_there() -> None:
    view = View(dossiers=11)
    reached = Reached(view, sweep_seconds=NEVER)

    async def scenario() -> list[bool]:
        waiting = asyncio.create_task(reached.wait({"dossiers": 12, "training": 1}))
        done = []
        for stand in ({"dossiers": 12}, {"dossiers": 12, "training": 1}):
            await until(lambda: bool(view.asked))
            view.stand, view.asked = stand, 0
            mover = Thread(target=reached.moved)
            mover.start()
            mover.join()
            await until(lambda: bool(view.asked))
            await asyncio.wait([waiting], timeout=0.05)
            done.append(waiting.done())
        await waiting
        return done

    assert asyncio.run(scenario()) == [False, True]


def test_a_view_that_another_process_moves_is_read_now_and_then() -> None:
    view = View(dossiers=0)
    reached = Reached(view, sweep_seconds=0.001)

    async def scenario() -> list[bool]:
        waiting = asyncio.create_task(reached.wait({"dossiers": 1}, patience_seconds=NEVER))
        await until(lambda: view.asked >= 3)
        before = waiting.done()
        view.stand = {"dossiers": 1}
        await waiting
        return [before, waiting.done()]

    assert asyncio.run(scenario()) == [False, True]


def test_nobody_waits_longer_than_two_seconds_say() -> None:
    reached = Reached(View(dossiers=1), sweep_seconds=0.001)

    with pytest.raises(NotYetKnown) as refused:
        asyncio.run(reached.wait({"dossiers": 2}, patience_seconds=0.01))

    assert refused.value.facts == {"retry_after_seconds": 1}
    reached.moved()  # nobody is left to be woken


def test_many_wait_without_a_thread_each() -> None:
    view = View(dossiers=0)
    reached = Reached(view, sweep_seconds=NEVER)

    async def scenario() -> tuple[int, int]:
        before = active_count()
        waiting = [asyncio.create_task(reached.wait({"dossiers": 1})) for _ in range(300)]
        await until(lambda: view.asked >= len(waiting))
        threads, at_once = active_count() - before, sum(not each.done() for each in waiting)
        view.stand = {"dossiers": 1}
        reached.moved()
        await asyncio.gather(*waiting)
        return threads, at_once

    threads, at_once = asyncio.run(scenario())
    assert at_once == 300
    assert threads < at_once
