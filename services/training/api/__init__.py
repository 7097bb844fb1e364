"""Training over HTTP: classes, learners, results and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import FastAPI

from events.days import DayToCome
from events.refusal import Refusal
from infra.http import promised
from infra.metrics import Requests
from services.api import of_service
from services.training import domain
from services.training.api import doing, reading
from services.training.api.bodies import KINDS
from services.training.api.room import Room

__all__ = ["Room", "api"]

STATUSES: Mapping[type[Refusal], int] = MappingProxyType(
    {
        domain.UnknownClass: 404,
        domain.UnknownLearner: 422,
        domain.ScoreImpossible: 422,
        domain.CertificateNumberMissing: 422,
        doing.UnknownCandidate: 422,
        doing.UnknownCentre: 422,
        DayToCome: 422,
    }
)
"""What cannot be meant as it was sent is 422; what the rules refuse as things stand is 409."""


def api(room: Room, *, requests: Requests | None = None) -> FastAPI:
    """Return the application of training."""
    app = of_service("training", STATUSES, requests)
    app.state.room = room
    for part in (reading, doing):
        app.include_router(part.router)
    return promised(app, KINDS)
