"""What must hold after every schedule, folded from raw rows; it shares no code with ketnap."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

SHELVES = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of a ledger."""

    position: int
    stream: str
    version: int
    kind: str
    recorded: datetime
    state: dict[str, Any]


@dataclass
class Kept:
    """What a ledger's file holds."""

    facts: list[Fact]
    claims: dict[str, str]
    commands: dict[str, list[int]]
    readers: dict[str, int]


def kept(path: Path) -> Kept:
    """Read a ledger's file."""
    with closing(sqlite3.connect(path)) as db:
        return Kept(
            facts=[
                Fact(
                    position,
                    stream.hex(),
                    version,
                    kind,
                    datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=recorded),
                    json.loads(state),
                )
                for position, stream, version, kind, recorded, state in db.execute(
                    "select position, stream, version, type, recorded, state from events"
                    " order by position"
                )
            ],
            claims={key: who.hex() for key, who in db.execute("select key, stream from claims")},
            commands={
                key: json.loads(positions)
                for key, positions in db.execute("select key, positions from commands")
            },
            readers=dict(db.execute("select name, position from readers")),
        )


def claims(facts: list[Fact]) -> tuple[dict[str, str], list[str]]:
    """Return who holds what after some facts, and where two held the same."""
    held: dict[str, str] = {}
    problems: list[str] = []
    for fact in facts:
        what = fact.kind.rpartition(".")[2]
        if what in {"DeskTaken", "FolderOpened"}:
            key = _claim(fact)
            if key in held:
                problems.append(f"{key} was taken at {fact.position} while it was held")
            held[key] = fact.stream
        elif what in {"DeskLeft", "FolderRemoved"}:
            held.pop(_claim(fact), None)
    return held, problems


def _claim(fact: Fact) -> str:
    state = fact.state
    return f"desk/{state['desk']}" if "desk" in state else f"shelf/{state['shelf']}"


def gaps(facts: list[Fact]) -> list[str]:
    """Return where positions or versions are not one after the other, or time goes back."""
    problems = []
    versions: Counter[str] = Counter()
    before = datetime.min.replace(tzinfo=UTC)
    for place, fact in enumerate(facts, start=1):
        versions[fact.stream] += 1
        if fact.position != place:
            problems.append(f"position {fact.position} stands in place {place}")
        if fact.version != versions[fact.stream]:
            problems.append(f"{fact.position} is version {fact.version} of its stream")
        if fact.recorded < before:
            problems.append(f"{fact.position} was recorded before the one before it")
        before = fact.recorded
    return problems


def view(facts: list[Fact]) -> dict[str, list[tuple[Any, ...]]]:
    """Return what a register shows of some facts."""
    held: dict[str, tuple[str, int]] = {}
    sums: dict[str, list[int]] = {}
    lines = []
    for fact in facts:
        what = fact.kind.rpartition(".")[2]
        if what in {"DeskLeft", "FolderRemoved"}:
            held.pop(_claim(fact), None)
        if what in {"DeskTaken", "FolderOpened"}:
            held[_claim(fact)] = (_dashed(fact.stream), fact.position)
        tally = sums.setdefault(fact.kind, [0, 0])
        tally[0] += 1
        tally[1] += fact.state.get("pages", 0)
        lines.append((fact.position, fact.kind, fact.state["on"], fact.recorded.isoformat()))
    return {
        "held": sorted((key, *who) for key, who in held.items()),
        "sums": sorted((key, *tally) for key, tally in sums.items()),
        "lines": lines,
    }


def shown(db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return what a register's tables hold."""
    return {
        "held": db.execute("select key, stream, since from held order by key").fetchall(),
        "sums": db.execute("select key, n, pages from sums order by key").fetchall(),
        "lines": db.execute(
            "select position, kind, day, recorded from lines order by rowid"
        ).fetchall(),
    }


def reactions(hall: list[Fact]) -> list[tuple[str, str, str]]:
    """Return what the archive must have done about the hall: what, because of which, on which day.

    It has no other master, so its whole ledger follows from the hall's.
    """
    done: list[tuple[str, str, str]] = []
    full: set[int] = set()
    for fact in hall:
        what = fact.kind.rpartition(".")[2]
        cause = f"hall/{fact.position}"
        if what == "PagesHanded":
            shelf = fact.state["pages"] % SHELVES
            kind = "archive.PolicyRefused" if shelf in full else "archive.FolderOpened"
            full.add(shelf)
        elif what == "DeskLeft":
            shelf = int(fact.state["desk"]) % SHELVES
            kind = "archive.FolderRemoved" if shelf in full else "archive.PolicyRefused"
            full.discard(shelf)
        else:
            continue
        # A refusal is recorded on the civil day on which the fact was learned.
        learned = (fact.recorded + timedelta(hours=7)).date().isoformat()
        done.append((kind, cause, learned if kind.endswith("Refused") else fact.state["on"]))
    return done


def reacted(archive: list[Fact]) -> list[tuple[str, str, str]]:
    """Return what the archive did, because of which fact, on which day."""
    return [(fact.kind, fact.state.get("causation", ""), fact.state["on"]) for fact in archive]


def _dashed(stream: str) -> str:
    return str(UUID(hex=stream))
