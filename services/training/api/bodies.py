"""What is sent to training, and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from services.acting import Act, Code, Line, Recorded, Sent, Text

Count = Annotated[int, Meta(ge=0, le=100_000)]
Periods = Annotated[int, Meta(ge=0, le=1_000)]
Score = Annotated[str, Meta(pattern=r"^[0-9]{1,2}([.,][0-9]{1,2})?$")]
"""Of ten, as `7.5`."""


class Opening(Sent, kw_only=True):
    """A class begins at a training centre, by its code."""

    code: Code
    centre: Code
    weekend: bool | None = None
    co_organiser: Line | None = None
    enrolled: Count | None = None


class Enrolment(Sent, kw_only=True):
    """A candidate learns in the class: by candidacy, or by the person's reference."""

    candidacy: UUID | None = None
    person_ref: Line | None = None


class Withdrawal(Sent, kw_only=True):
    """A learner leaves the class before its end."""

    candidacy: UUID
    reason: Text | None = None


class Marks(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How a learner did: attendance, the final paper, and the paper written again."""

    candidacy: UUID
    attended: Periods
    periods: Periods
    score: Score | None = None
    retake: Score | None = None


class Outcome(Sent, kw_only=True):
    """How a learner did; once said, it is said otherwise only as a correction with its reason."""

    candidacy: UUID
    attended: Periods
    periods: Periods
    score: Score | None = None
    retake: Score | None = None
    correct: bool = False
    reason: Text | None = None


class Closing(Sent, kw_only=True):
    """The class ends, with the results that are not recorded yet."""

    certified: Count | None = None
    results: Annotated[tuple[Marks, ...], Meta(max_length=1_000)] = ()


class Certificate(Sent, kw_only=True):
    """A learner who passed is issued the certificate, under the number of the register."""

    candidacy: UUID
    number: Code


class Place(msgspec.Struct):
    """A unit, as it was called on the day that it is told of."""

    code: str
    name: str


class ClassTold(msgspec.Struct, rename={"id": "class"}):
    """A class of a list. `learners` are those known one by one, `enrolled` how many it was said."""

    id: UUID
    code: str
    centre: Place
    opened_on: date | None
    closed_on: date | None
    enrolled: int | None
    certified: int | None
    certificates_due: date | None
    learners: int
    passed: int
    issued: int


class Classes(msgspec.Struct):
    """Classes, the latest first."""

    classes: list[ClassTold]
    next: str | None


class ResultTold(msgspec.Struct):
    """How a learner did."""

    attended: int
    periods: int
    score: str | None
    retake: str | None


class LearnerTold(msgspec.Struct):
    """A learner; the name is told for a purpose, and to who may know it."""

    candidacy: UUID
    person: UUID
    full_name: str | None
    unit: Place | None
    enrolled_on: date
    passed: bool | None
    result: ResultTold | None
    certificate: str | None
    certified_on: date | None


class ClassNow(msgspec.Struct, rename={"id": "class"}):
    """A class as it stands; `version` is what `If-Match` takes."""

    id: UUID
    version: int
    code: str
    centre: Place
    opened_on: date | None
    closed_on: date | None
    weekend: bool | None
    co_organiser: str | None
    enrolled: int | None
    certified: int | None
    certificates_due: date | None
    learners: list[LearnerTold]
    acts: list[Act]


KINDS: tuple[type[msgspec.Struct], ...] = (
    Opening,
    Enrolment,
    Withdrawal,
    Outcome,
    Closing,
    Certificate,
    Classes,
    ClassNow,
    Recorded,
)
