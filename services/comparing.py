"""A view held against the same one rebuilt: row for row, and figure for figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from events.period import Period
from infra.database import Database
from services.reporting.view import ReportingView
from services.reporting.view.figures import Question
from services.reporting.view.knowledge import UnitNotYetKnown, UnknownUnit

CHUNK_ROWS = 5_000
_ORDER = (type(None), int, str, bytes)
Row = tuple[tuple[Any, ...], tuple[Any, ...]]
"""The key, and the whole row."""

# Not derived from events: what stopped a reader is known to the process that it stopped.
_APART = ("parked",)
# What was asked, and how far the view has read, are no figures.
_ASKED = ("unit", "name", "period", "as_of", "known_at", "positions")
_DAYS = (
    "select min(on_day), max(on_day) from facts_dossiers",
    "select min(on_day), max(on_day) from facts_training",
    "select min(first_day), max(on_day) from facts_reporting",
    "select min(first_day), max(last_day) from targets",
)
_UNITS = "select distinct code from unit_states"


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

    @property
    def differs(self) -> bool:
        """Tell whether the two differ."""
        return bool(self.missing or self.extra)

    def told(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Differing:
    """A figure that the live view shows otherwise than the rebuilt one."""

    unit: str
    period: str
    figure: str
    """Its path in the answer, such as `funnel.admitted`."""
    live: Any
    rebuilt: Any

    def told(self) -> dict[str, object]:
        """Return it as JSON."""
        return asdict(self)


def compared(
    view: str,
    keys: Mapping[str, Sequence[str]],
    live: Database,
    rebuilt: Database,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> Iterator[Compared]:
    """Yield what differs in each table of a view, whose keys are given.

    Both sides are read in the order of the key, a few thousand rows by a statement: neither
    the memory nor the patience of a connection grows with the province.
    """
    kept = {table: key for table, key in keys.items() if table not in _APART}
    total = sum(_count(rebuilt, table) for table in kept)
    done = 0
    for table, key in kept.items():
        both = Counter[str]()
        for is_live, is_rebuilt in _side_by_side(
            _rows(live, table, key), _rows(rebuilt, table, key)
        ):
            both["rows"] += is_rebuilt
            both["missing"] += is_rebuilt and not is_live
            both["extra"] += is_live and not is_rebuilt
            if is_rebuilt and both["rows"] % CHUNK_ROWS == 0:
                progress(done + both["rows"], total)
        done += both["rows"]
        progress(done, total)
        yield Compared(view, table, both["rows"], both["missing"], both["extra"])


def _side_by_side(live: Iterator[Row], rebuilt: Iterator[Row]) -> Iterator[tuple[bool, bool]]:
    """Yield for each row of either whether the live and whether the rebuilt view has it."""
    ours, theirs = next(live, None), next(rebuilt, None)
    while ours or theirs:
        if ours == theirs:
            yield True, True
            ours, theirs = next(live, None), next(rebuilt, None)
        elif theirs is None or (ours is not None and _place(ours) <= _place(theirs)):
            yield True, False
            ours = next(live, None)
        else:
            yield False, True
            theirs = next(rebuilt, None)


def _place(row: Row) -> list[tuple[int, Any]]:
    """Return where a row stands in the order of keys; in SQLite any column may hold anything."""
    return [(_ORDER.index(type(part)), part) for part in row[0]]


def _rows(db: Database, table: str, key: Sequence[str]) -> Iterator[Row]:
    """Yield every row with its key, in the order of the keys."""
    columns, width = ", ".join(key), len(key)
    behind = f"where ({columns}) > ({', '.join('?' * width)})"
    after: Sequence[Any] = ()
    while True:
        rows = db.execute(
            f"select {columns}, * from {table} {behind if after else ''}"  # noqa: S608 - our own names
            f" order by {columns} limit {CHUNK_ROWS}",
            after,
        ).fetchall()
        for row in rows:
            yield tuple(row[:width]), tuple(row[width:])
        if len(rows) < CHUNK_ROWS:
            return
        after = rows[-1][:width]


def _count(db: Database, table: str) -> int:
    [(rows,)] = db.execute(f"select count(*) from {table}").fetchall()  # noqa: S608 - our own names
    return int(rows)


def differing(
    live: ReportingView,
    rebuilt: ReportingView,
    progress: Callable[[int, int], None] = lambda _, __: None,
) -> Iterator[Differing]:
    """Yield every figure of every unit and year that differs, each view being one snapshot."""
    with live.snapshot() as one, rebuilt.snapshot() as other:
        units = sorted(_units(one) | _units(other))
        years = sorted(_years(one) | _years(other))
        for done, code in enumerate(units, 1):
            for year in years:
                yield from _differences(live, rebuilt, code, year)
            progress(done, len(units))


def _differences(
    live: ReportingView, rebuilt: ReportingView, code: str, year: int
) -> Iterator[Differing]:
    period = Period(date(year, 1, 1), date(year, 12, 31), f"{year:04}")
    question = Question(unit_code=code, period=period, as_of=period.last)
    shown, called = _figures(live, question), _figures(rebuilt, question)
    for figure in dict.fromkeys((*called, *shown)):
        if shown.get(figure) != called.get(figure):
            yield Differing(code, period.text, figure, shown.get(figure), called.get(figure))


def _figures(view: ReportingView, question: Question) -> Mapping[str, Any]:
    try:
        answer = view.figures(question)
    except (UnknownUnit, UnitNotYetKnown):
        return {}
    return dict(_leaves("", {key: answer[key] for key in answer if key not in _ASKED}))


def _leaves(path: str, part: object) -> Iterator[tuple[str, object]]:
    """Yield every figure of an answer with its path; a row of a list goes by its unit."""
    match part:
        case Mapping():
            for name, each in part.items():
                yield from _leaves(f"{path}.{name}" if path else str(name), each)
        case list() | tuple():
            for number, each in enumerate(part):
                named = each.get("unit") if isinstance(each, Mapping) else None
                yield from _leaves(f"{path}[{named or number}]", each)
        case _:
            yield path, part


def _units(db: Database) -> set[str]:
    return {code for (code,) in db.execute(_UNITS)}


def _years(db: Database) -> set[int]:
    found: set[int] = set()
    for statement in _DAYS:
        first, last = db.execute(statement).fetchone()
        if first is not None:
            years = date.fromordinal(first).year, date.fromordinal(last).year
            found |= set(range(years[0], years[1] + 1))
    return found
