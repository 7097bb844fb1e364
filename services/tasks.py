"""What the rules refused to a policy, over HTTP: it is settled, or tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Literal, Protocol
from uuid import UUID

import msgspec
from starlette.responses import Response

from events.envelope import By
from infra.feed import Feed, FeedAwayError
from infra.http import Unavailable, answer
from infra.ledger.application import Commands
from infra.reactor import Policy, Reactor
from services.acting import Line

Ground = Literal["done-otherwise", "not-needed", "recorded-wrongly"]


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


SETTLEMENT, RETRY = msgspec.json.Decoder(Settlement), msgspec.json.Decoder(Retry)


class Again(Protocol):
    """Does what was refused to a policy. Raises Refusal."""

    def __call__(self, task: UUID, on: date, by: By, *, key: str | None = None) -> tuple[int, ...]:
        """Return the positions of what it recorded."""
        ...


def taken_up(service: Commands, task: UUID, positions: tuple[int, ...]) -> Response:
    """Return where it is recorded that a refused command was taken up."""
    position = f"{service.ledger.name}:{positions[-1]}" if positions else None
    return answer(TakenUp(task, position), 201 if positions else 200)


def trying_again(
    feed: Callable[[str], Feed], service: Commands, policies: Mapping[str, Policy]
) -> dict[str, Again]:
    """Return what tries again, by the names of policies; a feed is opened by the first use."""

    @cache
    def reactor(name: str) -> Reactor:
        return Reactor(name, feed(name.rpartition(".")[2]), service, policies[name])

    def of(name: str) -> Again:
        def again(task: UUID, on: date, by: By, *, key: str | None = None) -> tuple[int, ...]:
            try:
                return reactor(name).try_again(task, on, by, key=key)
            except FeedAwayError as error:
                raise Unavailable(retry_after_seconds=1) from error

        return again

    return {name: of(name) for name in policies}
