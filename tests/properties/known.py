"""What the ledgers say, folded from their raw rows up to a position; shares no code of ours."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

ACTS = {
    "CandidateNominated": "nominated",
    "CertificateNoted": "certified",
    "ApplicationSubmitted": "applied",
    "PersonalHistorySealed": "sealed",
    "VerificationAsked": "verification_asked",
    "VerificationNoted": "verification_closed",
    "CellVoteTaken": "cell_vote",
    "DossierReceived": "received",
    "DossierReturned": "returned",
    "PoliticalStandardConcluded": "political_standard",
    "AdmissionDecided": "decided",
    "DecisionReceived": "decision_received",
    "CeremonyHeld": "admitted",
    "OfficiallyRecognised": "recognised",
    "MemberStruckOff": "struck_off",
    "ResignationAccepted": "resigned",
    "PersonDied": "deceased",
    "CandidacyWithdrawn": "withdrawn",
    "AdmissionRefused": "refused",
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a ledger."""

    position: int
    stream: str
    version: int
    kind: str
    recorded: int
    on: date
    state: Json


@dataclass(frozen=True, slots=True)
class Act:
    """A fact of a candidacy as it stands."""

    kind: str
    on: date
    version: int
    unit: str
    facets: Json
    findings: tuple[Json, ...]


@dataclass(slots=True)
class Unit:
    """What is known of a unit: changes by the day from which they hold."""

    id: str
    code: str
    changes: list[tuple[date, int, Json]] = field(default_factory=list)
    last: date = date.max

    def on(self, day: date) -> Json | None:
        """Return what the unit is on a day, or None where it is not."""
        self.changes.sort(key=lambda change: change[:2])
        if not self.changes[0][0] <= day <= self.last:
            return None
        known: Json = {}
        for since, _, change in self.changes:
            if since <= day:
                known |= change
        return known


def entries(path: Path, after: int = 0) -> Iterator[Entry]:
    """Read a ledger's rows after a position, in order."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for position, stream, version, kind, recorded, state in db.execute(
            "select position, stream, version, type, recorded, state from events"
            " where position > ? order by position",
            (after,),
        ):
            known = json.loads(state)
            yield Entry(
                position,
                str(UUID(bytes=stream)),
                version,
                kind.split(".")[1],
                recorded,
                date.fromisoformat(known["on"]),
                known,
            )
    finally:
        db.close()


@dataclass(slots=True)
class Known:
    """What the ledgers say up to a position of each: fold entries in, in order, and ask."""

    positions: dict[str, int] = field(default_factory=Counter)
    units: dict[str, Unit] = field(default_factory=dict)
    acts: dict[str, dict[int, Act]] = field(default_factory=lambda: defaultdict(dict))
    people: dict[str, str] = field(default_factory=dict)
    """Whose each candidacy is."""
    targets: dict[str, list[tuple[date, int, Json]]] = field(
        default_factory=lambda: defaultdict(list),
    )
    counts: dict[str, Json] = field(default_factory=dict)
    classes: dict[str, Json] = field(default_factory=dict)
    learners: dict[str, list[tuple[date, int]]] = field(default_factory=lambda: defaultdict(list))
    """Who joined a class and, below zero, who left it."""
    firsts: dict[str, list[Act]] = field(default_factory=dict)
    chains: dict[tuple[str, date], tuple[str, ...]] = field(default_factory=dict)

    def fold(self, ledger: str, entry: Entry) -> None:
        """Take the next entry of a ledger."""
        self.positions[ledger] = entry.position
        getattr(self, f"_{ledger}")(entry)

    def _dossiers(self, entry: Entry) -> None:
        if entry.kind.startswith("Unit"):
            self._unit(entry)
        elif entry.kind in ACTS or "standing" in entry.state or entry.kind == "FactRetracted":
            self._candidacy(entry)

    def _unit(self, entry: Entry) -> None:
        self.chains.clear()
        state = entry.state
        if entry.kind == "UnitRegistered":
            self.units[entry.stream] = Unit(entry.stream, state["code"])
        unit = self.units[entry.stream]
        if entry.kind == "UnitDissolved":
            unit.last = entry.on
            return
        said = {
            "UnitRegistered": ("name", "kind", "parent"),
            "UnitCorrected": ("name", "kind", "parent"),
            "UnitRenamed": ("name",),
            "UnitMoved": ("parent",),
            "UnitReclassified": ("kind",),
        }[entry.kind]
        unit.changes.append((entry.on, entry.position, {name: state.get(name) for name in said}))

    def _candidacy(self, entry: Entry) -> None:
        self.firsts.pop(entry.stream, None)
        state, acts = entry.state, self.acts[entry.stream]
        self.people[entry.stream] = state["person"]
        if entry.kind == "FactRetracted":
            del acts[state["of"]]
        if entry.kind in ACTS:
            acts[entry.version] = self._act(ACTS[entry.kind], entry.version, state)
        for now in state.get("standing", ()):
            acts[now["of"]] = self._act(acts[now["of"]].kind, now["of"], now)

    @staticmethod
    def _act(kind: str, version: int, said: Json) -> Act:
        return Act(
            kind,
            date.fromisoformat(said["on"]),
            version,
            said["unit"],
            said["facets"],
            tuple(said.get("findings", ())),
        )

    def _reporting(self, entry: Entry) -> None:
        row = _dated(entry.state)
        if entry.kind.startswith("Target"):
            self.targets[entry.stream].append((entry.on, entry.position, row))
        else:
            self.counts[entry.stream] = row | {"position": entry.position}

    def _training(self, entry: Entry) -> None:
        state = _dated(entry.state)
        if entry.kind == "ClassOpened":
            self.classes[entry.stream] = state | {"opened_on": entry.on}
        elif entry.kind in {"LearnerEnrolled", "LearnerWithdrawn"}:
            joined = 1 if entry.kind == "LearnerEnrolled" else -1
            self.learners[entry.stream].append((entry.on, joined))
        elif entry.kind == "ClassCompleted":
            self.classes[entry.stream] |= {
                "closed_on": entry.on,
                "certified": state.get("certified"),
            }
        elif entry.kind == "ClassCorrected":
            self.classes[entry.stream] = state

    def _verification(self, entry: Entry) -> None:
        """Take nothing: cases count in no figure."""

    # The tree

    def chain(self, unit: str, day: date) -> tuple[str, ...]:
        """Return the unit and its ancestors of a day, upwards."""
        if (unit, day) not in self.chains:
            found = [unit]
            while (known := self.units[found[-1]].on(day)) and (parent := known["parent"]):
                if not self.units[parent].on(day):
                    break
                found.append(parent)
            self.chains[unit, day] = tuple(found)
        return self.chains[unit, day]

    def unit(self, code: str, day: date) -> str | None:
        """Return the unit that bears a code on a day."""
        for unit in self.units.values():
            if unit.code == code and unit.on(day):
                return unit.id
        return None

    # What counts

    def first_acts(self, candidacy: str) -> list[Act]:
        """Return the first standing act of each kind, by day."""
        if candidacy not in self.firsts:
            firsts: dict[str, Act] = {}
            for act in sorted(self.acts[candidacy].values(), key=lambda act: (act.on, act.version)):
                firsts.setdefault(act.kind, act)
            self.firsts[candidacy] = list(firsts.values())
        return self.firsts[candidacy]


def _dated(state: Json) -> Json:
    return {
        name: date.fromisoformat(value)
        if name in {"on", "first_day", "last_day", "deadline", "opened_on", "closed_on"} and value
        else value
        for name, value in state.items()
    }
