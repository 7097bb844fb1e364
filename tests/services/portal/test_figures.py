"""The pages of figures: each number opens, the moment stands in the address, scope is kept."""

from __future__ import annotations

import re
from html import unescape

import pytest
from starlette.testclient import TestClient

from tests.services.portal.conftest import MOMENT, House

_FIGURE = re.compile(r'<a class="figure[^"]*"[^>]*?href="(/con-so/[^"]+)"[^>]*>([^<]+)</a>')
_LARGEST = 100_000
PAGES = (
    f"/?{MOMENT}",
    f"/don-vi/P?{MOMENT}",
    f"/don-vi/P-01?{MOMENT}",
    f"/don-vi/P-01-001?{MOMENT}",
    f"/con-so/P/admitted?{MOMENT}",
)


def figures(page: str) -> dict[str, int]:
    """Return every plain number of a page that opens, by where it leads."""
    found = (
        (unescape(href), text.strip().replace(".", "")) for href, text in _FIGURE.findall(page)
    )
    return {href: int(text) for href, text in found if re.fullmatch(r"-?\d+", text)}


@pytest.mark.parametrize("path", PAGES[:4])
def test_every_number_opens_and_what_is_behind_adds_up_to_it(
    province: TestClient, path: str
) -> None:
    told = figures(province.get(path).text)

    assert len(told) > 10
    wrong = {}
    for href, number in told.items():
        behind = province.get(href)
        assert behind.status_code == 200, href
        total = re.findall(r'data-figure="[^"]*">= ([\d.-]+)<', behind.text)
        if total != [f"{number:,}".replace(",", ".")]:
            wrong[href] = (number, total)
    assert wrong == {}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_small_vietnamese_and_safe(province: TestClient, path: str) -> None:
    answer = province.get(path)

    assert answer.status_code == 200
    assert len(answer.content) < _LARGEST
    assert '<html lang="vi">' in answer.text
    assert 'role="status"' in answer.text
    assert 'href="#main"' in answer.text
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*src=)|\son[a-z]+=", answer.text)
    assert "'unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert len(re.findall("<h1", answer.text)) == 1


def test_a_figure_is_shown_with_its_operands_and_the_pace(province: TestClient) -> None:
    told = province.get("/don-vi/P?period=2021&as_of=2021-06-30").text

    ratio = re.search(
        r'class="big"><a[^>]*>([\d,]+%)</a>.*?\(<a[^>]*>(\d+)</a>/<a[^>]*>(\d+)', told
    )
    assert ratio
    assert f"{100 * int(ratio[2]) / int(ratio[3]):.1f}%".replace(".", ",") == ratio[1]
    even = int(ratio[3]) * 181 // 365
    assert f"Nhịp đều của kỳ: {even} người đến ngày này" in told


def test_links_keep_to_the_moment_that_the_address_names(province: TestClient) -> None:
    told = province.get(f"/don-vi/P?{MOMENT}").text
    links = {unescape(href) for href in re.findall(r'href="(/(?:don-vi|con-so)/[^"]+)"', told)}

    assert links
    assert all("as_of=2021-12-31" in href and "period=" in href for href in links)


def test_what_was_known_then_does_not_move(province: TestClient) -> None:
    told = province.get(f"/don-vi/P?{MOMENT}&known_at=31/12/2099+17:30").text

    assert "Theo những gì đã biết lúc 31/12/2099 17:30" in told
    assert "data-stream" not in told
    assert "data-stream" in province.get(f"/don-vi/P?{MOMENT}").text


def test_what_cannot_be_read_is_said_beside_the_field(province: TestClient) -> None:
    told = province.get("/?as_of=31/02/2021&period=nam-nay").text

    assert told.count('aria-invalid="true"') == 2
    assert "viết như 26/08/2022" in told


def test_a_unit_was_not_known_yet_is_said_as_such(province: TestClient) -> None:
    told = province.get(f"/don-vi/P?{MOMENT}&known_at=2000-01-01")

    assert told.status_code == 409
    assert 'class="refusal"' in told.text
    assert 'name="known_at" value="01/01/2000 23:59"' in told.text


def test_the_least_advanced_come_first_and_the_order_stands_in_the_address(
    province: TestClient,
) -> None:
    def percents(path: str) -> list[float]:
        rows = province.get(path).text.split("<tbody>")[1].split("</tbody>")[0].split("<tr>")[1:]
        told = (re.search(r"([\d,]+)%", row) for row in rows)
        return [float(percent[1].replace(",", ".")) for percent in told if percent]

    worst = percents(f"/don-vi/P?{MOMENT}")
    assert len(worst) > 1
    assert worst == sorted(worst)
    assert percents(f"/don-vi/P?{MOMENT}&sap=rate&chieu=giam") == sorted(worst, reverse=True)
    assert 'aria-sort="descending"' in province.get(f"/?{MOMENT}&sap=admitted&chieu=giam").text


def test_units_are_found_without_marks(province: TestClient) -> None:
    found = province.get(f"/don-vi/P?{MOMENT}&loc=huyen+uy+p-02").text

    table = found.split('id="unit-rows"')[1].split("</table>")[0]
    assert "Huyện ủy P-02" in table
    assert "Huyện ủy P-01" not in table
    assert "Toàn đảng bộ" in table
    assert "Hiện 1 trong" in found
    assert "không có đơn vị nào khớp" in province.get(f"/don-vi/P?{MOMENT}&loc=zzz").text.lower()


def test_a_unit_with_none_below_has_its_own_page_for_an_overview(house: House) -> None:
    password = house.account("chi-bo", "P-01-003", "cell_committee")
    cell = house.signed_in("chi-bo", password)

    first = cell.get(f"/?{MOMENT}")

    assert first.status_code == 303
    assert first.headers["location"].startswith("/don-vi/P-01-003?")
    told = cell.get(first.headers["location"])
    assert told.status_code == 200
    assert 'id="units"' not in told.text


def test_who_sees_no_figures_is_told_that_there_is_nothing_yet(house: House) -> None:
    auditor = house.signed_in("soat", house.account("soat", "P", "auditor"))

    told = auditor.get("/")

    assert told.status_code in {200, 303}
    assert "/con-so/" not in told.text


def test_a_period_of_nothing_names_those_that_have_a_target(province: TestClient) -> None:
    told = province.get("/?period=2030&as_of=2030-06-30").text

    assert "Các kỳ có chỉ tiêu" in told
    assert 'href="/?period=2021&amp;as_of=2030-06-30"' in told


def test_the_way_begins_at_my_own_unit(district: TestClient) -> None:
    told = district.get(f"/don-vi/P-01-001?{MOMENT}").text
    crumbs = told.split('class="crumbs"')[1].split("</nav>")[0]

    assert "Huyện ủy P-01" in crumbs
    assert "Tỉnh ủy" not in told


@pytest.mark.parametrize("path", ["/don-vi/{}", "/con-so/{}/admitted", "/don-vi/{}.xlsx"])
def test_out_of_scope_looks_like_not_existing(district: TestClient, path: str) -> None:
    answers = [district.get(f"{path.format(code)}?{MOMENT}") for code in ("P-02", "P", "NO-SUCH")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    bodies = {re.sub(r"Mã yêu cầu: \w+|[0-9a-f]{32}", "", answer.text) for answer in answers}
    assert len(bodies) == 1


def test_a_page_that_is_not_there_is_said_so(district: TestClient) -> None:
    answer = district.get("/khong-co-trang-nay")

    assert answer.status_code == 404
    assert "Không tìm thấy" in answer.text


@pytest.mark.parametrize("path", ["/don-vi/P.xlsx", "/con-so/P/admitted.xlsx"])
def test_a_table_is_taken_away_as_a_workbook(province: TestClient, path: str) -> None:
    answer = province.get(f"{path}?{MOMENT}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert answer.content[:2] == b"PK"


def test_who_takes_nothing_away_is_offered_nothing(house: House) -> None:
    standing = house.signed_in("tv", house.account("tv", "P", "provincial_standing"))

    told = standing.get(f"/con-so/P/admitted?{MOMENT}").text

    assert ".xlsx" not in told
    assert standing.get(f"/con-so/P/admitted.xlsx?{MOMENT}").status_code == 403


def test_the_menu_names_only_pages_that_exist(district: TestClient) -> None:
    menu = district.get("/").text.split('class="menu"')[1].split("</nav>")[0]
    for href in re.findall(r'href="([^"]+)"', menu):
        assert district.get(href).status_code == 200, href


def test_the_facts_of_a_large_figure_come_page_by_page(province: TestClient) -> None:
    told = province.get("/con-so/P/admitted?period=2019-2022&as_of=2022-12-31&trang=1").text
    count = int(re.findall(r"(\d+) dòng", told)[0])

    assert told.count("<tr>") - 1 == min(count, 100)
    beyond = province.get("/con-so/P/admitted?period=2019-2022&as_of=2022-12-31&trang=99").text
    assert beyond.count("<tr>") - 1 == (count - 1) % 100 + 1
