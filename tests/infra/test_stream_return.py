"""Pages that come back, and what they missed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.http import written_positions
from infra.stream import Hub, Pace
from tests.infra.pages import START, a_page, at, run, seconds
from tests.infra.timeless import last_id, timeless


def test_who_was_away_is_told_what_he_missed_and_no_more() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub)
        hub.publish({"a": 1}, at(11))
        await seconds(1)
        page.task.cancel()
        for n, changed in enumerate(({"b": 2}, {"c": 3}, {"b": 4}), start=12):
            hub.publish(changed, at(n))
            await seconds(1)

        again = a_page(hub, seen=last_id(page.sent))
        await seconds(1)

        assert again.events == [("changed", "dossiers:14,reporting:2", {"b": 4, "c": 3})]

    run(scenario)


def test_who_missed_nothing_is_told_nothing() -> None:
    async def scenario(hub: Hub) -> None:
        hub.publish({"a": 1}, at(11))
        await seconds(1)
        page = a_page(hub, seen="dossiers:11,reporting:2")
        fresh = a_page(hub)
        await seconds(1)

        assert page.events == fresh.events == []
        assert last_id(page.sent) == last_id(fresh.sent) == "dossiers:11,reporting:2"
        assert page.sent.startswith(b"retry: 1000\n")

    run(scenario)


@pytest.mark.parametrize(
    "seen", ["dossiers:9,reporting:2", "dossiers:10", "nonsense", "secrets:1", "dossiers:x", "7"]
)
def test_who_saw_what_nobody_remembers_is_told_to_reload(seen: str) -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub, seen=seen)
        await seconds(1)

        assert page.events == [("reload", "dossiers:10,reporting:2", None)]

    run(scenario)


def test_only_so_many_frames_are_remembered() -> None:
    async def scenario(hub: Hub) -> None:
        for n in range(11, 16):
            hub.publish({f"f{n}": n}, at(n))
            await seconds(1)
        early, late = (
            a_page(hub, seen=f"dossiers:{position},reporting:2") for position in (11, 12)
        )
        await seconds(1)

        assert [kind for kind, _, _ in early.events] == ["reload"]
        assert late.figures == {"f13": 13, "f14": 14, "f15": 15}

    run(scenario, Pace(kept_frames=3))


def test_a_page_that_was_rendered_ahead_of_the_stream_is_not_taken_back() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub, seen="dossiers:12,reporting:2")
        hub.publish({"a": 1}, at(11))
        await seconds(1)
        hub.publish({"a": 2}, at(12))
        await seconds(1)
        assert page.events == []

        hub.publish({"a": 3}, at(13))
        await seconds(20)
        assert page.events == [("changed", "dossiers:13,reporting:2", {"a": 3})]

    run(scenario)


def test_a_page_of_another_history_is_told_to_reload() -> None:
    async def scenario(hub: Hub) -> None:
        page = a_page(hub, seen="dossiers:900,reporting:2")
        await seconds(16)

        assert page.events == [("reload", "dossiers:10,reporting:2", None)]
        hub.publish({"a": 1}, at(11))
        await seconds(1)
        assert page.figures == {"a": 1}

    run(scenario)


def test_what_happened_before_the_server_was_up_is_not_remembered() -> None:
    hub = Hub(START)
    hub.publish({"a": 1}, at(11))

    async def scenario() -> None:
        hub.start()
        old, new = a_page(hub, seen="dossiers:10,reporting:2"), a_page(hub)
        await seconds(1)

        assert [kind for kind, _, _ in old.events] == ["reload"]
        assert new.events == []
        assert hub.shown == {"dossiers": 11, "reporting": 2}
        hub.close()

    timeless(scenario())
    hub.publish({"a": 2}, at(12))  # nobody is there any more


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["publish", "drop", "wait"]),
            st.sampled_from("abcd"),
            st.sampled_from(["dossiers", "reporting"]),
        ),
        max_size=40,
    )
)
def test_a_page_that_comes_and_goes_shows_every_last_figure_and_never_goes_back(
    steps: list[tuple[str, str, str]],
) -> None:
    async def scenario(hub: Hub) -> None:
        stand, figures = dict(START), dict[str, int]()
        page, sent, shown = a_page(hub), b"", dict[str, int]()
        for n, (step, key, ledger) in enumerate(steps):
            match step:
                case "publish":
                    stand[ledger] += 1
                    figures[key] = n
                    hub.publish({key: n}, {ledger: stand[ledger]})
                    await seconds(0.001)
                case "wait":
                    await seconds(7)
                case _:
                    await seconds(0)
                    page.task.cancel()
                    sent += page.sent
                    shown |= page.figures
                    page = a_page(hub, seen=last_id(sent) if sent else None)
        await seconds(1)
        sent += page.sent
        shown |= page.figures

        assert shown == figures
        assert last_id(sent) == written_positions(stand)
        ids = [line[4:] for line in sent.decode().splitlines() if line.startswith("id: ")]
        for earlier, later in pairwise(ids):
            for before, after in zip(earlier.split(","), later.split(","), strict=True):
                assert int(before.split(":")[1]) <= int(after.split(":")[1])

    run(scenario, Pace(streams_an_account=100))
