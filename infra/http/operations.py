"""What every role serves: is it alive, is it ready, how is it doing."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router


def operations(
    *,
    not_ready: Callable[[], list[str]],
    metrics: CollectorRegistry,
    not_alive: Callable[[], list[str]] = list,
) -> Router:
    """Return a router with `/healthz`, `/readyz` and `/metrics`.

    `not_ready` names what keeps the process from serving; empty is ready. `not_alive` names
    what has not moved for so long that only another process can help.
    """

    async def healthz(_: Request) -> Response:
        reasons = not_alive()
        told = "\n".join(reasons) or "ok"
        return PlainTextResponse(f"{told}\n", status_code=503 if reasons else 200)

    # Plain def: the ledgers are read synchronously, so these two are given a thread.
    def readyz(_: Request) -> Response:
        reasons = not_ready()
        return JSONResponse(
            {"ready": not reasons, "reasons": reasons},
            status_code=503 if reasons else 200,
        )

    def scrape(_: Request) -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return Router([Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", scrape)])
