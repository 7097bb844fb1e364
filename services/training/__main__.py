"""One role of training in a process of its own: `python -m services.training ROLE`."""

from __future__ import annotations

from infra import roles
from infra.http import Cursors
from infra.projecting import projecting
from infra.relaying import relaying
from infra.roles import API, PROJECTOR, RELAY, Process, Role
from infra.standing import Standing
from services.remote import RemoteDirectory
from services.training.api import Room
from services.training.api import api as application
from services.training.application import Training
from services.training.view import ClassesView

SERVICE = "training"


def api(here: Process) -> Role:
    """Take commands and answer."""
    view = here.keep(ClassesView(here.place()))
    standing = Standing(view.snapshot)
    room = Room(
        training=here.keep(Training(here.ledger(), here.keys)),
        view=view,
        directory=here.keep(
            RemoteDirectory(here.said.url("dossiers"), here.access.tokens, SERVICE)
        ),
        access=here.access,
        reached=here.reached(lambda: standing.slowest(SERVICE)),
        cursors=Cursors(here.keys.cursor_secret),
    )
    return Role(
        app=application(room, requests=here.requests),
        not_ready=lambda: here.not_ready(standing.positions),
    )


def projector(here: Process) -> Role:
    """Keep the classes current."""
    view, feed = here.keep(ClassesView(here.place())), here.feed(SERVICE)
    return projecting(here, [(view.runner(feed), feed)], view.snapshot)


if __name__ == "__main__":
    roles.main(SERVICE, {API: api, RELAY: relaying, PROJECTOR: projector})
