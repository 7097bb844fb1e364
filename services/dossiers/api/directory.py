"""What other services ask of units and people; people do not, whatever their role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from msgspec import Meta

from infra.access import Grant, NotFound
from infra.access.tokens import is_service
from infra.http import answer, bearer, decoded, entity_tag, gives, takes
from services.directory import Candidate, Candidates, Lives, Named, UnitLife, UnitSpan
from services.dossiers.api.room import Room, raw
from services.dossiers.domain.refusals import UnknownCandidacy, UnknownPerson
from services.dossiers.domain.tree import Life, Tree

MOST_PEOPLE = 500


class Sought(msgspec.Struct, forbid_unknown_fields=True):
    """Whose latest candidacy is sought. It is sent in a body, which no log holds."""

    person_ref: Annotated[str, Meta(min_length=1, max_length=200)]


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """Whose names are read, by whom and why."""

    persons: Annotated[list[UUID], Meta(max_length=MOST_PEOPLE)]
    actor: Annotated[str, Meta(min_length=1, max_length=200)]
    purpose: Annotated[str, Meta(min_length=1, max_length=200)]


KINDS: tuple[type[msgspec.Struct], ...] = (Sought, Asked, Lives, Candidate, Candidates, Named)
_NOT_MODIFIED = 304
_UNITS: Mapping[int | str, dict[str, Any]] = {
    **gives({200: Lives}),
    _NOT_MODIFIED: {"description": "Nothing has changed"},
}
_SOUGHT = msgspec.json.Decoder(Sought)
_ASKED = msgspec.json.Decoder(Asked)


def add(app: FastAPI, room: Room) -> None:
    """Add the addresses that only services ask."""
    who = Depends(bearer(room.access.tokens))

    def service(asking: tuple[Grant, date] = who) -> None:
        """Let a service in. Raises NotFound: for anybody else there is nothing here."""
        if not is_service(asking[0]):
            raise NotFound

    only = [Depends(service)]

    @app.get("/directory/units", dependencies=only, responses={**_UNITS})
    def units(request: Request) -> Response:
        """Return every unit with its days; 304 where it is as the ETag says."""
        tree = room.tree
        tag = entity_tag(f"{room.dossiers.units.build}-{_edition(tree)}")
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=_NOT_MODIFIED, headers={"ETag": tag})
        lives = [_life(unit, life) for unit, life in list(tree.lives.items())]
        return answer(Lives(lives), 200, {"ETag": tag})

    @app.get(
        "/directory/candidacies/{candidacy}", dependencies=only, responses=gives({200: Candidate})
    )
    def candidate(candidacy: UUID) -> Response:
        """Return whose a candidacy is."""
        try:
            found, _ = room.dossiers.told(candidacy)
        except UnknownCandidacy:
            raise NotFound from None
        return answer(Candidate(found.person, found.unit))

    @app.post(
        "/directory/candidacies",
        dependencies=only,
        responses=gives({200: Candidates}),
        openapi_extra=takes(Sought),
    )
    def sought(body: Annotated[bytes, Depends(raw)]) -> Response:
        """Return the candidacies of the person of a reference, the first attempt first."""
        person = room.dossiers.person(decoded(body, _SOUGHT).person_ref)
        return answer(Candidates(room.dossiers.candidacies(person) if person else []))

    @app.post(
        "/directory/names",
        dependencies=only,
        responses=gives({200: Named}),
        openapi_extra=takes(Asked),
    )
    def names(body: Annotated[bytes, Depends(raw)]) -> Response:
        """Return names of people; who read them, and why, is put on record first."""
        asked = decoded(body, _ASKED)
        persons = sorted(set(asked.persons))
        try:
            told = room.dossiers.personal(
                persons, ("full_name",), actor=asked.actor, purpose=asked.purpose
            )
        except UnknownPerson:
            raise NotFound from None
        known = {str(person): fields["full_name"] for person, fields in told.items()}
        return answer(Named({person: name for person, name in known.items() if name}))


def _edition(tree: Tree) -> str:
    """Return what changes with every fact of a unit."""
    facts = sum(len(life.facts) for life in list(tree.lives.values()))
    return f"{len(tree.lives)}-{facts}"


def _life(unit: UUID, life: Life) -> UnitLife:
    spans = [UnitSpan(then.since, then.name, then.parent) for then in life.spans]
    return UnitLife(unit, life.code, life.since, life.until, spans)
