"""The facts of training: classes, for the centres that held them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from events.envelope import Envelope
from events.training import (
    ClassCompleted,
    ClassCorrected,
    ClassOpened,
    LearnerEnrolled,
    LearnerWithdrawn,
)
from services.reporting.projection.history import Told, told


class Class(msgspec.Struct, array_like=True, frozen=True):
    """A class as it is known: counted on the day it was opened."""

    centre: bytes
    opened_on: int
    closed_on: int | None = None
    enrolled: int | None = None
    certified: int | None = None


class ClassCounting(NamedTuple):
    """A class that begins to count at a position, or, below zero, ceases to."""

    position: int
    stream: bytes
    centre: bytes
    on_day: int
    closed_on: int | None
    enrolled: int | None
    certified: int | None
    n: int


class LearnerCounting(NamedTuple):
    """Someone who joins a class at a position, on a day, or, below zero, leaves it."""

    position: int
    stream: bytes
    on_day: int
    n: int


class TrainingTables(Protocol):
    """What the view keeps of the training ledger."""

    def class_(self, stream: bytes) -> Class | None:
        """Return a class as it is known."""
        ...

    def keep_class(self, stream: bytes, known: Class) -> None:
        """Keep a class as it is now known."""
        ...

    def count_classes(self, countings: Sequence[ClassCounting]) -> None:
        """Append what begins and ceases to count."""
        ...

    def count_learners(self, learners: Sequence[LearnerCounting]) -> None:
        """Append who joins and leaves classes."""
        ...

    def tell(self, history: Sequence[Told]) -> None:
        """Append rows of history."""
        ...


class TrainingProjection:
    """Counts classes, and learners who are known one by one."""

    def __init__(self, tables: TrainingTables) -> None:
        self._tables = tables

    def forget(self) -> None:
        """Drop what is held in memory: nothing."""

    def project(self, batch: Sequence[Envelope]) -> None:
        """Apply the next facts, in order."""
        learners: list[LearnerCounting] = []
        for envelope in batch:
            match envelope.fact:
                case LearnerEnrolled():
                    learners.append(_learner(envelope, 1))
                case LearnerWithdrawn():
                    learners.append(_learner(envelope, -1))
            stream = envelope.fact.originator_id.bytes
            before = self._tables.class_(stream)
            after = _after(before, envelope)
            if after is None or after == before:
                continue
            self._tables.keep_class(stream, after)
            gone = [_counting(envelope, before, -1)] if before else []
            self._tables.count_classes([*gone, _counting(envelope, after, 1)])
        self._tables.count_learners(learners)
        self._tables.tell([told(envelope) for envelope in batch])


def _after(before: Class | None, envelope: Envelope) -> Class | None:
    match envelope.fact:
        case ClassOpened() as fact:
            return Class(fact.centre.bytes, fact.on.toordinal(), None, fact.enrolled)
        case ClassCompleted() as fact if before:
            return msgspec.structs.replace(
                before, closed_on=fact.on.toordinal(), certified=fact.certified
            )
        case ClassCorrected() as fact:
            return Class(
                fact.centre.bytes,
                fact.opened_on.toordinal(),
                None if fact.closed_on is None else fact.closed_on.toordinal(),
                fact.enrolled,
                fact.certified,
            )
        case _:
            return None


def _counting(envelope: Envelope, known: Class, n: int) -> ClassCounting:
    return ClassCounting(
        envelope.position,
        envelope.fact.originator_id.bytes,
        known.centre,
        known.opened_on,
        known.closed_on,
        known.enrolled,
        known.certified,
        n,
    )


def _learner(envelope: Envelope, n: int) -> LearnerCounting:
    fact = envelope.fact
    return LearnerCounting(envelope.position, fact.originator_id.bytes, fact.on.toordinal(), n)
