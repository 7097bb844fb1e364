"""What the rules refused to a policy: recorded as an outcome, taken up again, or settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self, cast
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.domain import BaseAggregate

from events.envelope import By, Fact, Refused, Settled, Told
from events.refusal import Refusal

_OUTCOMES = uuid5(NAMESPACE_URL, "ketnap")


class UnknownTask(Refusal):
    """No refused command is known under that id."""


class TaskSettled(Refusal):
    """The refused command was taken up, or settled, already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRefusal:
    """Record that the rules refused what a policy asked for."""

    on: date
    cause: str
    policy: str
    refusal: str
    rule: str | None
    about: UUID | None
    facts: tuple[Told, ...]
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRefusal:
    """Decide that what was refused needs no doing."""

    on: date
    task: UUID
    by: By
    ground: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Do what was refused, now that the rules may take it."""

    on: date
    task: UUID
    command: Any
    by: By


OfOutcomes = NoteRefusal | SettleRefusal | TryAgain


def outcome_of(cause: str, policy: str) -> UUID:
    """Return the stream of what became of a policy's command."""
    return uuid5(_OUTCOMES, f"policy/{cause}/{policy}")


def told(refusal: Refusal) -> tuple[Told, ...]:
    """Return what the words of a refusal name. Refusals name no person."""
    return tuple(
        Told(name=name, value=",".join(map(str, value)) if isinstance(value, tuple) else str(value))
        for name, value in refusal.facts.items()
        if value is not None
    )


class PolicyOutcome(BaseAggregate[UUID]):
    """A refused command of a policy, which a service adopts with the facts of its own ledger."""

    class Event(Fact):
        """A fact of a refused command."""

        def apply(self, aggregate: PolicyOutcome) -> None:
            aggregate.take_in(self)

    PolicyRefused: ClassVar[type[Refused]]
    PolicySettled: ClassVar[type[Settled]]

    def __init__(self) -> None:
        self.cause = ""
        self.policy = ""
        self.about: UUID | None = None
        self.settled = False

    @classmethod
    def refuse(cls, command: NoteRefusal) -> Self:
        """Record a refusal; the stream follows from its cause, so that it is recorded once."""
        return cls._create(
            cls.PolicyRefused,
            id=outcome_of(command.cause, command.policy),
            on=command.on,
            cause=command.cause,
            policy=command.policy,
            refusal=command.refusal,
            rule=command.rule,
            about=command.about,
            facts=command.facts,
            **command.by.fields(),
        )

    def settle(self, on: date, by: By, *, done: bool, ground: str | None = None) -> None:
        """End the task: the command was taken, or needs no doing."""
        if self.settled:
            raise TaskSettled(cause=self.cause)
        self.trigger_event(
            cast("type[PolicyOutcome.Event]", self.PolicySettled),
            on=on,
            done=done,
            ground=ground,
            **by.fields(),
        )

    def take_in(self, fact: Fact) -> None:
        """Take in a fact of this stream."""
        if isinstance(fact, Refused):
            self.cause, self.policy, self.about = fact.cause, fact.policy, fact.about
        self.settled = isinstance(fact, Settled)
