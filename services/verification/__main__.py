"""One role of verification in a process of its own: `python -m services.verification ROLE`."""

from __future__ import annotations

from infra import roles
from infra.http import Cursors
from infra.projecting import projecting
from infra.reacting import reacting
from infra.relaying import relaying
from infra.roles import API, PROJECTOR, REACTOR, RELAY, Process, Role
from infra.standing import Following, Standing
from services.remote import RemoteDirectory
from services.tasks import trying_again
from services.verification import policy
from services.verification.api import Room
from services.verification.api import api as application
from services.verification.application import Verification
from services.verification.view import CasesView

SERVICE = "verification"
POLICIES = {"verification.policy.dossiers": policy.react}


def api(here: Process) -> Role:
    """Take commands and answer."""
    ledger, view = here.ledger(), here.keep(CasesView(here.place()))
    stands = Following(ledger, POLICIES, Standing(view.snapshot)).positions
    verification = here.keep(Verification(ledger, here.keys))
    room = Room(
        verification=verification,
        view=view,
        directory=here.keep(
            RemoteDirectory(here.said.url("dossiers"), here.access.tokens, SERVICE)
        ),
        access=here.access,
        reached=here.reached(stands),
        cursors=Cursors(here.keys.cursor_secret),
        again=trying_again(here.feed, verification, POLICIES),
    )
    return Role(
        app=application(room, requests=here.requests), not_ready=lambda: here.not_ready(stands)
    )


def projector(here: Process) -> Role:
    """Keep the cases current."""
    view, feed = here.keep(CasesView(here.place())), here.feed(SERVICE)
    return projecting(here, [(view.runner(feed), feed)], view.snapshot)


def reactor(here: Process) -> Role:
    """Do what dossiers calls for."""
    cases = here.keep(CasesView(here.place()))
    return reacting(here, here.keep(Verification(here.ledger(), here.keys)), POLICIES, cases)


if __name__ == "__main__":
    roles.main(SERVICE, {API: api, RELAY: relaying, PROJECTOR: projector, REACTOR: reactor})
