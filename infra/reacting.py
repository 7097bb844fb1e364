"""The role that has a service react to what other services record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from infra.ledger.application import Commands
from infra.metrics import Lag
from infra.reactor import Policy
from infra.reactor.faust import FaustReactor
from infra.roles import Process, Role, saying
from infra.runner import Standstills
from infra.topics import of_ledger
from infra.view import View

STUCK_SECONDS = 60.0
"""So long a reactor may stand with something to do before the process counts as dead."""


def reacting(here: Process, service: Commands, policies: Mapping[str, Policy], view: View) -> Role:
    """Return the role that follows policies, by their names: `<service>.policy.<ledger>`.

    What stops them stands in the view of the service, where `ketnap reader` finds it.
    """
    reactors = [
        _reactor(here, name, service, policy, view.standstills())
        for name, policy in policies.items()
    ]

    def lags() -> list[Lag]:
        return [
            Lag(
                reader=state.reader,
                ledger=state.ledger,
                head=state.head,
                position=state.position,
                parked=1 if state.parked else 0,
            )
            for state in (reactor.state for reactor in reactors)
            if state
        ]

    def not_ready() -> list[str]:
        unknown = [f"{each.name} has not begun" for each in reactors if each.state is None]
        away = [f"{each.name} waits: {each.missed} is away" for each in reactors if each.missed]
        return (
            unknown
            + away
            + [f"{lag.reader} is degraded at {lag.position}" for lag in lags() if lag.parked]
        )

    def not_alive() -> list[str]:
        return [
            f"{each.name} has not moved for {each.seconds_without_progress:.0f} s"
            for each in reactors
            if each.seconds_without_progress > STUCK_SECONDS
        ]

    here.lags = lags
    return Role(
        works=[each.run for each in reactors],
        not_ready=not_ready,
        not_alive=not_alive,
        loop=asyncio.new_event_loop,
    )


def _reactor(
    here: Process, name: str, service: Commands, policy: Policy, standstills: Standstills
) -> FaustReactor:
    ledger = name.rpartition(".")[2]
    reactor = FaustReactor(
        name,
        here.feed(ledger),
        service,
        policy,
        bootstrap=here.said.bootstrap,
        topic=of_ledger(ledger)[0],
        standstills=standstills,
    )
    reactor.on_parked(saying(name, ledger))
    return reactor
