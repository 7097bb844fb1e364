"""Where uploaded files are checked and written, one after the other, while others look on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
import structlog

from events.refusal import Refusal
from infra.access import Access, Grant, NotFound, Resource, Scope
from infra.http import if_match
from infra.ledger.application import ChangedCommand
from services.imports.bounds import Bounds, within
from services.imports.columns import Kind, UnknownKind, kinds
from services.imports.report import FileReport, words
from services.imports.run import ReasonAndDocumentMissing, import_files
from services.imports.uploads import Pointed, Taken, Upload, Uploads, WrongRow, in_memory
from services.installation import Installation

SHOWN_ERRORS = 200
_TABLES = 200
_BUSY = frozenset({"checking", "writing"})


class ImportNotChecked(Refusal):
    """A file is written after it was checked, and once."""


class RowsNotGood(Refusal):
    """Some rows cannot be taken in, and nobody said that the others shall be."""


class NothingToWrite(Refusal):
    """No row of the file can be taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a file is to be taken."""

    kind: str | None = None
    correct: bool = False
    reason: str | None = None
    document: str | None = None


class Desk:
    """Takes files in for those who may, and tells how far they came."""

    def __init__(
        self,
        ketnap: Installation,
        access: Access,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ketnap = ketnap
        self._access = access
        folder = ketnap.folder / "staging" / "uploads"
        self._uploads = Uploads(folder, ketnap.keys.staging_cipher(), clock)
        self._pool = ThreadPoolExecutor(1, "imports")
        self._lock = Lock()
        self._running: dict[UUID, Future[None]] = {}
        self._progress: dict[UUID, tuple[int, int]] = {}
        self._log = structlog.get_logger()

    def close(self) -> None:
        """Let what is being written come to its end; what waits is taken up by the next start."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(  # noqa: PLR0913 - who, when, what, how, and under which key
        self, grant: Grant, today: date, *, name: str, content: bytes, wish: Wish, key: str
    ) -> Upload:
        """Keep a file and begin to check it; sent twice under a key, it is there once.

        Raises the refusals of the decision, ReasonAndDocumentMissing, UnknownKind and
        ChangedCommand.
        """
        self._demand(grant, today, grant.unit, "preview")
        if wish.correct and not (wish.reason and wish.document):
            raise ReasonAndDocumentMissing
        if wish.kind is not None and wish.kind not in kinds():
            raise UnknownKind(columns=(), kinds=tuple(kinds()), kind=wish.kind)
        upload = Upload(
            id=uuid5(NAMESPACE_URL, f"ketnap/import/{key}"),
            account=grant.account,
            unit=grant.unit,
            role=grant.role,
            day=today,
            name=name,
            digest=sha256(content).hexdigest(),
            kind=wish.kind,
            correct=wish.correct,
            reason=wish.reason if wish.correct else None,
            document=wish.document if wish.correct else None,
            uploaded=self._uploads.now(),
        )
        with self._lock:
            self._uploads.all()
            if known := self._uploads.find(upload.id):
                if (known.digest, known.name, _wish(known)) != (upload.digest, name, _wish(upload)):
                    raise ChangedCommand
                return known
            self._uploads.put_file(upload.id, content)
            self._uploads.put(upload)
            self._begin(upload)
        return upload

    def find(self, grant: Grant, today: date, upload: UUID, act: str = "see") -> Upload:
        """Return a file, and see to it that it goes on. Raises NotFound, ActNotGranted."""
        known = self._uploads.find(upload)
        if known is None:
            raise NotFound
        self._demand(grant, today, known.unit, act)
        with self._lock:
            if known.state in _BUSY and upload not in self._running:
                known = self._uploads.find(upload) or known
                if known.state in _BUSY:
                    self._begin(known)
        return known

    def all(self, grant: Grant, today: date) -> list[Upload]:
        """Return the files that a grant sees, the newest first. Raises ActNotGranted, NotFound."""
        self._demand(grant, today, grant.unit, "see")
        return [
            known
            for known in self._uploads.all()
            if self._decides(grant, today).decide(self._resource(grant, today, known.unit))
        ]

    def kinds(self, grant: Grant, today: date) -> list[Kind]:
        """Return the kinds of files that a grant takes in. Raises ActNotGranted, NotFound."""
        self._demand(grant, today, grant.unit, "preview")
        bounds = Bounds(self._access.roles, grant, today)
        return [kind for code, kind in kinds().items() if not bounds.kind_refusal(code)]

    def commit(
        self, grant: Grant, today: date, upload: UUID, version: str | None, *, accept_good: bool
    ) -> Upload:
        """Begin to write a file that was checked; said again, it goes on.

        Raises the refusals of the decision, PreconditionMissing, ChangedMeanwhile,
        ImportNotChecked, RowsNotGood and NothingToWrite.
        """
        known = self.find(grant, today, upload, "commit")
        with self._lock:
            known = self._uploads.find(upload) or known
            if known.state in {"writing", "written"} and known.accept_good == accept_good:
                return known
            if_match(version, known.version)
            if known.state not in {"checked", "failed"}:
                raise ImportNotChecked
            if any(table.refused for table in known.tables) or not any(
                table.good for table in known.tables
            ):
                raise NothingToWrite
            if not accept_good and not all(table.is_good for table in known.tables):
                raise RowsNotGood(bad=sum(table.bad for table in known.tables))
            known = msgspec.structs.replace(
                known,
                account=grant.account,
                role=grant.role,
                unit=grant.unit,
                day=today,
                state="writing",
                accept_good=accept_good,
                version=known.version + 1,
            )
            self._uploads.put(known)
            self._begin(known)
        return known

    def errors(self, upload: UUID, table: int) -> bytes:
        """Return the error file of a table. Raises NotFound."""
        found = self._uploads.errors(upload, table) if 0 <= table < _TABLES else None
        if found is None:
            raise NotFound
        return found

    def progress(self, upload: UUID) -> tuple[int, int]:
        """Return how many rows are done, and of how many."""
        return self._progress.get(upload, (0, 0))

    async def settled(self, upload: UUID, seconds: float) -> None:
        """Return when a file is checked or written, or when the time is over."""
        if running := self._running.get(upload):
            await asyncio.wait([asyncio.wrap_future(running)], timeout=seconds)

    def _begin(self, upload: Upload) -> None:
        self._progress[upload.id] = (0, 0)
        self._running[upload.id] = self._pool.submit(self._run, upload)

    def _run(self, upload: Upload) -> None:
        try:
            done = self._done(upload)
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is not lost
            self._log.error("import failed", error=type(error).__name__, upload=str(upload.id))
            done = msgspec.structs.replace(upload, state="failed")
        with self._lock:
            self._uploads.put(msgspec.structs.replace(done, version=upload.version + 1))
            if done.state == "written":
                self._uploads.drop_file(upload.id)
            self._running.pop(upload.id, None)
            self._progress.pop(upload.id, None)

    def _done(self, upload: Upload) -> Upload:
        """Check or write a file, and return what came of it."""
        content = self._uploads.file(upload.id)
        if content is None:
            raise FileNotFoundError(upload.id)
        writes = upload.state == "writing"
        grant = Grant(
            account=upload.account,
            unit=upload.unit,
            role=upload.role,
            first=upload.day,
            last=upload.day,
        )

        def note(done: int, total: int) -> None:
            self._progress[upload.id] = (done, total)

        with ExitStack() as opened:
            errors: list[Path] = []

            def errors_at(_: int) -> Path:
                errors.append(opened.enter_context(in_memory()))
                return errors[-1]

            reports = import_files(
                self._ketnap,
                [opened.enter_context(in_memory(content))],
                kind=upload.kind,
                commit=writes,
                accept_good=upload.accept_good,
                correct=upload.correct,
                reason=upload.reason,
                document=upload.document,
                actor=upload.account,
                today=upload.day,
                progress=note,
                bounds=Bounds(self._access.roles, grant, upload.day),
                errors_at=errors_at,
            )
            self._keep_errors(upload, reports)
        is_written = writes and all(report.written for report in reports)
        return msgspec.structs.replace(
            upload,
            state="written" if is_written else "checked",
            tables=[_taken(report) for report in reports],
            positions=dict(reports[0].positions) if is_written else {},
        )

    def _keep_errors(self, upload: Upload, reports: list[FileReport]) -> None:
        self._uploads.drop_errors(upload.id)
        for table, report in enumerate(reports):
            if report.errors_file:
                self._uploads.put_errors(upload.id, table, report.errors_file.read_bytes())

    def _demand(self, grant: Grant, today: date, unit: UUID, act: str) -> None:
        self._decides(grant, today).demand(self._resource(grant, today, unit), act)

    def _decides(self, grant: Grant, today: date) -> Scope:
        return Bounds(self._access.roles, grant, today).scope(self._ketnap.units.tree)

    def _resource(self, grant: Grant, today: date, unit: UUID) -> Resource:
        """Return an import, on the nearest day on which both the role and the unit are there.

        It takes effect on the days that its rows tell of, each of which is decided by itself.
        """
        role = self._access.roles.role(grant.role)
        day = min(max(today, role.first), role.last) if role else today
        day = within(self._ketnap.units.tree, unit, day) or day
        return Resource(kind="import", day=day, links={"unit": unit})


def _wish(upload: Upload) -> tuple[object, ...]:
    return upload.kind, upload.correct, upload.reason, upload.document


def _taken(report: FileReport) -> Taken:
    kind = kinds()[report.kind] if report.kind else None
    columns = kind.columns if kind else {}

    def pointed(code: str) -> Pointed:
        return Pointed(code, columns[code].name if code in columns else code)

    return Taken(
        sheet=report.sheet,
        kind=report.kind,
        title=kind.title if kind else None,
        rows=report.read,
        good=report.good,
        bad=report.bad,
        changed=report.changed,
        errors=[
            WrongRow(
                error.row,
                [pointed(column) for column in error.columns],
                error.refusal.code,
                error.reason(),
            )
            for error in report.errors[:SHOWN_ERRORS]
        ],
        has_errors_file=report.errors_file is not None,
        refused=words(report.refusal) if report.refusal else None,
    )
