"""What is sent: one body a thing that comes to be, with the limits of its fields."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

EARLIEST = date(1930, 2, 3)
"""Nothing that is recorded here happened before there was a Party."""
FIRST_BIRTH = date(1900, 1, 1)

Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Votes = Annotated[int, Meta(ge=0, le=10_000)]
FactName = Literal[
    "nominated",
    "certified",
    "applied",
    "sealed",
    "verification_asked",
    "verification_closed",
    "cell_vote",
    "dossier_received",
    "dossier_returned",
    "political_standard",
    "decided",
    "decision_received",
    "ceremony",
    "recognised",
    "struck_off",
    "resigned",
    "deceased",
    "withdrawn",
    "refused",
]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Something that is sent; a field that nobody knows is refused."""


class Facets(Body, kw_only=True):
    """What statistics need to know of a person."""

    sex: Literal["female", "male"] | None = None
    ethnic_group: Line | None = None
    youth_union: bool | None = None
    occupation: Line | None = None
    source_group: Line | None = None
    referred_by: Code | None = None
    referral_round: Line | None = None


class Nomination(Body, kw_only=True):
    """A person is proposed as a source of admission, at a unit by its code."""

    person_ref: Line
    full_name: Line
    birth_date: date
    religion: Line | None = None
    facets: Facets = msgspec.field(default_factory=Facets)
    unit: Code
    on: date
    document: Line | None = None


class Done(Body, kw_only=True):
    """An act of a day."""

    on: date
    document: Line | None = None


class Certificate(Done, kw_only=True):
    """A certificate of an awareness class."""

    class_code: Code | None = None


class CellVote(Done, kw_only=True):
    """How the cell voted, of all its official members."""

    official_members: Votes
    present: Votes
    in_favour: Votes


class DossierReturn(Done, kw_only=True):
    """The dossier goes back for completion."""

    reason: Text


class DecisionExtension(Done, kw_only=True):
    """The decision gets more working days; it rests on a document."""

    working_days: Annotated[int, Meta(ge=1, le=1000)]


class Decision(Done, kw_only=True):
    """Admission is decided by a body, named by the code of its unit."""

    decider: Code


class Ceremony(Done, kw_only=True):
    """The ceremony is held, on an occasion or none."""

    occasion: Line | None = None


class Facet(Body, kw_only=True):
    """A facet as it should have been; null makes it unknown."""

    name: Code
    value: bool | Line | None = None


class Correction(Body, kw_only=True):
    """What is set right: one of `day`, `unit`, `facet` and `retract`.

    `of` is the version of the fact, where there are several of that name. A facet is right
    or wrong on every fact of the candidacy.
    """

    fact: FactName | None = None
    of: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    day: date | None = None
    unit: Code | None = None
    facet: Facet | None = None
    retract: bool = False
    reason: Text
    document: Line


class Recorded(msgspec.Struct):
    """Where what was done stands; `position` is null where it was so already."""

    candidacy: UUID
    position: str | None
    version: int
