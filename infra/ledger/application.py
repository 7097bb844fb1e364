"""Commands: decided on fresh aggregates, saved with their claims, repeated without harm."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

import msgspec
from eventsourcing.application import AggregateNotFoundError, Application, Repository
from eventsourcing.domain import BaseAggregate
from eventsourcing.persistence import (
    EventStore,
    InfrastructureFactory,
    Recording,
)
from eventsourcing.popo import POPOFactory
from eventsourcing.utils import Environment, EnvType

from events.envelope import Fact, FirstFact
from events.refusal import Refusal
from infra.ledger.ahead import NOTHING_READ, About, Ahead, Answered
from infra.ledger.claims import changes
from infra.ledger.group import Group, Here, Pending, PendingEvents, Rehearsal
from infra.ledger.mapper import SealingMapper
from infra.ledger.outcomes import (
    NoteRefusal,
    OfOutcomes,
    PolicyOutcome,
    SettleRefusal,
    TryAgain,
    UnknownTask,
)
from infra.ledger.port import (
    ClaimTakenError,
    CommandRepeatedError,
    Ledger,
    Save,
    VersionTakenError,
)
from infra.ledger.said import note, said
from infra.ledger.together import Steps, Under, taken
from infra.sealing import Keys

T = TypeVar("T")

NOTHING = Save()
_ATTEMPTS = 20
_COMMANDS_A_COMMIT = 500

Condition = tuple[UUID, Callable[[int], None]]
"""A stream, and what is told its version before a command changes it: it raises, or lets pass."""

Outcome = tuple[int, ...] | Refusal
"""The positions of what a command recorded, none if all was so already; or why it was refused."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command recorded: its positions, none if all was so already."""

    positions: tuple[int, ...]
    version: int | None = None
    """Of the last fact; not known of a command that is repeated."""


class ChangedCommand(Refusal):
    """The key of the command is taken by another body."""


class ClaimTaken(Refusal):
    """What must be unique is taken; a service names it better in `claim_refusal`."""


class Contended(Refusal):
    """Others changed the same thing each time; to try again is right."""


class Commands(Application[UUID], ABC):
    """The commands that a service accepts, on its ledger.

    A lost ledger (LedgerClosedError) travels: what became of the command is then unknown,
    and the same command under the same key is the way to find out.
    """

    aggregates: ClassVar[tuple[type[BaseAggregate[UUID]], ...]]
    """Every class of aggregate of the service; a fact that none adopts is unknown."""
    outcomes: ClassVar[type[PolicyOutcome]]
    """The aggregate of refused commands, in a service that has policies."""

    def __init__(self, ledger: Ledger, keys: Keys) -> None:
        self.ledger = ledger
        self.keys = keys
        self._here = Here()
        self._sealing = SealingMapper(keys, type(self).aggregates)
        super().__init__()

    @abstractmethod
    def decide(self, command: Any) -> Sequence[BaseAggregate[UUID]]:  # noqa: ANN401 - each service has its own
        """Load, call and return what changed, through `repository` and `holder`.

        Raises Refusal. May be called again for one command, and must then decide anew.
        """

    def claim_refusal(self, error: ClaimTakenError) -> Refusal:
        """Return the reason for which a claim that another stream holds refuses a command."""
        return ClaimTaken(claim=error.key, holder=error.holder)

    def about(self, command: Any) -> UUID | None:  # noqa: ANN401, ARG002 - each service has its own
        """Return what a command of a policy is done to, so that its refusal can be found there."""
        return None

    def holder(self, claim: str) -> UUID | None:
        """Return the stream that holds a claim, as the command that is decided sees it."""
        pending = self._here.pending
        return pending.holder(claim) if pending else self.ledger.holder(claim)

    @contextmanager
    def ahead(self, commands: Collection[About]) -> Iterator[None]:
        """Read what commands are about for all of them at once; this thread finds it inside.

        That is their own keys, the streams that they change, and of the people of those streams
        the streams and the keys. A command that is decided anew reads anew.
        """
        with self.keys.held():
            keys = [command.key for command in commands]
            known = self.ledger.commands(keys)
            streams = self.ledger.streams({command.stream for command in commands})
            people = {self._sealing.subject(events[0]) for events in streams.values()}
            self.keys.hold(people)
            streams |= self.ledger.streams(people - streams.keys())
            with self._here.having(Ahead(streams, {key: known.get(key) for key in keys})):
                yield

    def perform(
        self,
        command: Any,  # noqa: ANN401 - each service has its own
        *,
        key: str | None = None,
        not_before: datetime | None = None,
        reader: tuple[str, int, int] | None = None,
        condition: Condition | None = None,
    ) -> tuple[int, ...]:
        """Do a command and return the positions of what it recorded; none if it was so already.

        The same body under the same key gets the same positions, whenever it comes. In a
        rehearsal nothing is saved and every position is 0. Raises Refusal, and what the
        condition raises.
        """
        around = Save(not_before=not_before, reader=reader)
        doing = self.doing(command, key=key, around=around, condition=condition)
        return self.taken(doing).positions

    def taken(self, steps: Steps[T]) -> T:
        """Take one command to its end and return what it returns. Raises what it raises."""
        [end] = taken(self.ledger, [Under(steps)])
        if isinstance(end, Exception):
            raise end
        return end

    def doing(
        self,
        command: Any,  # noqa: ANN401 - as above
        *,
        key: str | None,
        around: Save = NOTHING,
        condition: Condition | None = None,
        known: Sequence[BaseAggregate[UUID]] = (),
    ) -> Steps[Done]:
        """Do a command as `perform` does, stopping where it saves, and tell more of its end.

        `known` are aggregates as the ledger has them now; they are the command's from here on.
        """
        if isinstance(self._here.pending, Rehearsal):
            with self.keys.held():
                return Done(self._rehearse(command, self._here.pending))
        steps = self._perform(command, key, around, condition, known)
        return (yield from said(self.ledger.name, command, steps))

    def _perform(
        self,
        command: Any,  # noqa: ANN401 - each service has its own
        key: str | None,
        around: Save,
        condition: Condition | None,
        known: Sequence[BaseAggregate[UUID]],
    ) -> Steps[Done]:
        identity = (key, self._fingerprint(command)) if key is not None else None
        if identity and (done := self._recorded(identity[0])):
            return _answered(identity, *done)
        around = replace(around, command=identity)
        try:
            return (yield from self._persist(command, around, condition, known))
        except Refusal:
            # Sent twice at once, it may have been done by the other one meanwhile.
            if identity and (done := self.ledger.command(identity[0])):
                return _answered(identity, *done)
            raise

    def _recorded(self, key: str) -> Answered | None:
        ahead = self._here.ahead.commands
        return ahead[key] if key in ahead else self.ledger.command(key)

    def _persist(
        self,
        command: Any,  # noqa: ANN401 - each service has its own
        around: Save,
        condition: Condition | None,
        known: Sequence[BaseAggregate[UUID]],
    ) -> Steps[Done]:
        met: set[str] = set()
        for _ in range(_ATTEMPTS):
            try:
                # The keys of people are held while it is decided, and not while it is saved.
                with self.keys.held():
                    with self._here.knowing(known):
                        facts = self._decided_if(command, condition)
                    known = ()
                    if not facts and around == Save(not_before=around.not_before):
                        return Done(())
                    self._make_keys(facts)
                    save = self._save_of(facts, around)
                saved = yield save
                if saved.refusal is None:
                    return Done(saved.positions, facts[-1].originator_version if facts else None)
                raise saved.refusal
            except VersionTakenError:
                continue
            except ClaimTakenError as error:
                # Whoever took it may be what the command looked for: decide once more.
                if error.key in met:
                    raise self.claim_refusal(error) from error
                met.add(error.key)
                self._here.ahead = NOTHING_READ
            except CommandRepeatedError as error:
                if around.command is None:
                    raise
                return _answered(around.command, error.fingerprint, error.positions)
        raise Contended

    def perform_all(self, commands: Sequence[Any], *, dry_run: bool = False) -> list[Outcome]:
        """Do commands in order, each by itself, many in one commit; return what became of each.

        A dry run is a rehearsal: later commands see what earlier ones would record.
        """
        outcomes: list[Outcome] = [()] * len(commands)
        with self.keys.held():
            if dry_run or isinstance(self._here.pending, Rehearsal):
                with self.rehearsal():
                    return [self._outcome(command) for command in commands]

            def save(waiting: list[tuple[int, list[Fact]]]) -> None:
                with self._pending(None):
                    self._save_group(commands, waiting, outcomes)

            group = Group(self.ledger, save)
            with self._pending(group):
                for number, command in enumerate(commands):
                    try:
                        if facts := self._decided(command):
                            group.add(number, facts)
                    except Refusal as refusal:
                        outcomes[number] = refusal
                        note(self.ledger.name, command, refusal)
                    if len(group) == _COMMANDS_A_COMMIT:
                        group.flush()
                group.flush()
        return outcomes

    def _outcome(self, command: Any) -> Outcome:  # noqa: ANN401
        try:
            return self.perform(command)
        except Refusal as refusal:
            return refusal

    def _save_group(
        self,
        commands: Sequence[Any],
        waiting: list[tuple[int, list[Fact]]],
        outcomes: list[Outcome],
    ) -> None:
        told = [fact for _, facts in waiting for fact in facts]
        self._make_keys(told)
        self.keys.hold({fact.subject for fact in told if fact.sealed})
        saves: list[tuple[int, Save]] = []
        again: list[int] = []
        for number, facts in waiting:
            try:
                saves.append((number, self._save_of(facts, Save())))
            except ClaimTakenError:
                again.append(number)
            except Refusal as refusal:
                outcomes[number] = refusal
                note(self.ledger.name, commands[number], refusal)
        answers = self.ledger.append([save for _, save in saves]) if saves else []
        for (number, _), saved in zip(saves, answers, strict=True):
            match saved.refusal:
                case None:
                    outcomes[number] = saved.positions
                    note(self.ledger.name, commands[number], saved.positions)
                case VersionTakenError() | ClaimTakenError():
                    again.append(number)
                case other:
                    raise other
        for number in sorted(again):
            outcomes[number] = self._outcome(commands[number])

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Save nothing of what this thread performs inside; it sees what it would have saved.

        An inner rehearsal goes on with the outer one: several files are rehearsed as one.
        """
        ours = self._here.pending
        with self._pending(ours if isinstance(ours, Rehearsal) else Rehearsal(self.ledger)):
            yield

    def _rehearse(self, command: Any, rehearsal: Rehearsal) -> tuple[int, ...]:  # noqa: ANN401
        facts = self._decided(command)
        try:
            rehearsal.add(facts)
        except ClaimTakenError as error:
            raise self.claim_refusal(error) from error
        return (0,) * len(facts)

    @contextmanager
    def _pending(self, pending: Pending | None) -> Iterator[None]:
        before, self._here.pending = self._here.pending, pending
        try:
            yield
        finally:
            self._here.pending = before

    def shred(
        self,
        command: Any,  # noqa: ANN401 - each service has its own
        person: UUID,
        reference: str,
        *,
        key: str | None = None,
    ) -> tuple[int, ...]:
        """Refuse a reference, do the command that records it, and destroy the person's key.

        In this order, so that after a crash at any point the same call ends what was begun;
        until it has, `keys.unfinished()` names the person. The command changes nothing
        where the person is shredded already.
        """
        if isinstance(self._here.pending, Rehearsal):
            return self.perform(command)
        self.keys.entomb(reference, person)
        positions = self.perform(command, key=key)
        self.keys.shred(person)
        return positions

    def save(self, *objs: Any, **kwargs: Any) -> list[Recording[UUID]]:  # noqa: ANN401 - as in the library
        """Save aggregates as the library does, with the keys and the claims of their facts."""
        facts = _pending_facts([each for each in objs if isinstance(each, BaseAggregate)])
        self._make_keys(facts)
        takes, releases = changes(facts, self.holder)
        return super().save(*objs, takes=takes, releases=releases, **kwargs)

    def _decided_if(self, command: Any, condition: Condition | None) -> list[Fact]:  # noqa: ANN401
        if condition is None:
            return self._decided(command)
        stream, check = condition
        facts: list[Fact] = []
        try:
            facts = self._decided(command)
        finally:
            # That the version is another one is said before anything that follows from it.
            decided = (f.originator_version - 1 for f in facts if f.originator_id == stream)
            if (version := next(decided, None)) is None:
                last = self.ledger.select_events(stream, desc=True, limit=1)
                version = last[0].originator_version if last else 0
            check(version)
        return facts

    def _decided(self, command: Any) -> list[Fact]:  # noqa: ANN401
        ours = isinstance(command, OfOutcomes)
        return _pending_facts(self._of_outcome(command) if ours else self.decide(command))

    def _of_outcome(self, command: OfOutcomes) -> Sequence[BaseAggregate[UUID]]:
        if isinstance(command, NoteRefusal):
            return (self.outcomes.refuse(command),)
        task = self.task(command.task)
        match command:
            case SettleRefusal():
                task.settle(command.on, command.by, done=False, ground=command.ground)
                return (task,)
            case TryAgain():
                task.settle(command.on, command.by, done=True)
                return (*self.decide(command.command), task)

    def task(self, stream: UUID) -> PolicyOutcome:
        """Return a refused command of a policy. Raises UnknownTask."""
        try:
            found: BaseAggregate[UUID] = self.repository.get(stream)
        except AggregateNotFoundError:
            raise UnknownTask(task=stream) from None
        if not isinstance(found, PolicyOutcome):
            raise UnknownTask(task=stream)
        return found

    def _make_keys(self, facts: Sequence[Fact]) -> None:
        """Make the keys of the people who begin here, durable before a fact needs them."""
        self.keys.create_all(
            fact.originator_id
            for fact in facts
            if fact.sealed and isinstance(fact, FirstFact) and fact.subject == fact.originator_id
        )

    def _save_of(self, facts: Sequence[Fact], around: Save) -> Save:
        takes, releases = changes(facts, self.holder)
        events = [self._sealing.to_stored_event(fact) for fact in facts]
        return replace(around, events=events, takes=takes, releases=releases)

    def _fingerprint(self, command: Any) -> bytes:  # noqa: ANN401
        name = type(command).__qualname__.encode()
        return self.keys.fingerprint(name + b"\0" + _BODY.encode(command))

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """Return an empty environment: what the process's one says is not for the library."""
        return Environment(name, env)

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        """Return the library's factory in memory; ledger, mapper and events are ours."""
        return cast("InfrastructureFactory", POPOFactory(env))

    def construct_mapper(self) -> SealingMapper:
        return self._sealing

    def construct_recorder(self) -> Ledger:
        return self.ledger

    def construct_repository(self) -> Repository[UUID]:
        return _Fresh(self.events, self._here)

    def construct_event_store(self) -> EventStore[UUID]:
        return PendingEvents(self.mapper, self.ledger, self._here)


class _Fresh(Repository[UUID]):
    """Aggregates as their facts make them; the library's check of each fact takes longer."""

    def __init__(self, events: EventStore[UUID], here: Here) -> None:
        super().__init__(event_store=events)
        self._here = here

    def get(
        self,
        aggregate_id: UUID,
        *,
        version: int | None = None,
        projector_func: Any = None,  # noqa: ANN401
        **kwargs: bool,
    ) -> Any:  # noqa: ANN401 - the caller names the aggregate
        if known := self._here.known.get(aggregate_id):
            return known
        project = projector_func or _projected
        return super().get(aggregate_id, version=version, projector_func=project, **kwargs)


def _projected(aggregate: Any, facts: Iterable[Any]) -> Any:  # noqa: ANN401 - of any aggregate
    for fact in facts:
        aggregate = fact.mutate(aggregate)
    return aggregate


def _pending_facts(aggregates: Sequence[BaseAggregate[UUID]]) -> list[Fact]:
    return [cast("Fact", fact) for aggregate in aggregates for fact in aggregate.pending_events]


def _answered(identity: tuple[str, bytes], fingerprint: bytes, positions: tuple[int, ...]) -> Done:
    key, ours = identity
    if ours != fingerprint:
        raise ChangedCommand(key=key)
    return Done(positions)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value))


_BODY = msgspec.json.Encoder(order="deterministic", enc_hook=_plain)
