"""What the role tells of its relay while the broker is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from infra import relay
from infra.metrics import RELAY_WAITING
from infra.relay import NotAcknowledgedError
from infra.relaying import relaying
from infra.roles import Role

LEDGER = "dossiers"


def carried(monkeypatch: pytest.MonkeyPatch, happens: Callable[[Any, Any], None]) -> Role:
    """Return the role after things have happened to its relay: it told, and it was away."""

    async def run(*_: Any, told: Any, away: Any, **__: Any) -> None:  # noqa: ANN401 - as it is
        happens(told, away)

    monkeypatch.setattr(relay, "run", run)
    here: Any = SimpleNamespace(
        ledger=lambda: SimpleNamespace(name=LEDGER),
        said=SimpleNamespace(dsn=lambda _: "", bootstrap="none"),
        not_ready=list,
    )
    role = relaying(here)
    [work] = role.works
    asyncio.run(work(asyncio.Event()))
    return role


def waiting() -> float:
    [metric] = RELAY_WAITING.labels(LEDGER).collect()
    return metric.samples[0].value


def test_a_relay_is_ready_when_it_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = carried(monkeypatch, lambda _told, _away: None)
    begun = carried(monkeypatch, lambda told, _: told(3, 0))

    assert waits.not_ready() == ["another process relays, or the broker is away"]
    assert begun.not_ready() == []


def test_a_broker_that_is_away_for_long_is_in_one_line_and_in_the_metric(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def happens(told: Any, away: Any) -> None:  # noqa: ANN401 - as it is
        told(3, 0)
        for _ in range(5):
            away(NotAcknowledgedError("the topic"))

    with structlog.testing.capture_logs() as lines:
        role = carried(monkeypatch, happens)

    assert [(line["event"], line["position"]) for line in lines] == [
        ("relays", 3),
        ("waits for the broker", 3),
    ]
    assert role.not_ready() == ["the broker is away"]
    assert waiting() == 1


def test_a_relay_that_goes_on_is_ready_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def happens(told: Any, away: Any) -> None:  # noqa: ANN401 - as it is
        told(3, 0)
        away(NotAcknowledgedError("the topic"))
        told(3, 0)
        told(5, 2)

    with structlog.testing.capture_logs() as lines:
        role = carried(monkeypatch, happens)

    assert lines[-1] == {
        "event": "relays",
        "log_level": "info",
        "ledger": LEDGER,
        "position": 3,
    }
    assert role.not_ready() == []
    assert waiting() == 0
