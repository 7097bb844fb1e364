"""Verification over HTTP: cases, what places are asked, and what they reply."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import FastAPI

from events.days import DayToCome
from events.refusal import Refusal
from infra.http import promised
from infra.metrics import Requests
from services.api import of_service
from services.verification import domain
from services.verification.api import doing, reading, tasks
from services.verification.api.bodies import KINDS
from services.verification.api.room import Room

__all__ = ["Room", "api"]

STATUSES: Mapping[type[Refusal], int] = MappingProxyType(
    {
        domain.UnknownRequest: 422,
        domain.UnknownVerificationSubject: 422,
        domain.PlaceMissing: 422,
        domain.GroundMissing: 422,
        DayToCome: 422,
    }
)
"""What cannot be meant as it was sent is 422; what the rules refuse as things stand is 409."""


def api(room: Room, *, requests: Requests | None = None) -> FastAPI:
    """Return the application of verification."""
    app = of_service("verification", STATUSES, requests)
    app.state.room = room
    for part in (reading, doing, tasks):
        app.include_router(part.router)
    return promised(app, KINDS)
