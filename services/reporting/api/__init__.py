"""Figures and history over HTTP; nothing is changed here."""

from __future__ import annotations

from fastapi import FastAPI

from infra.http import promised
from infra.metrics import Requests
from services.api import of_service
from services.reporting.api import past, reading, stream
from services.reporting.api.asked import Service
from services.reporting.api.live import Live
from services.reporting.api.promises import KINDS
from services.reporting.view import UnknownUnit
from services.reporting.view.listing import UnknownFigure

__all__ = ["Live", "Service", "api"]

_STATUSES = {UnknownUnit: 404, UnknownFigure: 404}


def api(service: Service, requests: Requests | None = None) -> FastAPI:
    """Return the application of reporting."""
    app = of_service("reporting", _STATUSES, requests)
    app.state.service = service
    for part in (reading, past, stream):
        app.include_router(part.router)
    return promised(app, KINDS)
