"""A stand-in for the services: what the pages read, from the views of one data folder."""

import json
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, Response
from starlette.responses import StreamingResponse

from events.period import parse_period
from infra.access import Access, Grant, NotFound
from infra.http import SignInRequired, served
from services.embedded import Embedded
from services.reporting.view import Question
from services.wording import refusal_words, say


def standin(ketnap: Embedded, access: Access) -> FastAPI:
    """Return the services as far as the pages of figures read them."""
    app = FastAPI()

    def asking(authorization: Annotated[str, Header()] = "") -> Grant:
        if not authorization.startswith("Bearer "):
            raise SignInRequired
        return access.tokens.read(authorization.removeprefix("Bearer "))[0]

    Asking = Annotated[Grant, Depends(asking)]

    def in_scope(grant: Grant, code: str, on: date) -> None:
        tree = ketnap.units.tree
        unit = tree.by_code(code, on)
        if unit is None or grant.unit not in {unit, *tree.ancestors(unit, on)}:
            raise NotFound

    def question(
        period: str, as_of: date, known_at: datetime | None = None, places: int = 1
    ) -> Question:
        return Question(
            unit_code="",
            period=parse_period(period),
            as_of=as_of,
            known_at=known_at,
            places=places,
        )

    Asked = Annotated[Question, Depends(question)]

    def of(asked: Question, code: str) -> Question:
        return Question(
            unit_code=code,
            period=asked.period,
            as_of=asked.as_of,
            known_at=asked.known_at,
            places=asked.places,
        )

    @app.get("/api/dossiers/units")
    def units(grant: Asking, on: date) -> dict[str, Any]:
        tree = ketnap.units.tree
        seen = [
            (unit, then)
            for unit in tree.lives
            if (then := tree.unit(unit, on)) and grant.unit in {unit, *tree.ancestors(unit, on)}
        ]
        return {
            "units": [
                {
                    "code": tree.code(unit),
                    "name": then.name,
                    "kind": then.kind,
                    "parent": then.parent and tree.code(then.parent),
                }
                for unit, then in seen
            ]
        }

    @app.get("/api/reporting/figures/{code}")
    def figures(grant: Asking, code: str, asked: Asked) -> dict[str, Any]:
        if code.endswith(".xlsx"):
            raise NotFound
        in_scope(grant, code, asked.as_of)
        told = ketnap.view.figures(of(asked, code))
        for finding in told["findings"]:
            finding["text"] = say(f"findings.{finding['kind']}", **finding)
        return told

    @app.get("/api/reporting/targets/{code}")
    def targets(grant: Asking, code: str, as_of: date) -> dict[str, Any]:
        in_scope(grant, code, as_of)
        told = ketnap.view.figures(of(question("1900-2100", as_of), code))
        return {"targets": [{**row, "document": "12-CTr/HU"} for row in told["targets"]]}

    @app.get("/api/reporting/facts/{code}")
    def facts(grant: Asking, code: str, asked: Asked, figure: str) -> dict[str, Any]:
        in_scope(grant, code, asked.as_of)
        return {
            "facts": ketnap.view.facts(of(asked, code), figure),
            "positions": ketnap.view.figures(of(asked, code))["positions"],
        }

    @app.get("/api/reporting/stream")
    def stream(grant: Asking) -> Response:
        async def once() -> AsyncIterator[bytes]:
            told = json.dumps({"changed": {"PD": {}}})
            yield f"id: dossiers:1\nevent: changed\ndata: {told}\n\n".encode()

        return StreamingResponse(once(), media_type="text/event-stream")

    return served(app, refusal_words)
