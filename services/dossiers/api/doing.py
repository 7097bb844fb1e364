"""What is done: a nomination, every act on a candidacy, a correction."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Request, Response

from events.days import must_have_come
from events.dossiers import Facets
from infra.access import NotFound, Verdict
from infra.http import (
    Malformed,
    PreconditionMissing,
    answer,
    decoded,
    entity_tag,
    gives,
    if_match,
    takes,
)
from infra.ledger.together import Steps
from services.dossiers import commands
from services.dossiers.api import bodies
from services.dossiers.api.acts import ACTS, Act
from services.dossiers.api.asking import Asking, Standing, demand
from services.dossiers.api.hot import HotRoute
from services.dossiers.api.room import Once, Room, Who, raw
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.refusals import CandidacyOpenAlready, UnknownUnit

_NOMINATION = msgspec.json.Decoder(bodies.Nomination)
_CORRECTION = msgspec.json.Decoder(bodies.Correction)
_DECODERS = {name: act.decoder for name, act in ACTS.items()}
_CREATED, _ALREADY = 201, 200

Body = Annotated[bytes, Depends(raw)]


def add(app: FastAPI, room: Room) -> None:
    """Add the addresses at which something is done."""
    for act in ACTS.values():
        _add_act(app, room, act)
    _add_nomination(app, room)
    _add_correction(app, room)


def _promise(body: type[msgspec.Struct], room: Room, *, changes: bool = True) -> dict[str, Any]:
    return {
        "status_code": _CREATED,
        "dependencies": [Depends(room.caught_up)],
        "responses": gives({_CREATED: bodies.Recorded, _ALREADY: bodies.Recorded}, changes=changes),
        "openapi_extra": takes(body, changes=changes),
    }


def _add_nomination(app: FastAPI, room: Room) -> None:

    @app.post("/candidacies", **_promise(bodies.Nomination, room, changes=False))
    def nominate(request: Request, asking: Who, sent: Body, once: Once) -> Response:
        """Propose a person as a source of admission."""
        body = decoded(sent, _NOMINATION)
        _check_day(body.on, asking)
        _check_day(body.birth_date, asking, "birth_date", bodies.FIRST_BIRTH)
        command = commands.NominateCandidate(
            on=body.on,
            person_ref=body.person_ref.strip(),
            full_name=body.full_name.strip(),
            birth_date=body.birth_date,
            religion=body.religion,
            facets=Facets(**msgspec.structs.asdict(body.facets)),
            unit=_nominating(asking, body.unit, body.on),
            by=asking.by(body.document),
        )
        try:
            positions = room.dossiers.perform(command, key=once)
        except CandidacyOpenAlready as refusal:
            raise _told(room, asking, refusal) from None
        candidacy = _nominated(room, command, positions)
        place = f"{request.scope.get('root_path', '')}/candidacies/{candidacy}"
        return _recorded(room, candidacy, positions, {"Location": place})


def _add_act(app: FastAPI, room: Room, act: Act) -> None:
    decoder = _DECODERS[act.name]

    def steps(
        candidacy: UUID, request: Request, asking: Asking, sent: bytes, once: str
    ) -> Steps[Response]:
        body = decoded(sent, decoder)
        _check_day(body.on, asking)
        found, _, standing = room.candidacy(asking, candidacy)
        demand(asking.decide_act(standing, act.duty, body.on))
        match = _must_match(request)
        decider = (
            _decider(asking, standing, body.decider, body.on)
            if isinstance(body, bodies.Decision)
            else None
        )
        command = act.make(candidacy, body, asking.by(body.document), decider)
        return (yield from _performing(room, command, once, match, found))

    # To the framework, which documents it, a generator would be a stream.
    def endpoint(
        candidacy: UUID, request: Request, asking: Who, sent: Body, once: Once
    ) -> Steps[Response]:
        return steps(candidacy, request, asking, sent, once)

    endpoint.__name__ = act.name.replace("-", "_")
    endpoint.__doc__ = act.body.__doc__
    app.router.add_api_route(
        f"/candidacies/{{candidacy}}/{act.name}",
        endpoint,
        methods=["POST"],
        route_class_override=HotRoute,
        response_model=None,
        **_promise(act.body, room),
    )


def _add_correction(app: FastAPI, room: Room) -> None:

    @app.post("/candidacies/{candidacy}/corrections", **_promise(bodies.Correction, room))
    def correct(
        candidacy: UUID,
        request: Request,
        asking: Who,
        sent: Body,
        once: Once,
    ) -> Response:
        """Set right what is recorded, or say that it never happened."""
        body = decoded(sent, _CORRECTION)
        found, _, standing = room.candidacy(asking, candidacy)
        duty = "retract" if body.retract else "correct"
        demand(asking.decide_act(standing, duty, asking.today))
        match = _must_match(request)
        return room.dossiers.taken(
            _performing(room, _correction(asking, found, body), once, match, found)
        )


def _performing(
    room: Room, command: commands.ActOn, key: str, match: str, found: Candidacy
) -> Steps[Response]:
    condition = (command.candidacy, partial(if_match, match))
    done = yield from room.dossiers.doing(command, key=key, condition=condition, known=(found,))
    if done.version is None:
        return _recorded(room, command.candidacy, done.positions)
    return _stands(room, command.candidacy, done.positions[-1], done.version)


def _recorded(
    room: Room, candidacy: UUID, positions: tuple[int, ...], headers: dict[str, str] | None = None
) -> Response:
    """Return where it stands. A repeat says what was said the first time."""
    ledger = room.dossiers.ledger
    if positions:
        [row] = ledger.read(positions[-1] - 1, 1)
        return _stands(room, candidacy, positions[-1], row.version, headers)
    [newest] = ledger.select_events(candidacy, desc=True, limit=1)
    return _stands(room, candidacy, None, newest.originator_version, headers)


def _stands(
    room: Room,
    candidacy: UUID,
    position: int | None,
    version: int,
    headers: dict[str, str] | None = None,
) -> Response:
    place = f"{room.dossiers.ledger.name}:{position}" if position else None
    return answer(
        bodies.Recorded(candidacy=candidacy, position=place, version=version),
        _CREATED if place else _ALREADY,
        {"ETag": entity_tag(version), **(headers or {})},
    )


def _must_match(request: Request) -> str:
    if (given := request.headers.get("If-Match")) is None:
        raise PreconditionMissing
    return given


def _check_day(
    on: date, asking: Asking, field: str = "on", earliest: date = bodies.EARLIEST
) -> None:
    if on < earliest:
        raise Malformed(fields=(f"#/{field}",))
    must_have_come(on, asking.today)


def _nominating(asking: Asking, code: str, on: date) -> UUID:
    """Return the unit that nominates. Raises UnknownUnit, for a hidden one too."""
    unit = asking.tree.by_code(code, on) or next(iter(asking.tree.with_code(code)), None)
    if unit is None:
        raise UnknownUnit(unit=code, columns=("unit",))
    taker = asking.tree.taking(unit, on) or unit
    decision = asking.scope.decide(asking.place(taker, on), "nominate")
    if decision.verdict is Verdict.HIDDEN:
        raise UnknownUnit(unit=code, columns=("unit",))
    demand(decision)
    return unit


def _decider(asking: Asking, standing: Standing, code: str, on: date) -> UUID:
    """Return who decides: a body above the candidacy, or one that exists for the grant."""
    tree = asking.tree
    unit = tree.taking(standing.unit, on) or standing.unit
    found = tree.by_code(code, on)
    if found in {unit, *tree.ancestors(unit, on)} or asking.code_of(code, on):
        return found  # type: ignore[return-value]  # it is one of them
    raise UnknownUnit(unit=code, columns=("decider",))


def _nominated(room: Room, command: commands.NominateCandidate, positions: tuple[int, ...]) -> UUID:
    if positions:
        [row] = room.dossiers.ledger.read(positions[-1] - 1, 1)
        return row.stream
    person = room.dossiers.person(command.person_ref)
    assert person is not None  # noqa: S101 - what was so already has somebody whom it is about
    return room.dossiers.candidacies(person)[-1]


def _told(room: Room, asking: Asking, refusal: CandidacyOpenAlready) -> CandidacyOpenAlready:
    """Return the refusal as it may be told: another body's candidacy is not named."""
    holder = refusal.facts.get("candidacy")
    try:
        if holder:
            room.candidacy(asking, holder)
            return refusal
    except NotFound:
        pass
    return CandidacyOpenAlready()


def _correction(asking: Asking, found: Candidacy, body: bodies.Correction) -> commands.ActOn:
    asked = {
        "day": body.day is not None,
        "unit": body.unit is not None,
        "facet": body.facet is not None,
        "retract": body.retract,
    }
    if sum(asked.values()) != 1 or (body.fact is None and not asked["facet"]):
        raise Malformed(fields=tuple(f"#/{name}" for name in asked))
    by, today = asking.by(body.document), asking.today
    if body.facet:
        return commands.CorrectFacet(
            candidacy=found.id,
            on=today,
            name=body.facet.name,
            value=body.facet.value,
            reason=body.reason,
            by=by,
        )
    fact = body.fact or ""
    if body.retract:
        return commands.RetractFact(
            candidacy=found.id, on=today, fact=fact, of=body.of, reason=body.reason, by=by
        )
    if body.day:
        _check_day(body.day, asking, "day")
    return commands.CorrectFact(
        candidacy=found.id,
        on=today,
        fact=fact,
        of=body.of,
        day=body.day,
        unit=_other_unit(asking, found, body) if body.unit else None,
        reason=body.reason,
        by=by,
    )


def _other_unit(asking: Asking, found: Candidacy, body: bodies.Correction) -> UUID:
    """Return the unit that is right: one in which the grant may correct too."""
    of = next(
        (f for v, f in found.facts.items() if f.fact == body.fact and body.of in {None, v}), None
    )
    on = of.on if of else asking.today
    unit = asking.tree.by_code(body.unit or "", on)
    if unit is None or not asking.scope.decide(asking.place(unit, on), "correct"):
        raise UnknownUnit(unit=body.unit, columns=("unit",))
    return unit
