"""A role that fails says what it may of why."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from typing import Any

import pytest
import structlog

from infra import roles
from infra.relay import OtherHistory


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
