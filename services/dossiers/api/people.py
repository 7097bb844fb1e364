"""People: what one is called, for a purpose, and who is found by parts of a name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response

from infra.access import NotFound
from infra.http import answer, decoded, gives, limit_of, next_link, paged, takes
from services.dossiers.api.answers import PeopleFound, PersonFound, PersonShown, Place
from services.dossiers.api.asking import Asking, Standing
from services.dossiers.api.room import SEARCH, Room, Who, raw, unit_name
from services.dossiers.domain.journey import over
from services.dossiers.view import Found

_SHOWN = 3
"""How many signs of a reference are shown: enough to tell two people apart, not to know one."""
_MASK = "•"
Purpose = Annotated[str, Query(min_length=1, max_length=200, pattern=r"\S")]
Body = Annotated[bytes, Depends(raw)]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Whom one looks for. It stands in the body: what is in an address is kept in logs."""

    q: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


_WANTED = msgspec.json.Decoder(Wanted)


def add(app: FastAPI, room: Room) -> None:
    """Add the addresses of people."""
    caught_up = [Depends(room.caught_up)]

    @app.get(
        "/candidacies/{candidacy}/person",
        dependencies=caught_up,
        responses=gives({200: PersonShown}),
    )
    def person(candidacy: UUID, asking: Who, purpose: Purpose) -> Response:
        """Return what the person of a candidacy is called; the read is on record."""
        found, _, standing = room.candidacy(asking, candidacy)
        if not asking.decide(standing, "read", kind="person"):
            raise NotFound
        return answer(_person(room, asking, found.person, purpose))

    @app.post(
        "/people/search",
        dependencies=caught_up,
        responses=gives({200: PeopleFound}),
        openapi_extra={"requestBody": takes(Wanted)["requestBody"]},
    )
    def people(
        request: Request,
        asking: Who,
        sent: Body,
        cursor: Annotated[str | None, Query(max_length=500)] = None,
        limit: Annotated[int | None, Query(ge=1, le=200)] = None,
    ) -> Response:
        """Return people by beginnings of words of their names, marks or none, or by reference.

        Names are read, and that is on record, only of the people that are returned.
        """
        q = decoded(sent, _WANTED).q
        most = limit_of(limit)
        about = f"people/{asking.grant.account}/{asking.grant.unit}/{asking.grant.role}/{q}"
        found = list(islice(_visible(asking, _found(room, asking, q, cursor, about)), most + 1))
        page = paged(found, most, _place, room.cursors, about)
        people = _shown(room, asking, page.items)
        return answer(PeopleFound(people=people, next=page.next), 200, next_link(request, page))


def names(
    room: Room, asking: Asking, found: Iterable[Found], purpose: str, fields: tuple[str, ...]
) -> dict[UUID, dict[str, Any]]:
    """Return personal fields of the people whom the grant may know, by person."""
    known = {each.person for each in found if asking.decide(standing(each), "read", kind="person")}
    return room.dossiers.personal(
        sorted(known), fields, actor=asking.grant.account, purpose=purpose
    )


def standing(found: Found) -> Standing:
    """Return a candidacy of the view as the decision asks for it."""
    facts = {fact.version: fact for fact in found.facts}
    latest = max(found.facts, key=lambda fact: fact.version, default=None)
    referred_by = latest.facets.referred_by if latest else None
    return Standing(unit=found.unit, facts=facts, referred_by=referred_by)


def place(asking: Asking, found: Found) -> Place:
    """Return the unit of a candidacy as it is called today, or was at its last act."""
    tree = asking.tree
    taker = tree.taking(found.unit, asking.today)
    day = asking.today if taker else date.fromordinal(found.last_day)
    unit = taker or found.unit
    return Place(code=tree.code(unit), name=unit_name(tree, unit, day))


def state(found: Found) -> str | None:
    """Return the last act of a candidacy."""
    ended = over({fact.version: fact for fact in found.facts})
    latest = ended or max(found.facts, key=lambda fact: (fact.day, fact.version), default=None)
    return latest.fact if latest else None


def _person(room: Room, asking: Asking, person: UUID, purpose: str) -> PersonShown:
    fields = ("full_name", "birth_date", "person_ref")
    told = room.dossiers.personal(
        (person,), fields, actor=asking.grant.account, purpose=purpose.strip()
    )[person]
    return PersonShown(
        person=person,
        full_name=told["full_name"],
        birth_date=told["birth_date"],
        person_ref=_masked(told["person_ref"]),
        shredded=told["person_ref"] is None,
    )


def _masked(reference: str | None) -> str | None:
    if reference is None:
        return None
    shown = reference[-_SHOWN:] if len(reference) > 2 * _SHOWN else ""
    return _MASK * (len(reference) - len(shown)) + shown


def _found(room: Room, asking: Asking, q: str, cursor: str | None, about: str) -> Iterator[Found]:
    if cursor is None and (person := room.dossiers.person(q)):
        yield from room.view.of_person(person)
        return
    after: tuple[Any, ...] = ()
    if cursor is not None:
        last_day, candidacy = room.cursors.open(cursor, about)
        after = (last_day, bytes.fromhex(candidacy))
    yield from room.view.search(q, asking.units(), after)


def _visible(asking: Asking, found: Iterable[Found]) -> Iterator[Found]:
    """Yield whom the grant may know by name: who may not finds nobody by one."""
    for each in found:
        of = standing(each)
        if asking.decide(of) and asking.decide(of, "read", kind="person"):
            yield each


def _place(found: Found) -> tuple[int, str]:
    return found.last_day, found.candidacy.hex


def _shown(room: Room, asking: Asking, found: list[Found]) -> list[PersonFound]:
    told = names(room, asking, found, SEARCH, ("full_name", "birth_date"))
    return [
        PersonFound(
            candidacy=each.candidacy,
            person=each.person,
            full_name=told[each.person]["full_name"],
            birth_date=told[each.person]["birth_date"],
            unit=place(asking, each),
            state=state(each),
            on=date.fromordinal(each.last_day),
            open=over({fact.version: fact for fact in each.facts}) is None,
        )
        for each in found
        if each.person in told
    ]
