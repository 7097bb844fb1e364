"""`ketnap replay --compare`: views built anew from the ledgers, held against the live."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.database import Place, SqliteFile
from infra.feed import Feed, LedgerFeed
from infra.ledger.port import Row
from infra.runner import Runner
from services.dossiers.view import Boxes, CandidaciesView, UnitsView
from services.dossiers.view.candidacies import READER as CANDIDACIES_READER
from services.dossiers.view.units import READER as UNITS_READER
from services.installation import Installation
from services.reporting.view import ReportingView
from services.training.view import READER as CLASSES_READER
from services.training.view import ClassesView
from services.verification.view import READER as CASES_READER
from services.verification.view import CasesView

VIEWS = ("dossiers", "training", "verification", "reporting")
# Not derived from events: what stopped a reader is known to the process that it stopped.
_APART = ("parked",)


@dataclass(frozen=True, slots=True)
class Compared:
    """A table of the live view against the same one rebuilt."""

    view: str
    table: str
    rows: int
    missing: int
    """Rows that the ledgers call for and the live view lacks."""
    extra: int
    """Rows of the live view that no ledger calls for."""

    def told(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


class _Until:
    """A feed that ends where the live view stood when it was copied."""

    def __init__(self, feed: Feed, last: int) -> None:
        self._feed = feed
        self._last = last

    @property
    def ledger(self) -> str:
        return self._feed.ledger

    def read(self, after: int, limit: int) -> Sequence[Row]:
        return self._feed.read(after, min(limit, max(0, self._last - after)))

    def head(self) -> int:
        return self._last

    def wait(self, after: int, timeout_seconds: float) -> bool:
        return self._feed.wait(after, timeout_seconds)


def compare(
    ketnap: Installation,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> list[Compared]:
    """Rebuild every view as far as it has read, and compare them row for row.

    The live views are copied first, so that they may move on meanwhile.
    """
    with TemporaryDirectory(dir=ketnap.folder / "views", prefix="replay-") as name:
        folder = Path(name)
        for view in VIEWS:
            _copy(ketnap.folder / "views" / f"{view}.db", folder / f"live-{view}.db")
        for view in VIEWS:
            with closing(sqlite3.connect(folder / f"live-{view}.db")) as live:
                positions = _shown(live, view, ketnap)
            rebuild(ketnap, view, folder, positions, progress)
        return [row for view in VIEWS for row in _differences(folder, view)]


def _shown(live: sqlite3.Connection, view: str, ketnap: Installation) -> dict[str, int]:
    """Return how far each reader has come by what its view holds, whatever it says itself."""
    if view == "reporting":
        return {
            f"reporting.{ledger}": live.execute(
                f"select coalesce(max(position), 0) from history_{ledger}"  # noqa: S608 - one of our own ledgers
            ).fetchone()[0]
            for ledger in ketnap.ledgers
        }
    head = ketnap.ledgers[view].head().position
    said = dict(live.execute("select name, min(position, ?) from readers", (head,)))
    if view == "dossiers":
        (last,) = live.execute("select coalesce(max(position), 0) from unit_facts").fetchone()
        said = {name: max(position, last) for name, position in said.items()}
    return said


def rebuild(
    ketnap: Installation,
    view: str,
    folder: Path,
    positions: Mapping[str, int],
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> None:
    """Build a view in a folder, each of its readers up to a position."""
    with ExitStack() as stack:
        runners = _runners(ketnap, view, SqliteFile(folder / f"{view}.db"), positions, stack)
        total, done = sum(positions.values()), 0
        for runner in runners:
            runner.catch_up(positions[runner.name], partial(_told, progress, done, total))
            done += positions[runner.name]


def _runners(
    ketnap: Installation, view: str, place: Place, positions: Mapping[str, int], stack: ExitStack
) -> list[Runner]:
    def until(ledger: str, reader: str) -> _Until:
        return _Until(LedgerFeed(ketnap.ledgers[ledger]), positions.get(reader, 0))

    match view:
        case "dossiers":
            units = stack.enter_context(closing(UnitsView(place)))
            boxes = Boxes(ketnap.ledgers["dossiers"], ketnap.keys)
            candidacies = stack.enter_context(closing(CandidaciesView(place, boxes)))
            return [
                units.runner(until("dossiers", UNITS_READER)),
                candidacies.runner(until("dossiers", CANDIDACIES_READER)),
            ]
        case "training":
            classes = stack.enter_context(closing(ClassesView(place)))
            return [classes.runner(until("training", CLASSES_READER))]
        case "verification":
            cases = stack.enter_context(closing(CasesView(place)))
            return [cases.runner(until("verification", CASES_READER))]
        case _:
            reporting = stack.enter_context(closing(ReportingView(place, rebuilding=True)))
            return reporting.runners(
                {name: until(name, f"reporting.{name}") for name in ketnap.ledgers}
            )


def _told(progress: Callable[[int, int], None], done: int, total: int, position: int) -> None:
    progress(done + position, total)


def _copy(live: Path, copy: Path) -> None:
    with closing(sqlite3.connect(live)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _differences(folder: Path, view: str) -> Iterator[Compared]:
    with closing(sqlite3.connect(folder / f"{view}.db")) as db:
        db.execute("attach ? as live", (str(folder / f"live-{view}.db"),))
        tables = db.execute(
            "select name from main.sqlite_schema where type = 'table'"
            " and name not like 'sqlite_%' order by name",
        ).fetchall()
        for (table,) in tables:
            if table not in _APART:
                yield _difference(db, view, table)


def _difference(db: sqlite3.Connection, view: str, table: str) -> Compared:
    columns = ", ".join(f'"{row[1]}"' for row in db.execute(f'pragma main.table_info("{table}")'))

    def counted(schema: str) -> str:
        return f'select {columns}, count(*) from {schema}."{table}" group by {columns}'  # noqa: S608 - names from the schema itself

    def left(one: str, other: str) -> int:
        query = f"select count(*) from ({counted(one)} except {counted(other)})"  # noqa: S608 - as above
        return int(db.execute(query).fetchone()[0])

    rows = int(db.execute(f'select count(*) from main."{table}"').fetchone()[0])  # noqa: S608 - as above
    return Compared(view, table, rows, left("main", "live"), left("live", "main"))
