"""A role that fails says what it may of why."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from infra import roles
from infra.database import Away
from infra.relay import OtherHistory
from infra.settings import settings


class Idle:
    """A server that serves until it is told to stop."""

    should_exit = False

    async def serve(self, sockets: object) -> None:
        while not self.should_exit:  # noqa: ASYNC110 - as the real one
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OtherHistory("the topic ends with 4"), "the topic ends with 4; see deploy/runbooks/"),
        (ValueError("Canary Nguyễn Thị Một"), None),
    ],
    ids=["ours", "any"],
)
def test_only_an_error_about_machinery_is_logged_with_its_text(
    error: Exception, said: str | None
) -> None:
    async def work(_stop: asyncio.Event) -> None:
        raise error

    server: Any = Idle()
    with closing(socket.socket()) as listening, structlog.testing.capture_logs() as lines:
        is_well = asyncio.run(roles._until_told(server, listening, [work]))  # noqa: SLF001 - without a process

    [line] = lines
    assert not is_well
    assert line["error"] == type(error).__name__
    assert str(line.get("why"))[: len(said or "None")] == str(said)
    assert "Canary" not in str(line)


class Kept:
    """Something that a role opens."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def away(times: int, opened: list[Kept]) -> Callable[[roles.Process], roles.Role]:
    """Return what makes a role once its database has been away so many times."""

    def make(process: roles.Process) -> roles.Role:
        opened.append(process.keep(Kept()))
        if len(opened) <= times:
            raise Away("the database system is starting up")
        return roles.Role()

    return make


def test_a_role_that_starts_waits_for_its_database_in_the_same_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "AGAIN_SECONDS", 0)
    said = settings({"KETNAP_DATA": str(tmp_path)})
    opened: list[Kept] = []

    with structlog.testing.capture_logs() as lines, roles._made(away(3, opened), "x", said):  # noqa: SLF001 - without a process
        assert [each.is_closed for each in opened] == [True, True, True, False]

    assert [line["event"] for line in lines] == ["waits to begin"]
    assert opened[-1].is_closed


def test_a_role_whose_database_stays_away_says_so_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roles, "BEGIN_SECONDS", -1)
    said = settings({"KETNAP_DATA": str(tmp_path)})
    opened: list[Kept] = []

    with pytest.raises(Away), roles._made(away(1, opened), "x", said):  # noqa: SLF001 - without a process
        pass

    assert [each.is_closed for each in opened] == [True]
