"""The pages of importing: a file is chosen, looked at, mended, and written."""

from __future__ import annotations

import re
from html import unescape

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.services.portal.conftest import House

PEOPLE = "unit_code,person_ref,full_name,birth_date,nominated_on\n"


def row(ref: str, day: str = "2021-03-01", unit: str = "P-01-001") -> str:
    return f"{unit},{ref},Người Mẫu {ref},2000-01-01,{day}\n"


def browser_of(house: House, name: str, code: str, role: str) -> TestClient:
    return house.signed_in(name, house.account(name, code, role))


@pytest.fixture(scope="module")
def browser(house: House) -> TestClient:
    return browser_of(house, "nhap", "P-01", "district_board")


def hidden(page: str, form: str = "") -> dict[str, str]:
    """Return what a form carries unseen."""
    part = page[page.index(f'action="{form}') :] if form else page[page.index("<main") :]
    part = part[: part.index("</form>")]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', part))


def send(browser: TestClient, text: str, name: str = "danh-sách.csv", **fields: str) -> Response:
    """Fill in the form with a file, and send it."""
    page = browser.get("/nhap").text
    sent = {**hidden(page, "/nhap"), "kind": "any", "manner": "add", **fields}
    files = {"file": (name, text.encode())} if name else None
    return browser.post("/nhap", data=sent, files=files)


def checked(browser: TestClient, text: str, **fields: str) -> tuple[str, str]:
    """Send a file in, and return the address and the text of the page of its check."""
    answer = send(browser, text, **fields)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    return where, unescape(browser.get(where).text)


def press(browser: TestClient, where: str, **changed: str) -> Response:
    """Press the button that writes."""
    form = hidden(browser.get(where).text, f"{where}/ghi")
    return browser.post(f"{where}/ghi", data={**form, **changed})


def test_the_form_is_a_real_one_with_templates_of_what_the_role_records(
    browser: TestClient,
) -> None:
    page = browser.get("/nhap").text

    assert 'enctype="multipart/form-data"' in page
    assert 'type="file"' in page
    assert re.findall(r"/nhap/mau/(\w+)\.xlsx", page) == ["targets", "counts", "candidates"]
    assert '<a href="/nhap" aria-current="page">' in page
    workbook = browser.get("/nhap/mau/candidates.xlsx")
    assert workbook.content.startswith(b"PK")
    assert "attachment" in workbook.headers["content-disposition"]


def test_a_good_file_is_shown_and_written_when_that_is_pressed(browser: TestClient) -> None:
    where, page = checked(browser, PEOPLE + row("T1") + row("T2"))

    assert "Mọi dòng đều đúng" in page
    assert "Ghi 2 dòng" in page
    assert "Người Mẫu" not in page

    answer = press(browser, where)

    assert (answer.status_code, answer.headers["location"]) == (303, where)
    written = unescape(browser.get(where).text)
    assert "2 dòng đã ghi vào sổ" in written
    assert re.search(r'href="/\?after=dossiers:\d+', written)
    assert "/ghi" not in written


def test_one_bad_row_is_mended_in_the_error_file_and_sent_again(browser: TestClient) -> None:
    where, page = checked(browser, PEOPLE + row("M1") + row("M2", "31/02/2021"))

    assert "1 dòng cần sửa" in page
    assert "Ngày giới thiệu" in page
    assert "Không đọc được giá trị “31/02/2021”" in page
    assert "Chỉ ghi 1 dòng đúng" in page

    mistaken = browser.get(f"{where}/loi.csv?bang=0")
    assert mistaken.headers["content-type"].startswith("text/csv")
    where, page = checked(browser, mistaken.text.replace("31/02/2021", "28/02/2021"))
    assert "Ghi 2 dòng" in page
    assert press(browser, where).status_code == 303
    assert "2 dòng đã ghi vào sổ" in browser.get(where).text


def test_the_good_rows_alone_are_written_only_when_that_is_pressed(browser: TestClient) -> None:
    where, _ = checked(browser, PEOPLE + row("G1") + row("G2", "x"))

    refused = press(browser, where, accept_good="")

    assert refused.status_code == 409
    assert "Còn 1 dòng chưa đúng" in refused.text
    assert press(browser, where).status_code == 303
    written = unescape(browser.get(where).text)
    assert "1 dòng đã ghi vào sổ" in written
    assert "1 dòng sai được để lại" in written
    assert "loi.csv" in written


def test_the_same_file_again_has_nothing_to_write(browser: TestClient) -> None:
    where, _ = checked(browser, PEOPLE + row("S1"))
    press(browser, where)

    _, page = checked(browser, PEOPLE + row("S1"))

    assert "không còn gì để ghi" in page


def test_without_a_file_the_form_says_so_beside_the_field_and_keeps_the_rest(
    browser: TestClient,
) -> None:
    answer = send(browser, "", name="", manner="correct", reason="nhầm ngày")

    page = unescape(answer.text)
    assert answer.status_code == 422
    assert 'id="e-file">Chưa chọn tệp nào.' in page
    assert 'id="e-document">Đính chính phải có lý do và số văn bản.' in page
    assert 'value="nhầm ngày"' in page
    assert re.search(r'value="correct" selected', page)


def test_a_file_that_is_no_table_says_what_to_do(browser: TestClient) -> None:
    _, page = checked(browser, "%PDF-1.7", name="báo cáo.pdf")

    assert "Chưa ghi được gì" in page
    assert "Tệp không phải là bảng" in page
    assert "báo cáo.pdf" in page


def test_a_unit_out_of_scope_is_as_unknown_as_one_that_never_was(browser: TestClient) -> None:
    _, page = checked(browser, PEOPLE + row("U1", unit="P-02-001") + row("U2", unit="X-1"))

    assert "Không có đơn vị nào mang mã P-02-001" in page
    assert "Không có đơn vị nào mang mã X-1" in page


def test_an_import_of_others_is_not_there(house: House, browser: TestClient) -> None:
    where, _ = checked(browser, PEOPLE + row("O1"))

    other = browser_of(house, "nhap-2", "P-02", "district_board")
    assert other.get(where).status_code == 404
    assert other.get(f"{where}/loi.csv").status_code == 404
    form = hidden(other.get("/nhap").text, "/nhap")
    assert other.post(f"{where}/ghi", data=form).status_code == 404
    assert where not in other.get("/nhap").text


def test_a_form_of_elsewhere_is_refused(browser: TestClient) -> None:
    answer = browser.post("/nhap", data={"csrf": "x"}, files={"file": ("a.csv", b"x")})

    assert answer.status_code == 403


def test_who_imports_nothing_has_no_such_page_in_the_menu(house: House) -> None:
    browser = browser_of(house, "kiem-tra", "P-01", "inspector")
    assert 'href="/nhap"' not in browser.get("/?period=2021").text
    assert browser.get("/nhap").status_code == 404
