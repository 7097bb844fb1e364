"""The HTTP application that every role serves: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


def operations(
    *,
    title: str,
    not_ready: Callable[[], list[str]],
    metrics: CollectorRegistry,
    not_alive: Callable[[], list[str]] = list,
) -> FastAPI:
    """Return an application with `/healthz`, `/readyz` and `/metrics`.

    `not_ready` names what keeps the process from serving; empty is ready. `not_alive` names
    what has not moved for so long that only another process can help.
    """
    app = FastAPI(title=title, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> PlainTextResponse:
        reasons = not_alive()
        told = "\n".join(reasons) or "ok"
        return PlainTextResponse(f"{told}\n", status_code=503 if reasons else 200)

    # Plain def: the ledgers are read synchronously, so FastAPI gives these two a thread.
    @app.get("/readyz")
    def readyz() -> JSONResponse:
        reasons = not_ready()
        return JSONResponse(
            {"ready": not reasons, "reasons": reasons},
            status_code=503 if reasons else 200,
        )

    @app.get("/metrics")
    def scrape() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return app
