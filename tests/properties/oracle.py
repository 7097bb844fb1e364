"""Every figure of the public formats, reckoned the slow way from what the ledgers say."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

from tests.properties.known import Act, Json, Known, Unit

KINDS = tomllib.loads(
    (Path(__file__).parents[2] / "contracts/rulebook/unit-kinds.toml").read_text("utf-8"),
)
ONE_DAY = timedelta(days=1)
FUNNEL = ("nominated", "certified", "applied", "received", "decided", "admitted", "recognised")
LEFT = ("struck_off", "resigned", "deceased", "withdrawn", "refused")
STATES = ("admitted", "in_progress", "not_started", "withdrawn", "refused", "deceased")


class Reached(NamedTuple):
    """A first act that reaches the asked unit, through a child or of its own."""

    act: Act
    child: str
    person: str


@dataclass(slots=True)
class Figures:
    """The answer to one question: a unit, the days of a period, and the day as of which."""

    known: Known
    unit: str
    first: date
    last: date
    as_of: date
    places: int = 1
    end: date = field(init=False)
    under: list[Reached] = field(init=False)
    """The first acts up to `as_of`."""

    def __post_init__(self) -> None:
        self.end = min(self.last, self.as_of)
        self.under = [
            Reached(act, child, self.known.people[candidacy])
            for candidacy in self.known.acts
            for act in self.known.first_acts(candidacy)
            if act.on <= self.as_of
            if (child := self._through(act.unit, act.on)) is not None
        ]

    def answer(self) -> Json:
        """Return the figures in the shape of the public formats; of findings, those reckoned."""
        target = self._target(self.unit)
        admitted = [(act.on, 1) for act in self._admitted()] + self._counted("admitted")
        here = self.known.units[self.unit].on(self.as_of) or {}
        return {
            "unit": self.known.units[self.unit].code,
            "name": here["name"],
            "target": _shown(target),
            **self._against(target, admitted),
            "units": self._units(),
            "by_unit": self._by_unit(),
            "targets": self._targets(),
            "facets": self._facets(),
            "rounds": self._rounds(),
            "left": self._left(),
            "funnel": {step: self._flow(step) for step in FUNNEL},
            "classes": self._classes(),
            "members": self._members(self.unit),
        }

    def findings(self) -> list[tuple[str, int | None, int]]:
        """Return what does not fit: the kind, what was expected and what there is."""
        target, within = self._target(self.unit), (self.first, self.last)
        admitted = [(act.on, 1) for act in self._admitted()] + self._counted("admitted")
        found: list[tuple[str, int | None, int]] = []
        if not target or not target["minimum"]:
            found.append(("ratio-without-denominator", None, sum(n for _, n in admitted)))
        for row in self._in_force(self.unit):
            if row["last_day"] >= self.first and row["first_day"] <= self.last:
                in_time, ever = self._toward(row), self._toward(row | {"deadline": None})
                if in_time < ever:
                    found.append(("after-deadline", in_time, ever))
        allocated = [
            row["minimum"]
            for child in self._children()
            for row in self._in_force(child)
            if row["kind"] == "assigned" and row["category"] is None
            if (row["first_day"], row["last_day"]) == within
        ]
        if allocated and target and target["exact"] and sum(allocated) != target["minimum"]:
            found.append(("allocation-residual", target["minimum"], sum(allocated)))
        found += [
            ("count-not-yet-effective", count["count"], 0)
            for count in self.known.counts.values()
            if self.first <= count["first_day"] and self.as_of < count["last_day"] <= self.last
            if count["indicator"] != "members"
            if self._through(count["unit"], count["last_day"]) is not None
        ]
        odd = Counter(
            finding["kind"]
            for acts in self.known.acts.values()
            for act in acts.values()
            if self._within(act.on) and self._through(act.unit, act.on) is not None
            for finding in act.findings
        )
        return sorted([*found, *((kind, 0, n) for kind, n in odd.items())], key=str)

    def _through(self, unit: str, day: date) -> str | None:
        """Return the child of the unit through which a fact reaches it, or the unit itself."""
        chain = self.known.chain(unit, day)
        if self.unit not in chain:
            return None
        return chain[max(chain.index(self.unit) - 1, 0)]

    def _within(self, day: date) -> bool:
        return self.first <= day <= self.end

    def _admitted(self) -> Iterator[Act]:
        return (act for act, _, _ in self.under if act.kind == "admitted" and self._within(act.on))

    def _flow(self, kind: str) -> int:
        """Count people, each once, and what is counted without knowing them."""
        people = {
            reached.person
            for reached in self.under
            if reached.act.kind == kind and self._within(reached.act.on)
        }
        return len(people) + sum(n for _, n in self._counted(kind))

    def _left(self) -> Json:
        gone = Counter(reached.act.kind for reached in self.under if self._within(reached.act.on))
        return {kind: gone[kind] + sum(n for _, n in self._counted(kind)) for kind in LEFT}

    def _counts(self, indicator: str, first: date, last: date) -> Iterator[tuple[date, int, str]]:
        for count in self.known.counts.values():
            day = count["last_day"]
            if (
                count["indicator"] == indicator
                and first <= count["first_day"]
                and day <= min(last, self.as_of)
                and (child := self._through(count["unit"], day)) is not None
            ):
                yield day, count["count"], child

    def _counted(self, indicator: str) -> list[tuple[date, int]]:
        return [(day, n) for day, n, _ in self._counts(indicator, self.first, self.last)]

    # Targets

    def _in_force(self, unit: str) -> list[Json]:
        rows = []
        for versions in self.known.targets.values():
            issued = [version for version in versions if version[0] <= self.as_of]
            if issued and issued[0][2]["unit"] == unit:
                latest = max(issued, key=lambda version: version[:2])[2]
                rows.append(TARGET | {"category": None} | latest)
        return sorted(
            rows,
            key=lambda row: (
                row["first_day"],
                row["last_day"],
                row["kind"],
                row["category"] or "",
            ),
        )

    def _target(self, unit: str) -> Json | None:
        rows = [row for row in self._in_force(unit) if row["category"] is None]
        days = (self.first, self.last)
        for kind in ("assigned", "term"):
            for row in rows:
                if row["kind"] == kind and (row["first_day"], row["last_day"]) == days:
                    return row | {"is": f"{kind} target of {row['period']}", "exact": True}
        assigned = [row for row in rows if row["kind"] == "assigned"]
        if tiles := self._tiling(assigned, self.first):
            most = [row["maximum"] for row in tiles]
            periods = ", ".join(row["period"] for row in tiles)
            return TARGET | {
                "kind": "assigned",
                "minimum": sum(row["minimum"] for row in tiles),
                "maximum": None if None in most else sum(most),
                "is": f"assigned targets of {periods}",
                "exact": True,
            }
        around = [
            row
            for row in assigned
            if row["first_day"] <= self.first and self.last <= row["last_day"]
        ]
        if not around:
            return None
        row = min(around, key=lambda row: row["last_day"] - row["first_day"])
        return row | {"is": f"assigned target of {row['period']}", "exact": False}

    def _tiling(self, rows: list[Json], start: date) -> list[Json]:
        """Return the fewest rows that cover each day from `start` to the last once."""
        best: list[Json] = []
        for row in rows:
            if row["first_day"] != start or row["last_day"] > self.last:
                continue
            rest: list[Json] = []
            if row["last_day"] < self.last:
                rest = self._tiling(rows, row["last_day"] + ONE_DAY)
                if not rest:
                    continue
            if not best or len(rest) + 1 < len(best):
                best = [row, *rest]
        return best

    def _against(self, target: Json | None, admitted: list[tuple[date, int]]) -> Json:
        total = sum(n for _, n in admitted)
        if target is None:
            return {"admitted": total, "ratio": None, "remaining": None}
        numerator = sum(n for day, n in admitted if _in_time(target, day))
        ratio = {
            "numerator": numerator,
            "denominator": target["minimum"],
            "denominator_is": target["is"],
            "percent": percent(numerator, target["minimum"], self.places),
        }
        return {
            "admitted": total,
            "ratio": ratio if target["minimum"] else None,
            "remaining": target["minimum"] - numerator,
        }

    def _targets(self) -> list[Json]:
        listed = []
        for row in self._in_force(self.unit):
            if row["last_day"] < self.first or row["first_day"] > self.last:
                continue
            admitted = self._toward(row)
            most = row["maximum"]
            state = "below" if admitted < row["minimum"] else "reached"
            listed.append(
                {name: row[name] for name in ("kind", "period", "category", "minimum", "maximum")}
                | {"deadline": _day(row["deadline"]), "admitted": admitted}
                | {"deadline_inclusive": row["deadline_inclusive"]}
                | {"state": "exceeded" if most is not None and admitted > most else state},
            )
        return listed

    def _toward(self, row: Json) -> int:
        first, last, category = row["first_day"], row["last_day"], row["category"]
        people: int = sum(
            act.kind == "admitted"
            and first <= act.on <= last
            and _in_time(row, act.on)
            and (category is None or category in _categories(act.facets))
            for act, _, _ in self.under
        )
        if category is not None:
            return people
        counts = self._counts("admitted", first, last)
        return people + sum(n for day, n, _ in counts if _in_time(row, day))

    # Children

    def _children(self) -> list[str]:
        counted: set[str] = {child for act, child, _ in self.under if self._within(act.on)}
        for count in self.known.counts.values():
            day = count["last_day"]
            flows = count["indicator"] != "members"
            if flows and self.first <= count["first_day"] and day <= self.end:
                counted.add(self._through(count["unit"], day) or self.unit)
        for versions in self.known.targets.values():
            for issued, _, row in versions:
                if issued <= self.as_of and not (
                    row["last_day"] < self.first or row["first_day"] > self.last
                ):
                    counted |= {row["unit"]}
        return [
            unit.id
            for unit in self.known.units.values()
            if self._as_child(unit) and (unit.on(self.end) or unit.id in counted)
        ]

    def _as_child(self, unit: Unit) -> list[Json]:
        """Return what a unit was while it was a child within the period, in order."""
        turns = {self.first, *(change[0] for change in unit.changes)}
        return [
            known
            for day in sorted(turns)
            if self.first <= day <= self.end
            and (known := unit.on(day)) is not None
            and known["parent"] == self.unit
            and KINDS[known["kind"]]["party_organisation"]
        ]

    def _reached(self, child: str) -> list[tuple[date, int]]:
        return [
            (act.on, 1)
            for act, through, _ in self.under
            if act.kind == "admitted" and through == child and self._within(act.on)
        ] + [
            (day, n)
            for day, n, through in self._counts("admitted", self.first, self.last)
            if through == child
        ]

    def _units(self) -> Json:
        children = self._children()
        without = [child for child in children if not sum(n for _, n in self._reached(child))]
        return {
            "total": len(children),
            "with_ceremony": len(children) - len(without),
            "without_ceremony": sorted(self.known.units[child].code for child in without),
        }

    def _by_unit(self) -> list[Json]:
        rows = []
        for child in self._children():
            unit, target = self.known.units[child], self._target(child)
            named = unit.on(self.end) or self._as_child(unit)[-1]
            rows.append(
                {"unit": unit.code, "name": named["name"]}
                | {"target": _shown(target)}
                | self._against(target, self._reached(child)),
            )
        return sorted(rows, key=lambda row: str(row["unit"]))

    # People

    def _facets(self) -> Json:
        facets = [act.facets for act in self._admitted()]
        closed = {"sex": ("female", "male"), "age": AGES}
        named = {
            name: dict.fromkeys(closed.get(name, ()), 0) | _values(facets, name)
            for name in ("sex", "age", *OPEN)
        }
        yes_no = {name: _yes_no(facets, name) for name in ("youth_union", *FLAGS)}
        certain = {
            "referred": Counter(bool(known.get("referred")) for known in facets),
            "on_occasion": Counter(known.get("occasion") is not None for known in facets),
        }
        return (
            named
            | yes_no
            | {
                name: {"yes": found[True], "no": found[False], "unknown": 0}
                for name, found in certain.items()
            }
        )

    def _rounds(self) -> list[Json]:
        rounds: dict[str, Counter[str]] = defaultdict(Counter)
        shown = set()
        for candidacy in self.known.acts:
            acts = self.known.first_acts(candidacy)
            if not acts or not (name := acts[0].facets.get("referral_round")):
                continue
            listing = next((act for act in acts if act.kind == "nominated"), acts[0])
            if listing.on > self.end or self._through(listing.unit, listing.on) is None:
                continue
            rounds[name][_state(acts, self.end)] += 1
            states = {_state(acts, day) for day in self._days_of_change(acts)}
            if self._within(listing.on) or "in_progress" in states:
                shown.add(name)
        return [
            {"round": name, "listed": sum(rounds[name].values())}
            | {state: rounds[name][state] for state in STATES}
            for name in sorted(shown)
        ]

    def _days_of_change(self, acts: Iterable[Act]) -> Iterator[date]:
        if self.first <= self.end:
            yield self.first
        yield from (act.on for act in acts if self._within(act.on))

    # Classes and members

    def _classes(self) -> Json:
        opened = {
            stream: known
            for stream, known in self.known.classes.items()
            if self._within(known["opened_on"])
            and self._through(known["centre"], known["opened_on"]) is not None
        }
        closed = [
            known.get("certified") if known.get("closed_on", date.max) <= self.as_of else None
            for known in opened.values()
        ]
        return {
            "classes": len(opened),
            "learners": _sum(self._learners(stream, known) for stream, known in opened.items()),
            "certified": _sum(closed),
        }

    def _learners(self, stream: str, known: Json) -> int | None:
        joined = [n for on, n in self.known.learners[stream] if on <= self.as_of]
        if (told := known.get("enrolled")) is None and joined:
            return sum(joined)
        return told

    def _members(self, unit: str) -> Json | None:
        own = [
            count
            for count in self.known.counts.values()
            if count["unit"] == unit
            and count["indicator"] == "members"
            and count["last_day"] <= self.as_of
        ]
        if own:
            latest = max(own, key=lambda count: (count["last_day"], count["position"]))
            return {"count": latest["count"], "on": latest["last_day"].isoformat()}
        below = [
            self._members(child.id)
            for child in self.known.units.values()
            if (known := child.on(self.as_of)) is not None
            and known["parent"] == unit
            and KINDS[known["kind"]]["party_organisation"]
        ]
        known_below = [part for part in below if part is not None]
        if not below or len(known_below) < len(below):
            return None
        return {
            "count": sum(part["count"] for part in known_below),
            "on": min(part["on"] for part in known_below),
        }


TARGET: Json = {
    "kind": None,
    "minimum": None,
    "maximum": None,
    "deadline": None,
    "deadline_inclusive": True,
    "document": None,
}
AGES = ("18-30", "31-40", "41-50", "51-60", ">60")
OPEN = ("occupation", "source_group")
FLAGS = ("ethnic_minority", "religious")


def percent(numerator: int, denominator: int, places: int) -> str | None:
    """Write a percentage, half up, with a decimal comma and dots between thousands."""
    if not denominator:
        return None
    exact = Decimal(numerator * 100) / Decimal(denominator)
    half_up = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{half_up:,}%".translate(str.maketrans(",.", ".,"))


def _shown(target: Json | None) -> Json | None:
    if target is None:
        return None
    return {name: target[name] for name in TARGET} | {"deadline": _day(target["deadline"])}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _in_time(target: Json, day: date) -> bool:
    if target["deadline"] is None:
        return True
    inclusive = target["deadline_inclusive"] is not False
    return bool(day <= target["deadline"] if inclusive else day < target["deadline"])


def _categories(facets: Mapping[str, Any]) -> set[Any]:
    named = {facets.get(name) for name in ("source_group", "occupation", "sex", "age")}
    on_occasion = {"on_occasion"} if facets.get("occasion") is not None else set()
    flags = ("youth_union", "referred", *FLAGS)
    return named | on_occasion | {name for name in flags if facets.get(name)}


def _values(facets: Iterable[Json], name: str) -> dict[str, int]:
    return dict(Counter(known.get(name) or "unknown" for known in facets))


def _yes_no(facets: Iterable[Json], name: str) -> dict[str, int]:
    found = Counter(known.get(name) for known in facets)
    return {"yes": found[True], "no": found[False], "unknown": found[None]}


def _state(acts: Iterable[Act], day: date) -> str:
    kinds = {act.kind for act in acts if act.on <= day}
    for state in ("admitted", "withdrawn", "refused", "deceased"):
        if state in kinds:
            return state
    if kinds & {"struck_off", "resigned"}:
        return "withdrawn"
    return "in_progress" if kinds - {"nominated"} else "not_started"


def _sum(parts: Iterable[int | None]) -> int | None:
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)
