"""What an address says of period, day and moment."""

from __future__ import annotations

from datetime import date

import pytest

from services.portal.moment import moment

TODAY = date(2026, 11, 24)


def test_nothing_named_is_today_and_this_year() -> None:
    told = moment({}, TODAY)

    assert told.question() == {"period": "2026", "as_of": "2026-11-24"}
    assert told.address() == {}


def test_the_year_follows_the_day() -> None:
    assert moment({"as_of": "26/08/2022"}, TODAY).question()["period"] == "2022"


@pytest.mark.parametrize("text", ["26/08/2022", "26-8-2022", "2022-08-26", " 26/8/2022 "])
def test_days_are_read_as_officers_write_them(text: str) -> None:
    assert moment({"as_of": text}, TODAY).as_of == date(2022, 8, 26)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("26/08/2022", "2022-08-26T23:59:59+07:00"),
        ("26/08/2022 17:30", "2022-08-26T17:30:00+07:00"),
        ("26/08/2022 7:30", "2022-08-26T07:30:00+07:00"),
        ("2022-08-26T17:30", "2022-08-26T17:30:00+07:00"),
        ("2022-08-26T17:30:05.25+00:00", "2022-08-26T17:30:05.250000+00:00"),
        ("2022-08-26T17:30:00 07:00", "2022-08-26T17:30:00+07:00"),
    ],
)
def test_moments_are_of_here_unless_they_say_otherwise(text: str, told: str) -> None:
    assert moment({"known_at": text}, TODAY).question()["known_at"] == told


@pytest.mark.parametrize(
    "query",
    [
        {"as_of": "31/02/2022"},
        {"known_at": "hôm qua"},
        {"known_at": "26/08/2022 25:00"},
        {"period": "2022-Q5"},
        {"as_of": "١٢/٠٨/٢٠٢٢"},
        {"as_of": "\x00"},
    ],
)
def test_what_cannot_be_read_is_named_and_not_used(query: dict[str, str]) -> None:
    told = moment(query, TODAY)

    assert told.wrong == set(query)
    assert told.address() == {}
    assert told.question() == {"period": "2026", "as_of": "2026-11-24"}
