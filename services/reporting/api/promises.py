"""What reporting answers, by type: its document is made of these."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

Positions = dict[str, int]
"""Of each ledger, the last position that the answer speaks for."""


class TargetTold(msgspec.Struct):
    """What a figure is measured against."""

    kind: str
    minimum: int
    maximum: int | None
    deadline: date | None
    deadline_inclusive: bool
    document: str | None


class Ratio(msgspec.Struct):
    """A ratio is its operands; `percent` is how it is written."""

    numerator: int
    denominator: int
    denominator_is: str
    percent: str


class UnitsTold(msgspec.Struct):
    """How many of the units below have had a ceremony."""

    total: int
    with_ceremony: int
    without_ceremony: list[str]


class Below(msgspec.Struct):
    """A unit directly below, with what reached the asked unit through it."""

    unit: str
    name: str
    admitted: int
    target: TargetTold | None
    ratio: Ratio | None
    remaining: int | None
    last_ceremony: date | None
    """The day of its last ceremony of the period; of people known one by one."""


class TargetRow(msgspec.Struct):
    """A target, counted over its own period."""

    kind: str
    period: str
    category: str | None
    minimum: int
    maximum: int | None
    deadline: date | None
    admitted: int
    state: str


class TargetWithPaper(TargetRow):
    """A target, and the paper by which it was issued."""

    deadline_inclusive: bool
    document: str | None
    issued_on: date


class RoundTold(msgspec.Struct):
    """Where those stand who were listed in a round of referrals."""

    round: str
    listed: int
    admitted: int
    in_progress: int
    not_started: int
    withdrawn: int
    refused: int
    deceased: int


class ClassesTold(msgspec.Struct):
    """The classes of the period."""

    classes: int
    learners: int | None
    certified: int | None


class MembersTold(msgspec.Struct):
    """How many members, on the oldest day that was used."""

    count: int
    on: date


class FindingTold(msgspec.Struct):
    """What does not fit."""

    kind: str
    unit: str
    expected: int | None
    actual: int | None
    difference: int | None
    text: str


class FiguresTold(msgspec.Struct):
    """Every figure of a unit, in the order of the public formats."""

    unit: str
    name: str
    period: str
    as_of: date
    known_at: datetime | None
    positions: Positions
    target: TargetTold | None
    admitted: int
    ratio: Ratio | None
    remaining: int | None
    units: UnitsTold
    by_unit: list[Below]
    targets: list[TargetRow]
    facets: dict[str, dict[str, int]]
    rounds: list[RoundTold]
    left: dict[str, int]
    funnel: dict[str, int]
    classes: ClassesTold
    members: MembersTold | None
    findings: list[FindingTold]
    last_ceremony: date | None
    """The day of the last ceremony of the period; of people known one by one."""
    recorded: datetime | None
    """When the last fact was recorded that the answer speaks for."""


class PaceTold(msgspec.Struct):
    """Where an even pace over the target's days would be."""

    even: int
    behind: int
    """How many fewer there are than at an even pace; below zero when there are more."""
    days: int
    over: int
    """How many of the days are over."""


class OverviewTold(msgspec.Struct):
    """How the units of one's scope stand."""

    unit: str
    name: str
    period: str
    as_of: date
    known_at: datetime | None
    positions: Positions
    admitted: int
    target: TargetTold | None
    ratio: Ratio | None
    remaining: int | None
    last_ceremony: date | None
    recorded: datetime | None
    """When the last fact was recorded that the answer speaks for."""
    pace: PaceTold | None
    units: list[Below]
    """The least advanced first; those without a target last."""
    silent: list[str]
    """Those without a ceremony, the largest targets first."""


class FactTold(msgspec.Struct, forbid_unknown_fields=False):
    """A fact behind a figure. What else is known of it, its facets, stands beside these."""

    case: str | None
    """None where it is not of a case, or of one that is not seen."""
    fact: str
    on: date
    unit: str
    recorded: datetime
    position: str
    n: int


class FactsTold(msgspec.Struct):
    """The facts behind a figure: the sum of all their `n` is `total`, the figure itself."""

    figure: str
    count: int
    total: int
    positions: Positions
    recorded: datetime | None
    """When the last fact was recorded that the answer speaks for."""
    facts: list[FactTold]


class EventTold(msgspec.Struct, forbid_unknown_fields=False):
    """One event of history. Its own public fields stand beside these."""

    ledger: str
    position: str
    case: str
    person: str | None
    unit: str | None
    version: int
    type: str
    on: date
    recorded: datetime
    actor: str
    acting_for: str | None
    document: str | None
    rule_set: str | None
    causation: str | None
    correlation: str | None
    text: str


class HistoryTold(msgspec.Struct):
    """Events in the order in which they became known."""

    events: list[EventTold]
    next: str | None


class TargetsTold(msgspec.Struct):
    """Every target of a unit."""

    unit: str
    positions: Positions
    targets: list[TargetWithPaper]


KINDS: tuple[type[msgspec.Struct], ...] = (
    FiguresTold,
    OverviewTold,
    FactsTold,
    HistoryTold,
    TargetsTold,
)
