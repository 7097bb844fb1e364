"""Finding people, units and dossiers, within one's scope."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.installed import Site
from tests.services.portal.desk import Desk


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[Desk]:
    opened = Desk(site)
    opened.nominated(person_ref="079200001234", full_name="Đặng Thị Ánh Tuyết")
    opened.nominated(person_ref="079200005678", full_name="Đặng Văn Ánh")
    yield opened
    opened.close()


def found(page: str) -> list[str]:
    """Return the names that are found."""
    return re.findall(r'<th scope="row"><a href="/ho-so/[^"]+">([^<]+)</a>', page)


@pytest.mark.parametrize("text", ["dang thi", "tuyet", "Đặng ÁNH tuy", "079200001234"])
def test_people_are_found_without_marks_by_beginnings_of_words(desk: Desk, text: str) -> None:
    page = desk.search("bloc", text)

    assert found(page) == ["Đặng Thị Ánh Tuyết"]
    assert "1 hồ sơ khớp" in page


def test_names_are_opened_on_record_and_the_page_says_for_what(desk: Desk) -> None:
    before = len(desk.reads())
    page = desk.search("bloc", "dang anh")

    assert len(found(page)) == 2
    assert "Họ tên mở để tìm người; mỗi lần xem được ghi nhật ký." in page
    assert len(desk.reads()) == before + 2


def test_nobody_beside_the_scope_is_found_and_nothing_is_read(desk: Desk) -> None:
    before = len(desk.reads())
    page = desk.search("sister", "dang")

    assert found(page) == []
    assert "Không có hồ sơ nào khớp “dang” trong phạm vi của Chi bộ số 2." in page
    assert len(desk.reads()) == before


def test_units_are_found_by_name_and_code(desk: Desk) -> None:
    page = desk.search("bloc", "chi bo so")

    assert 'href="/don-vi/C1"' in page
    assert 'href="/don-vi/C2"' in page
    assert 'href="/don-vi/C2"' not in desk.search("cell", "chi bo so")


def test_the_number_of_a_dossier_leads_to_it(desk: Desk) -> None:
    path = re.findall(r'href="(/ho-so/[^"]+)"', desk.search("bloc", "tuyet"))[0]
    number = path.rpartition("/")[2]

    assert desk.sought("bloc", number).headers["location"] == path
    assert found(desk.search("sister", number)) == []


def test_one_letter_is_too_short_and_nothing_is_asked(desk: Desk) -> None:
    before = len(desk.reads())

    assert "Gõ ít nhất hai chữ cái" in desk.search("bloc", "d")
    assert "<table" not in desk.get("bloc", "/tim")
    assert len(desk.reads()) == before


def test_only_who_may_nominate_is_led_there(desk: Desk) -> None:
    assert 'href="/gioi-thieu"' in desk.get("cell", "/tim")
    assert 'href="/gioi-thieu"' not in desk.get("bloc", "/tim")


def test_a_role_that_opens_no_names_finds_units_and_is_told_so(desk: Desk) -> None:
    before = len(desk.reads())

    assert "không mở họ tên" in desk.search("province", "dang thi")
    assert 'href="/don-vi/C1"' in desk.search("province", "chi bo")
    assert len(desk.reads()) == before


def test_what_is_typed_stands_in_no_address_and_opens_for_who_typed_it_alone(desk: Desk) -> None:
    address = desk.sought("bloc", "dang anh").headers["location"]

    assert "dang" not in address
    assert found(desk.get("bloc", address)) == found(desk.search("bloc", "dang anh"))
    assert found(desk.get("bloc", address))
    assert "<table" not in desk.get("cell", address)
    assert "<table" not in desk.get("bloc", "/tim?q=dang+anh")
    assert "<table" not in desk.get("bloc", f"/tim?hoi={address[-8:]}")


def test_a_search_needs_the_form_of_who_searches(desk: Desk) -> None:
    assert desk.sought("bloc", "dang", csrf="x").status_code == 403
