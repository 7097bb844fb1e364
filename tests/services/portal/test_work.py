"""What is to be done: due or blocked in one's scope, by how near it is and whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from services.dossiers.view import candidacies
from services.portal.clocks import remaining, working_days
from services.portal.work import when
from tests.installed import Site
from tests.services.portal.desk import Desk

TODAY = date(2022, 8, 26)


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[Desk]:
    opened = Desk(site)
    opened.brought_to("cell-vote", person_ref="w1", full_name="Lâm Văn Chờ")
    opened.brought_to("decision-receipt", person_ref="w2", full_name="Thạch Thị Lễ")
    yield opened
    opened.close()


@pytest.fixture
def recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing be overdue since long, though these cases are of 2022."""
    monkeypatch.setattr(candidacies, "LONG_DAYS", 10_000)


def groups(page: str) -> dict[str, list[str]]:
    """Return the titles of the tasks of each group."""
    cut = re.split(r'<h2 id="g-(\w+)">', page)
    return {
        name: re.findall(r'<a href="/ho-so/[^"]+">([^<]+)</a>', part)
        for name, part in zip(cut[1::2], cut[2::2], strict=True)
    }


def test_what_is_over_since_years_stands_below_by_itself(desk: Desk) -> None:
    assert {*groups(desk.get("cell", "/viec"))} == {"long"}


@pytest.mark.usefixtures("recent")
def test_what_is_over_stands_first_for_whose_act_it_is(desk: Desk) -> None:
    assert groups(desk.get("cell", "/viec"))["overdue"] == ["Hạn tổ chức lễ kết nạp"]
    assert groups(desk.get("bloc", "/viec"))["overdue"] == ["Hạn xét, quyết định kết nạp"]


@pytest.mark.usefixtures("recent")
def test_what_another_must_do_is_waited_for(desk: Desk) -> None:
    page = desk.get("cell", "/viec")

    assert groups(page)["others"] == ["Hạn xét, quyết định kết nạp"]
    assert "chờ quyết định" in page


def test_nobody_is_named_in_the_list(desk: Desk) -> None:
    page = desk.get("bloc", "/viec")

    assert "Lâm Văn Chờ" not in page
    assert "Chi bộ số 1" in page


def test_beside_the_scope_there_is_nothing_to_do(desk: Desk) -> None:
    assert "Không có việc nào đến hạn hay bị vướng." in desk.get("sister", "/viec")


def test_the_list_is_of_one_unit_when_that_is_asked(desk: Desk) -> None:
    assert groups(desk.get("bloc", "/viec?don-vi=C1"))["long"]
    assert groups(desk.get("bloc", "/viec?don-vi=C2")) == {}


@pytest.mark.parametrize(
    ("due", "group"),
    [
        (date(2022, 8, 25), "overdue"),
        (date(2022, 8, 26), "today"),
        (date(2022, 8, 29), "soon"),
        (date(2022, 8, 30), "later"),
    ],
)
def test_one_is_overdue_from_the_day_after(due: date, group: str) -> None:
    assert when(due, TODAY) == group


def test_what_is_left_is_told_in_the_days_of_the_clock() -> None:
    assert remaining("decision", date(2022, 9, 8), TODAY) == ("late", "còn 7 ngày làm việc")
    assert remaining("decision", date(2022, 8, 22), TODAY) == ("bad", "quá hạn 4 ngày làm việc")
    assert remaining("certificate", date(2022, 10, 26), TODAY) == ("good", "còn giá trị 61 ngày")
    assert remaining("certificate", date(2022, 8, 25), TODAY) == ("bad", "hết giá trị")
    assert remaining("ceremony", TODAY, TODAY) == ("late", "hạn hôm nay")


def test_public_holidays_are_no_working_days() -> None:
    assert working_days(date(2022, 8, 31), date(2022, 9, 5)) == 1
