"""What must hold, folded from the raw rows of the ledgers; it shares no code with ketnap."""

# ruff: noqa: S608 - the names of our own schemas

from __future__ import annotations

import asyncio
import json
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Protocol

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

LEDGERS = ("dossiers", "verification")
READERS = {
    "dossiers": {"dossiers.units": "dossiers", "dossiers.candidacies": "dossiers"},
    "verification": {"verification.cases": "verification"},
    "reporting": {"reporting.dossiers": "dossiers", "reporting.verification": "verification"},
}
"""The readers of each view, with their ledgers."""
POLICIES = {
    "dossiers": {"dossiers.policy.verification": "verification"},
    "verification": {"verification.policy.dossiers": "dossiers"},
}
"""The readers in each ledger, with the ledgers that they follow."""
FOLLOWS = {
    ("dossiers", "PersonalHistorySealed"): ("verification", "VerificationOpened"),
    ("verification", "VerificationRequested"): ("dossiers", "VerificationAsked"),
    ("verification", "VerificationClosed"): ("dossiers", "VerificationNoted"),
}
"""What follows by policy, exactly once, from what."""
ACTS = {
    "CandidateNominated": "nominated",
    "CertificateNoted": "certified",
    "ApplicationSubmitted": "applied",
    "PersonalHistorySealed": "sealed",
    "VerificationAsked": "verification_asked",
    "VerificationNoted": "verification_closed",
}
"""The acts of people, and the kinds of figures that count them."""
NEVER = "9999-12-31"
ZERO = bytes(32)
_POLL_MS = 500


class Acknowledged(Protocol):
    """What a client was told became of a command."""

    @property
    def ledger(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def paper(self) -> str: ...
    @property
    def last(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of a ledger."""

    position: int
    stream: bytes
    version: int
    kind: str
    recorded: int
    state: dict[str, Any]

    @property
    def name(self) -> str:
        return self.kind.rpartition(".")[2]


class Oracle:
    """Reads ledgers, views and topics as they lie there, and says what is wrong with them."""

    def __init__(self, ledgers: str, views: str, bootstrap: str) -> None:
        self._dsns = {"ledgers": ledgers, "views": views}
        self._bootstrap = bootstrap
        self._open: dict[str, psycopg.Connection] = {}
        self.repeated: dict[str, int] = {}
        """How many records of each topic carried a position once more, when last looked at."""

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()

    def behind(self) -> list[str]:
        """Return what has not come to the end yet: readers first, and then the topics."""
        try:
            return self._readers_behind() or self._topics_wrong()
        except (psycopg.OperationalError, KafkaError, OSError) as error:
            self.close()
            self._open.clear()
            return [f"a server is away: {type(error).__name__}"]

    def wrong(self, told: Sequence[Acknowledged]) -> list[str]:
        """Return what does not hold; everybody is at rest."""
        facts = {ledger: self._facts(ledger) for ledger in LEDGERS}
        problems = [p for ledger in LEDGERS for p in self._told_wrong(ledger, facts[ledger], told)]
        for ledger in LEDGERS:
            problems += self._chain_wrong(ledger)
        problems += _follows_wrong(facts)
        problems += self._stands_wrong()
        problems += self._dossiers_wrong(facts["dossiers"])
        problems += self._verification_wrong(facts["verification"])
        for ledger in LEDGERS:
            problems += self._history_wrong(ledger, facts[ledger])
        return problems + self._figures_wrong(facts["dossiers"])

    # Whether all is read.

    def _readers_behind(self) -> list[str]:
        stands: dict[str, tuple[str, int]] = {}
        for view, readers in READERS.items():
            found = dict(self._rows("views", f"select name, position from {view}.readers"))
            stands |= {name: (of, found.get(name, 0)) for name, of in readers.items()}
        for ledger, policies in POLICIES.items():
            asked = f"select name, max(position) from {ledger}.readers group by name"
            found = dict(self._rows("ledgers", asked))
            stands |= {name: (of, found.get(name, 0)) for name, of in policies.items()}
        heads = {of: self._head(of) for of in LEDGERS}
        return [
            f"{name} is at {at} of {heads[of]}"
            for name, (of, at) in stands.items()
            if at != heads[of]
        ]

    def _head(self, ledger: str) -> int:
        [(head,)] = self._rows("ledgers", f"select max(position) from {ledger}.head")
        return int(head)

    def _topics_wrong(self) -> list[str]:
        """Return where a topic is not what its ledger holds, whatever comes twice on it."""
        wrong = []
        for ledger in LEDGERS:
            there: dict[int, set[tuple[object, ...]]] = {}
            records = asyncio.run(self._records(ledger))
            for record in records:
                said = json.loads(record)
                told = (said["subject"].replace("-", ""), said["version"], said["type"])
                there.setdefault(said["position"], set()).add(told)
            self.repeated[ledger] = len(records) - len(there)
            want = {
                position: {(stream.hex(), version, kind)}
                for position, stream, version, kind in self._rows(
                    "ledgers", f"select position, stream, version, type from {ledger}.events"
                )
            }
            if there != want:
                missing = sorted(set(want) - set(there))
                wrong.append(f"{ledger}.events lacks {missing[:5]} … {len(missing)} in all")
        return wrong

    async def _records(self, ledger: str) -> list[bytes]:
        partition = TopicPartition(f"{ledger}.events", 0)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="none"
        )
        await consumer.start()
        try:
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            consumer.seek(partition, 0)
            values: list[bytes] = []
            while await consumer.position(partition) < end:
                found = await consumer.getmany(partition, timeout_ms=_POLL_MS)
                values += [record.value for record in found.get(partition, ())]
            return values
        finally:
            await consumer.stop()

    # Ledgers.

    def _facts(self, ledger: str) -> list[Fact]:
        asked = f"select position, stream, version, type, recorded, state from {ledger}.events"
        return [
            Fact(position, stream, version, kind, recorded, json.loads(state))
            for position, stream, version, kind, recorded, state in self._rows(
                "ledgers", f"{asked} order by position"
            )
        ]

    def _told_wrong(
        self, ledger: str, facts: Sequence[Fact], told: Sequence[Acknowledged]
    ) -> list[str]:
        """Return the commands that are lost, done twice, or stored otherwise than was said."""
        asked = f"select key, position, events from {ledger}.commands"
        stored = {key: range(at, at + n) for key, at, n in self._rows("ledgers", asked)}
        by_paper: dict[str, list[int]] = {}
        for fact in facts:
            if fact.state.get("causation") is None and fact.state["document"] != "setting up":
                by_paper.setdefault(fact.state["document"], []).append(fact.position)
        wrong = []
        for each in told:
            if each.ledger != ledger:
                continue
            positions = by_paper.pop(each.paper, [])
            if not positions or positions[-1] != each.last:
                wrong.append(f"{each.key} was acknowledged at {each.last}; stored is {positions}")
            elif list(stored.get(each.key, ())) != positions:
                wrong.append(f"{each.key} stands at {stored.get(each.key)}, its facts {positions}")
        return wrong + [f"{paper} was never acknowledged" for paper in by_paper]

    def _chain_wrong(self, ledger: str) -> list[str]:
        """Return where positions, versions, moments or digests are not one after the other."""
        link, before, versions = ZERO, 0, Counter[bytes]()
        asked = (
            "select position, stream, version, type, recorded, state, sealed, digest"
            f" from {ledger}.events order by position"
        )
        rows = self._rows("ledgers", asked)
        for place, row in enumerate(rows, start=1):
            position, stream, version, kind, recorded, state, sealed, digest = row
            versions[stream] += 1
            name = kind.encode()
            link = sha256(
                link
                + struct.pack(">qq", position, recorded)
                + stream
                + struct.pack(">qi", version, len(name))
                + name
                + sha256(state).digest()
                + sha256(sealed or b"").digest()
            ).digest()
            if (position, version, link) != (place, versions[stream], digest) or recorded < before:
                return [f"{ledger} breaks at {place}: {position}, version {version} of its stream"]
            before = recorded
        head = self._rows("ledgers", f"select position, digest from {ledger}.head")
        return [] if head == [(len(rows), link)] else [f"the head of {ledger} is {head}"]

    def _stands_wrong(self) -> list[str]:
        """Return what waits for a person."""
        return [
            f"{view} is parked: {row}"
            for view in READERS
            for row in self._rows("views", f"select * from {view}.parked")
        ]

    # Views.

    def _dossiers_wrong(self, facts: Sequence[Fact]) -> list[str]:
        units, opened, days = [], {}, {}
        placed, people = set(), set()
        for fact in facts:
            if fact.name.startswith("Unit"):
                row = (fact.position, fact.stream, fact.version, fact.kind)
                units.append((*row, json.dumps(fact.state, sort_keys=True)))
            elif fact.name == "PersonRegistered":
                people.add(fact.stream)
            elif fact.name == "CandidacyOpened":
                opened[fact.stream] = (_id(fact.state["person"]), fact.state.get("attempt", 1))
                days[fact.stream] = _ordinal(fact.state["on"])
            if fact.stream in opened:
                placed.add((fact.stream, fact.version, fact.position))
                days[fact.stream] = max(days[fact.stream], _ordinal(fact.state["on"]))
        shown = [
            (*row[:4], json.dumps(json.loads(row[4]), sort_keys=True))
            for row in self._rows(
                "views",
                "select position, unit, version, type, state from dossiers.unit_facts"
                " order by position",
            )
        ]
        candidacies = {(key, *opened[key], days[key]) for key in opened}
        return [
            *_unlike("dossiers.unit_facts", shown, units),
            *_unlike(
                "dossiers.candidacies",
                self._rows(
                    "views", "select candidacy, person, opened, last_day from dossiers.candidacies"
                ),
                candidacies,
            ),
            *_unlike(
                "dossiers.candidacy_positions",
                self._rows(
                    "views",
                    "select candidacy, version, position from dossiers.candidacy_positions",
                ),
                placed,
            ),
            *_unlike(
                "dossiers.name_parts",
                self._rows("views", "select distinct person from dossiers.name_parts"),
                [(person,) for person in people],
            ),
        ]

    def _verification_wrong(self, facts: Sequence[Fact]) -> list[str]:
        cases: dict[bytes, list[object]] = {}
        requests: dict[tuple[bytes, int], list[object]] = {}
        for fact in facts:
            state, on = fact.state, fact.state["on"]
            match fact.name:
                case "VerificationOpened":
                    who = [_id(state[name]) for name in ("candidacy", "person", "unit")]
                    cases[fact.stream] = [*who, on, on, None, 0, NEVER]
                case "VerificationRequested":
                    due = state["due"]["due"]
                    asked: list[object] = [state["subject_kind"], state["place"], on, due, None]
                    requests[fact.stream, state["request"]] = asked
                    cases[fact.stream][-1] = due
                case "VerificationReplied":
                    requests[fact.stream, state["request"]][-1] = on
                    cases[fact.stream][-1] = NEVER
                case "VerificationClosed":
                    cases[fact.stream][5] = on
        return [
            *_unlike(
                "verification.cases",
                self._rows("views", "select * from verification.cases"),
                [(stream, *row) for stream, row in cases.items()],
            ),
            *_unlike(
                "verification.requests",
                self._rows("views", "select * from verification.requests"),
                [(*key, *row) for key, row in requests.items()],
            ),
        ]

    def _history_wrong(self, ledger: str, facts: Sequence[Fact]) -> list[str]:
        shown = self._rows(
            "views",
            "select position, stream, version, type, on_day, recorded, actor, document, causation"
            f" from reporting.history_{ledger}",
        )
        want = [
            (
                fact.position,
                fact.stream,
                fact.version,
                fact.kind,
                _ordinal(fact.state["on"]),
                fact.recorded,
                fact.state["actor"],
                fact.state.get("document"),
                fact.state.get("causation"),
            )
            for fact in facts
        ]
        return _unlike(f"reporting.history_{ledger}", shown, want)

    def _figures_wrong(self, facts: Sequence[Fact]) -> list[str]:
        """Return where acts by unit and kind are not as many as there are facts of them."""
        want: Counter[tuple[bytes, str]] = Counter()
        for fact in facts:
            if fact.name in ACTS:
                want[_id(fact.state["unit"]), ACTS[fact.name]] += 1
        shown = self._rows(
            "views",
            "select u.id, f.kind, sum(f.n)::bigint from reporting.facts_dossiers f"
            " join reporting.units u on u.number = f.unit where f.kind = any(%s) group by 1, 2",
            (list(ACTS.values()),),
        )
        return _unlike("reporting.facts_dossiers", shown, [(*key, n) for key, n in want.items()])

    def _rows(self, database: str, asked: str, values: Sequence[object] = ()) -> list[Any]:
        if database not in self._open:
            self._open[database] = psycopg.connect(
                self._dsns[database], autocommit=True, connect_timeout=2
            )
        return self._open[database].execute(asked, values or None).fetchall()


def _follows_wrong(facts: Mapping[str, Sequence[Fact]]) -> list[str]:
    """Return the effects of policies that are missing, or there more than once."""
    want = Counter(
        (*FOLLOWS[ledger, fact.name], f"{ledger}/{fact.position}")
        for ledger, of in facts.items()
        for fact in of
        if (ledger, fact.name) in FOLLOWS
    )
    done = Counter(
        (ledger, fact.name, fact.state["causation"])
        for ledger, of in facts.items()
        for fact in of
        if fact.state.get("causation")
    )
    return [
        f"{name} in {ledger} because of {cause} is there {done[ledger, name, cause]} times,"
        f" not {want[ledger, name, cause]}"
        for ledger, name, cause in {**want, **done}
        if want[ledger, name, cause] != done[ledger, name, cause]
    ]


def _unlike(table: str, shown: Iterable[tuple[Any, ...]], want: Iterable[Any]) -> list[str]:
    there, should = Counter(map(tuple, shown)), Counter(map(tuple, want))
    if there == should:
        return []
    missing, extra = list((should - there).elements()), list((there - should).elements())
    return [
        f"{table} lacks {len(missing)} rows {missing[:2]} and has {len(extra)} extra {extra[:2]}"
    ]


def _id(text: str) -> bytes:
    return bytes.fromhex(text.replace("-", ""))


def _ordinal(text: str) -> int:
    return date.fromisoformat(text).toordinal()
