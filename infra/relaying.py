"""The role that carries a service's ledger to its topic."""

from __future__ import annotations

import asyncio

import structlog

from infra import relay
from infra.logs import Plain
from infra.metrics import RELAY_BEGUN, RELAY_POSITION, RELAY_WAITING
from infra.roles import Process, Role


def relaying(here: Process) -> Role:
    """Return the role that relays the ledger of a service.

    It waits for a broker that is away; whatever else goes wrong ends it.
    """
    ledger = here.ledger()
    dsn, bootstrap = here.said.dsn("ledgers"), here.said.bootstrap
    position, waiting = RELAY_POSITION.labels(ledger.name), RELAY_WAITING.labels(ledger.name)
    begun = RELAY_BEGUN.labels(ledger.name)
    standing = _Standing()
    log = structlog.get_logger().bind(ledger=ledger.name)

    def told(at: int, events: int) -> None:
        if not events:
            begun.inc()
            waiting.set(0)
            log.info("relays", position=at)
            standing.is_waiting = False
        position.set(at)
        standing.at = at

    def away(error: Exception) -> None:
        if not standing.is_waiting:
            waiting.set(1)
            why = str(error) if isinstance(error, Plain) else type(error).__name__
            log.warning("waits for the broker", position=standing.at, why=why)
            standing.is_waiting = True

    async def work(stop: asyncio.Event) -> None:
        await relay.run(dsn, ledger.name, bootstrap, stop=stop, told=told, away=away)

    def not_ready() -> list[str]:
        return [
            *here.not_ready(),
            *([] if standing.at is not None else ["another process relays, or the broker is away"]),
            *(["the broker is away"] if standing.is_waiting else []),
        ]

    return Role(works=[work], not_ready=not_ready)


class _Standing:
    """What is known of the relay of this process."""

    at: int | None = None
    """The last position that is on the topic; None until it has begun once."""
    is_waiting = False
