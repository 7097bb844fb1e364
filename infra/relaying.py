"""The role that carries a service's ledger to its topic."""

from __future__ import annotations

import asyncio

from infra import relay
from infra.metrics import RELAY_POSITION
from infra.roles import Process, Role


def relaying(here: Process) -> Role:
    """Return the role that relays the ledger of a service. Whatever goes wrong ends it."""
    ledger = here.ledger()
    dsn, bootstrap = here.said.dsn("ledgers"), here.said.bootstrap
    position = RELAY_POSITION.labels(ledger.name)
    active: list[str] = []

    def told(at: int, _events: int) -> None:
        active[:] = [ledger.name]
        position.set(at)

    async def work(stop: asyncio.Event) -> None:
        await relay.run(dsn, ledger.name, bootstrap, stop=stop, told=told)

    def not_ready() -> list[str]:
        return [
            *here.not_ready(),
            *([] if active else ["another process relays, or the broker is away"]),
        ]

    return Role(works=[work], not_ready=not_ready)
