"""A random province as files in the public formats, the same for the same seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from deploy.demo.generate import COLUMNS
from deploy.demo.journeys import OCCUPATIONS, SOURCES, People, Row, recognised, until, work_days

FIRST, LAST = date(2019, 1, 1), date(2022, 12, 31)
YEARS = (2019, 2020, 2021, 2022)
ROUNDS = ("Đợt I năm 2020", "Đợt II năm 2021")
LEFT_BEFORE = ("withdrawn", "refused", "deceased")
LEFT_AFTER = ("struck_off", "resigned", "deceased")


@dataclass(frozen=True, kw_only=True)
class Province:
    """A tree of districts and units below them, a bloc beside it, and people in the units."""

    people: int
    districts: int = 4
    units_each: int = 5
    seed: int = 0

    def districts_codes(self) -> list[str]:
        """Return the codes of the districts."""
        return [f"P-{d:02}" for d in range(1, self.districts + 1)]

    def unit_codes(self) -> list[str]:
        """Return the codes of the units that admit people."""
        return [
            *(f"{d}-{n:03}" for d in self.districts_codes() for n in range(1, self.units_each + 1)),
            *(f"Q-{n:02}" for n in (1, 2, 3)),
        ]

    def organisations(self) -> Iterator[Row]:
        """Yield the forest; the mass organisation and the centre hold no people."""
        yield _unit("P", "Tỉnh ủy", "provincial_committee")
        yield _unit("Q", "Đảng ủy Khối", "bloc_committee")
        yield _unit("P-U", "Đoàn Thanh niên", "mass_organisation", "P")
        for district in self.districts_codes():
            yield _unit(district, f"Huyện ủy {district}", "district_committee", "P")
            yield _unit(f"{district}-C", "Trung tâm chính trị", "training_centre", district)
        for number, unit in enumerate(self.unit_codes()):
            kind = ("grassroots_committee", "grassroots_cell", "cell")[number % 3]
            members = {"members": str(20 + number), "members_on": f"{2019 + number % 4}-06-30"}
            row = _unit(unit, f"Đơn vị {unit}", kind, unit.rpartition("-")[0])
            yield row | (members if number % 7 else {})

    def targets(self) -> Iterator[Row]:
        """Yield targets that overlap: by year, half, quarter, term, deadline and group."""
        chance = self._chance("targets")
        for year in YEARS:
            yield _target("P", str(year), self.people // 5)
            for district in self.districts_codes():
                yield _target(district, str(year), chance.randint(0, 20), maximum="25")
        yield _target("P", "2019-2022", self.people, kind="term", maximum=str(self.people + 50))
        yield _target("P-01", "2020-H1", 3)
        yield _target("P-01", "2020-H2", 4)
        yield _target("Q", "2020-2021", 40)
        yield _target("Q", "2019-2022", 90)
        yield _target("Q", "2022-H1", 10, deadline="2022-05-31", deadline_inclusive="no")
        yield _target("Q", "2022-Q3", 5, deadline="2022-09-15")
        yield _target("Q", "2022-Q4", 5, issued_on="2022-08-01")
        yield _target("P", "2021", 60, kind="sub", category="trường học")
        yield _target("P", "2019-2022", 9, kind="sub", category="thanh niên")
        yield _target("P", "2021-H2", 20, kind="pledge", issued_on="2021-10-01")
        for unit in chance.sample(self.unit_codes(), len(self.unit_codes()) // 2):
            period = chance.choice(("2020", "2021-H1", "2021-H2", "2022"))
            deadline = chance.choice(("", "2021-03-31", "2022-10-31"))
            kind = chance.choice(("assigned", "registered", "minimum"))
            yield _target(unit, period, chance.randint(1, 9), kind=kind, deadline=deadline)

    def counts(self) -> Iterator[Row]:
        """Yield opening counts of the years before people are known one by one."""
        chance = self._chance("counts")
        indicators = ("admitted", "received", "recognised", "struck_off", "resigned")
        for unit in self.unit_codes()[::3]:
            for indicator in chance.sample(indicators, 3):
                for period in chance.choice((("2017", "2018-H1"), ("2018-Q1", "2018-Q3"))):
                    row = {"unit_code": unit, "indicator": indicator, "period": period}
                    yield row | {"count": str(chance.randint(1, 30)), "source": "sổ"}

    def classes(self) -> Iterator[Row]:
        """Yield classes; of some it is not known how many learned or passed."""
        chance = self._chance("classes")
        for number in range(3 * self.districts):
            opened = FIRST + timedelta(days=chance.randrange(1400))
            row = {
                "code": f"L{number:03}",
                "centre": f"{chance.choice(self.districts_codes())}-C",
                "opened_on": opened.isoformat(),
                "enrolled": str(chance.randint(25, 90)) if chance.random() < 0.9 else "",
            }
            if chance.random() < 0.7:
                row["closed_on"] = (opened + timedelta(days=6)).isoformat()
                row["certified"] = str(chance.randint(20, 25)) if chance.random() < 0.8 else ""
            yield row

    def candidates(self) -> Iterator[Row]:
        """Yield people whose journeys end anywhere, some with gaps and unknown facets."""
        chance = self._chance("candidates")
        people, days = (
            People("TINH", "tỉnh", chance, OCCUPATIONS, SOURCES),
            work_days(date(2019, 7, 1), LAST),
        )
        units = self.unit_codes()
        for _ in range(self.people):
            ceremony = chance.choice(days)
            acts = recognised(people.journey(ceremony), LAST)
            known = {"unit_code": chance.choice(units)}
            if chance.random() < 0.3:
                known["referral_round"] = chance.choice(ROUNDS)
            if chance.random() < 0.2:
                known["referred_by"] = "P-U"
            if chance.random() < 0.2:
                known["occupation"] = "thanh niên"
            for facet in ("sex", "youth_union", "religion", "occupation", "source_group"):
                if chance.random() < 0.1:
                    known[facet] = ""
            people.add(_ended(acts, known, chance), **known)
            yield people.rows.pop()

    def write(self, folder: Path, parts: int = 1) -> list[Path]:
        """Write the files, the candidates in so many parts; return their paths in order."""
        folder.mkdir(parents=True, exist_ok=True)
        written = [
            _written(folder / f"{kind}.csv", kind, rows)
            for kind, rows in (
                ("organisations", self.organisations()),
                ("classes", self.classes()),
                ("targets", self.targets()),
                ("counts", self.counts()),
            )
        ]
        candidates = self.candidates()
        size = -(-self.people // parts)
        for part in range(parts):
            path = folder / f"candidates-{part}.csv"
            written.append(_written(path, "candidates", islice(candidates, size)))
        return written

    def _chance(self, of: str) -> random.Random:
        return random.Random(f"{self.seed}/{of}")


def _ended(acts: dict[str, date], known: Row, chance: random.Random) -> dict[str, date]:
    """Cut a journey off on a random day; some people leave, of some an act is not known."""
    cut = min(LAST, max(acts.values()) + timedelta(days=chance.randint(-200, 200)))
    acts = until(acts, cut) or {"nominated_on": acts["nominated_on"]}
    if chance.random() < 0.15:
        if "decided_on" in acts:
            kinds = LEFT_AFTER if "ceremony_on" in acts else ("deceased",)
        else:
            kinds = LEFT_BEFORE
        known["left_kind"] = chance.choice(kinds)
        acts["left_on"] = max(acts.values()) + timedelta(days=chance.randint(0, 90))
    if len(acts) > 3 and chance.random() < 0.15:
        del acts[chance.choice(sorted(acts.keys() - {"left_on"}))]
    if "ceremony_on" in acts and chance.random() < 0.4:
        known["occasion"] = chance.choice(("3/2", "19/5", "2/9"))
    return acts


def _unit(code: str, name: str, kind: str, parent: str = "") -> Row:
    return {"code": code, "name": name, "kind": kind, "parent_code": parent}


def _target(unit: str, period: str, minimum: int, **more: str) -> Row:
    row = {"unit_code": unit, "period": period, "kind": "assigned", "minimum": str(minimum)}
    return row | more


def _written(path: Path, kind: str, rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS[kind].split(), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path
