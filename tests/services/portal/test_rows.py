"""Targets of any kind and units that moved: what their numbers open is what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from services.imports.run import import_files
from services.portal.written import said_at
from services.web import Web
from tests.installed import Site
from tests.services.portal.conftest import House
from tests.services.portal.test_figures import figures

FILES = {
    "organisations.csv": """\
code,name,kind,parent_code,valid_from
T,Tỉnh ủy Thử,provincial_committee,,
H,Huyện ủy Một,district_committee,T,
K,Huyện ủy Hai,district_committee,T,
X.1,Chi bộ Dời,cell,H,2000-01-01
X.1,Chi bộ Dời,cell,K,2022-07-01
Y,Chi bộ Ở,cell,H,
""",
    "targets.csv": """\
unit_code,period,kind,minimum,maximum,category,deadline,document
H,2022,assigned,10,12,,,KH 1
H,2022,sub,2,2,youth_union,,KH 1
H,2022,sub,3,3,giáo viên,2022-04-30,KH 1
H,2022,registered,4,4,,2022-02-28,KH 1
H,2022-01-01/2022-06-30,pledge,5,5,,,KH 1
X.1,2022,assigned,5,5,,2022-12-01,KH 2
""",
    "candidates.csv": """\
unit_code,person_ref,full_name,birth_date,youth_union,occupation,ceremony_on
X.1,R-1,Nguyễn Thị Một,1990-01-01,yes,giáo viên,2022-02-10
X.1,R-2,Nguyễn Thị Hai,1990-01-02,yes,giáo viên,2022-05-20
X.1,R-3,Nguyễn Thị Ba,1990-01-03,no,,2022-09-09
Y,R-4,Nguyễn Thị Bốn,1990-01-04,no,giáo viên,2022-03-15
""",
}
DASH = " \N{EN DASH} "
YEAR = "period=2022&as_of=2022-12-31"


@pytest.fixture(scope="module")
def house(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("moved")
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    with site.open() as ketnap:
        import_files(ketnap, [folder / name for name in FILES], commit=True)
        ketnap.catch_up()
        with closing(Web(ketnap)) as web:
            yield House(ketnap, web)


@pytest.fixture(scope="module")
def board(house: House) -> TestClient:
    return house.signed_in("tinh", house.account("tinh", "T", "provincial_board"))


def behind(board: TestClient, href: str) -> str:
    """Return the number that a page of facts adds up to."""
    told = re.findall(r'data-figure="[^"]*">= ([\d.-]+)<', board.get(href).text)
    assert len(told) == 1, href
    return str(told[0])


def test_each_target_has_its_own_numbers_and_each_opens(board: TestClient) -> None:
    told = {
        href.partition("?")[0].removeprefix("/con-so/H/targets."): number
        for href, number in figures(board.get(f"/don-vi/H?{YEAR}").text).items()
        if "/targets." in href
    }

    assert told == {
        "assigned.2022.minimum": 10,
        "assigned.2022.admitted": 3,
        "sub.2022.youth_union.minimum": 2,
        "sub.2022.youth_union.admitted": 2,
        "sub.2022.gi%C3%A1o%20vi%C3%AAn.minimum": 3,
        "sub.2022.gi%C3%A1o%20vi%C3%AAn.admitted": 2,
        "registered.2022.minimum": 4,
        "registered.2022.admitted": 1,
        "pledge.2022-01-01%2F2022-06-30.minimum": 5,
        "pledge.2022-01-01%2F2022-06-30.admitted": 3,
    }
    for name, number in told.items():
        assert behind(board, f"/con-so/H/targets.{name}?{YEAR}") == str(number), name


@pytest.mark.parametrize("unit", ["T", "H", "K", "X.1"])
def test_every_number_of_a_page_opens_also_where_a_unit_moved(board: TestClient, unit: str) -> None:
    told = figures(board.get(f"/don-vi/{unit}?{YEAR}").text)

    assert told
    assert {href: behind(board, href) for href in told} == {
        href: str(number) for href, number in told.items()
    }


def test_the_row_of_a_unit_that_moved_is_what_reached_the_page_through_it(
    board: TestClient,
) -> None:
    def remaining(above: str) -> dict[str, int]:
        told = figures(board.get(f"/don-vi/{above}?{YEAR}").text)
        return {
            part: told[f"/con-so/{above}/by_unit.X.1.{part}?{YEAR}"]
            for part in ("admitted", "target", "remaining")
        }

    assert remaining("H") == {"admitted": 2, "target": 5, "remaining": 3}
    assert remaining("K") == {"admitted": 1, "target": 5, "remaining": 4}
    assert figures(board.get(f"/don-vi/X.1?{YEAR}").text)[f"/con-so/X.1/remaining?{YEAR}"] == 2


def test_what_is_behind_a_number_is_named_as_what_it_is(board: TestClient) -> None:
    def heading(figure: str) -> str:
        page = board.get(f"/con-so/H/{figure}?{YEAR}").text
        return unescape(re.findall(r"<h1>(.*?) <span", page)[0])

    named = {
        "targets.sub.2022.youth_union.admitted": (
            "Đã kết nạp",
            "chỉ tiêu thành phần (Đoàn viên) năm 2022",
        ),
        "targets.registered.2022.minimum": ("Chỉ tiêu", "đăng ký năm 2022"),
        "by_unit.X.1.target": ("Chỉ tiêu", "Chi bộ Dời"),
        "by_unit.X.1.ratio.numerator": ("Đã kết nạp tính vào chỉ tiêu", "Chi bộ Dời"),
        "by_unit.X.1.admitted": ("Đã kết nạp qua Chi bộ Dời",),
    }
    assert {figure: tuple(heading(figure).split(DASH)) for figure in named} == named


def test_a_row_says_when_the_last_ceremony_was(board: TestClient) -> None:
    def last(page: str) -> dict[str, str]:
        table = page.split('id="unit-rows"')[1].partition("</table>")[0]
        rows = re.findall(r'<th scope="row">(?:<a[^>]*>)?([^<]+).*?</tr>', table, re.DOTALL)
        days = re.findall(
            r'<td class="n">(\d\d/\d\d/\d{4}|<span class="note">chưa có</span>)</td>', table
        )
        return dict(zip(rows, days, strict=True))

    assert last(board.get(f"/don-vi/H?{YEAR}").text) == {
        "Toàn đảng bộ": "20/05/2022",
        "Chi bộ Dời": "20/05/2022",
        "Chi bộ Ở": "15/03/2022",
    }
    assert last(board.get("/?period=2022&as_of=2022-02-28").text) == {
        "Toàn đảng bộ": "10/02/2022",
        "Huyện ủy Một": "10/02/2022",
        "Huyện ủy Hai": '<span class="note">chưa có</span>',
    }


def test_a_page_says_when_the_last_of_its_facts_was_recorded(
    house: House, board: TestClient
) -> None:
    recorded = max(
        ledger.read(ledger.head().position - 1, 1)[0].recorded
        for ledger in house.ketnap.ledgers.values()
        if ledger.head().position
    )

    for path in (f"/?{YEAR}", f"/don-vi/H?{YEAR}", f"/con-so/H/admitted?{YEAR}"):
        assert f"đến {said_at(recorded)}" in board.get(path).text


def test_the_time_of_another_day_is_said_with_its_day() -> None:
    then = datetime.fromisoformat("2022-08-26T02:31:07+00:00")
    assert said_at(then) == "26/08/2022 09:31:07"
    assert re.fullmatch(r"\d\d:\d\d:\d\d", said_at(datetime.now(then.tzinfo)))
