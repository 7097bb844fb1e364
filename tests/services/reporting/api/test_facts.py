"""What is behind a number, over HTTP: always as much as the number, and openable."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO

import msgspec
import pytest
from openpyxl import load_workbook
from uuid_utils.compat import uuid7

from services.dossiers import commands
from services.reporting.api.promises import FactsTold, HistoryTold
from tests.house import BY, Asker, House

YEAR = {"period": "2022", "as_of": "2022-12-31"}
FACTS = "/api/reporting/facts"


@pytest.fixture
def district(house: House) -> Asker:
    return house.asker("H")


@pytest.mark.parametrize(
    ("figure", "path"),
    [
        ("admitted", ["admitted"]),
        ("funnel.decided", ["funnel", "decided"]),
        ("by_unit.H-1.admitted", ["by_unit", 0, "admitted"]),
        ("facets.sex.female", ["facets", "sex", "female"]),
        ("units.without_ceremony", ["units", "without_ceremony"]),
        ("remaining", ["remaining"]),
    ],
)
def test_the_facts_come_to_the_figure(district: Asker, figure: str, path: list[str | int]) -> None:
    told = district.get("/api/reporting/figures/H", **YEAR).json()
    for part in path:
        told = told[part]
    body = msgspec.json.decode(
        district.get(f"{FACTS}/H", **YEAR, figure=figure).content, type=FactsTold
    )
    assert body.total == (len(told) if isinstance(told, list) else told)
    assert body.total == sum(fact.n for fact in body.facts)
    assert body.count == len(body.facts)


def test_a_part_of_the_facts_says_how_many_there_are(district: Asker) -> None:
    whole = district.get(f"{FACTS}/H", **YEAR).json()
    parts = [district.get(f"{FACTS}/H", **YEAR, first=first, limit=1).json() for first in range(3)]
    assert [fact for part in parts for fact in part["facts"]] == whole["facts"]
    assert {(part["count"], part["total"]) for part in parts} == {(3, 3)}


def test_a_case_is_named_to_who_sees_cases_and_to_nobody_else(house: House) -> None:
    told = house.asker("H").get(f"{FACTS}/H", **YEAR).json()["facts"]
    assert all(fact["case"] for fact in told)
    standing = house.asker("T", "provincial_standing")
    counted = standing.get(f"{FACTS}/H", **YEAR).json()
    assert [fact["case"] for fact in counted["facts"]] == [None, None, None]
    assert counted["total"] == 3


def test_no_facts_tell_a_name(district: Asker) -> None:
    assert "Canary" not in district.get(f"{FACTS}/H", **YEAR).text


def test_what_moved_a_figure_since_a_moment_is_told(house: House, district: Asker) -> None:
    before = house.ketnap.ledgers["dossiers"].head().recorded.isoformat()
    house.nominate("H-2", "M-1")
    house.catch_up()
    moved = district.get(f"{FACTS}/H", **YEAR, figure="funnel.nominated", against=before).json()
    assert (moved["count"], moved["total"]) == (1, 1)
    assert moved["facts"][0]["unit"] == "H-2"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"figure": "nothing"}, 404, "unknown-figure"),
        ({"figure": "_answer"}, 404, "unknown-figure"),
        ({"figure": "figures"}, 404, "unknown-figure"),
        ({"figure": "by_unit.K"}, 404, "unknown-figure"),
        ({"figure": "x" * 201}, 422, "malformed"),
        ({"against": "once"}, 422, "malformed"),
        ({"limit": "0"}, 422, "malformed"),
        ({"limit": "10001"}, 422, "malformed"),
        ({"first": "-1"}, 422, "malformed"),
    ],
)
def test_what_cannot_be_asked_of_facts_is_refused(
    district: Asker, query: dict[str, str], status: int, code: str
) -> None:
    told = district.get(f"{FACTS}/H", **YEAR, **query)
    assert (told.status_code, told.json()["code"]) == (status, code)


def test_a_workbook_has_numbers_and_days_and_no_cell_that_starts_a_formula(
    house: House, district: Asker
) -> None:
    unit = house.ketnap.view.bearer("H-2", date(2022, 1, 1))
    house.ketnap.dossiers.perform(
        commands.RegisterUnit(
            unit=uuid7(), code="H-2-X", name='=HYPERLINK("x")', kind="cell", parent=unit, by=BY
        )
    )
    house.catch_up()
    told = district.get("/api/reporting/figures/H-2.xlsx", **YEAR)
    assert told.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''H-2-2022")
    book = load_workbook(BytesIO(told.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert not [
        cell.value for cell in cells if isinstance(cell.value, str) and cell.value[0] in "=+-@"
    ]
    assert '\'=HYPERLINK("x")' in {cell.value for cell in book["Đơn vị trực thuộc"]["B"]}
    summary = {row[0].value: row[1] for row in book["Số liệu"].iter_rows(min_row=2)}
    assert summary["Kết nạp"].value == 0
    assert summary["Số liệu tính đến hết ngày"].value == datetime(2022, 12, 31)  # noqa: DTZ001 - as Excel has days


def test_the_workbook_of_a_unit_has_its_table_in_numbers(district: Asker) -> None:
    book = load_workbook(BytesIO(district.get("/api/reporting/figures/H.xlsx", **YEAR).content))
    rows = {row[0]: row for row in book["Đơn vị trực thuộc"].iter_rows(values_only=True)}
    assert rows["H-1"][2:8] == (3, 6, 3, 6, 0.5, 3)
    share = book["Đơn vị trực thuộc"]["G2"]
    assert share.number_format == "0.0%"


def test_the_facts_are_a_workbook_too(district: Asker) -> None:
    book = load_workbook(BytesIO(district.get(f"{FACTS}/H.xlsx", **YEAR).content))
    rows = list(book["Căn cứ"].iter_rows(min_row=2))
    assert [row[1].value for row in rows] == [1, 1, 1]
    assert all(isinstance(row[at].value, datetime) for row in rows for at in (0, 5))


@pytest.mark.parametrize("path", ["figures/K.xlsx", "facts/K.xlsx", "figures/no.xlsx"])
def test_nothing_out_of_scope_is_exported(district: Asker, path: str) -> None:
    assert district.get(f"/api/reporting/{path}", **YEAR).status_code == 404


def test_who_sees_and_does_not_export_is_refused(house: House) -> None:
    inspector = house.asker("H", "inspector")
    assert inspector.get(f"{FACTS}/H", **YEAR).status_code == 200
    told = inspector.get(f"{FACTS}/H.xlsx", **YEAR)
    assert (told.status_code, told.json()["code"]) == (403, "act-not-granted")


def test_the_history_of_a_case_is_told_in_the_order_in_which_it_became_known(
    district: Asker,
) -> None:
    case = district.get(f"{FACTS}/H", **YEAR).json()["facts"][0]["case"]
    told = district.get("/api/reporting/history", case=case)
    events = msgspec.json.decode(told.content, type=HistoryTold).events
    assert [event.recorded for event in events] == sorted(event.recorded for event in events)
    assert all(event.text for event in events)
    assert "dossiers.CeremonyHeld" in {event.type for event in events}
    assert "Canary" not in told.text


def test_history_comes_page_by_page_and_whole(district: Asker) -> None:
    whole = district.get("/api/reporting/history", unit="H-1", limit=200).json()["events"]
    told, cursor = [], None
    while True:
        page = district.get(
            "/api/reporting/history", unit="H-1", limit=2, **({"cursor": cursor} if cursor else {})
        ).json()
        told += page["events"]
        cursor = page["next"]
        if cursor is None:
            break
    assert told == whole
    assert len(whole) > 4


def test_a_page_of_one_list_is_no_page_of_another(district: Asker) -> None:
    cursor = district.get("/api/reporting/history", unit="H-1", limit=1).json()["next"]
    told = district.get("/api/reporting/history", unit="H", limit=1, cursor=cursor)
    assert (told.status_code, told.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize("query", [{}, {"unit": "H", "case": str(uuid7())}])
def test_history_is_of_a_case_or_of_a_unit(district: Asker, query: dict[str, str]) -> None:
    assert district.get("/api/reporting/history", **query).status_code == 422


def test_nothing_out_of_scope_has_a_history(house: House, district: Asker) -> None:
    far = house.asker("K").get(f"{FACTS}/K", **YEAR).json()["facts"][0]["case"]
    for query in ({"case": far}, {"case": str(uuid7())}, {"unit": "K-1"}, {"unit": "no"}):
        told = district.get("/api/reporting/history", **query)
        assert (told.status_code, told.json()["code"]) == (404, "not-found")


def test_of_a_person_who_moved_each_committee_reads_what_happened_there(house: House) -> None:
    house.nominate("K-1", "TWICE")
    person = house.ketnap.dossiers.person("TWICE")
    assert person
    [first] = house.ketnap.dossiers.candidacies(person)
    house.ketnap.dossiers.perform(
        commands.WithdrawCandidacy(candidacy=first, on=date(2022, 5, 6), by=BY)
    )
    house.nominate("H-1", "TWICE", date(2022, 5, 7))
    house.catch_up()

    def units(code: str) -> set[str]:
        told = house.asker(code).get("/api/reporting/history", case=str(person)).json()["events"]
        return {event["unit"] for event in told if event["unit"]}

    assert units("H") == {"H-1"}
    assert units("K") == {"K-1"}
