"""One import: every file read, checked whole, staged and, if it is asked for, written."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b, file_digest
from itertools import islice
from pathlib import Path
from secrets import token_bytes
from typing import Self

from events.calendar import CIVIL
from events.refusal import Refusal
from infra.tables import ErrorFile, Row, Table, TableRefused, read_tables
from services.dossiers.application import Dossiers
from services.imports.bounds import Bounds
from services.imports.candidates import Candidates
from services.imports.classes import Classes
from services.imports.columns import REASON, Kind, UnknownKind, kind_of, kinds
from services.imports.counts import Counts
from services.imports.known import Known
from services.imports.organisations import Organisations
from services.imports.places import Places, PlannedUnits
from services.imports.report import FileReport, RepeatedInFile, RowError, row_error, words
from services.imports.staging import Row as StagedRow
from services.imports.staging import Staging
from services.imports.taking import Session, Source, Taker, Terms
from services.imports.targets import Targets
from services.imports.template import is_notes
from services.imports.values import Said, faults, read, texts
from services.installation import Installation

TAKERS: dict[str, Callable[[Session, Source], Taker]] = {
    "organisations": Organisations,
    "classes": Classes,
    "targets": Targets,
    "counts": Counts,
    "candidates": Candidates,
}
_BATCH_ROWS = 500
_KEYS = {"candidates": "person_ref"}
"""Columns whose values a file has once."""

Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


class ReasonAndDocumentMissing(Refusal):
    """A correction says why, and on what paper."""


class NothingToImport(Refusal):
    """The file has no rows below a header."""


@dataclass(slots=True)
class Job:
    """One table to be taken in."""

    report: FileReport
    table: Table
    kind: Kind
    columns: dict[int, str | None]
    source: Source
    errors_path: Path
    staging: Staging | None = None
    rows: int = 0


@dataclass(slots=True)
class File:
    """One file, which is written whole or not at all."""

    jobs: list[Job]
    reports: list[FileReport]
    is_readable: bool = True

    @property
    def place(self) -> int:
        """Return when its turn is: that of its first kind."""
        order = list(kinds())
        return min((order.index(job.kind.code) for job in self.jobs), default=0)


def import_files(  # noqa: PLR0913 - the flags of the command
    ketnap: Installation,
    paths: Sequence[Path],
    *,
    kind: str | None = None,
    commit: bool = False,
    accept_good: bool = False,
    correct: bool = False,
    reason: str | None = None,
    document: str | None = None,
    actor: str = "cli",
    lang: str = "vi",
    today: date | None = None,
    progress: Progress | None = None,
    bounds: Bounds | None = None,
    errors_at: Callable[[int], Path] | None = None,
) -> list[FileReport]:
    """Check files and, with `commit`, write those that are good; one report a table.

    They go in the order organisations, classes, targets, counts, candidates. Returns when
    every view has taken the facts. `bounds` limits what is taken in to a scope; `errors_at`
    says where the errors of each table are written, otherwise beside the file.
    Raises ReasonAndDocumentMissing, UnknownKind.
    """
    if correct and not (reason and document):
        raise ReasonAndDocumentMissing
    if kind is not None and kind not in kinds():
        raise UnknownKind(columns=(), kinds=tuple(kinds()), kind=kind)
    terms = Terms(
        actor=actor,
        today=today or datetime.now(UTC).astimezone(CIVIL).date(),
        correct=correct,
        reason=reason if correct else None,
        document=document if correct else None,
    )
    files = [_open(Path(path), kind) for path in paths]
    files.sort(key=lambda file: file.place)
    if errors_at:
        for number, job in enumerate(job for file in files for job in file.jobs):
            job.errors_path = errors_at(number)
    ketnap.catch_up()
    run = _Run(ketnap, terms, lang, _Count(progress, files, commit=commit), bounds)
    if commit:
        run.commit(files, accept_good=accept_good)
    else:
        run.preview(files)
    return [report for file in files for report in file.reports]


class _Count:
    """Tells how many rows are done, twice over where they are checked and written."""

    def __init__(self, progress: Progress | None, files: Sequence[File], *, commit: bool) -> None:
        self._progress = progress
        self._done = self._total = 0
        if progress:
            for job in (job for file in files for job in file.jobs):
                try:
                    job.rows = sum(1 for _ in job.table.rows())
                except TableRefused:
                    continue
                self._total += job.rows * (2 if commit else 1)

    def add(self, rows: int) -> None:
        self._done += rows
        if self._progress:
            self._progress(self._done, self._total)


class _Run:
    def __init__(
        self, ketnap: Installation, terms: Terms, lang: str, count: _Count, bounds: Bounds | None
    ) -> None:
        self._ketnap = ketnap
        self._terms = terms
        self._lang = lang
        self._count = count
        self._bounds = bounds

    def preview(self, files: Sequence[File]) -> None:
        """Check all files as if each were written before the next."""
        with self._planning(files) as session, self._rehearsal(session) as organisations:
            for file in files:
                self._check_file(session, file, organisations)

    def commit(self, files: Sequence[File], *, accept_good: bool) -> None:
        """Check and write one file after the other."""
        for file in files:
            with ExitStack() as staged:
                for number, job in enumerate(file.jobs):
                    name = f"{job.source.digest}-{number}"
                    folder = self._ketnap.folder / "staging"
                    cipher = self._ketnap.keys.staging_cipher()
                    job.staging = staged.enter_context(Staging(folder, cipher, name))
                self.preview([file])
                is_good = all(report.is_good for report in file.reports)
                if file.is_readable and (is_good or accept_good):
                    self._write_file(file)

    def _write_file(self, file: File) -> None:
        ketnap = self._ketnap
        places = Places(ketnap.units)
        known = Known(ketnap.view, places)
        session = Session(ketnap, ketnap.dossiers, self._terms, places, known)
        for job in file.jobs:
            self._write(session, job)
        ketnap.catch_up()
        positions = {name: ledger.head().position for name, ledger in ketnap.ledgers.items()}
        for report in file.reports:
            report.written, report.positions = True, positions

    @contextmanager
    def _planning(self, files: Sequence[File]) -> Iterator[Session]:
        """Yield what is known; where the files tell of units, they are known as well."""
        ketnap, dossiers, units = self._ketnap, self._ketnap.dossiers, self._ketnap.units
        with ExitStack() as opened:
            if any(job.kind.code == "organisations" for file in files for job in file.jobs):
                units = PlannedUnits(ketnap.place("dossiers"))
                opened.callback(units.close)
                dossiers = Dossiers(ketnap.ledgers["dossiers"], ketnap.keys, units)
                opened.callback(dossiers.close)
            places = Places(units)
            yield Session(ketnap, dossiers, self._terms, places, Known(ketnap.view, places))

    @contextmanager
    def _rehearsal(self, session: Session) -> Iterator[ExitStack]:
        """Let files be checked as if what they say were recorded, people apart.

        A million people are checked in batches, and no batch is remembered: what is
        rehearsed in dossiers ends with the first table of another kind than units.
        """
        with (
            self._ketnap.training.rehearsal(),
            self._ketnap.reporting.rehearsal(),
            ExitStack() as organisations,
        ):
            organisations.enter_context(session.dossiers.rehearsal())
            yield organisations

    def _check_file(self, session: Session, file: File, organisations: ExitStack) -> None:
        for job in file.jobs:
            if job.kind.code != "organisations":
                organisations.close()
            if self._bounds and (refusal := self._bounds.kind_refusal(job.kind.code)):
                job.report.refusal = refusal
                file.is_readable = False
                continue
            try:
                self._check(session, job)
            except TableRefused as refusal:
                job.report.refusal = refusal
                file.is_readable = False

    def _check(self, session: Session, job: Job) -> None:
        taker = TAKERS[job.kind.code](session, job.source)
        rows = job.table.rows()
        with (
            ErrorFile(job.errors_path, job.table, REASON) as error_file,
            _Seen(_KEYS.get(job.kind.code)) as seen,
        ):
            while batch := list(islice(rows, taker.batch)):
                with session.places.held():
                    self._check_batch(session, job, taker, batch, (error_file, seen))
                self._count.add(len(batch))
        if error_file.written:
            job.report.errors_file = job.errors_path

    def _check_batch(
        self,
        session: Session,
        job: Job,
        taker: Taker,
        batch: Sequence[Row],
        noted: tuple[ErrorFile, _Seen],
    ) -> None:
        error_file, seen = noted
        errors: dict[int, list[RowError]] = {}
        told: dict[int, dict[str, str]] = {}
        said: list[Said] = []
        for row in batch:
            told[row.number] = texts(job.columns, row)
            wrong = faults(job.columns, row) or seen.look(row.number, told[row.number])
            what = read(job.kind, row.number, told[row.number])
            if isinstance(what, Said) and not wrong:
                said.append(what)
            else:
                told_already = {column for error in wrong for column in error.columns}
                unread = what if isinstance(what, list) else []
                errors[row.number] = wrong + [
                    error for error in unread if told_already.isdisjoint(error.columns)
                ]
        outside = self._bounds.sift(session, job.kind.code, said) if self._bounds else []
        beyond = {error.row for error in outside}
        taken = taker.take([row for row in said if row.row not in beyond], dry_run=True)
        for error in (*outside, *taken.errors):
            shown = self._bounds.veil(session, error) if self._bounds else error
            errors.setdefault(error.row, []).append(shown)
        for number in sorted(errors):
            error_file.add(
                number, "; ".join(words(error.refusal, self._lang) for error in errors[number])
            )
            job.report.add(errors[number])
        job.report.read += len(batch)
        job.report.good += len(batch) - len(errors)
        job.report.changed += taken.changed
        if job.staging:
            _stage(job.staging, [(n, cells) for n, cells in told.items() if n not in errors])

    def _write(self, session: Session, job: Job) -> None:
        taker = TAKERS[job.kind.code](session, job.source)
        job.report.changed = 0
        rows = (row for batch in _staging(job).batches() for row in batch)
        while batch := list(islice(rows, taker.batch)):
            read_again = [read(job.kind, number, cells) for number, cells in batch]
            said = [what for what in read_again if isinstance(what, Said)]
            with session.places.held():
                taken = taker.take(said, dry_run=False)
            job.report.changed += taken.changed
            for error in taken.errors:
                job.report.add([error])
                job.report.good -= 1
            self._count.add(len(batch))


class _Seen:
    """Which values of a column an earlier row had, on disk so that millions fit."""

    def __init__(self, column: str | None) -> None:
        self._column = column
        self._secret = token_bytes(32)
        self._db = sqlite3.connect("")

    def __enter__(self) -> Self:
        self._db.execute("create table seen(value blob primary key, row integer) without rowid")
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def look(self, row: int, told: dict[str, str]) -> list[RowError]:
        """Return that an earlier row is about the same, if there is one."""
        text = told.get(self._column or "")
        if text is None or self._column is None:
            return []
        value = blake2b(text.encode(), key=self._secret, digest_size=16).digest()
        done = self._db.execute("insert or ignore into seen values (?, ?)", (value, row))
        if done.rowcount:
            return []
        (other,) = self._db.execute("select row from seen where value = ?", (value,)).fetchone()
        return [row_error(row, RepeatedInFile(columns=(self._column,), other_row=other))]


def _open(path: Path, kind: str | None) -> File:
    """Return the tables of a file in the order in which they go, or why there are none."""
    try:
        tables = read_tables(path)
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        tables = [table for table in tables if table.header and not is_notes(table.header)]
        if not tables:
            raise NothingToImport
    except Refusal as refusal:
        return File([], [FileReport(path, "-", refusal=refusal)], is_readable=False)
    opened = File([], [])
    for table in tables:
        report = FileReport(path, table.sheet)
        opened.reports.append(report)
        try:
            meant = kinds()[kind] if kind else kind_of(table.header)
            report.kind = meant.code
            columns = meant.places(table.header)
        except Refusal as refusal:
            if table.hidden:
                opened.reports.pop()
                continue
            report.refusal = refusal
            opened.is_readable = False
            continue
        name = path.stem if len(tables) == 1 else f"{path.stem}.{_file_name(table.sheet)}"
        opened.jobs.append(
            Job(
                report,
                table,
                meant,
                columns,
                Source(digest, table.sheet),
                path.with_name(f"{name}.errors.csv"),
            )
        )
    order = list(kinds())
    opened.jobs.sort(key=lambda job: order.index(job.kind.code))
    return opened


def _file_name(sheet: str) -> str:
    return re.sub(r"[^\w-]+", "-", sheet)


def _stage(staging: Staging, rows: Sequence[StagedRow]) -> None:
    for first in range(0, len(rows), _BATCH_ROWS):
        staging.add(rows[first : first + _BATCH_ROWS])


def _staging(job: Job) -> Staging:
    if job.staging is None:
        raise NothingToImport
    return job.staging
