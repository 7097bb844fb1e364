"""Proposing a person: one form, whose errors stand beside its fields."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest

from tests.installed import Site
from tests.services.portal.desk import PERSON, Desk, steps, wrong


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[Desk]:
    opened = Desk(site)
    yield opened
    opened.close()


def test_a_nomination_opens_a_candidacy_and_shows_it(desk: Desk) -> None:
    path = desk.nominated()
    page = desk.get("cell", path)

    assert desk.facts(path) == ["CandidacyOpened", "CandidateNominated"]
    assert "<h1>Đặng Thị Ánh Tuyết</h1>" in page
    assert "nữ · đoàn viên · công nhân" in page
    assert steps(page)["Giới thiệu"] == ("done", "09/01/2023")


def test_a_person_with_an_open_candidacy_is_not_nominated_again(desk: Desk) -> None:
    desk.nominated(person_ref="once", full_name="Phan Thị Một")
    answer = desk.send("cell", "/gioi-thieu", {**PERSON, "person_ref": "once", "on": "1/2/2023"})

    assert answer.status_code == 409
    assert wrong(unescape(answer.text))["person_ref"]


def test_all_that_is_missing_is_named_at_once_and_what_was_written_stays(desk: Desk) -> None:
    told = {"full_name": "Lò Văn Giữ", "birth_date": "1999", "unit": "C1"}
    answer = desk.send("cell", "/gioi-thieu", told)
    page = unescape(answer.text)

    assert answer.status_code == 422
    assert set(wrong(page)) == {"on", "birth_date", "person_ref"}
    assert 'value="Lò Văn Giữ"' in page
    assert '<a href="#f-birth_date">' in page
    assert 'aria-invalid="true" aria-describedby="h-birth_date e-birth_date"' in page


def test_a_double_click_nominates_once(desk: Desk) -> None:
    form = desk.get("cell", "/gioi-thieu")
    told = {**PERSON, "person_ref": "twice", "full_name": "Sùng A Hai"}
    first = desk.send("cell", "/gioi-thieu", told, form=form)
    again = desk.send("cell", "/gioi-thieu", told, form=form)

    assert first.headers["location"] == again.headers["location"]


def test_only_units_of_the_scope_that_admit_are_offered(desk: Desk) -> None:
    assert '<option value="C2"' not in desk.get("cell", "/gioi-thieu")
    assert '<option value="C2"' in desk.get("base", "/gioi-thieu")


def test_a_unit_beside_the_scope_is_not_taken(desk: Desk) -> None:
    answer = desk.send("cell", "/gioi-thieu", {**PERSON, "person_ref": "far", "unit": "C2"})

    assert answer.status_code == 422
    assert wrong(unescape(answer.text)) == {"unit": "Không có trong danh sách."}


def test_who_does_not_nominate_reads_so(desk: Desk) -> None:
    page = desk.get("bloc", "/gioi-thieu", 403)

    assert "không làm việc này" in page
