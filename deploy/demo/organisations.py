"""The five organisations, with synthetic people who add up to what is published, and a commune."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from deploy.demo.journeys import (
    OCCUPATIONS,
    SOURCES,
    People,
    Row,
    marks,
    recognised,
    spread,
    until,
    work_before,
    work_days,
)

SYNTHETIC = "synthetic (tổng hợp)"

Tables = dict[str, list[Row]]


@dataclass(slots=True)
class Organisation:
    """One tree of the forest, as rows of the public formats by kind of file."""

    folder: str
    code: str
    place: str
    chance: random.Random
    tables: Tables = field(default_factory=dict)
    late: list[Row] = field(default_factory=list)
    """Candidates that are entered after the rest is known."""

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Add rows to a file."""
        self.tables.setdefault(table, []).extend(rows)

    def unit(self, code: str, name: str, kind: str, parent: str = "", **more: str) -> str:
        """Add a unit and return its code."""
        row = {"code": code, "name": name, "kind": kind, "parent_code": parent}
        self.put("organisations", [row | more])
        return code

    def numbered(self, count: int, kind: str = "grassroots_committee") -> list[str]:
        """Add so many units below the root, which an article does not name; return their codes."""
        return [
            self.unit(f"{self.code}-{n:02}", f"Đơn vị {n:02}", kind, self.code)
            for n in range(1, count + 1)
        ]

    def target(self, unit: str, period: str, minimum: int, **more: str) -> None:
        """Add a target, assigned unless said otherwise."""
        row = {"unit_code": unit, "period": period, "kind": "assigned", "minimum": str(minimum)}
        self.put("targets", [row | more])

    def people(
        self,
        occupations: Sequence[str] = OCCUPATIONS,
        sources: Sequence[str] = SOURCES,
    ) -> People:
        """Begin the people of this organisation; they are its candidates file."""
        made = People(self.code, self.place, self.chance, occupations, sources)
        self.tables["candidates"] = made.rows
        return made

    def ceremonies(self, count: int, first: date, last: date) -> list[date]:
        """Return so many ceremony days between two days, in order, the last one taken."""
        days = work_days(first, last)
        return sorted([*self.chance.choices(days, k=count - 1), days[-1]])


def phong_dien(org: Organisation) -> None:
    """52 of 151 admitted by 2022-08-26, in 20 of 35 units [P1.1 to P1.5]."""
    horizon = date(2022, 10, 31)
    org.unit(org.code, "Huyện ủy Phong Điền", "district_committee")
    units = org.numbered(35)
    unions = [
        org.unit("PD-CD", "Công đoàn", "mass_organisation", org.code),
        org.unit("PD-DTN", "Đoàn Thanh niên", "mass_organisation", org.code),
    ]
    org.target(org.code, "2022", 151, document="chỉ tiêu đề ra năm 2022 (P1.1)")
    for unit, share in zip(units, spread(151, 35, org.chance, least=2), strict=True):
        org.target(unit, "2022", share, document=SYNTHETIC)
    people = org.people()
    held = sorted(org.chance.sample(units, 20))
    homes = held + org.chance.choices(held, k=32)
    for unit, day in zip(
        homes,
        org.chance.sample(org.ceremonies(52, date(2022, 2, 14), date(2022, 8, 26)), 52),
        strict=True,
    ):
        referred = org.chance.choice(("", "", *unions))
        people.add(people.journey(day), unit_code=unit, referred_by=referred)
    for day in org.ceremonies(9, date(2021, 9, 6), date(2021, 12, 17)):
        acts = recognised(people.journey(day), horizon)
        people.add(acts, unit_code=org.chance.choice(units))
    for month, on in ((9, 6), (9, 14), (9, 21), (10, 5), (10, 12), (10, 19), (10, 28)):
        people.add(people.journey(date(2022, month, on)), unit_code=org.chance.choice(units))
    for day in org.ceremonies(24, date(2022, 11, 14), date(2023, 1, 13)):
        people.add(until(people.journey(day), horizon), unit_code=org.chance.choice(units))
    people.add(people.journey(date(2022, 9, 23)), unit_code=org.chance.choice(units))
    org.late.append(people.rows.pop())


def ben_tre(org: Organisation) -> None:
    """150 by 2021-10-31, 700 to 800 in the term, and a list of 96 [P2.1 to P2.4]."""
    deadline = date(2021, 10, 31)
    name = "Đảng ủy Khối Cơ quan - Doanh nghiệp tỉnh Bến Tre"
    org.unit(org.code, name, "bloc_committee")
    units = org.numbered(32)
    org.target(
        org.code,
        "2021",
        150,
        deadline=deadline.isoformat(),
        deadline_inclusive="yes",
        document="kế hoạch năm 2021 (P2.1)",
    )
    org.target(
        org.code,
        "2020-2025",
        700,
        kind="term",
        maximum="800",
        document="Nghị quyết Đại hội Đảng bộ Khối nhiệm kỳ 2020 - 2025 (P2.2, P2.3)",
    )
    for year, count in ((2020, 130), (2022, 140), (2023, 150), (2024, 150), (2025, 120)):
        row = {"unit_code": org.code, "indicator": "admitted", "period": str(year)}
        org.put("counts", [row | {"count": str(count), "source": SYNTHETIC}])
    people = org.people(occupations=("cán bộ", "công chức", "viên chức", "người lao động"))
    in_time = org.ceremonies(145, date(2021, 6, 14), date(2021, 10, 29))
    late = [date(2021, 11, 1), *org.ceremonies(5, date(2021, 11, 2), date(2021, 12, 10))]
    on_list = sorted([*org.chance.sample(in_time, 55), deadline, deadline, *late[:2], *late[4:]])
    off_list = list(in_time)
    for day in on_list:
        if day in off_list:
            off_list.remove(day)
    for day in sorted([*off_list, deadline, *late[2:4]]):
        people.add(people.journey(day), unit_code=org.chance.choice(units))
    _round_one(org, people, units, on_list)


def _round_one(org: Organisation, people: People, units: list[str], admitted: list[date]) -> None:
    """Add the list of 96 with outcomes that add up to 96 on any day [P2.4]."""
    listed, horizon = date(2021, 3, 15), date(2021, 12, 31)
    union = org.unit("BT-DK", "Đoàn Khối", "mass_organisation", org.code)
    on_list = {"referral_round": "Đợt I năm 2021", "referred_by": union, "youth_union": "yes"}
    left = (("withdrawn", 5), ("refused", 3), ("deceased", 1))
    kinds = [kind for kind, count in left for _ in range(count)]
    idle = 8
    under_way = 96 - len(admitted) - len(kinds) - idle
    for day in admitted:
        acts = people.journey(day, nominated=listed)
        people.add(acts, unit_code=org.chance.choice(units), **on_list)
    for kind, day in zip(kinds, org.ceremonies(len(kinds), date(2021, 7, 5), horizon), strict=True):
        acts = until(
            people.journey(day + timedelta(days=21), nominated=listed), work_before(day, 1)
        )
        acts = {column: on for column, on in acts.items() if not column.startswith("decision")}
        acts = {column: on for column, on in acts.items() if column != "decided_on"}
        acts["left_on"] = day
        people.add(acts, unit_code=org.chance.choice(units), left_kind=kind, **on_list)
    for day in org.ceremonies(under_way, date(2022, 1, 10), date(2022, 2, 18)):
        acts = until(people.journey(day, nominated=listed), horizon)
        people.add(acts, unit_code=org.chance.choice(units), **on_list)
    for _ in range(idle):
        acts = {"nominated_on": listed}
        people.add(acts, unit_code=org.chance.choice(units), **on_list)


def can_gio(org: Organisation) -> None:
    """237 of 220 in three years, each year above its target [P3.1 to P3.7, P3.13]."""
    org.unit(org.code, "Huyện ủy Cần Giờ", "district_committee")
    units = org.numbered(30)
    unions = [
        org.unit(f"CG-DT{n}", f"Đoàn thể huyện {n:02}", "mass_organisation", org.code)
        for n in (1, 2, 3)
    ]
    years = {2020: (70, 74), 2021: (72, 78), 2022: (78, 85)}
    homes: list[tuple[date, str]] = []
    for year, (target, admitted) in years.items():
        org.target(org.code, str(year), target, document=SYNTHETIC)
        registered = spread(target, len(units), org.chance, least=1)
        for unit, count in zip(units, registered, strict=True):
            org.target(unit, str(year), count, kind="registered", document=SYNTHETIC)
        days = org.ceremonies(admitted, date(year, 1, 20), date(year, 12, 22))
        homes += [(day, org.chance.choice(units)) for day in days]
    people = org.people()
    facets = zip(*(marks(237, count, org.chance) for count in (121, 156, 124, 135)), strict=True)
    for (day, unit), (woman, youth, referred, occasion) in zip(homes, facets, strict=True):
        nearest, ceremony = _occasion(day) if occasion else ("", day)
        people.add(
            recognised(people.journey(ceremony), date(2023, 3, 31)),
            unit_code=unit,
            sex="female" if woman else "male",
            youth_union="yes" if youth else "no",
            referred_by=org.chance.choice(unions) if referred else "",
            occasion=nearest,
        )
    for kind, counts in {"struck_off": (9, 7, 6), "resigned": (5, 4, 2)}.items():
        for year, count in zip(years, counts, strict=True):
            row = {"unit_code": org.code, "indicator": kind, "period": str(year)}
            org.put("counts", [row | {"count": str(count), "source": SYNTHETIC}])


def _occasion(day: date) -> tuple[str, date]:
    """Return the anniversary of that year nearest to a day, and the last working day up to it."""
    days = [date(day.year, month, on) for month, on in ((2, 3), (3, 26), (5, 19), (9, 2), (12, 22))]
    nearest = min(days, key=lambda other: abs(other - day))
    return f"{nearest.day}/{nearest.month}", work_before(nearest + timedelta(days=1), 1)


def phu_binh(org: Organisation) -> None:
    """31 of 253 by 2020-08-27, 36 dossiers, 282 learners, 7.335 members [P4.1 to P4.5]."""
    cut_off = date(2020, 8, 27)
    org.unit(org.code, "Huyện ủy Phú Bình", "district_committee")
    units = org.numbered(48)
    members = spread(7335, 48, org.chance, least=40)
    for row, count in zip(org.tables["organisations"][1:], members, strict=True):
        row |= {"members": str(count), "members_on": cut_off.isoformat()}
    centre = org.unit(
        "PB-TTCT",
        "Trung tâm Bồi dưỡng Chính trị huyện Phú Bình",
        "training_centre",
        org.code,
    )
    renamed = "Trung tâm Chính trị huyện Phú Bình"
    org.unit(centre, renamed, "training_centre", org.code, valid_from="2020-07-01")
    org.target(org.code, "2020", 253, document="chỉ tiêu được giao năm 2020 (P4.5)")
    left = "2020-09-01/2020-12-31"
    for unit, share, pledge in zip(
        units,
        spread(253, 48, org.chance, least=2),
        spread(222, 48, org.chance, least=1),
        strict=True,
    ):
        org.target(unit, "2020", share, document=SYNTHETIC)
        org.target(unit, left, pledge, kind="pledge", document=SYNTHETIC)
    opened = (date(2020, 5, 11), date(2020, 6, 8), date(2020, 7, 11), date(2020, 8, 3))
    for number, (day, enrolled) in enumerate(zip(opened, (68, 72, 71, 71), strict=True), 1):
        row = {"code": f"PB-2020-{number:02}", "centre": centre, "opened_on": day.isoformat()}
        weekend = "yes" if day.weekday() > 4 else "no"  # noqa: PLR2004 - Saturday and Sunday
        row |= {"closed_on": (day + timedelta(days=5)).isoformat(), "weekend": weekend}
        org.put("classes", [row | {"enrolled": str(enrolled)}])
    people = org.people()
    first = date(2020, 1, 6)
    for day in org.ceremonies(31, date(2020, 4, 6), cut_off):
        acts = people.journey(day, received_from=first)
        people.add(acts, unit_code=org.chance.choice(units))
    for day in org.ceremonies(5, date(2020, 9, 7), date(2020, 9, 11)):
        acts = people.journey(day, received_from=first)
        acts = {column: on for column, on in acts.items() if on <= cut_off}
        acts |= {"dossier_received_on": acts.get("dossier_received_on", cut_off)}
        people.add(acts, unit_code=org.chance.choice(units))
    for day in work_days(date(2020, 5, 4), date(2020, 6, 26)):
        people.add({"nominated_on": day}, unit_code=org.chance.choice(units))


def khanh_hoa(org: Organisation) -> None:
    """1.455 of a derived plan of 1.700 in 2021, 612 in the first half of 2022 [P5.2 to P5.7]."""
    horizon = date(2022, 6, 30)
    org.unit(org.code, "Tỉnh ủy Khánh Hòa", "provincial_committee")
    districts = org.numbered(12, "district_committee")
    units = [
        org.unit(f"{district}-{n}", f"Đơn vị {district[3:]}.{n}", "grassroots_committee", district)
        for district in districts
        for n in range(1, 5)
    ]
    derived = "suy ra (derived, P5.4): kế hoạch tròn duy nhất cho 85,6% và 36%"
    for year in ("2021", "2022"):
        org.target(org.code, year, 1700, document=derived)
        for district, share in zip(districts, spread(1700, 12, org.chance), strict=True):
            org.target(district, year, share, document=SYNTHETIC)
    people = org.people(
        occupations=("học sinh, sinh viên", "ngư dân", "nông dân", "người lao động", "viên chức"),
        sources=("thanh niên", "kinh tế tư nhân", "cơ sở giáo dục", "hợp tác xã", "khu dân cư"),
    )
    halves = (
        (1455, date(2021, 1, 11), date(2021, 12, 31)),
        (612, date(2022, 1, 10), horizon),
    )
    for count, first, last in halves:
        for day in org.ceremonies(count, first, last):
            acts = recognised(people.journey(day), horizon)
            people.add(acts, unit_code=org.chance.choice(units))
    for day in org.ceremonies(40, date(2022, 7, 11), date(2022, 9, 16)):
        people.add(until(people.journey(day), horizon), unit_code=org.chance.choice(units))


def xa_mau(org: Organisation) -> None:
    """Make a commune that no article tells of: people at every step, to learn the pages on."""
    horizon = date(2026, 11, 20)
    org.unit(org.code, "Đảng ủy xã Mẫu", "commune_committee")
    committees = [
        org.unit(f"{org.code}-{n:02}", f"Đảng ủy cơ sở {name}", "grassroots_committee", org.code)
        for n, name in enumerate(("thôn Đông", "thôn Tây"), 1)
    ]
    cells = [
        org.unit(f"{committee}-{n}", f"Chi bộ {committee[3:]}.{n}", "cell", committee)
        for committee in committees
        for n in (1, 2, 3)
    ]
    section = org.unit(
        f"{committees[0]}-BP", "Đảng ủy bộ phận Xóm Ngoài", "section_committee", committees[0]
    )
    outer = org.unit(f"{section}-1", "Chi bộ Xóm Ngoài", "cell", section)
    school = org.unit(f"{org.code}-03", "Chi bộ cơ sở Trường Mẫu", "grassroots_cell", org.code)
    centre = org.unit(f"{org.code}-TTCT", "Trung tâm Chính trị xã Mẫu", "training_centre", org.code)
    org.unit(f"{org.code}-DTN", "Đoàn Thanh niên xã Mẫu", "mass_organisation", org.code)
    for year, count in (("2025", 8), ("2026", 16), ("2027", 16)):
        org.target(org.code, year, count, document=SYNTHETIC)
    for unit, count in zip((*committees, school), (7, 6, 3), strict=True):
        org.target(unit, "2026", count, document=SYNTHETIC)
    row = {"code": f"{org.code}-2026-01", "centre": centre, "opened_on": "2026-03-09"}
    org.put("classes", [row | {"closed_on": "2026-03-13", "enrolled": "24", "certified": "23"}])
    people = org.people()
    homes = (*cells, school)
    for day in org.ceremonies(8, date(2025, 8, 18), date(2025, 12, 19)):
        people.add(recognised(people.journey(day), horizon), unit_code=org.chance.choice(homes))
    for day in org.ceremonies(9, date(2026, 2, 2), date(2026, 10, 30)):
        people.add(people.journey(day), unit_code=org.chance.choice(homes))
    for unit in cells:
        day = work_before(date(2026, 12, 4), org.chance.randrange(4))
        people.add(until(people.journey(day), horizon), unit_code=unit)
    for day in org.ceremonies(8, date(2026, 12, 14), date(2027, 3, 1)):
        people.add(until(people.journey(day), horizon), unit_code=org.chance.choice(homes))
    # Last of all, so that nobody above is drawn differently for them.
    for day in (date(2026, 10, 30), date(2026, 12, 18)):
        people.add(until(people.journey(day), horizon), unit_code=outer)


ORGANISATIONS: dict[str, tuple[str, str, Callable[[Organisation], None]]] = {
    "phong-dien": ("PD", "Phong Điền", phong_dien),
    "ben-tre": ("BT", "Bến Tre", ben_tre),
    "can-gio": ("CG", "Cần Giờ", can_gio),
    "phu-binh": ("PB", "Phú Bình", phu_binh),
    "khanh-hoa": ("KH", "Khánh Hòa", khanh_hoa),
    "xa-mau": ("XM", "xã Mẫu", xa_mau),
}


def organisations() -> Iterable[Organisation]:
    """Make the organisations, always alike."""
    for folder, (code, place, fill) in ORGANISATIONS.items():
        org = Organisation(folder, code, place, random.Random(f"ketnap/{folder}"))  # noqa: S311
        fill(org)
        yield org
