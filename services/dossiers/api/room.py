"""What every address of dossiers stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request

from infra.access import Access, Grant, NotFound, Scope, Verdict
from infra.http import Bearer, Cursors, Reached, bearer, command_key, positions
from infra.ledger.together import Together
from services.dossiers.api.asking import Asking, Standing, done_by
from services.dossiers.application import Dossiers
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.refusals import UnknownCandidacy
from services.dossiers.domain.tree import Tree
from services.dossiers.view import CandidaciesView
from services.tasks import Again

After = Annotated[str | None, Query(max_length=200)]
"""Positions, as `dossiers:12,training:4`, that are waited for."""
LEDGERS = ("dossiers", "training", "verification", "reporting")
SEARCH = "search"
"""The purpose under which names that are searched for are read."""


@dataclass(frozen=True, slots=True)
class Room:
    """The service, its view, and who may come in."""

    dossiers: Dossiers
    view: CandidaciesView
    access: Access
    reached: Reached
    cursors: Cursors
    together: Together
    """What takes acts, some of them at a time."""
    again: Mapping[str, Again]
    """What tries again what was refused to a policy, by the policy's name."""

    @classmethod
    def of(
        cls,
        dossiers: Dossiers,
        view: CandidaciesView,
        access: Access,
        reached: Reached,
        again: Mapping[str, Again],
    ) -> Room:
        """Return a room, with the secret of its lists' cursors."""
        cursors = Cursors(dossiers.keys.cursor_secret)
        together = Together(dossiers.ledger, dossiers.ahead)
        return cls(dossiers, view, access, reached, cursors, together, again)

    def reads(self, given: Bearer) -> tuple[Grant, date]:
        """Return by which grant, and on which day, is asked. Raises SignInRequired."""
        return bearer(self.access.tokens)(given)

    @property
    def tree(self) -> Tree:
        """The units by day."""
        return self.dossiers.units.tree

    def asking(self, grant: Grant, today: date) -> Asking:
        """Return who asks. Every answer is about this one reading of the units."""
        tree = self.tree

        def ancestors(unit: UUID, day: date) -> list[UUID] | None:
            return tree.ancestors(unit, day) if tree.unit(unit, day) else None

        role = self.access.roles.role(grant.role)
        return Asking(
            grant,
            role.name if role else grant.role,
            today,
            Scope(self.access.roles, grant, ancestors, today),
            tree,
        )

    def candidacy(self, asking: Asking, candidacy: UUID) -> tuple[Candidacy, list[Any], Standing]:
        """Return a candidacy that exists for who asks. Raises NotFound."""
        try:
            found, recorded = self.dossiers.told(candidacy)
        except UnknownCandidacy:
            raise NotFound from None
        standing = Standing(
            unit=found.unit,
            facts=found.facts,
            referred_by=found.facets.referred_by,
            done=done_by(recorded, found.facts),
        )
        if asking.decide(standing).verdict is not Verdict.ALLOWED:
            raise NotFound
        return found, recorded, standing

    async def caught_up(self, after: After = None) -> None:
        """Wait until what a request says it comes after is known here. Raises NotYetKnown."""
        wanted = positions(after, LEDGERS)
        wanted.pop("reporting", None)  # nothing here follows from what reporting records
        await self.reached.wait(wanted)


def who(request: Request, given: Bearer) -> Asking:
    """Return who asks. Raises SignInRequired."""
    room: Room = request.app.state.room
    return room.asking(*room.reads(given))


Who = Annotated[Asking, Depends(who)]


async def once(request: Request, asking: Who) -> str:
    """Return under which key a command is done once. Raises what `command_key` does."""
    return command_key(request, asking.grant.account)


Once = Annotated[str, Depends(once)]


async def raw(request: Request) -> bytes:
    """Return the body as it came."""
    return await request.body()


def unit_name(tree: Tree, unit: UUID, on: date) -> str:
    """Return how a unit was called on a day, or else at its last."""
    if then := tree.unit(unit, on):
        return then.name
    life = tree.lives.get(unit)
    return life.spans[-1].name if life and life.spans else str(unit)
