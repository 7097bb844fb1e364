"""The commands that verification accepts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from events.envelope import By


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Begin the verification of a candidate; `on` is the day of the seal."""

    candidacy: UUID
    person: UUID
    unit: UUID
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCase:
    """Something done in the case of a candidacy, on a day."""

    candidacy: UUID
    on: date
    by: By


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestVerification(OnCase):
    """Ask a place about one subject."""

    subject_kind: str
    place: str
    """The code of the locality or the agency."""
    abroad: bool = False
    subject_name: str | None = None
    place_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReply(OnCase):
    """Record what a place replied, and whether it is what was declared."""

    request: int
    matches: bool
    remarks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSupplement(OnCase):
    """Ask a place once more, whose reply was not enough."""

    request: int
    question: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiveVerification(OnCase):
    """Do without a reply: of a request that was sent, or of a subject that needs none."""

    request: int | None = None
    """The number of a request that was sent; without it, `subject_kind` says who."""
    subject_kind: str | None = None
    subject_name: str | None = None
    ground: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase(OnCase):
    """End a case in which nothing is awaited any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectSeal(OnCase):
    """Let the case rest on a seal of another day, or, with None, on none; `on` is today."""

    sealed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteConclusion(OnCase):
    """Know who concluded on the political standard: that account does not close the case."""

    concluded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendCase(OnCase):
    """Await nothing more: the candidacy ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeCase(OnCase):
    """Go on: the end of the candidacy was retracted."""


Command = OpenCase | OnCase
