"""What is answered."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from events.dossiers import Facets as Counted


class Answer(msgspec.Struct):
    """Something that is answered."""


class Place(Answer):
    """A unit, as it was called on the day that it is told of."""

    code: str
    name: str


class Reason(Answer):
    """Why something cannot be done, by which rule, and what would free it."""

    code: str
    title: str
    clause: str | None = None
    detail: str | None = None
    frees: str | None = None


class Finding(Answer):
    """What does not fit in an act."""

    kind: str
    title: str
    expected: str | None = None
    actual: str | None = None


class Votes(Answer):
    """How the cell voted; `required` is how many of all official members must be in favour."""

    official_members: int
    present: int
    in_favour: int
    required: int | None
    carried: bool


class Step(Answer):
    """An act as it stands. `of` names it in a correction."""

    fact: str
    title: str
    of: int
    on: date
    decided_on: date | None
    unit: Place
    position: str | None
    recorded: datetime | None
    actor: str
    acting_for: str | None
    document: str | None
    imported: bool
    findings: list[Finding]
    votes: Votes | None = None
    class_code: str | None = None
    decider: Place | None = None


class Deadline(Answer):
    """A legal clock: from which day, how it is counted, until when, and whether it still runs."""

    clock: str
    title: str
    starts: date
    due: date
    working_days: int | None
    months: int | None
    provisional: bool
    running: bool
    overdue: bool
    clause: str | None
    detail: str | None


class Option(Answer):
    """A value that a field may take."""

    value: str
    title: str


class Field(Answer):
    """A field of an act, with its limits for today."""

    name: str
    title: str
    type: str
    """`date`, `integer`, `line`, `text` or `choice`."""
    required: bool
    minimum: str | int | None = None
    maximum: str | int | None = None
    options: list[Option] | None = None
    limit: str | None = None
    """What the rules say of it."""


class Act(Answer):
    """An act, and whether it could be done today."""

    act: str
    title: str
    fields: list[Field]
    allowed: bool
    blocked: Reason | None


class CandidacyNow(Answer):
    """A candidacy as it stands; `version` is what `If-Match` takes."""

    candidacy: UUID
    person: UUID
    attempt: int
    version: int
    open: bool
    state: str | None
    """The last act, as a name of a fact."""
    unit: Place
    path: list[Place]
    """The way from the unit of who asks down to the candidacy's."""
    facets: Counted
    steps: list[Step]
    deadlines: list[Deadline]
    acts: list[Act]
    may_read_person: bool
    may_correct: bool
    may_retract: bool


class PersonShown(Answer):
    """What is known of a person; each read is on record."""

    person: UUID
    full_name: str | None
    birth_date: date | None
    person_ref: str | None
    """With all but its last signs masked."""
    shredded: bool


class PersonFound(Answer):
    """A candidacy of a person who was looked for."""

    candidacy: UUID
    person: UUID
    full_name: str | None
    birth_date: date | None
    unit: Place
    state: str | None
    on: date
    open: bool


class PeopleFound(Answer):
    """A page of people."""

    people: list[PersonFound]
    next: str | None


class TaskShown(Answer):
    """Something that is due or blocked."""

    candidacy: UUID
    kind: str
    """`deadline`, `finding` or `refused`."""
    code: str
    """The clock, the finding or the refusal."""
    title: str
    on: date
    """When it is due; of the others, the day of the act that it is about."""
    overdue: bool
    long_overdue: bool
    """So long that nobody waits for it any more: such tasks come after all others."""
    provisional: bool
    fact: str | None
    unit: Place
    full_name: str | None
    clause: str | None
    frees: str | None
    cause: str | None
    task: UUID | None
    """What was refused, as it is settled or tried again."""
    may_settle: bool
    why_not: str | None
    """Why who asks may not take up what was refused."""


class Work(Answer):
    """A page of what is to be done, what is nearest to today first."""

    tasks: list[TaskShown]
    next: str | None


class UnitShown(Answer):
    """A unit on a day."""

    code: str
    name: str
    kind: str
    parent: str | None
    """The code of the unit above it, where that is seen too."""
    admits: bool


class UnitsShown(Answer):
    """The units of a scope, every one after the unit above it."""

    units: list[UnitShown]
