"""What the kinds of files have in common: rows to commands, and what became of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from events.envelope import By
from events.refusal import Refusal
from infra.ledger.application import Commands, Outcome
from services.dossiers.application import Dossiers
from services.imports.known import Known
from services.imports.places import Places
from services.imports.report import RowError, row_error
from services.imports.values import Said
from services.installation import Installation

WHOLE_FILE = 1 << 62


@dataclass(frozen=True, slots=True)
class Terms:
    """Who imports, on which day, and whether what differs is a correction."""

    actor: str
    today: date
    correct: bool = False
    reason: str | None = None
    document: str | None = None


@dataclass(slots=True)
class Session:
    """The installation, what is known there, and what earlier files of a check would add."""

    ketnap: Installation
    dossiers: Dossiers
    """Sees the units that a check plans, where there are some."""
    terms: Terms
    places: Places
    known: Known


@dataclass(frozen=True, slots=True)
class Source:
    """The table that rows come from, as every fact will name it."""

    digest: str
    sheet: str

    def by(self, terms: Terms, row: int) -> By:
        """Return who records a row, and where it stands."""
        return By(
            actor=terms.actor,
            document=terms.document,
            causation=f"import/{self.digest}/{self.sheet}/{row}",
            correlation=f"import/{self.digest}",
        )


@dataclass(slots=True)
class Taken:
    """How many rows record something, and what is wrong with the others."""

    changed: int = 0
    errors: list[RowError] = field(default_factory=list)


class Taker(Protocol):
    """Takes the rows of one table in, first in rehearsal and then in earnest."""

    batch: int
    """How many rows it takes at once."""

    def take(self, rows: Sequence[Said], *, dry_run: bool) -> Taken:
        """Say what becomes of the rows; a dry run saves nothing."""
        ...


class ByRow(ABC):
    """Takes each row in by one command of one service."""

    batch = WHOLE_FILE

    def __init__(self, session: Session, source: Source) -> None:
        self.session = session
        self.source = source

    @property
    @abstractmethod
    def service(self) -> Commands:
        """Return the service that takes the commands."""

    @abstractmethod
    def command(self, row: Said, by: By) -> Any:  # noqa: ANN401 - each service has its own
        """Return the command that a row is. Raises Refusal."""

    def objection(self, row: Said) -> Refusal | None:  # noqa: ARG002 - others look at the row
        """Return why a row that records something must not, though its service takes it."""
        return None

    def order(self, rows: Sequence[Said]) -> Sequence[Said]:
        """Return the rows in the order in which they are taken in."""
        return rows

    def take(self, rows: Sequence[Said], *, dry_run: bool) -> Taken:
        """Say what becomes of the rows; a dry run saves nothing."""
        taken, asked, commands = Taken(), [], []
        for row in self.order(rows):
            try:
                command = self.command(row, self.source.by(self.session.terms, row.row))
            except Refusal as refusal:
                taken.errors.append(row_error(row.row, refusal))
            else:
                asked.append(row)
                commands.append(command)
        outcomes = self.service.perform_all(commands, dry_run=dry_run)
        for row, outcome in zip(asked, outcomes, strict=True):
            self._note(row, outcome, taken, dry_run=dry_run)
        return taken

    def _note(self, row: Said, outcome: Outcome, taken: Taken, *, dry_run: bool) -> None:
        refusal = outcome if isinstance(outcome, Refusal) else None
        if refusal is None and outcome and dry_run:
            refusal = self.objection(row)
        if refusal is not None:
            taken.errors.append(row_error(row.row, refusal))
        elif outcome:
            taken.changed += 1
