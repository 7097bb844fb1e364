"""What the rules refused to a policy, over HTTP: it is settled, or tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from threading import Lock
from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from events.envelope import By, Told
from events.refusal import Refusal
from infra.access import Decision, NotFound, Scope
from infra.feed import Feed, FeedAwayError
from infra.http import Unavailable, answer, command_key, decoded, gives, takes
from infra.ledger.application import Commands
from infra.ledger.outcomes import PolicyOutcome, SettleRefusal, UnknownTask
from infra.reactor import Policy, Reactor
from services import acting
from services.acting import Line
from services.wording import refusal_words
from services.wording.telling import why_refused

KIND, SETTLE = "task", "settle"
"""As the table of roles names a refused command, and taking it up."""

Ground = Literal["done-otherwise", "not-needed", "recorded-wrongly"]


class PolicyGone(Refusal):
    """No release asks for that any more: it can be settled, and not be tried again."""


class Settlement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Nothing is to be done any more, and why; a paper says the rest."""

    ground: Ground
    document: Line | None = None


class Retry(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """It is done now, if the rules take it by now."""

    document: Line | None = None


class TakenUp(msgspec.Struct):
    """Where the ledger says so. `position` is null where it was so already."""

    task: UUID
    position: str | None


_SETTLEMENT, _RETRY = msgspec.json.Decoder(Settlement), msgspec.json.Decoder(Retry)


class Again(Protocol):
    """Does what was refused to a policy. Raises Refusal."""

    def __call__(self, task: UUID, on: date, by: By, *, key: str | None = None) -> tuple[int, ...]:
        """Return the positions of what it recorded."""
        ...


def promise(body: type[msgspec.Struct]) -> dict[str, Any]:
    """Return what a route says of taking a refused command up."""
    return {
        "status_code": 201,
        "responses": gives({201: TakenUp, 200: TakenUp}, changes=True),
        "openapi_extra": takes(body),
    }


def known(service: Commands, task: UUID) -> tuple[PolicyOutcome, UUID]:
    """Return a refused command, and what it was to be done to. Raises NotFound."""
    try:
        found = service.task(task)
    except UnknownTask:
        raise NotFound from None
    if found.about is None:
        raise NotFound
    return found, found.about


def settle(service: Commands, scope: Scope, task: UUID, request: Request, sent: bytes) -> Response:
    """Record, once, that a refused command needs no doing any more."""
    once = command_key(request, scope.grant.account)
    body = decoded(sent, _SETTLEMENT)
    by = acting.by(scope, body.document)
    command = SettleRefusal(on=scope.today, task=task, by=by, ground=body.ground)
    return _taken_up(service, task, service.perform(command, key=once))


def retry(  # noqa: PLR0913, PLR0917 - who does what again, and how it is sent
    service: Commands,
    again: Mapping[str, Again],
    scope: Scope,
    refused: PolicyOutcome,
    request: Request,
    sent: bytes,
) -> Response:
    """Do, once, what was refused to a policy, if the rules take it now. Raises PolicyGone."""
    once = command_key(request, scope.grant.account)
    body = decoded(sent, _RETRY)
    by = acting.by(scope, body.document)
    if (of_policy := again.get(refused.policy)) is None:
        raise PolicyGone(cause=refused.cause)
    return _taken_up(service, refused.id, of_policy(refused.id, scope.today, by, key=once))


def why_not(decision: Decision, lang: str) -> str | None:
    """Return why who asks may not take a refused command up; None where he may."""
    return refusal_words(decision.refusal, lang) if decision.refusal else None


def title(refusal: str, clause: str | None, facts: Sequence[Told], lang: str) -> str:
    """Return why a command was refused, in words that name the rule's document."""
    return why_refused(refusal, clause, {each.name: each.value for each in facts}, lang)


def _taken_up(service: Commands, task: UUID, positions: tuple[int, ...]) -> Response:
    position = f"{service.ledger.name}:{positions[-1]}" if positions else None
    return answer(TakenUp(task, position), 201 if positions else 200)


def trying_again(
    feed: Callable[[str], Feed], service: Commands, policies: Mapping[str, Policy]
) -> dict[str, Again]:
    """Return what tries again, by the names of policies; a feed is opened by the first use."""
    opening = Lock()  # two first uses at once open one

    @cache
    def opened(name: str) -> Reactor:
        return Reactor(name, feed(name.rpartition(".")[2]), service, policies[name])

    def reactor(name: str) -> Reactor:
        with opening:
            return opened(name)

    def of(name: str) -> Again:
        def again(task: UUID, on: date, by: By, *, key: str | None = None) -> tuple[int, ...]:
            try:
                return reactor(name).try_again(task, on, by, key=key)
            except FeedAwayError as error:
                raise Unavailable(retry_after_seconds=1) from error

        return again

    return {name: of(name) for name in policies}
