"""A newcomer's case goes its whole way through the pages alone, in four roles."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from httpx2 import Client
from playwright.sync_api import Page, expect

from services.demo import at
from services.portal.written import number
from tests.system.browser.office import Office, ketnap, signed_in, write

PERSON = {
    "full_name": "Tổng hợp Người Mới",
    "birth_date": "09/09/1999",
    "person_ref": "SYN-XM-9100",
}
PAGES = ("/don-vi/XM?period=2025", "/?period=2025", "/don-vi/XM-01-1?period=2025")
LATER = "/don-vi/XM?period=2026"
_FIGURE = re.compile(r'data-figure="([^"/]+)/([^"]+)"[^>]*>([^<]*)<')
_TILE = re.compile(r'<p class="big">(.*?)</p>', re.DOTALL)
_TASK = re.compile(r'<li>\s*<div><p><a href="/ho-so/([0-9a-f-]{36})[^"]*">([^<]*)</a>')
OF_THE_COMMUNE = ("percent", "ratio.numerator", "remaining", "targets.assigned.2025.admitted")
"""What has to do with a target, and the cell was given none."""
OF_A_CLASS = ("classes.classes", "classes.learners", "classes.certified")
"""What only the page of the unit of a centre shows."""

Figures = Mapping[tuple[str, str, str], str]
"""What a page shows, by the page, the unit and the figure."""


def shown_on(client: Client, *pages: str) -> dict[tuple[str, str, str], str]:
    """Return every figure that stands on some pages."""
    found: dict[tuple[str, str, str], str] = {}
    for path in pages:
        for unit, name, text in _FIGURE.findall(client.get(path).text):
            key = (path, unit, unescape(name))
            assert found.setdefault(key, text) == text, "one figure, two numbers"
    return found


def reckoned(answer: Mapping[str, Any], unit: str, name: str) -> str:
    """Return a figure as the command line tells it, written as a page writes it."""
    if unit != answer["unit"]:
        [row] = [row for row in answer["by_unit"] if row["unit"] == unit]
        return number(at(row, name))
    match name.split(".", 3):
        case ["percent"]:
            return str(answer["ratio"]["percent"])
        case ["target"]:
            return number(answer["target"]["minimum"])
        case ["targets", kind, period, part]:
            told = next(t for t in answer["targets"] if (t["kind"], t["period"]) == (kind, period))
            return number(told[part])
        case _:
            return number(at(answer, name))


@dataclass
class Watch:
    """Looks at every page after every step, and says what moved."""

    office: Office
    commune: Client
    cell: Client
    case: str = ""
    before: Figures = field(default_factory=dict)

    def look(self) -> Figures:
        """Return every figure; each is what `ketnap figures` says, which waits for the views."""
        said = ketnap(
            "figures", "--unit", "XM", "--period", "2025", "--json", data=self.office.server.data
        )
        answer = json.loads(said.stdout)
        figures = shown_on(self.commune, *PAGES, LATER)
        for (page, unit, name), text in figures.items():
            if page in PAGES[:2]:
                assert text == reckoned(answer, unit, name), (page, unit, name)
        return figures

    def moved(self, *names: str, later: tuple[str, ...] = (), tasks: tuple[str, ...] = ()) -> None:
        """Expect that these figures of 2025 moved on every page, and nothing else anywhere."""
        now = self.look()
        changed = {
            key for key in {*now, *self.before} if now.get(key, "0") != self.before.get(key, "0")
        }
        there = {(page, *name) for page in PAGES for name in _named(page, names)}
        assert changed == {key for key in there if key in now} | {
            (LATER, "XM", name) for name in later
        }
        self.before = now
        waiting = [
            what for case, what in _TASK.findall(self.cell.get("/viec").text) if case == self.case
        ]
        assert sorted(map(unescape, waiting)) == sorted(tasks)


def _named(page: str, names: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return the figures as a page names them: the cell's are its own, and it has no target."""
    if "XM-01-1" in page:
        return {("XM-01-1", name) for name in names if name not in OF_THE_COMMUNE}
    moved = {("XM", name) for name in names}
    return moved | ({("XM-01", "admitted")} if "admitted" in names else set())


def tiles(page: Page) -> list[str]:
    """Return the numbers at the top of the page of a class, without what they are of."""
    return [
        re.sub(r"<[^>]*>", "", each).partition("/")[0].strip()
        for each in _TILE.findall(page.content())
    ]


def done(page: Page) -> None:
    """Expect that a page says that it was written."""
    expect(page.locator("#written")).to_contain_text("Đã ghi")


def learn(centre: Page) -> None:
    """Open a class for the newcomer, who passes, and issue the certificate."""
    write(centre, "/lop", code="XM-9", on="10/03/2025")
    centre.wait_for_url(re.compile("/lop/"))
    a_class = re.sub(r"\?.*", "", centre.url)
    learner = {"candidacy": PERSON["full_name"]}
    passed = {"attended": "9", "periods": "10", "score": "7,5"}
    for slug, answers, then in (
        ("ghi-danh", {"person": PERSON["person_ref"], "on": "10/03/2025"}, ["1", "1", "0", "0"]),
        ("ket-qua", {"on": "14/03/2025", **learner, **passed}, ["1", "0", "1", "0"]),
        ("be-giang", {"on": "14/03/2025"}, ["1", "0", "1", "0"]),
        ("giay-chung-nhan", {"number": "1", "on": "17/03/2025", **learner}, ["1", "0", "1", "1"]),
    ):
        write(centre, f"{a_class}/{slug}", **answers)
        done(centre)
        assert tiles(centre) == then, slug


def verify(committee: Page, watch: Watch) -> None:
    """Ask one place about the newcomer, note its reply, and close the case."""
    committee.goto("/tham-tra")
    committee.locator('main a[href*="/tham-tra/"]').first.click()
    verification = re.sub(r"\?.*", "", committee.url)
    asked = {"subject_kind": "candidate", "place": "XM-02", "on": "27/03/2025"}
    for slug, answers, then in (
        ("yeu-cau", asked, ["0", "1", "1", "0"]),
        ("tra-loi", {"request": "1", "fits": "yes", "on": "15/04/2025"}, ["1", "0", "0", "0"]),
        ("ket-thuc", {"on": "20/06/2025"}, ["1", "0", "0", "0"]),
    ):
        write(committee, f"{verification}/{slug}", **answers)
        done(committee)
        assert tiles(committee) == then, slug
        watch.moved(tasks=(PAPERS, CERTIFICATE))


DECISION, CEREMONY = "Hạn xét, quyết định kết nạp", "Hạn tổ chức lễ kết nạp"
RECOGNITION = "Hạn chi bộ xét công nhận chính thức"
PAPERS, CERTIFICATE = "Giấy tờ trong hồ sơ còn giá trị", "Giấy chứng nhận lớp nhận thức còn giá trị"


def test_a_newcomer_goes_from_nomination_to_official_membership(office: Office) -> None:
    with signed_in(office, "dang-uy-xa-mau") as seeing, signed_in(office, "chi-bo-xm") as at_cell:
        watch = Watch(office, seeing, at_cell)
        watch.before = watch.look()
        goes_its_way(office, watch)
    assert ketnap("replay", "--compare", data=office.server.data).returncode == 0
    assert ketnap("verify", data=office.server.data).returncode == 0


def goes_its_way(office: Office, watch: Watch) -> None:
    cell, centre = office.desk("chi-bo-xm"), office.desk("trung-tam-xm")
    committee, commune = office.desk("dang-uy-co-so-xm"), office.desk("dang-uy-xa-mau")

    write(cell, "/gioi-thieu", unit="XM-01-1", on="03/03/2025", **PERSON)
    done(cell)
    case = re.sub(r"\?.*", "", cell.url)
    watch.case = case.rpartition("/")[2]
    watch.moved("funnel.nominated")

    def act(page: Page, name: str, *moved: str, tasks: tuple[str, ...], **answers: str) -> None:
        write(page, f"{case}/{name}", **answers)
        done(page)
        watch.moved(*moved, tasks=tasks)

    learn(centre)
    watch.moved("funnel.certified", *OF_A_CLASS, tasks=(CERTIFICATE,))
    waits = (PAPERS, CERTIFICATE)
    act(cell, "application", "funnel.applied", on="24/03/2025", tasks=waits)
    expect(cell.locator("ol.line li", has_text="Lớp bồi dưỡng")).to_contain_text("17/03/2025")
    act(committee, "personal-history-seal", on="26/03/2025", tasks=waits)
    verify(committee, watch)
    vote = {"official_members": "12", "present": "11", "in_favour": "11"}
    act(cell, "cell-vote", on="27/06/2025", **vote, tasks=(DECISION,))
    act(commune, "dossier-receipt", "funnel.received", on="10/07/2025", tasks=(DECISION,))
    act(commune, "political-standard", on="21/07/2025", tasks=(DECISION,))
    act(
        commune,
        "decision",
        "funnel.decided",
        on="28/07/2025",
        decider="Đảng ủy xã Mẫu",
        tasks=(),
    )
    act(cell, "decision-receipt", on="30/07/2025", tasks=(CEREMONY,))
    act(
        cell,
        "ceremony",
        "admitted",
        "funnel.admitted",
        "facets.age.18-30",
        "facets.occupation.unknown",  # nobody said what the newcomer does, nor whence
        "facets.source_group.unknown",
        *OF_THE_COMMUNE,
        on="11/08/2025",
        tasks=(RECOGNITION,),
    )
    write(commune, f"{case}/recognition", on="12/08/2026")
    done(commune)
    watch.moved(later=("funnel.recognised",))
    expect(commune.locator("ol.line li", has_text="Chính thức")).to_contain_text("đã xong")
    expect(commune.locator("ol.history li").first).to_contain_text("dang-uy-xa-mau")
