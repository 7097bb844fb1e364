"""Percent is formatting: half up, with the Vietnamese comma."""

from __future__ import annotations

from datetime import date

import pytest

from events.period import parse_period
from services.reporting.view import Question
from services.reporting.view.percent import percent
from tests.services.reporting.office import Office

HUYEN = "district_committee"
XA = "grassroots_committee"


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "text"),
    [
        (52, 151, 1, "34,4%"),
        (31, 253, 2, "12,25%"),
        (237, 220, 1, "107,7%"),
        (1455, 1700, 1, "85,6%"),
        (612, 1700, 1, "36,0%"),
        (20, 30, 2, "66,67%"),
        (1, 8, 0, "13%"),
        (1, 2000, 1, "0,1%"),
        (999, 1, 0, "99.900%"),
    ],
)
def test_percent_is_half_up_with_a_vietnamese_comma(
    numerator: int, denominator: int, places: int, text: str
) -> None:
    assert percent(numerator, denominator, places) == text


def test_places_apply_to_every_percent(office: Office) -> None:
    office.unit("H", kind=HUYEN)
    office.unit("A", "H", kind=XA)
    office.target("H", "2020", 253)
    office.target("A", "2020", 3)
    office.admit("A", "2020-03-03", times=31)
    office.catch_up()

    told = office.view.figures(
        Question(unit_code="H", period=parse_period("2020"), as_of=date(2020, 8, 27), places=2)
    )

    assert told["ratio"]["percent"] == "12,25%"
    assert told["by_unit"][0]["ratio"]["percent"] == "1.033,33%"
