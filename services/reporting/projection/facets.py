"""The facets under which an admission counts: they overlap, and are never added."""

from __future__ import annotations

import itertools

from events.dossiers import Facets

UNKNOWN = "unknown"
BOOLEANS = ("youth_union", "referred", "on_occasion", "ethnic_minority", "religious")
AGES = ("18-30", "31-40", "41-50", "51-60", ">60")
PUBLISHED = (
    "sex",
    "youth_union",
    "referred",
    "on_occasion",
    "ethnic_minority",
    "religious",
    "age",
    "occupation",
    "source_group",
)
TWICE = "twice"
"""Not a facet: how often a category would count one person more than once."""


def values(facets: Facets) -> tuple[tuple[str, str], ...]:
    """Return the value of every published facet, and the categories that two of them name."""
    found = {
        "sex": facets.sex or UNKNOWN,
        "youth_union": _answer(known=facets.youth_union),
        "referred": _answer(known=facets.referred),
        "on_occasion": _answer(known=facets.occasion is not None),
        "ethnic_minority": _answer(known=facets.ethnic_minority),
        "religious": _answer(known=facets.religious),
        "age": facets.age or UNKNOWN,
        "occupation": facets.occupation or UNKNOWN,
        "source_group": facets.source_group or UNKNOWN,
    }
    named = sorted(category(facet, value) for facet, value in found.items())
    again = [(TWICE, name) for name, next_ in itertools.pairwise(named) if name == next_]
    return (*found.items(), *((facet, name) for facet, name in again if name))


def category(facet: str, value: str) -> str:
    """Return the category of a target that counts people with this facet; empty if none."""
    if facet in BOOLEANS:
        return facet if value == "yes" else ""
    return "" if value == UNKNOWN else value


def _answer(*, known: bool | None) -> str:
    return UNKNOWN if known is None else "yes" if known else "no"
