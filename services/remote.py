"""Dossiers as its neighbours know it over HTTP."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import msgspec

from infra import trace
from infra.access import Tokens
from infra.http import Unavailable
from services.directory import Candidate, Candidates, Lives, Named, UnitLife

FRESH_SECONDS = 1.0
"""For so long units are not asked for again: as long as a view may be behind anyway."""
KEPT_SECONDS = 5.0
_MOST_KEPT = 10_000
_PATIENCE_SECONDS = 5.0
_NOT_MODIFIED, _NOT_FOUND, _FIRST_ERROR = 304, 404, 400

T = TypeVar("T")


class RemoteDirectory:
    """Asks dossiers, with a token of its own for each question; units are known by heart."""

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        name: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        self._http = httpx2.Client(base_url=url, timeout=_PATIENCE_SECONDS, transport=transport)
        self._tokens = tokens
        self._name = name
        self._seconds = seconds
        self._refreshing = Lock()
        self._units = _Units()
        self._candidates: dict[UUID, tuple[float, Candidate]] = {}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def bearer(self, code: str, on: date) -> UUID | None:
        """Return the unit that bears a code on a day."""
        found = self._known().bearer(code, on)
        return found or self._known(anew=True).bearer(code, on)

    def code(self, unit: UUID) -> str:
        """Return the code of a unit, or its id where it is not known."""
        life = self._life(unit)
        return life.code if life else str(unit)

    def name(self, unit: UUID, on: date) -> str:
        """Return how a unit is called on a day, or was at its last."""
        life = self._life(unit)
        if life is None or not life.spans:
            return str(unit)
        return (life.spans[_span(life, on)] if _is_there(life, on) else life.spans[-1]).name

    def ancestors(self, unit: UUID, day: date, /) -> Sequence[UUID] | None:
        """Return the units above a unit on a day; None where it is not there on that day."""
        return self._known().above(unit, day) if self._life(unit) else None

    def candidate(self, candidacy: UUID) -> Candidate | None:
        """Return whose a candidacy is; None where there is none of that id."""
        now = self._seconds()
        kept = self._candidates.get(candidacy)
        if kept and now - kept[0] < KEPT_SECONDS:
            return kept[1]
        found = self._asked(Candidate, "GET", f"/directory/candidacies/{candidacy}")
        if found:
            if len(self._candidates) >= _MOST_KEPT:
                self._candidates.clear()
            self._candidates[candidacy] = now, found
        return found

    def candidacy_of(self, person_ref: str) -> UUID | None:
        """Return the latest candidacy of the person of a reference."""
        body = {"person_ref": person_ref}
        found = self._asked(Candidates, "POST", "/directory/candidacies", json=body)
        return found.candidacies[-1] if found and found.candidacies else None

    def names(self, persons: Sequence[UUID], *, actor: str, purpose: str) -> Mapping[UUID, str]:
        """Return names of people; who read them, and why, is put on record first."""
        if not persons:
            return {}
        body = {"persons": [str(each) for each in persons], "actor": actor, "purpose": purpose}
        found = self._asked(Named, "POST", "/directory/names", json=body)
        return {UUID(person): name for person, name in found.names.items()} if found else {}

    def _life(self, unit: UUID) -> UnitLife | None:
        return self._known().lives.get(unit) or self._known(anew=True).lives.get(unit)

    def _known(self, *, anew: bool = False) -> _Units:
        """Return every unit, asked for again where that is due. Raises Unavailable."""
        began = self._seconds()
        units = self._units
        if units.tag and not anew and began - units.asked_at < FRESH_SECONDS:
            return units
        with self._refreshing:
            if self._units.asked_at < began or not self._units.tag:
                self._refresh()
            return self._units

    def _refresh(self) -> None:
        known, asked_at = self._units, self._seconds()
        headers = {"If-None-Match": known.tag} if known.tag else {}
        answer = self._answer("GET", "/directory/units", headers=headers)
        if answer.status_code == _NOT_MODIFIED:
            known.asked_at = asked_at
            return
        told = msgspec.json.decode(answer.content, type=Lives)
        self._units = _Units.of(told, answer.headers.get("ETag", ""), asked_at)

    def _asked(self, kind: type[T], method: str, path: str, **sent: Any) -> T | None:  # noqa: ANN401 - as the HTTP client takes it
        answer = self._answer(method, path, **sent)
        if answer.status_code == _NOT_FOUND:
            return None
        return msgspec.json.decode(answer.content, type=kind)

    def _answer(self, method: str, path: str, **sent: Any) -> httpx2.Response:  # noqa: ANN401 - as above
        headers = {"Authorization": f"Bearer {self._tokens.sign_service(self._name)}"}
        if traceparent := trace.current():
            headers["traceparent"] = traceparent
        headers |= sent.pop("headers", {})
        try:
            answer = self._http.request(method, path, headers=headers, **sent)
        except httpx2.TransportError as error:
            raise Unavailable(retry_after_seconds=1) from error
        if answer.status_code >= _FIRST_ERROR and answer.status_code != _NOT_FOUND:
            raise Unavailable(retry_after_seconds=1)
        return answer


@dataclass(slots=True)
class _Units:
    """Units as they were told."""

    lives: Mapping[UUID, UnitLife] = field(default_factory=dict)
    codes: Mapping[str, Sequence[UnitLife]] = field(default_factory=dict)
    tag: str = ""
    asked_at: float = 0.0

    @classmethod
    def of(cls, told: Lives, tag: str, asked_at: float) -> _Units:
        codes: dict[str, list[UnitLife]] = {}
        for life in told.units:
            codes.setdefault(life.code, []).append(life)
        return cls({life.unit: life for life in told.units}, codes, tag, asked_at)

    def bearer(self, code: str, on: date) -> UUID | None:
        return next((life.unit for life in self.codes.get(code, ()) if _is_there(life, on)), None)

    def above(self, unit: UUID, day: date) -> list[UUID] | None:
        life = self.lives.get(unit)
        if life is None or not _is_there(life, day):
            return None
        above: list[UUID] = []
        while (parent := life.spans[_span(life, day)].parent) and (upper := self.lives.get(parent)):
            if not _is_there(upper, day):
                break
            above.append(parent)
            life = upper
        return above


def _is_there(life: UnitLife, on: date) -> bool:
    return life.since <= on and (life.until is None or on <= life.until)


def _span(life: UnitLife, on: date) -> int:
    return bisect_right(life.spans, on, key=lambda span: span.since) - 1
