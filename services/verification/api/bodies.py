"""What is sent to verification, and what is answered."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from services.acting import Act, Code, Line, Recorded, Sent, Text
from services.tasks import Retry, Settlement, TakenUp

Number = Annotated[int, Meta(ge=1, le=10_000)]


class Asking(Sent, kw_only=True):
    """A place is asked about one subject; `place` is the code of the locality or the agency."""

    subject_kind: Code
    place: Code
    abroad: bool = False
    subject_name: Line | None = None
    place_name: Line | None = None


class Reply(Sent, kw_only=True):
    """What a place replied, and whether it is what was declared."""

    request: Number
    matches: bool
    remarks: Text | None = None


class Supplement(Sent, kw_only=True):
    """The reply was not enough: the place is asked once more."""

    request: Number
    question: Text | None = None


class Waiver(Sent, kw_only=True):
    """No reply is needed: of a request that was sent, or of a subject that needs none."""

    request: Number | None = None
    subject_kind: Code | None = None
    subject_name: Line | None = None
    ground: Code
    reason: Text | None = None


class Closing(Sent, kw_only=True):
    """The case is done."""


class Place(msgspec.Struct):
    """A unit, as it was called on the day that it is told of."""

    code: str
    name: str


class CaseTold(msgspec.Struct, rename={"id": "case"}):
    """A case of a list; `due` is the nearest day by which a reply is awaited."""

    id: UUID
    candidacy: UUID
    person: UUID
    full_name: str | None
    unit: Place
    opened_on: date
    closed_on: date | None
    suspended: bool
    due: date | None
    requests: int
    awaited: int


class Cases(msgspec.Struct):
    """Cases, what is due soonest first."""

    cases: list[CaseTold]
    next: str | None


class Due(msgspec.Struct):
    """Until when a reply is awaited; provisional beyond the published calendar."""

    starts: date
    due: date
    provisional: bool
    overdue: bool


class RequestTold(msgspec.Struct):
    """A place that is asked about a subject. What is said of people is told for a purpose."""

    request: int
    subject_kind: str
    subject_name: str | None
    place: str | None
    place_name: str | None
    abroad: bool
    asked_on: date
    deadline: Due | None
    replied_on: date | None
    matches: bool | None
    remarks: str | None
    waived_on: date | None
    may_reply: bool


class CaseNow(msgspec.Struct, rename={"id": "case"}):
    """A case as it stands; `version` is what `If-Match` takes."""

    id: UUID
    version: int
    candidacy: UUID
    person: UUID
    full_name: str | None
    unit: Place
    sealed_on: date | None
    closed_on: date | None
    suspended: bool
    requests: list[RequestTold]
    acts: list[Act]
    subjects: list[str]
    """Whom the rules of today have verified."""


class TaskTold(msgspec.Struct):
    """What was refused to a policy and nobody has taken up."""

    task: UUID
    case: UUID
    candidacy: UUID
    unit: Place
    code: str
    """The refusal."""
    title: str
    on: date
    """The day on which it was refused."""
    clause: str | None
    detail: str | None
    frees: str | None
    cause: str
    """The fact that the policy reacted to."""
    may_settle: bool
    why_not: str | None
    """Why who asks may not take it up."""


class Tasks(msgspec.Struct):
    """What was refused to policies, the latest first: it is what is nearest to today."""

    tasks: list[TaskTold]
    next: str | None


KINDS: tuple[type[msgspec.Struct], ...] = (
    Asking,
    Reply,
    Supplement,
    Waiver,
    Closing,
    Cases,
    CaseNow,
    Recorded,
    Tasks,
    Settlement,
    Retry,
    TakenUp,
)
