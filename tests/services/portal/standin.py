"""A stand-in for the services: what the pages read, from the views of one data folder."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response

from events.period import parse_period
from infra.access import Access, BadTokenError, NotFound
from infra.http import SignInRequired, served
from services.embedded import Embedded
from services.reporting.view import Question
from services.wording import refusal_words, say

Json = dict[str, Any]


def standin(ketnap: Embedded, access: Access) -> FastAPI:
    """Return the services as far as the pages of figures read them."""
    app, services = FastAPI(), _Services(ketnap, access)
    app.get("/api/dossiers/units")(services.units)
    app.get("/api/reporting/figures/{code}")(services.figures)
    app.get("/api/reporting/overview")(services.overview)
    app.get("/api/reporting/targets/{code}")(services.targets)
    app.get("/api/reporting/facts/{code}")(services.facts)
    app.get("/api/reporting/stream")(services.stream)
    return served(app, refusal_words)


@dataclass
class _Services:
    ketnap: Embedded
    access: Access

    def units(self, request: Request, on: date) -> Json:
        mine, tree = self._unit(request), self.ketnap.units.tree
        return {
            "units": [
                {
                    "code": tree.code(unit),
                    "name": then.name,
                    "kind": then.kind,
                    "parent": then.parent and tree.code(then.parent),
                }
                for unit in tree.lives
                if (then := tree.unit(unit, on)) and mine in {unit, *tree.ancestors(unit, on)}
            ]
        }

    def figures(self, request: Request, code: str) -> Json:
        told = self.ketnap.view.figures(self._asked(request, code))
        for finding in told["findings"]:
            finding["text"] = say(f"findings.{finding['kind']}", **finding)
        return told

    def overview(self, request: Request) -> Json:
        told = self.figures(request, self.ketnap.units.tree.code(self._unit(request)))
        return {
            **told,
            "units": told["by_unit"],
            "silent": told["units"]["without_ceremony"],
        }

    def targets(self, request: Request, code: str) -> Json:
        asked = replace(self._asked(request, code), period=parse_period("1900-2100"))
        told = self.ketnap.view.figures(asked)
        return {"targets": [{**row, "document": "12-CTr/TU"} for row in told["targets"]]}

    def facts(
        self, request: Request, code: str, figure: str, first: int = 0, limit: int = 10_000
    ) -> Json:
        asked = self._asked(request, code)
        rows = self.ketnap.view.facts(asked, figure)
        return {
            "figure": figure,
            "count": len(rows),
            "total": sum(row["n"] for row in rows),
            "positions": self.ketnap.view.figures(asked)["positions"],
            "facts": rows[first : first + limit],
        }

    def stream(self, request: Request) -> Response:
        self._unit(request)
        told = json.dumps({"changed": {"since": request.headers.get("last-event-id")}})
        return Response(f"event: changed\ndata: {told}\n\n", media_type="text/event-stream")

    def _unit(self, request: Request) -> UUID:
        try:
            return self.access.tokens.read(request.headers["authorization"][len("Bearer ") :])[
                0
            ].unit
        except (KeyError, BadTokenError):
            raise SignInRequired from None

    def _asked(self, request: Request, code: str) -> Question:
        query, tree = request.query_params, self.ketnap.units.tree
        as_of = date.fromisoformat(query["as_of"])
        unit = tree.by_code(code, as_of)
        if unit is None or self._unit(request) not in {unit, *tree.ancestors(unit, as_of)}:
            raise NotFound
        return Question(
            unit_code=code,
            period=parse_period(query.get("period", "1900-2100")),
            as_of=as_of,
            known_at=datetime.fromisoformat(query["known_at"]) if "known_at" in query else None,
        )
