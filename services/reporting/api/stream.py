"""Changed figures as they change: which units', and up to which positions."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import Response

from infra.http.promises import gives
from infra.stream import EventStream
from services.reporting.api.asked import Asking, Here

router = APIRouter()
TOO_MANY = 429


@router.get(
    "/stream",
    summary="Changed figures, as server-sent events",
    status_code=200,
    response_class=EventStream,
    responses={
        **gives({}),
        TOO_MANY: gives({})[503],
        200: {
            "description": (
                "`changed` names units whose figures are new, each with the positions that made"
                " them so; `reload` says that nobody knows any more what was missed. The id is"
                " the vector of positions: sent as `Last-Event-ID`, it gets what was missed."
            ),
            "content": {EventStream.media_type: {"schema": {"type": "string"}}},
        },
    },
)
async def changed(
    here: Here,
    scope: Asking,
    seen: Annotated[str | None, Query(description="The positions of the page that asks")] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    grant, today = scope.grant, scope.today

    async def still() -> bool:
        return await asyncio.to_thread(here.still, grant)

    stream = here.hub.subscribe(
        account=grant.account,
        audience=(grant.unit, grant.role, today),
        sees=lambda code: here.live.sees(code, grant, here.access.roles, today),
        seen=last_event_id or seen,
        still=still,
    )
    return EventStream(here.hub, stream)
