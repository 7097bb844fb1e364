"""A unit with fifty children and as many people as asked, as recorded facts nobody decided."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from events import codec, dossiers
from events.dossiers import Facets
from events.envelope import Fact, FirstFact
from infra.ledger.port import Row

CHILDREN = 50
SEED = 20_261_124
RECORDED = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_DAY = date(2018, 1, 1)
DAYS = 365 * 8
ACTS: tuple[tuple[type[Fact], int], ...] = (
    (dossiers.CandidateNominated, 0),
    (dossiers.ApplicationSubmitted, 60),
    (dossiers.DossierReceived, 120),
    (dossiers.AdmissionDecided, 150),
    (dossiers.CeremonyHeld, 165),
)
COLUMNS = ("nominated", "applied", "received", "decided", "admitted")
OCCUPATIONS = ("cán bộ", "công chức", "viên chức", "người lao động", "nông dân")
SOURCES = ("thanh niên", "doanh nghiệp", "khu dân cư", "trường học", "y tế")
AGES = ("18-30", "31-40", "41-50", "51-60")


class Crowd:
    """The people, one after the other; the same for the same number."""

    def __init__(self, people: int) -> None:
        self.people = people
        self.root = uuid5(NAMESPACE_URL, "ketnap/bench/H")
        self.children = [uuid5(NAMESPACE_URL, f"ketnap/bench/H-{n}") for n in range(CHILDREN)]

    def journeys(self) -> Iterator[tuple[int, int, Facets, list[date]]]:
        """Yield number, child, facets and the days of the acts, as many as came to pass."""
        chance = random.Random(SEED)
        for number in range(self.people):
            facets = Facets(
                sex=chance.choice(("female", "male")),
                youth_union=chance.random() < 0.6,
                ethnic_minority=chance.random() < 0.1,
                religious=chance.random() < 0.1,
                occupation=chance.choice(OCCUPATIONS),
                source_group=chance.choice(SOURCES),
                referred=chance.random() < 0.5,
                age=chance.choice(AGES),
            )
            start = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
            acts = [start + timedelta(days=after) for _, after in ACTS[: chance.randint(1, 5)]]
            yield number, chance.randrange(CHILDREN), facets, acts

    def facts(self) -> Iterator[Fact]:
        """Yield every fact in the order in which it is recorded."""
        yield self._fact(
            dossiers.UnitRegistered,
            self.root,
            1,
            date.min,
            code="H",
            name="Huyện ủy",
            kind="district_committee",
        )
        for number, unit in enumerate(self.children):
            yield self._fact(
                dossiers.UnitRegistered,
                unit,
                1,
                date.min,
                code=f"H-{number}",
                name=f"Đảng ủy {number}",
                kind="grassroots_committee",
                parent=self.root,
            )
        for number, child, facets, acts in self.journeys():
            stream = UUID(int=(number << 64) | 1)
            common: dict[str, Any] = {
                "person": UUID(int=(number << 64) | 2),
                "unit": self.children[child],
                "facets": facets,
            }
            yield self._fact(dossiers.CandidacyOpened, stream, 1, acts[0], attempt=1, **common)
            for version, (on, (kind, _)) in enumerate(zip(acts, ACTS, strict=False), start=2):
                yield self._fact(kind, stream, version, on, **common)

    def _fact(
        self, kind: type[Fact], stream: UUID, version: int, on: date, /, **fields: object
    ) -> Fact:
        if issubclass(kind, FirstFact):
            fields["originator_topic"] = ""
        make: Any = kind
        made: Fact = make(
            originator_id=stream,
            originator_version=version,
            timestamp=RECORDED,
            on=on,
            actor="bench",
            **fields,
        )
        return made


class Stream:
    """A feed of facts that are made as they are read, so that a million need no memory."""

    def __init__(self, ledger: str, facts: Iterator[Fact], last: int) -> None:
        self.ledger = ledger
        self._facts = facts
        self._at = 0
        self._last = last

    def read(self, after: int, limit: int) -> Sequence[Row]:
        """Return the next rows; a reader asks for each once."""
        if after != self._at:
            raise ValueError(after)
        rows = []
        for _, fact in zip(range(min(limit, self._last - after)), self._facts, strict=False):
            self._at += 1
            rows.append(
                Row(
                    self._at,
                    fact.originator_id,
                    fact.originator_version,
                    fact.TOPIC,
                    RECORDED,
                    codec.encode(fact)[0],
                    b"",
                    b"",
                )
            )
        return rows

    def head(self) -> int:
        """Return the last position."""
        return self._last

    def wait(self, after: int, timeout_seconds: float) -> bool:
        """Return whether there is more."""
        return after < self._last


def table_of(crowd: Crowd, path: Path) -> sqlite3.Connection:
    """Write the same people as one row each, with the indexes that a request would want."""
    db = sqlite3.connect(path)
    db.execute("pragma journal_mode = wal")
    db.execute("create table units(code text primary key, parent text)")
    db.execute("insert into units values ('H', null)")
    db.executemany("insert into units values (?, 'H')", [(f"H-{n}",) for n in range(CHILDREN)])
    db.execute(
        "create table candidacies(id integer primary key, unit text, sex text, youth_union int,"
        " ethnic_minority int, religious int, occupation text, source_group text, referred int,"
        f" age text, {', '.join(f'{name}_on text' for name in COLUMNS)})"
    )
    db.executemany(
        f"insert into candidacies values ({', '.join('?' * 15)})",  # noqa: S608 - question marks
        (
            (
                number,
                f"H-{child}",
                facets.sex,
                facets.youth_union,
                facets.ethnic_minority,
                facets.religious,
                facets.occupation,
                facets.source_group,
                facets.referred,
                facets.age,
                *(on.isoformat() for on in acts),
                *[None] * (len(COLUMNS) - len(acts)),
            )
            for number, child, facets, acts in crowd.journeys()
        ),
    )
    for name in COLUMNS:
        db.execute(f"create index {name} on candidacies({name}_on, unit)")
    db.execute("create index unit on candidacies(unit)")
    db.execute("analyze")
    db.commit()
    return db
