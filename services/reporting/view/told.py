"""Facts and history as rows for the edge, which words them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from services.reporting.projection.history import moment
from services.reporting.projection.lines import Person
from services.reporting.view.aims import iso
from services.reporting.view.behind import Behind
from services.reporting.view.knowledge import Knowledge
from services.reporting.view.sources import facets_of
from services.reporting.view.tables import ABOUT_PEOPLE, LEDGERS


def moved(
    before: Iterable[Behind],
    after: Iterable[Behind],
    unit: int,
    earlier: Knowledge,
    later: Knowledge,
) -> list[Behind]:
    """Return the facts that moved a figure between two moments; their sum is the difference.

    Each has the position of what changed it since: its own, or that of a change of the tree,
    of a target or of a count beside it.
    """
    change: Counter[tuple[object, ...]] = Counter()
    known: dict[tuple[object, ...], Behind] = {}
    for fact in before:
        change[fact.key] -= fact.n or 0
        known[fact.key] = fact
    for fact in after:
        change[fact.key] += fact.n or 0
        known[fact.key] = fact
    return sorted(
        (_caused(known[key], unit, earlier, later)._replace(n=n) for key, n in change.items() if n),
        key=lambda fact: (fact.on, fact.ledger, fact.position, fact.candidacy or 0),
    )


def _caused(fact: Behind, asked: int, earlier: Knowledge, later: Knowledge) -> Behind:
    """Return a fact with the position of what changed it between two moments."""
    if fact.position > earlier.positions[fact.ledger]:
        return fact
    kind, value = fact.line
    for ledger, sql in _CAUSES:
        ((position,),) = later.rows(
            sql,
            unit=fact.unit,
            asked=asked,
            kind=kind,
            again=f"repeated/{kind}",
            value=value,
            candidacy=fact.candidacy,
            earlier=earlier.positions[ledger],
        )
        if position:
            return fact._replace(ledger=ledger, position=position)
    return fact


def shown(knowledge: Knowledge, facts: Sequence[Behind]) -> list[dict[str, Any]]:
    """Return facts as rows, with units by their codes and the facets that counted."""
    as_rows = {fact.candidacy for fact in facts if fact.candidacy is not None}
    cases = _at(knowledge, "dossiers", "stream", as_rows)
    recorded = {
        ledger: _at(
            knowledge,
            ledger,
            "recorded",
            {fact.position for fact in facts if fact.ledger == ledger},
        )
        for ledger in LEDGERS
    }
    codes = knowledge.codes({fact.unit for fact in facts}, max((f.on for f in facts), default=0))
    facets = facets_of(knowledge, {fact.facets for fact in facts if fact.facets is not None})
    rows = []
    for fact in facts:
        case = None if fact.candidacy is None else str(UUID(bytes=cases[fact.candidacy]))
        row: dict[str, Any] = {
            "case": case,
            "fact": fact.fact,
            "on": iso(fact.on),
            "unit": codes[fact.unit],
            "recorded": moment(recorded[fact.ledger][fact.position]).isoformat(),
            "position": f"{fact.ledger}:{fact.position}",
            "n": fact.n,
        }
        if fact.facets is not None:
            row |= msgspec.structs.asdict(facets[fact.facets])
        rows.append(row | dict(fact.more))
    return rows


def _at(knowledge: Knowledge, ledger: str, column: str, positions: Iterable[int]) -> dict[int, Any]:
    asked = f"[{','.join(map(str, positions))}]"
    return dict(
        knowledge.rows(
            f"select position, {column} from history_{ledger}"  # noqa: S608 - our own names
            " where position in (select n.value from numbers(:positions) n)",
            positions=asked,
        )
    )


Sees = Callable[[UUID, date], bool]
Spot = tuple[int, str, int]
"""Where an event stands in history: when it was recorded, in which ledger, at which position."""


def history(
    knowledge: Knowledge, *, case: UUID | None = None, unit: int | None = None
) -> list[dict[str, Any]]:
    """Return what happened to a case, a person or a unit, in the order it became known."""
    return [_event(knowledge, *found) for found in _told(knowledge, case, unit)]


def seen(  # noqa: PLR0913 - whose part of which history
    knowledge: Knowledge,
    sees: Sees,
    *,
    case: UUID | None = None,
    unit: int | None = None,
    beyond: Spot | None = None,
    most: int,
) -> list[tuple[Spot, dict[str, Any]]] | None:
    """Return a part of history that somebody sees; None where he sees nothing of it at all.

    An event is seen where and when it happened; one that is of no unit, with those that are.
    """
    found = _told(knowledge, case, unit)
    where = [_where(knowledge, row) for _, row in found]
    visible = [place is not None and sees(*place) for place in where]
    if not any(visible):
        return None
    after = [
        each
        for each, place, is_visible in zip(found, where, visible, strict=True)
        if (is_visible or place is None) and (beyond is None or _place(*each) > beyond)
    ]
    return [(_place(*each), _event(knowledge, *each)) for each in after[:most]]


def _told(
    knowledge: Knowledge, case: UUID | None, unit: int | None
) -> list[tuple[str, dict[str, Any]]]:
    if case is not None:
        sql, keys = _OF_STREAM, _streams(knowledge, case.bytes)
    else:
        row = knowledge.rows("select id from units where number = :number", number=unit)
        sql, keys = _OF_UNIT, [row[0][0]]
    told = [
        (ledger, row)
        for ledger in LEDGERS
        for key in keys
        for row in knowledge.rows(sql.format(ledger=ledger), key=key)
    ]
    if case is not None:
        asked = {"case": case.bytes, "candidacy": str(case)}
        told += [
            (ledger, row)
            for ledger in ABOUT_PEOPLE
            for key in keys
            for row in knowledge.rows(_OF_PERSON.format(ledger=ledger), key=key, **asked)
        ]
    rows = [(ledger, dict(zip(_COLUMNS, row, strict=True))) for ledger, row in told]
    return sorted(rows, key=lambda found: _place(*found))


def _place(ledger: str, row: Mapping[str, Any]) -> Spot:
    return row["recorded"], ledger, row["position"]


def _where(knowledge: Knowledge, row: Mapping[str, Any]) -> tuple[UUID, date] | None:
    unit = row["unit"]
    if unit is None and knowledge.rows("select 1 from units where id = :id", id=row["stream"]):
        unit = row["stream"]
    return (UUID(bytes=unit), date.fromordinal(row["on_day"])) if unit else None


def refused(knowledge: Knowledge) -> list[dict[str, Any]]:
    """Return what policies asked for and was refused, and nobody has settled, the latest first."""
    found = []
    for ledger in LEDGERS:
        rows = knowledge.rows(_REFUSED.format(ledger=ledger))
        found += [_event(knowledge, ledger, dict(zip(_COLUMNS, row, strict=True))) for row in rows]
    return sorted(found, key=lambda event: (event["recorded"], event["position"]), reverse=True)


def resumptions(knowledge: Knowledge, reader: str) -> list[dict[str, Any]]:
    """Return how often a reader was told to go on, the first time first."""
    rows = knowledge.rows(_RESUMED, reader=reader)
    return [_event(knowledge, "reporting", dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def _streams(knowledge: Knowledge, case: bytes) -> list[bytes]:
    """Return the streams that tell of a person's candidacies, or of a candidacy and its person."""
    if known := knowledge.rows("select known from people where person = :case", case=case):
        person = msgspec.msgpack.decode(known[0][0], type=Person)
        return [case, *(candidacy.stream for candidacy in person.candidacies)]
    persons = knowledge.rows(
        "select distinct person from history_dossiers where stream = :case and person is not null",
        case=case,
    )
    return [case, *(person for (person,) in persons)]


def _event(knowledge: Knowledge, ledger: str, row: dict[str, Any]) -> dict[str, Any]:
    particulars = row.pop("particulars")
    own = msgspec.json.decode(particulars) if particulars else {}
    for name in ("parent", "decider", "now_unit"):
        if name in own:
            own[name] = _unit(knowledge, UUID(own[name]).bytes, row["on_day"])
    if "successors" in own:
        own["successors"] = [
            _unit(knowledge, UUID(one).bytes, row["on_day"]) for one in own["successors"]
        ]
    if row["unit"]:
        row["unit"] = _unit(knowledge, row["unit"], row["on_day"])
    return {
        **own,
        "ledger": ledger,
        "position": f"{ledger}:{row['position']}",
        "case": str(UUID(bytes=row["stream"])),
        "person": row["person"] and str(UUID(bytes=row["person"])),
        "unit": row["unit"],
        "version": row["version"],
        "type": row["type"],
        "on": iso(row["on_day"]),
        "recorded": moment(row["recorded"]).isoformat(),
        **{name: row[name] for name in _AS_RECORDED},
    }


def _unit(knowledge: Knowledge, unit: bytes, on: int) -> str:
    """Return the code of a unit on a day; its id where the unit is not known."""
    numbers = knowledge.rows("select number from units where id = :id", id=unit)
    codes = knowledge.codes([number for (number,) in numbers], on)
    return next(iter(codes.values()), str(UUID(bytes=unit)))


_AS_RECORDED = ("actor", "acting_for", "document", "rule_set", "causation", "correlation")
_COLUMNS = (
    "position",
    "stream",
    "person",
    "unit",
    "version",
    "type",
    "on_day",
    "recorded",
    *_AS_RECORDED,
    "particulars",
)
_LINE_CHANGED = """
select max(position) from facts_dossiers
where unit = :unit and kind in (:kind, :again) and candidacy = :candidacy
  and (value = :value or kind = :again) and position > :earlier and position <= :known"""
# Who began again elsewhere, and earlier, is counted there.
_PERSON_CHANGED = """
select max(f.position) from facts_dossiers own cross join tree t cross join facts_dossiers f
where own.unit = :unit and own.kind = :again and own.candidacy = :candidacy
  and t.ancestor = :asked and f.unit = t.unit and f.kind = own.kind and f.value = own.value
  and f.position > :earlier and f.position <= :known"""
_TREE_CHANGED = """
select max(position) from (
    select known_from as position from tree where ancestor = :asked and unit = :unit
    union all select known_to from tree where ancestor = :asked and unit = :unit) c
where position > :earlier and position <= :known"""
_ABOVE_CHANGED = """
with above(id) as (
    select id from units where number = :asked
    union select u.id from tree t cross join units u
    where u.number = t.ancestor and t.unit = :unit)
select max(position) from (
    select g.position from above a cross join targets g where g.unit = a.id
    union all select r.position from above a cross join facts_reporting r where r.unit = a.id) c
where position > :earlier and position <= :known_counts"""
_PEOPLE_BELOW_CHANGED = """
select max(f.position) from tree t cross join facts_dossiers f
where t.ancestor = :unit and f.unit = t.unit and f.kind = 'admitted'
  and f.position > :earlier and f.position <= :known"""
_COUNTS_BELOW_CHANGED = """
select max(r.position) from tree t cross join units u cross join facts_reporting r
where t.ancestor = :unit and u.number = t.unit and r.unit = u.id
  and r.position > :earlier and r.position <= :known_counts"""
_CAUSES = (
    ("dossiers", _LINE_CHANGED),
    ("dossiers", _PERSON_CHANGED),
    ("dossiers", _TREE_CHANGED),
    ("reporting", _ABOVE_CHANGED),
    ("dossiers", _PEOPLE_BELOW_CHANGED),
    ("reporting", _COUNTS_BELOW_CHANGED),
)
"""Where to look, nearest first, for what changed a fact that is itself on record from before."""
_OF_STREAM = "select * from history_{ledger} where stream = :key"
_OF_PERSON = """
select * from history_{ledger} where person = :key
  and (:key = :case or field(particulars, 'candidacy') = :candidacy)"""
_REFUSED = """
select * from history_{ledger} r where type = '{ledger}.PolicyRefused' and not exists (
    select 1 from history_{ledger} s where s.stream = r.stream and s.version > r.version)"""
_RESUMED = """
select * from history_reporting where type = 'reporting.ReaderResumed'
  and field(particulars, 'reader') = :reader order by position"""
_OF_UNIT = """
select * from history_{ledger} where stream = :key
union select * from history_{ledger} where unit = :key"""
