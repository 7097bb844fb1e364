"""A hall with desks, and an archive with shelves: two services, of which one follows the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self
from unittest.mock import patch
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import BaseAggregate, event

from events.envelope import By, Envelope, Fact, FirstFact, Refused, Settled
from events.refusal import Refusal
from events.registry import TYPES
from infra.ledger.application import Commands
from infra.ledger.outcomes import PolicyOutcome
from infra.ledger.port import ClaimTakenError
from infra.topics import PARTITIONS

SHELVES = 3
POLICY = "archive.policy.hall"


class DeskTaken(FirstFact):
    TOPIC = "hall.DeskTaken"
    desk: str

    def takes(self) -> tuple[str, ...]:
        return (f"desk/{self.desk}",)


class PagesHanded(Fact):
    TOPIC = "hall.PagesHanded"
    pages: int


class DeskLeft(Fact):
    TOPIC = "hall.DeskLeft"
    desk: str

    def releases(self) -> tuple[str, ...]:
        return (f"desk/{self.desk}",)


class FolderOpened(FirstFact):
    TOPIC = "archive.FolderOpened"
    shelf: str
    pages: int

    def takes(self) -> tuple[str, ...]:
        return (f"shelf/{self.shelf}",)


class FolderRemoved(Fact):
    TOPIC = "archive.FolderRemoved"
    shelf: str

    def releases(self) -> tuple[str, ...]:
        return (f"shelf/{self.shelf}",)


class ArchiveRefused(Refused):
    TOPIC = "archive.PolicyRefused"


class ArchiveSettled(Settled):
    TOPIC = "archive.PolicySettled"


KINDS: tuple[type[Fact], ...] = (
    DeskTaken,
    PagesHanded,
    DeskLeft,
    FolderOpened,
    FolderRemoved,
    ArchiveRefused,
    ArchiveSettled,
)


@contextmanager
def published() -> Iterator[None]:
    """Have readers know the facts of this office, and its ledgers their places."""
    ours = {kind.TOPIC: kind for kind in KINDS}
    with patch.dict(TYPES, ours), patch.dict(PARTITIONS, {"hall": 0, "archive": 0}):
        yield


class Visit(BaseAggregate[UUID]):
    TOPIC = "hall.Visit"

    class Event(Fact):
        pass

    DeskTaken = DeskTaken
    PagesHanded = PagesHanded
    DeskLeft = DeskLeft

    @classmethod
    def begin(cls, visit: UUID, desk: str, on: date, by: By) -> Self:
        return cls._create(cls.DeskTaken, id=visit, on=on, desk=desk, **by.fields())

    @event(DeskTaken)
    def __init__(self, desk: str) -> None:
        self.desk = desk
        self.over = False

    def hand(self, pages: int, on: date, by: By) -> None:
        if self.over:
            raise VisitOver(visit=self.id)
        self.trigger_event(self.PagesHanded, on=on, pages=pages, **by.fields())

    def leave(self, on: date, by: By) -> None:
        if self.over:
            raise VisitOver(visit=self.id)
        self.trigger_event(self.DeskLeft, on=on, desk=self.desk, **by.fields())

    @event(PagesHanded)
    def _handed(self) -> None:
        pass

    @event(DeskLeft)
    def _left(self) -> None:
        self.over = True


class Folder(BaseAggregate[UUID]):
    TOPIC = "archive.Folder"

    class Event(Fact):
        pass

    FolderOpened = FolderOpened
    FolderRemoved = FolderRemoved

    @classmethod
    def open(cls, folder: UUID, shelf: str, pages: int, on: date, by: By) -> Self:
        return cls._create(
            cls.FolderOpened, id=folder, on=on, shelf=shelf, pages=pages, **by.fields()
        )

    @event(FolderOpened)
    def __init__(self, shelf: str) -> None:
        self.shelf = shelf

    def remove(self, on: date, by: By) -> None:
        self.trigger_event(self.FolderRemoved, on=on, shelf=self.shelf, **by.fields())

    @event(FolderRemoved)
    def _removed(self) -> None:
        pass


class Outcome(PolicyOutcome):
    TOPIC = "archive.Outcome"
    PolicyRefused = ArchiveRefused
    PolicySettled = ArchiveSettled


class VisitOver(Refusal):
    pass


class NoSuchVisit(Refusal):
    pass


class ShelfEmpty(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDesk:
    visit: UUID
    desk: str
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class HandPages:
    visit: UUID
    pages: int
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveDesk:
    visit: UUID
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFolder:
    folder: UUID
    shelf: str
    pages: int
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearShelf:
    shelf: str
    on: date
    by: By


class Hall(Commands):
    aggregates: ClassVar[tuple[type[BaseAggregate[UUID]], ...]] = (Visit,)

    def decide(self, command: object) -> Sequence[BaseAggregate[UUID]]:
        match command:
            case TakeDesk(visit=visit, desk=desk, on=on, by=by):
                return [Visit.begin(visit, desk, on, by)]
            case HandPages(visit=visit, pages=pages, on=on, by=by):
                there = self._visit(visit)
                there.hand(pages, on, by)
                return [there]
            case LeaveDesk(visit=visit, on=on, by=by):
                there = self._visit(visit)
                there.leave(on, by)
                return [there]
            case _:
                raise TypeError(command)

    def _visit(self, visit: UUID) -> Visit:
        try:
            found: Visit = self.repository.get(visit)
        except AggregateNotFoundError:
            raise NoSuchVisit(visit=visit) from None
        return found


class Archive(Commands):
    aggregates: ClassVar[tuple[type[BaseAggregate[UUID]], ...]] = (Folder, Outcome)
    outcomes = Outcome

    def decide(self, command: object) -> Sequence[BaseAggregate[UUID]]:
        match command:
            case OpenFolder(folder=folder, shelf=shelf, pages=pages, on=on, by=by):
                if holder := self.holder(f"shelf/{shelf}"):
                    raise self.claim_refusal(ClaimTakenError(f"shelf/{shelf}", holder))
                return [Folder.open(folder, shelf, pages, on, by)]
            case ClearShelf(shelf=shelf, on=on, by=by):
                if not (holder := self.holder(f"shelf/{shelf}")):
                    raise ShelfEmpty(shelf=shelf)
                there: Folder = self.repository.get(holder)
                there.remove(on, by)
                return [there]
            case _:
                raise TypeError(command)


def follow(envelope: Envelope) -> OpenFolder | ClearShelf | None:
    """Have what is handed in put on the shelf of its pages, and a visit that ends clear one."""
    by = By.following(envelope)
    match envelope.fact:
        case PagesHanded(pages=pages, on=on):
            return OpenFolder(
                folder=uuid5(NAMESPACE_URL, envelope.cause),
                shelf=str(pages % SHELVES),
                pages=pages,
                on=on,
                by=by,
            )
        case DeskLeft(desk=desk, on=on):
            return ClearShelf(shelf=str(int(desk) % SHELVES), on=on, by=by)
        case _:
            return None


TABLES = """
create table if not exists held(key text primary key, stream text not null, since integer not null);
create table if not exists sums(key text primary key, n integer not null, pages integer not null);
create table if not exists lines(position integer not null, kind text not null, day text not null,
    recorded text not null);
"""


class Register:
    """A projection of either ledger: who holds what, sums that it keeps in memory too, and lines.

    The sums are written from memory, so what is remembered wrongly stays wrong.
    """

    def __init__(self, db: Any) -> None:  # noqa: ANN401 - an infra.database.Database
        self.db = db
        self._sums: dict[str, tuple[int, int]] = {}

    def forget(self) -> None:
        self._sums.clear()

    def project(self, batch: Sequence[Envelope]) -> None:
        for envelope in batch:
            fact = envelope.fact
            self._line(envelope)
            for key in fact.releases():
                self.db.execute("delete from held where key = ?", (key,))
            for key in fact.takes():
                self.db.execute(
                    "insert into held values (?, ?, ?) on conflict (key) do update set"
                    " stream = excluded.stream, since = excluded.since",
                    (key, str(fact.originator_id), envelope.position),
                )
            self._add(fact.TOPIC, int(getattr(fact, "pages", 0)))

    def _line(self, envelope: Envelope) -> None:
        fact = envelope.fact
        values = (envelope.position, fact.TOPIC, str(fact.on), envelope.recorded.isoformat())
        self.db.execute("insert into lines values (?, ?, ?, ?)", values)

    def _add(self, key: str, pages: int) -> None:
        if key not in self._sums:
            row = self.db.execute("select n, pages from sums where key = ?", (key,)).fetchone()
            self._sums[key] = row or (0, 0)
        n, before = self._sums[key]
        self._sums[key] = (n + 1, before + pages)
        self.db.execute(
            "insert into sums values (?, ?, ?) on conflict (key) do update set"
            " n = excluded.n, pages = excluded.pages",
            (key, *self._sums[key]),
        )
