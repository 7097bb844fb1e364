"""The facets of a candidacy: as they are told, as they are counted, and how the two are merged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from events.dossiers import Facets
from events.rulebook import Rulebook, fold
from services.dossiers.domain import refusals
from services.dossiers.domain.readings import Act

TOLD = (
    "sex",
    "ethnic_group",
    "youth_union",
    "occupation",
    "source_group",
    "referred_by",
    "referral_round",
    "occasion",
)
"""What a row or an officer says of a person; the rest follows from it."""

FOLLOWS = {
    "age": ("birth_date",),
    "ethnic_minority": ("ethnic_group",),
    "religious": ("religion",),
    "referred": ("referred_by", "referral_round"),
    "on_occasion": ("occasion",),
}
"""What is not told, and what it follows from."""
OF_THE_PERSON = ("full_name", "birth_date", "religion")
"""What is sealed with the person, and no facet of a candidacy."""

_SEXES: Mapping[str, str | bool] = {
    "female": "female",
    "nu": "female",
    "male": "male",
    "nam": "male",
}
_YES_NO: Mapping[str, str | bool] = {"yes": True, "co": True, "no": False, "khong": False}


def counted(told: Facets, *, religious: bool | None, act: Act, on: date) -> Facets:
    """Return facets with all that follows from what is told, as it is on a day."""
    name, minority = _ethnic(told.ethnic_group, act.book)
    return msgspec.structs.replace(
        told,
        ethnic_group=name,
        ethnic_minority=minority,
        religious=religious,
        referred=bool(told.referral_round)
        or bool(told.referred_by and act.tree.is_mass_organisation(told.referred_by, on, act.book)),
        age=None,
    )


def _ethnic(text: str | None, book: Rulebook) -> tuple[str | None, bool | None]:
    group = book.ethnic_group(text) if text else None
    return (group.name, group.minority) if group else (text, None)


def differing(recorded: Facets, told: Facets, book: Rulebook) -> tuple[str, ...]:
    """Return the names of what is told otherwise than it is recorded."""
    told = msgspec.structs.replace(told, ethnic_group=_ethnic(told.ethnic_group, book)[0])
    return tuple(
        name
        for name in TOLD
        if None not in {getattr(recorded, name), getattr(told, name)}
        and getattr(recorded, name) != getattr(told, name)
    )


def completed(recorded: Facets, told: Facets) -> Facets:
    """Return recorded facets, with everything that is told."""
    new = {name: value for name in TOLD if (value := getattr(told, name)) is not None}
    return msgspec.structs.replace(recorded, **new) if new else recorded


def with_facet(facets: Facets, name: str, value: str | bool | None) -> Facets:  # noqa: FBT001 - a facet's value
    """Return facets of which one is set, or unknown.

    Raises FacetFollows, FacetOfThePerson, UnknownFacet and UnreadableFacet.
    """
    if name in FOLLOWS:
        raise refusals.FacetFollows(facet=name, source=FOLLOWS[name])
    if name in OF_THE_PERSON:
        raise refusals.FacetOfThePerson(facet=name)
    if name not in TOLD:
        raise refusals.UnknownFacet(facet=name, known=TOLD)
    readable = {"sex": _SEXES, "youth_union": _YES_NO}.get(name)
    if readable and isinstance(value, str):
        if (known := readable.get(fold(value))) is None:
            codes = ("female", "male") if name == "sex" else ("yes", "no")
            raise refusals.UnreadableFacet(facet=name, value=value, known=codes)
        value = known
    return msgspec.structs.replace(facets, **{name: value})
