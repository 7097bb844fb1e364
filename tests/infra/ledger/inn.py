"""An inn: the smallest service that has people, claims and commands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Self, cast
from uuid import UUID, uuid4

from eventsourcing.application import AggregateNotFoundError
from eventsourcing.domain import BaseAggregate, event

from events.envelope import Fact, FirstFact
from events.refusal import Refusal
from infra.ledger.application import Commands
from infra.ledger.port import ClaimTakenError, Ledger
from infra.sealing import Keys

DAY = date(2026, 3, 3)


class GuestRegistered(FirstFact):
    TOPIC = "inn.GuestRegistered"
    sealed = ("reference", "name")
    reference: str | None = None
    name: str | None = None

    def takes(self) -> tuple[str, ...]:
        return (f"guest/{self.reference}",) if self.reference else ()


class GuestForgotten(Fact):
    TOPIC = "inn.GuestForgotten"
    sealed = ("reference",)
    reference: str | None = None

    def releases(self) -> tuple[str, ...]:
        return (f"guest/{self.reference}",) if self.reference else ()


class StayBegun(FirstFact):
    TOPIC = "inn.StayBegun"
    guest: UUID
    room: str

    def takes(self) -> tuple[str, ...]:
        return (f"room/{self.room}",)


class DayNoted(Fact):
    TOPIC = "inn.DayNoted"
    sealed = ("remark",)
    guest: UUID
    remark: str | None = None

    @property
    def subject(self) -> UUID:
        return self.guest


class StayEnded(Fact):
    TOPIC = "inn.StayEnded"
    room: str

    def releases(self) -> tuple[str, ...]:
        return (f"room/{self.room}",)


KINDS: dict[str, type[Fact]] = {
    kind.TOPIC: kind for kind in (GuestRegistered, GuestForgotten, StayBegun, DayNoted, StayEnded)
}


class Guest(BaseAggregate[UUID]):
    TOPIC = "inn.Guest"

    class Event(Fact):
        pass

    GuestRegistered = GuestRegistered
    GuestForgotten = GuestForgotten

    @classmethod
    def register(cls, guest: UUID, reference: str, name: str) -> Self:
        return cls._create(
            cls.GuestRegistered, id=guest, on=DAY, actor="a", reference=reference, name=name
        )

    @event(GuestRegistered)
    def __init__(self, reference: str | None, name: str | None) -> None:
        self.reference = reference
        self.name = name
        self.forgotten = False

    def forget(self, on: date) -> None:
        if not self.forgotten:
            self.trigger_event(self.GuestForgotten, on=on, actor="a", reference=self.reference)

    @event(GuestForgotten)
    def _forgotten(self) -> None:
        self.forgotten = True


class Stay(BaseAggregate[UUID]):
    TOPIC = "inn.Stay"

    class Event(Fact):
        pass

    StayBegun = StayBegun
    DayNoted = DayNoted
    StayEnded = StayEnded

    @classmethod
    def begin(cls, stay: UUID, guest: UUID, room: str) -> Self:
        return cls._create(cls.StayBegun, id=stay, on=DAY, actor="a", guest=guest, room=room)

    @event(StayBegun)
    def __init__(self, guest: UUID, room: str) -> None:
        self.guest = guest
        self.room = room
        self.days: list[tuple[date, str | None]] = []

    def note(self, on: date, remark: str | None) -> None:
        if (on, remark) not in self.days:
            self.trigger_event(self.DayNoted, on=on, actor="a", guest=self.guest, remark=remark)

    def end(self, on: date) -> None:
        self.trigger_event(self.StayEnded, on=on, actor="a", room=self.room)

    @event(DayNoted)
    def _day_noted(self, on: date, remark: str | None) -> None:
        self.days.append((on, remark))

    @event(StayEnded)
    def _ended(self) -> None:
        pass


class RoomTaken(Refusal):
    pass


class NoSuchStay(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    person_ref: str
    name: str
    guest: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    stay: UUID
    guest: UUID
    room: str
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    stay: UUID
    on: date = DAY
    remark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    stay: UUID
    on: date = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    guest: UUID


class Inn(Commands):
    aggregates: ClassVar[tuple[type[BaseAggregate[UUID]], ...]] = (Guest, Stay)

    def decide(self, command: object) -> Sequence[BaseAggregate[UUID]]:
        match command:
            case Register(person_ref=person_ref, name=name, guest=guest):
                return self._register(self.keys.reference(person_ref), name, guest)
            case Begin(stay=stay, guest=guest, room=room, ends=ends):
                begun = Stay.begin(stay, guest, room)
                if ends:
                    begun.end(DAY)
                return [begun]
            case Note(stay=stay, on=on, remark=remark):
                noted = self._stay(stay)
                noted.note(on, remark)
                return [noted]
            case End(stay=stay, on=on):
                ended = self._stay(stay)
                ended.end(on)
                return [ended]
            case Forget(guest=guest):
                forgotten: Guest = self.repository.get(guest)
                forgotten.forget(DAY)
                return [forgotten]
            case _:
                raise TypeError(command)

    def _register(self, reference: str, name: str, guest: UUID) -> Sequence[BaseAggregate[UUID]]:
        if self.holder(f"guest/{reference}"):
            return ()
        return [Guest.register(guest, reference, name)]

    def _stay(self, stay: UUID) -> Stay:
        try:
            return cast("Stay", self.repository.get(stay))
        except AggregateNotFoundError:
            raise NoSuchStay(stay=stay) from None

    def claim_refusal(self, error: ClaimTakenError) -> Refusal:
        if error.key.startswith("room/"):
            return RoomTaken(room=error.key.removeprefix("room/"), holder=error.holder)
        return super().claim_refusal(error)


class Overtaken(Inn):
    """Somebody else is faster, a given number of times."""

    def __init__(self, ledger: Ledger, keys: Keys) -> None:
        super().__init__(ledger, keys)
        self.others: list[object] = []

    def decide(self, command: object) -> Sequence[BaseAggregate[UUID]]:
        decided = super().decide(command)
        if self.others:
            Inn(self.ledger, self.keys).perform(self.others.pop())
        return decided


def a_stay(inn: Inn, room: str = "12") -> Begin:
    guest = Register(person_ref=f"ref of {room}", name="Người Tổng Hợp")
    stay = Begin(stay=uuid4(), guest=guest.guest, room=room)
    inn.perform(guest)
    inn.perform(stay)
    return stay


def types(ledger: Ledger) -> list[str]:
    return [row.type.removeprefix("inn.") for row in ledger.read(0, 1000)]
