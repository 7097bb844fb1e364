"""Figures that change, on pages that are open, far away, slow, or come back."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from threading import Thread

import pytest

from infra.http import TooManyStreams, Unavailable
from infra.stream import Hub, Pace
from tests.infra.pages import a_page, at, run, seconds, until
from tests.infra.timeless import last_id


def test_a_first_change_is_shown_at_once_with_the_positions_it_came_from() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        await seconds(1)
        hub.publish({"unit-1/admitted": 53}, at(11))
        await seconds(0.001)

        assert page.at == [1]
        assert page.events == [("changed", "dossiers:11,reporting:2", {"unit-1/admitted": 53})]

    run(scenario)


def test_a_page_is_sent_at_most_twenty_frames_a_second_and_the_last_figure() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        for n in range(1000):  # a second of a thousand acts
            hub.publish({"admitted": n, f"unit-{n % 7}": n}, at(11 + n))
            await seconds(0.001)
        await seconds(1)

        assert 19 <= len(page.at) <= 21
        assert page.at[0] == 0
        assert all(later - earlier >= 0.0499 for earlier, later in pairwise(page.at))
        assert page.figures["admitted"] == 999
        assert page.figures["unit-5"] == 999 - (999 - 5) % 7
        assert page.events[-1][1] == "dossiers:1010,reporting:2"

    run(scenario, Pace(frame_seconds=0.05))


def test_the_more_streams_are_open_the_fewer_frames_each_is_sent() -> None:
    async def scenario(hub: Hub) -> None:
        pages = [a_page(hub) for _ in range(4)]
        for n in range(1000):
            hub.publish({"admitted": n}, at(11 + n))
            await seconds(0.001)
        await seconds(1)

        assert all(9 <= len(page.at) <= 11 for page in pages)
        assert all(page.figures["admitted"] == 999 for page in pages)

    run(scenario, Pace(frame_seconds=0.01, stream_seconds=0.025))


def test_others_have_their_turn_while_a_frame_is_handed_to_many_pages() -> None:
    async def scenario(hub: Hub) -> None:
        pages = [a_page(hub, account=f"a{n}") for n in range(100)]
        await seconds(1)
        hub.publish({"admitted": 1}, at(11))
        told: set[int] = set()
        while 100 not in told:
            await asyncio.sleep(0)
            told.add(sum(bool(page.events) for page in pages))

        assert len(told - {0, 100}) > 3

    run(scenario)


def test_a_frame_is_handed_to_all_before_the_next_and_to_who_comes_meanwhile() -> None:
    async def scenario(hub: Hub) -> None:
        pages = [a_page(hub, account=f"a{n}") for n in range(100)]
        await seconds(1)
        stood = last_id(pages[0].sent)
        hub.publish({"a": 1}, at(11))
        hub.publish({"b": 2}, at(12))
        await until(lambda: bool(pages[0].events))
        assert not pages[-1].events
        late = a_page(hub, seen=stood)
        await seconds(1)

        assert {tuple(page.figures.items()) for page in (*pages, late)} == {(("a", 1), ("b", 2))}

    run(scenario, Pace(frame_seconds=0.0, stream_seconds=0.0))


def test_a_heartbeat_does_not_run_ahead_of_a_frame_that_is_being_handed_out() -> None:
    async def scenario(hub: Hub) -> None:
        gate = asyncio.Event()

        async def still() -> bool:
            return await gate.wait()

        pages = [a_page(hub, account=f"a{n}") for n in range(100)]
        last = a_page(hub, still=still)
        await seconds(15.5)  # the last one is being asked whether it still may
        hub.publish({"a": 1}, at(11))
        await until(lambda: bool(pages[0].events))
        gate.set()
        await until(lambda: b": alive" in last.sent)
        assert not last.events
        await seconds(1)

        assert last.figures == {"a": 1}

    run(scenario)


def test_changes_come_from_any_thread() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        threads = [
            Thread(target=hub.publish, args=({f"unit-{n}": n}, at(11 + n))) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        await seconds(1)

        assert page.figures == {f"unit-{n}": n for n in range(8)}

    run(scenario)


def test_a_page_sees_what_its_account_may_see() -> None:
    async def scenario(hub: Hub) -> None:
        mine = a_page(hub, audience="cell", sees=lambda key: key.startswith("cell/"))
        theirs = a_page(hub, audience="board")
        hub.publish({"cell/admitted": 1, "sister/admitted": 9}, at(11))
        await seconds(1)
        hub.publish({"sister/admitted": 10}, at(12))
        await seconds(16)

        assert mine.figures == {"cell/admitted": 1}
        assert b"sister" not in mine.sent
        assert theirs.figures == {"cell/admitted": 1, "sister/admitted": 10}
        assert last_id(mine.sent) == last_id(theirs.sent) == "dossiers:12,reporting:2"

    run(scenario)


def test_a_frame_is_encoded_once_for_all_who_see_the_same() -> None:
    asked: list[str] = []

    def sees(key: str) -> bool:
        asked.append(key)
        return True

    async def scenario(hub: Hub) -> None:
        pages = [a_page(hub, account=f"a{n}", sees=sees) for n in range(50)]
        hub.publish({"admitted": 1}, at(11))
        await seconds(1)

        assert asked == ["admitted"]
        assert {page.sent for page in pages} == {pages[0].sent}

    run(scenario)


def test_a_silent_stream_tells_that_it_lives_and_how_far_it_is() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        hub.publish({}, at(12))
        await seconds(31)

        assert page.sent.count(b": alive") == 2
        assert last_id(page.sent) == "dossiers:12,reporting:2"
        assert page.events == []

    run(scenario)


def test_a_heartbeat_does_not_run_ahead_of_a_frame_that_waits() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        await seconds(14.98)
        hub.publish({"a": 1}, at(11))
        await seconds(0.01)
        hub.publish({"b": 2}, at(12))
        await seconds(0.02)  # the heartbeat is out, the second frame is not
        heard = last_id(page.sent)
        page.task.cancel()
        await seconds(1)

        assert b": alive" in page.sent
        assert heard == "dossiers:11,reporting:2"
        again = a_page(hub, seen=heard)
        await seconds(1)
        assert again.figures == {"b": 2}

    run(scenario, Pace(frame_seconds=0.05))


def test_a_slow_page_is_told_to_reload_and_nobody_waits_for_it() -> None:
    async def scenario(hub: Hub) -> None:
        slow, quick = a_page(hub), a_page(hub)
        await seconds(1)
        slow.reading.clear()
        for n in range(11, 111):
            hub.publish({f"figure-{n}": n}, at(n))
            await seconds(0.1)
        assert len(quick.figures) == 100

        slow.reading.set()
        await seconds(1)
        kinds = [kind for kind, _, _ in slow.events]
        assert kinds.count("reload") >= 1
        assert len(kinds) <= 1 + 40
        assert slow.events[-1][1] == "dossiers:110,reporting:2"
        missed_before_the_last_reload = kinds[: kinds.index("reload")]
        assert len(missed_before_the_last_reload) <= 1

    run(scenario, Pace(queued_frames=40))


def test_a_stream_ends_in_its_time_and_not_all_in_the_same_second() -> None:
    async def scenario(hub: Hub) -> None:
        pages = [a_page(hub) for _ in range(8)]
        await seconds(599)
        assert not any(page.task.done() for page in pages)

        await seconds(5)
        assert any(page.task.done() for page in pages)
        assert not all(page.task.done() for page in pages)
        await seconds(60)
        assert all(page.task.done() for page in pages)

    run(scenario)


def test_a_stream_ends_soon_after_its_account_may_no_longer() -> None:
    async def scenario(hub: Hub) -> None:
        may = True

        async def still() -> bool:
            return may

        silent = a_page(hub, still=still)
        await seconds(100)
        assert not silent.task.done()

        may = False
        busy = a_page(hub, still=still)
        for n in range(11, 170):
            hub.publish({"a": n}, at(n))
            await seconds(0.1)
        assert silent.task.done()
        assert busy.task.done()

    run(scenario)


def test_a_server_that_stops_ends_its_streams() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        await seconds(1)
        hub.close()
        await seconds(0.001)

        assert page.task.done()

    run(scenario)


def test_an_account_holds_so_many_streams_and_a_server_so_many() -> None:
    async def scenario(hub: Hub) -> None:
        pages = [a_page(hub) for _ in range(2)]
        with pytest.raises(TooManyStreams):
            a_page(hub)
        a_page(hub, account="b")
        with pytest.raises(Unavailable):
            a_page(hub, account="c")
        assert hub.open == 3

        hub.leave(pages[0].stream)
        hub.leave(pages[0].stream)
        a_page(hub)
        with pytest.raises(TooManyStreams):
            a_page(hub)

    run(scenario, Pace(streams_an_account=2, streams=3))
