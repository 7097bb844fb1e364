"""Figures and history over HTTP; nothing is changed here."""

from __future__ import annotations

from fastapi import FastAPI

from infra.http import WebApplication, promised
from infra.metrics import Requests
from services.reporting.api import past, reading, stream
from services.reporting.api.asked import Service
from services.reporting.api.live import Live
from services.reporting.api.promises import KINDS
from services.reporting.view import UnknownUnit
from services.reporting.view.listing import UnknownFigure
from services.wording import law, refusal_words

__all__ = ["Live", "Service", "api"]

_STATUSES = {UnknownUnit: 404, UnknownFigure: 404}


def api(service: Service, requests: Requests | None = None) -> FastAPI:
    """Return the application of reporting."""
    app = WebApplication(
        refusal_words,
        statuses=_STATUSES,
        law=law,
        requests=requests,
        title="ketnap: reporting",
        version="1",
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    for part in (reading, past, stream):
        app.include_router(part.router)
    return promised(app, KINDS)
