"""From the view's commits to the open streams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from infra.access import Grant, Resource, Roles, decide
from infra.stream import Hub
from services.reporting.view.watching import Moved, Watch


class Live:
    """Hands what changes in the view to the streams that are open.

    Each change is one of a unit, under its code; where the unit lies is kept beside it, so that
    the one decision is made of every change and every reader without asking the view.
    """

    def __init__(self, watch: Watch, hub: Hub) -> None:
        self._watch = watch
        self._hub = hub
        self._moved: dict[str, Moved] = {}
        self._above: dict[UUID, Sequence[UUID]] = {}

    def tell(self, today: date) -> None:
        """Tell what has changed; by the one thread that keeps the view current."""
        moved = self._watch.changes(today)
        for each in moved:
            self._above[each.unit] = each.above
            self._moved[each.code] = each
        self._hub.publish(
            {each.code: {"positions": each.positions} for each in moved}, self._watch.seen
        )

    def sees(self, code: str, grant: Grant, roles: Roles, today: date) -> bool:
        """Tell whether the figures of a unit exist for a grant."""
        moved = self._moved[code]
        resource = Resource(kind="figures", day=moved.on, links={"unit": moved.unit})
        return bool(decide(roles, grant, resource, "see", ancestors=self._lie, today=today))

    def _lie(self, unit: UUID, _day: date, /) -> Sequence[UUID] | None:
        return self._above.get(unit)
