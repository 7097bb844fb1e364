"""Every service keeps to its document, whatever it is sent, in two roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.ledger.outcomes import NoteRefusal, outcome_of
from infra.stream import Pace
from services.training import commands as training
from services.verification import commands as verification
from tests.house import BY, House, opened
from tests.installed import Sites
from tests.services.verification.api.test_cases import sealed

CASES_AN_OPERATION = 5
SEED = 2026
MEANT = 0.8
ALL_TIME = (date.min, date.max)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROLES = {
    "dossiers": (("H-1", "grassroots_committee"), ("T", "provincial_board")),
    "training": (("H-TT", "political_centre"), ("H", "district_board")),
    "verification": (("H-1", "grassroots_committee"), ("K-1", "verifying_committee")),
    "reporting": (("H", "district_board"), ("H-1-A", "cell_committee")),
    "imports": (("H", "district_board"), ("T", "provincial_board")),
}
REFUSED: dict[str, Any] = {
    "on": date(2022, 7, 1),
    "policy": "verification.policy.dossiers",
    "refusal": "case-suspended",
    "rule": None,
    "facts": (),
    "by": BY,
}
ASKED = [(service, *role) for service, roles in ROLES.items() for role in roles]


@dataclass
class Place:
    """The province, and what in it really exists."""

    house: House
    known: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def place(sites: Sites, mode: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with opened(sites, mode, tmp_path_factory.mktemp("house")) as house:
        # A stream ends as soon as it has begun: here nobody reads on.
        house.web.hub.pace = Pace(lifetime_seconds=-3600)
        candidacy = sealed(house, "H-1")
        house.ketnap.verification.perform(
            verification.RequestVerification(
                candidacy=candidacy,
                on=date(2022, 6, 2),
                subject_kind="candidate",
                place="K-1",
                by=BY,
            )
        )
        tasks = [
            (NoteRefusal(**REFUSED, about=candidacy, cause=f"dossiers/{number}"), service)
            for service in (house.ketnap.dossiers, house.ketnap.verification)
            for number in range(1, 20)
        ]
        for refused, service in tasks:
            service.perform(refused)
        centre = house.ketnap.view.bearer("H-TT", date(2022, 1, 1))
        assert centre
        house.ketnap.training.perform(
            training.OpenClass(on=date(2022, 6, 2), code="N", centre=centre, by=BY)
        )
        house.catch_up()
        classes = [
            each
            for each in house.ketnap.classes.classes(*ALL_TIME, most=9)
            if each.centre == centre
        ]
        yield Place(
            house,
            {
                "on": ["2022-07-01", "2023-02-01", "2024-03-04"],
                "unit": ["H", "H-1", "K"],
                "candidacy": [str(candidacy)],
                "centre": ["H-TT"],
                "case": [str(candidacy)],
                "task": [str(outcome_of(each.cause, each.policy)) for each, _ in tasks],
                "stream": [str(each.stream) for each in classes],
                "upload": [str(uuid4())],
                "kind": ["candidates"],
            },
        )


class _Started:
    """An application that others start and stop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        for state in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{state}.complete"})


def _make_meaningful(case: Case[Any], place: Place, choose: Random) -> None:
    """Have most of what is sent be about something that exists, on a day on which it may be."""
    for part in (case.path_parameters, case.body):
        if isinstance(part, dict):
            for name in part.keys() & place.known.keys():
                if choose.random() < MEANT:
                    part[name] = choose.choice(place.known[name])
    if choose.random() < MEANT:
        case.headers.update({"If-Match": "*", "Idempotency-Key": str(choose.random())})


@pytest.mark.parametrize(("service", "code", "role"), ASKED)
def test_a_service_keeps_to_its_document(place: Place, service: str, code: str, role: str) -> None:
    app = _Started(place.house.web.services[service])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @seed(SEED)
        @settings(
            max_examples=CASES_AN_OPERATION,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), choose=st.randoms(use_true_random=False))
        def asked(case: Case[Any], choose: Random) -> None:
            _make_meaningful(case, place, choose)
            token = place.house.token(code, role)
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=CHECKS)

        asked()
