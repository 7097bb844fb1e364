"""A small province as its officers would write it down, and what a command leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.imports.run import import_files
from tests.installed import Site

FILES = {
    "organisations.csv": """\
code,name,kind,parent_code
H,Huyện ủy Thử,district_committee,
H-1,Đảng ủy Một,grassroots_committee,H
H-2,Đảng ủy Hai,grassroots_committee,H
H-TT,Trung tâm,training_centre,H
""",
    "targets.csv": """\
unit_code,period,kind,minimum,maximum,document
H,2022,assigned,10,10,KH 1
H-1,2022,assigned,6,6,KH 2
H-2,2022,assigned,4,4,KH 2
""",
    "classes.csv": """\
code,centre,opened_on,closed_on,enrolled,certified
L1,H-TT,2021-05-01,2021-05-10,40,39
""",
    "candidates.csv": """\
unit_code,person_ref,full_name,birth_date,sex,youth_union,nominated_on,decided_on,ceremony_on
H-1,R-1,Canary Nguyễn Thị Một,1990-01-01,female,yes,2021-03-01,2022-02-01,2022-02-10
H-1,R-2,Canary Trần Văn Hai,1992-01-01,male,no,2021-03-01,2022-03-01,2022-03-09
H-2,R-3,Canary Lê Thị Ba,1985-01-01,female,no,2021-03-01,2022-04-01,2022-04-12
H-2,R-4,Canary Phạm Văn Bốn,1995-01-01,male,yes,2022-05-01,,
""",
    "counts.csv": """\
unit_code,indicator,period,count
H-1,members,2022-01,120
H-2,members,2022-01,80
""",
}
"""A district with two units that admit, as its officers would write it down."""


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.out)


Run = Callable[..., Result]


def write_files(folder: Path) -> list[Path]:
    """Write the files of the province, in no particular order."""
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    return sorted(folder.iterdir())


def take_in(site: Site, folder: Path) -> None:
    """Have the province in an installation, by files that are written to a folder."""
    with site.open() as ketnap:
        reports = import_files(ketnap, write_files(folder), commit=True)
    assert all(report.written for report in reports)
