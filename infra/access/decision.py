"""The one decision: whether a grant may do an act to a record, and whether it sees it at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from events.refusal import Refusal
from infra.access.roles import SEE, UNIT, Permission, Reach, Role, Roles


class Verdict(StrEnum):
    """What is answered to who asks."""

    ALLOWED = "allowed"
    HIDDEN = "hidden"
    """As if the record did not exist."""
    REFUSED = "refused"
    """It exists, and this may not be done to it by that grant."""


class NotFound(Refusal):
    """There is no such thing, or none that the grant may see: nobody can tell which."""


class ActNotGranted(Refusal):
    """The role does not do that."""


class RoleNotInForce(Refusal):
    """On the day of the act the role was not, or no longer, one that acts."""


class DutiesApart(Refusal):
    """The same account did the act that another one must do."""


class Ancestors(Protocol):
    """Where units lie, by day."""

    def __call__(self, unit: UUID, day: date, /) -> Sequence[UUID] | None:
        """Return the units above a unit on a day; None where it does not exist on that day."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An account acts for one unit, in one role, from a day to a day."""

    account: str
    unit: UUID
    role: str
    first: date
    last: date | None = None
    id: int = 0

    def in_force(self, on: date) -> bool:
        """Tell whether the grant holds on a day."""
        return self.first <= on and (self.last is None or on <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A record that is asked for, as far as the decision needs to know it."""

    kind: str
    day: date
    """The record's day; for an act, the day on which it takes effect."""
    links: Mapping[str, UUID] = field(default_factory=dict)
    """The unit it belongs to, and what other units it concerns."""
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The accounts that it names."""
    done: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who did what to it, by `kind.act`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, and what to say where it is not `allowed`."""

    verdict: Verdict
    refusal: Refusal | None = None

    def __bool__(self) -> bool:
        return self.verdict is Verdict.ALLOWED


_ALLOWED = Decision(Verdict.ALLOWED)


def decide(  # noqa: PLR0913 - the question has as many parts
    roles: Roles,
    grant: Grant,
    resource: Resource,
    act: str,
    *,
    ancestors: Ancestors,
    today: date,
) -> Decision:
    """Decide whether a grant may do an act to a record.

    The grant must hold today; its scope is its unit and what lies below as of the record's
    day. Raises UnknownActError for an act that the table does not know.
    """
    roles.check(resource.kind, act)
    role = roles.role(grant.role)
    if role is None or not grant.in_force(today):
        return _hidden()
    reaching = [
        permission
        for permission in role.permissions.get(resource.kind, ())
        if _reaches(permission, grant, resource, ancestors)
    ]
    if not any(SEE in permission.acts for permission in reaching):
        return _hidden()
    if not any(act in permission.acts for permission in reaching):
        return Decision(Verdict.REFUSED, ActNotGranted(role=role.name, act=act))
    if act not in roles.reading and (refusal := _change_refused(roles, role, grant, resource, act)):
        return Decision(Verdict.REFUSED, refusal)
    return _ALLOWED


def _hidden() -> Decision:
    # Made anew: a raised exception keeps the frames that it passed.
    return Decision(Verdict.HIDDEN, NotFound())


def _reaches(
    permission: Permission, grant: Grant, resource: Resource, ancestors: Ancestors
) -> bool:
    if permission.reach is Reach.ANY:
        return True
    if permission.reach is Reach.NAMED:
        return grant.account in resource.names.get(permission.through, ())
    unit = resource.links.get(permission.through)
    if unit is None or (above := ancestors(unit, resource.day)) is None:
        return False
    return unit == grant.unit or (permission.reach is Reach.BELOW and grant.unit in above)


def _change_refused(
    roles: Roles, role: Role, grant: Grant, resource: Resource, act: str
) -> Refusal | None:
    if not role.in_force(resource.day):
        return RoleNotInForce(role=role.name, begins=role.first, ends=role.last, on=resource.day)
    for other in sorted(roles.apart.get(f"{resource.kind}.{act}", ())):
        if grant.account in resource.done.get(other, ()):
            return DutiesApart(act=f"{resource.kind}.{act}", other=other)
    return None


class Scope:
    """One grant asking many times, within one request: where a unit lies is looked up once."""

    def __init__(self, roles: Roles, grant: Grant, ancestors: Ancestors, today: date) -> None:
        self.grant = grant
        self.today = today
        self.roles = roles
        self._ancestors = ancestors
        self._above: dict[tuple[UUID, date], Sequence[UUID] | None] = {}

    def decide(self, resource: Resource, act: str = SEE) -> Decision:
        """Decide on one act. Raises UnknownActError."""
        return decide(
            self.roles, self.grant, resource, act, ancestors=self._lookup, today=self.today
        )

    def demand(self, resource: Resource, act: str = SEE) -> None:
        """Raise the refusal unless the act is allowed."""
        if refusal := self.decide(resource, act).refusal:
            raise refusal

    def sees(self, kind: str, unit: UUID, day: date) -> bool:
        """Tell whether records of a kind that belong to a unit exist for the grant."""
        return bool(self.decide(Resource(kind=kind, day=day, links={UNIT: unit})))

    def visible(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        """Yield the records that exist for the grant: of a list, a search, a count or a stream."""
        return (each for each in resources if self.decide(each))

    def acts(self, resource: Resource) -> dict[str, Decision]:
        """Return what may be done to a record, and for the rest why not."""
        return {act: self.decide(resource, act) for act in self.roles.acts[resource.kind]}

    def _lookup(self, unit: UUID, day: date) -> Sequence[UUID] | None:
        place = (unit, day)
        if place not in self._above:
            self._above[place] = self._ancestors(unit, day)
        return self._above[place]
