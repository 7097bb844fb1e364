"""What every fact carries besides its own fields, and the outside in which a reader receives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from eventsourcing.domain import AggregateCreated, AggregateEvent

POLICY = "policy"
"""The actor of what nobody did, but follows by a rule from what somebody did."""


class Fact(AggregateEvent):
    """A thing that happened, on a civil day in Asia/Ho_Chi_Minh (UTC+07:00).

    Every field is a published promise, but for those named in `sealed`: they are
    encrypted with the key of the person `subject` and never leave the ledger.
    """

    on: date = field(kw_only=True)
    """The day it took effect in the world."""
    actor: str = field(kw_only=True)
    """The opaque id of the account that recorded it."""
    acting_for: str | None = field(kw_only=True, default=None)
    """The body for which the actor recorded it."""
    rule_set: str | None = field(kw_only=True, default=None)
    """The id of the rule set of that day, as in `contracts/rulebook`."""
    document: str | None = field(kw_only=True, default=None)
    """The number of the paper it rests on."""
    causation: str | None = field(kw_only=True, default=None)
    """What caused it: `<ledger>/<position>`, or `import/<file sha256>/<sheet>/<row>`."""
    correlation: str | None = field(kw_only=True, default=None)
    """What it belongs to: the first cause of a chain of causes."""

    TOPIC: ClassVar[str]
    """The name of the type, in the ledger and on the topic: `<ledger>.<Name>`."""
    sealed: ClassVar[tuple[str, ...]] = ()
    """The names of the fields that hold personal data."""

    @property
    def subject(self) -> UUID:
        """The person whose key seals the personal fields."""
        return self.originator_id

    def takes(self) -> tuple[str, ...]:
        """Return the claims that this fact takes for its stream (design decision 11)."""
        return ()

    def releases(self) -> tuple[str, ...]:
        """Return the claims that this fact gives back."""
        return ()


class FirstFact(Fact, AggregateCreated):
    """A fact that begins a stream."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the words of a refusal name: a day, a number, a code, never a person's own."""

    name: str
    value: str


class Refused(FirstFact):
    """The rules refused what a policy asked for: an outcome, and a task for somebody.

    Each ledger has its own, `<ledger>.PolicyRefused`, in a stream of its own.
    """

    cause: str
    """The fact that the policy reacted to: `<ledger>/<position>`."""
    policy: str
    refusal: str
    """The code under which the reason is worded."""
    rule: str | None = None
    """The clause, as in `contracts/rulebook`."""
    about: UUID | None = None
    """What it was to be done to: a candidacy, as a rule."""
    facts: tuple[Told, ...] = ()


class Settled(Fact):
    """The refused command was taken after all, or somebody decided that it needs no doing."""

    done: bool
    """Whether it was taken."""
    ground: str | None = None
    """Why it needs no doing, by a code: a reason in words might name somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who records a fact, for whom, on what paper, and because of what."""

    actor: str
    acting_for: str | None = None
    document: str | None = None
    causation: str | None = None
    correlation: str | None = None

    def fields(self) -> dict[str, Any]:
        """Return these as the fields of a fact."""
        return {name: getattr(self, name) for name in type(self).__slots__}

    @classmethod
    def following(cls, envelope: Envelope) -> By:
        """Return who records what follows from a fact, for the same body and on the same paper."""
        fact = envelope.fact
        return cls(
            actor=POLICY,
            acting_for=fact.acting_for,
            document=fact.document,
            causation=envelope.cause,
            correlation=fact.correlation or envelope.cause,
        )


@dataclass(frozen=True, slots=True)
class Envelope:
    """A recorded fact, as a reader receives it."""

    ledger: str
    position: int
    recorded: datetime
    """The UTC microsecond at which the ledger learned it."""
    fact: Fact
    trace: str | None = field(default=None, compare=False)
    """The W3C trace context under which it was recorded."""

    @property
    def cause(self) -> str:
        """Return what facts that follow from this one name as their cause."""
        return f"{self.ledger}/{self.position}"
