"""The tables of figures and history, and how facts are written to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import msgspec

from events.dossiers import Facets
from infra.database import Database, Keep, Place
from infra.runner import layout, open_view
from services.reporting.projection.dossiers import Counting
from services.reporting.projection.facets import values
from services.reporting.projection.history import Told
from services.reporting.projection.lines import COUNTED, Person
from services.reporting.projection.reporting import Count, CountCounting, Issue
from services.reporting.projection.rolling import Counted, Share, Sheet, Sums
from services.reporting.projection.summing import sum_up
from services.reporting.projection.training import Class, ClassCounting, LearnerCounting
from services.reporting.projection.tree import Branch, State, Unit

LEDGERS = ("dossiers", "training", "verification", "reporting")
ABOUT_PEOPLE = ("training", "verification")
"""Those whose streams are not candidacies, but tell of people."""
KNOWN_FOR_EVER = 1 << 62
"""The position at which nothing has ceased to be known."""

_PEOPLE = "select person, known from people where person in (?)"
_FACETS = "select facets, number from facets where facets in (?)"
# Not the database's own numbers: those of a transaction that failed are gone on Postgres, and
# a view must be the same however often its reader was killed.
_NEXT_UNIT = (
    "insert into units(number, id) select coalesce(max(number), 0) + 1, ? from units"
    " returning number"
)
_LAST_FACETS = "select coalesce(max(number), 0) from facets"
_SHEET = 10_000_000
"""A unit's number times this, and the number of a span, are that of a sheet."""
_SHEETS = f"""
select c.unit, c.span, c.sums from numbers(?) s cross join counters c
where c.unit = s.value / {_SHEET} and c.span = s.value % {_SHEET}"""  # noqa: S608 - our own number
_REACHING = """
select t.child, f.kind, f.value, f.on_day,
    case when f.kind = 'admitted' then f.facets else 0 end, sum(f.n)
from tree t cross join words(?) k cross join facts_dossiers f
where t.ancestor = ? and t.child <> t.ancestor and t.known_to = ?
  and f.unit = t.unit and f.kind = k.value and f.tree_on >= t.since and f.tree_on < t.until
group by 1, 2, 3, 4, 5 having sum(f.n) <> 0"""

# Days are counted from 0001-01-01; `on` is a word of SQL. Clustered tables cover every column.
# What is known from a position until another is bitemporal; appended rows carry a sign instead.
_DOSSIERS = """
create table if not exists units(number integer primary key, id blob not null unique, known blob);
create table if not exists unit_states(
    number integer not null, since integer not null, until integer not null,
    code text not null, name text not null, kind text not null, sector text, parent integer,
    known_from integer not null, known_to integer not null,
    primary key (number, since, known_from)) without rowid;
create index if not exists unit_states_code on unit_states(code, since);
create index if not exists unit_states_parent on unit_states(parent, number);
create table if not exists tree(
    ancestor integer not null, child integer not null, unit integer not null,
    since integer not null, until integer not null,
    known_from integer not null, known_to integer not null,
    primary key (ancestor, unit, since, child, known_from)) without rowid;
create index if not exists tree_unit on tree(unit);
create table if not exists facets(number integer primary key, facets blob not null unique);
create table if not exists people(person blob primary key, known blob not null) without rowid;
create table if not exists facts_dossiers(
    unit integer not null, kind text not null, on_day integer not null,
    position integer not null, part integer not null, n integer not null,
    tree_on integer not null, value text not null, facets integer not null,
    candidacy integer not null, version integer not null,
    primary key (unit, kind, on_day, position, part)) without rowid;
create table if not exists counters(
    unit integer not null, span integer not null, sums text not null,
    primary key (unit, span)) without rowid;
create table if not exists shares(
    unit integer not null, span integer not null, child integer not null, n integer not null,
    primary key (unit, span, child)) without rowid;
"""
_TRAINING = """
create table if not exists classes(stream blob primary key, known blob not null) without rowid;
create table if not exists facts_training(
    centre blob not null, on_day integer not null, position integer not null,
    n integer not null, stream blob not null, closed_on integer, enrolled integer,
    certified integer,
    primary key (centre, on_day, position, n)) without rowid;
create table if not exists learners(
    stream blob not null, on_day integer not null, position integer not null, n integer not null,
    primary key (stream, on_day, position)) without rowid;
"""
_REPORTING = """
create table if not exists targets(
    unit blob not null, position integer not null, stream blob not null, kind text not null,
    category text, first_day integer not null, last_day integer not null, period text not null,
    minimum integer not null, maximum integer, deadline integer,
    deadline_inclusive integer not null, document text, issued_on integer not null,
    primary key (unit, position)) without rowid;
create table if not exists counts(stream blob primary key, known blob not null) without rowid;
create table if not exists facts_reporting(
    unit blob not null, kind text not null, first_day integer not null,
    on_day integer not null, position integer not null, sign integer not null,
    amount integer not null, period text not null, stream blob not null,
    primary key (unit, kind, first_day, on_day, position, sign)) without rowid;
"""
_HISTORY = """
create table if not exists history_{ledger}(
    position integer not null, stream blob not null, person blob, unit blob,
    version integer not null, type text not null, on_day integer not null,
    recorded integer not null, actor text not null, acting_for text, document text,
    rule_set text, causation text, correlation text, particulars text,
    primary key (position));
"""
_HISTORY_INDEXES = """
create index if not exists history_{ledger}_stream on history_{ledger}(stream);
create index if not exists history_{ledger}_unit on history_{ledger}(unit) where unit is not null;
create index if not exists history_{ledger}_refused on history_{ledger}(position)
    where type = '{ledger}.PolicyRefused';
"""
_PEOPLE_INDEXES = """
create index if not exists history_{ledger}_person on history_{ledger}(person)
    where person is not null;
"""


def _of_each(sql: str, ledgers: Sequence[str] = LEDGERS) -> str:
    return "".join(sql.format(ledger=ledger) for ledger in ledgers)


SCHEMA = _DOSSIERS + _TRAINING + _REPORTING + _of_each(_HISTORY)
INDEXES = _of_each(_HISTORY_INDEXES) + _of_each(_PEOPLE_INDEXES, ABOUT_PEOPLE)
LAYOUT = layout(3, SCHEMA, INDEXES)


def open_tables(place: Place, *, rebuilding: bool = False) -> Database:
    """Open the view's database, with its tables.

    One that is being rebuilt is thrown away when the power goes, and gets its indexes when
    it is opened as the live one.
    """
    if rebuilding:
        return open_view(place, SCHEMA, LAYOUT, keep=Keep.DRAFT)
    return open_view(place, SCHEMA + INDEXES, LAYOUT)


def sum_up_counters(db: Database) -> None:
    """Write the counters, which a rebuild leaves out until all else is there."""
    tables = DossiersTables(db)
    sum_up(tables, lambda number: values(tables.facets(number)))


class Tables:
    """Writes what a projection of one ledger makes of its facts."""

    def __init__(self, db: Database, ledger: str) -> None:
        self._db = db
        self._history = f"history_{ledger}"

    def tell(self, history: Sequence[Told]) -> None:
        """Append rows of history."""
        self._db.put(self._history, history)


class DossiersTables(Tables):
    """The tables of the dossiers ledger."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, "dossiers")
        self._unit = msgspec.msgpack.Decoder(Unit)
        self._person = msgspec.msgpack.Decoder(Person)
        self._facets = msgspec.json.Decoder(Facets)
        self._encode = msgspec.msgpack.Encoder().encode
        self._sums = msgspec.json.Decoder(Sums)
        self._sorted = msgspec.json.Encoder(order="sorted")

    def number(self, unit: UUID) -> int:
        """Return the number of a unit, given when the unit is first named."""
        sought = self._db.execute("select number from units where id = ?", (unit.bytes,))
        if row := sought.fetchone():
            return int(row[0])
        return int(self._db.execute(_NEXT_UNIT, (unit.bytes,)).fetchone()[0])

    def unit(self, number: int) -> Unit | None:
        """Return what is known of a unit."""
        row = self._db.execute("select known from units where number = ?", (number,)).fetchone()
        return self._unit.decode(row[0]) if row and row[0] else None

    def keep_unit(self, number: int, unit: Unit) -> None:
        """Keep what is now known of a unit."""
        self._db.execute(
            "update units set known = ? where number = ?", (self._encode(unit), number)
        )

    def restate(
        self, position: int, number: int, gone: Iterable[State], new: Iterable[State]
    ) -> None:
        """Close states at a position, and open others."""
        self._db.executemany(
            "update unit_states set known_to = ? where number = ? and since = ? and known_to = ?",
            [(position, number, state.since, KNOWN_FOR_EVER) for state in gone],
        )
        self._db.put("unit_states", [(number, *state, position, KNOWN_FOR_EVER) for state in new])

    def children(self, number: int) -> list[int]:
        """Return every unit that ever was a child of this one."""
        rows = self._db.execute(
            "select distinct number from unit_states where parent = ?", (number,)
        )
        return [row[0] for row in rows]

    def branches(self, number: int) -> list[Branch]:
        """Return how a unit hangs below its ancestors, as now known."""
        rows = self._db.execute(
            "select ancestor, child, unit, since, until from tree where unit = ? and known_to = ?",
            (number, KNOWN_FOR_EVER),
        )
        return [Branch(*row) for row in rows]

    def graft(self, position: int, gone: Iterable[Branch], new: Iterable[Branch]) -> None:
        """Close branches at a position, and open others."""
        self._db.executemany(
            "update tree set known_to = ? where ancestor = ? and child = ? and unit = ?"
            " and since = ? and until = ? and known_to = ?",
            [(position, *branch, KNOWN_FOR_EVER) for branch in gone],
        )
        self._db.put("tree", [(*branch, position, KNOWN_FOR_EVER) for branch in new])

    def counted(self, number: int) -> list[Counted]:
        """Return what counts for a unit, summed by day and facets."""
        rows = self._db.execute(
            "select kind, value, on_day, tree_on, facets, sum(n) from facts_dossiers"
            " where unit = ? group by 1, 2, 3, 4, 5 having sum(n) <> 0",
            (number,),
        )
        return [Counted(*row) for row in rows]

    def facets_numbers(self, several: Iterable[Facets]) -> Mapping[Facets, int]:
        """Return the numbers of combinations of facets, given in this order to those new."""
        asked = {msgspec.json.encode(facets): facets for facets in several}
        found = dict(self._db.of_keys(_FACETS, sorted(asked)))
        if new := [key for key in asked if key not in found]:
            [last] = self._db.execute(_LAST_FACETS).fetchone()
            numbered = list(enumerate(new, last + 1))
            self._db.put("facets", numbered)
            found |= {key: number for number, key in numbered}
        return {asked[key]: number for key, number in found.items()}

    def facets(self, number: int) -> Facets:
        """Return the facets that bear a number."""
        row = self._db.execute("select facets from facets where number = ?", (number,)).fetchone()
        return self._facets.decode(row[0])

    def people(self, persons: Iterable[bytes]) -> Mapping[bytes, Person]:
        """Return what stands of people, those known already."""
        found = self._db.of_keys(_PEOPLE, sorted(persons))
        return {person: self._person.decode(known) for person, known in found}

    def keep_people(self, people: Mapping[bytes, Person]) -> None:
        """Keep what now stands of people."""
        self._db.put(
            "people",
            [(person, self._encode(known)) for person, known in sorted(people.items())],
            "on conflict (person) do update set known = excluded.known",
        )

    def count(self, countings: Sequence[Counting]) -> None:
        """Append what begins and ceases to count."""
        self._db.put(
            "facts_dossiers",
            [
                (
                    line.unit,
                    line.kind,
                    line.on,
                    position,
                    part,
                    n,
                    line.tree_on,
                    line.value,
                    line.facets,
                    line.case,
                    line.version,
                )
                for position, part, line, n in countings
            ],
        )

    def sheets(self, sought: Iterable[Sheet]) -> Mapping[Sheet, Sums]:
        """Return those sheets that there are."""
        asked = f"[{','.join(str(unit * _SHEET + span) for unit, span in sought)}]"
        rows = self._db.execute(_SHEETS, (asked,))
        return {(unit, span): self._sums.decode(sums) for unit, span, sums in rows}

    def keep_sheets(self, sheets: Mapping[Sheet, Sums]) -> None:
        """Keep sheets as they now are; an empty one is none."""
        encode = self._sorted.encode
        self._db.put(
            "counters",
            [(*sheet, encode(sums).decode()) for sheet, sums in sheets.items() if sums],
            "on conflict (unit, span) do update set sums = excluded.sums",
        )
        if empty := [sheet for sheet, sums in sheets.items() if not sums]:
            self._db.executemany("delete from counters where unit = ? and span = ?", empty)

    def share(self, shares: Iterable[Share]) -> None:
        """Add to the shares; what comes to nothing leaves no row."""
        shares = list(shares)
        self._db.put(
            "shares",
            shares,
            "on conflict (unit, span, child) do update set n = shares.n + excluded.n",
        )
        if fewer := [share[:-1] for share in shares if share[-1] < 0]:
            self._db.executemany(
                "delete from shares where unit = ? and span = ? and child = ? and n = 0", fewer
            )

    def ancestors(self) -> list[int]:
        """Return every unit that others lie below, on whatever day."""
        rows = self._db.execute(
            "select distinct ancestor from tree where child <> ancestor and known_to = ?"
            " order by ancestor",
            (KNOWN_FOR_EVER,),
        )
        return [ancestor for (ancestor,) in rows.fetchall()]

    def reaching(self, ancestor: int) -> Iterator[tuple[int, Counted]]:
        """Yield what counts for those below a unit, and through which child it reaches it."""
        kinds = msgspec.json.encode(sorted(COUNTED)).decode()
        for child, kind, value, on, facets, n in self._db.execute(
            _REACHING, (kinds, ancestor, KNOWN_FOR_EVER)
        ):
            yield child, Counted(kind, value, on, on, facets, n)


class TrainingTables(Tables):
    """The tables of the training ledger."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, "training")

    def class_(self, stream: bytes) -> Class | None:
        """Return a class as it is known."""
        row = self._db.execute("select known from classes where stream = ?", (stream,)).fetchone()
        return msgspec.msgpack.decode(row[0], type=Class) if row else None

    def keep_class(self, stream: bytes, known: Class) -> None:
        """Keep a class as it is now known."""
        self._db.execute(
            "insert into classes values (?, ?)"
            " on conflict (stream) do update set known = excluded.known",
            (stream, msgspec.msgpack.encode(known)),
        )

    def count_classes(self, countings: Sequence[ClassCounting]) -> None:
        """Append what begins and ceases to count."""
        self._db.executemany(
            "insert into facts_training"
            "(position, stream, centre, on_day, closed_on, enrolled, certified, n)"
            " values (?, ?, ?, ?, ?, ?, ?, ?)",
            countings,
        )

    def count_learners(self, learners: Sequence[LearnerCounting]) -> None:
        """Append who joins a class and, below zero, who leaves it."""
        self._db.executemany(
            "insert into learners(position, stream, on_day, n) values (?, ?, ?, ?)", learners
        )


class ReportingTables(Tables):
    """The tables of the reporting ledger."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, "reporting")

    def issue(self, issues: Sequence[Issue]) -> None:
        """Append what targets become."""
        self._db.executemany(
            "insert into targets(position, stream, unit, kind, category, first_day, last_day,"
            " period, minimum, maximum, deadline, deadline_inclusive, document, issued_on)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            issues,
        )

    def count_(self, stream: bytes) -> Count | None:
        """Return a count as it is known."""
        row = self._db.execute("select known from counts where stream = ?", (stream,)).fetchone()
        return msgspec.msgpack.decode(row[0], type=Count) if row else None

    def keep_count(self, stream: bytes, known: Count) -> None:
        """Keep a count as it is now known."""
        self._db.execute(
            "insert into counts values (?, ?)"
            " on conflict (stream) do update set known = excluded.known",
            (stream, msgspec.msgpack.encode(known)),
        )

    def count_counts(self, countings: Sequence[CountCounting]) -> None:
        """Append what begins and ceases to count."""
        self._db.executemany(
            "insert into facts_reporting"
            "(position, stream, unit, kind, first_day, on_day, period, amount, sign)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            countings,
        )
