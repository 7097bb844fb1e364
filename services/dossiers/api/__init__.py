"""Dossiers over HTTP: a command or a query in, its answer out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from fastapi import FastAPI

from infra.access import Access
from infra.http import Reached, promised
from infra.metrics import Requests
from services.api import of_service
from services.dossiers.api import (
    answers,
    bodies,
    case,
    directory,
    doing,
    people,
    tasks,
    units,
    work,
)
from services.dossiers.api.acts import ACTS
from services.dossiers.api.refusals import STATUSES
from services.dossiers.api.room import Room
from services.dossiers.application import Dossiers
from services.dossiers.view import CandidaciesView
from services.tasks import Again, Retry, Settlement, TakenUp

_KINDS: tuple[type[msgspec.Struct], ...] = (
    bodies.Nomination,
    bodies.Correction,
    bodies.Recorded,
    *dict.fromkeys(act.body for act in ACTS.values()),
    answers.CandidacyNow,
    answers.PersonShown,
    answers.PeopleFound,
    people.Wanted,
    Settlement,
    Retry,
    TakenUp,
    answers.Work,
    answers.UnitsShown,
    *directory.KINDS,
)


def api(  # noqa: PLR0913 - what it stands on
    dossiers: Dossiers,
    view: CandidaciesView,
    access: Access,
    reached: Reached,
    *,
    again: Mapping[str, Again] = MappingProxyType({}),
    requests: Requests | None = None,
) -> FastAPI:
    """Return the service over HTTP.

    `reached` tells how far its views and policies have read; `again` does what was refused
    to a policy, by the policy's name.
    """
    app = of_service("dossiers", STATUSES, requests)
    app.state.room = room = Room.of(dossiers, view, access, reached, again)
    for part in (case, doing, people, units, work, tasks, directory):
        part.add(app, room)
    return promised(app, _KINDS)
