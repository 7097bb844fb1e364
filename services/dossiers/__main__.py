"""One role of dossiers in a process of its own: `python -m services.dossiers ROLE`."""

from __future__ import annotations

from infra import roles
from infra.projecting import projecting
from infra.reacting import reacting
from infra.relaying import relaying
from infra.roles import API, PROJECTOR, REACTOR, RELAY, Process, Role
from infra.standing import Following, Standing
from services.dossiers import policy
from services.dossiers.api import api as application
from services.dossiers.application import Dossiers
from services.dossiers.view import Boxes, CandidaciesView, UnitsView
from services.tasks import trying_again

SERVICE = "dossiers"
POLICIES = {
    "dossiers.policy.training": policy.react,
    "dossiers.policy.verification": policy.react,
}


def api(here: Process) -> Role:
    """Take commands and answer."""
    ledger, units = here.ledger(), here.keep(UnitsView(here.place()))
    candidacies = here.keep(CandidaciesView(here.place(), Boxes(ledger, here.keys)))
    stands = Following(ledger, POLICIES, Standing(units.snapshot)).positions
    dossiers = here.keep(Dossiers(ledger, here.keys, units))
    app = application(
        dossiers,
        candidacies,
        here.access,
        here.reached(stands),
        again=trying_again(here.feed, dossiers, POLICIES),
        requests=here.requests,
    )
    return Role(app=app, not_ready=lambda: here.not_ready(stands))


def projector(here: Process) -> Role:
    """Keep the units and the candidacies current."""
    units = here.keep(UnitsView(here.place()))
    candidacies = here.keep(CandidaciesView(here.place(), Boxes(here.ledger(), here.keys)))
    feeds = here.feed(SERVICE), here.feed(SERVICE)
    readings = [(units.runner(feeds[0]), feeds[0]), (candidacies.runner(feeds[1]), feeds[1])]
    return projecting(here, readings, units.snapshot)


def reactor(here: Process) -> Role:
    """Do what training and verification call for."""
    units = here.keep(UnitsView(here.place()))
    return reacting(here, here.keep(Dossiers(here.ledger(), here.keys, units)), POLICIES, units)


if __name__ == "__main__":
    roles.main(SERVICE, {API: api, RELAY: relaying, PROJECTOR: projector, REACTOR: reactor})
