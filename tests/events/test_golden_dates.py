"""The golden date cases: what the law asks on given days, worked out by hand."""

from datetime import date

import pytest

from events.calendar import add_months
from events.rulebook import rulebook

RULES = rulebook()
AFTER = RULES.working_days.after


@pytest.mark.parametrize(
    ("official_members", "needed"),
    [(3, 2), (4, 3), (5, 4), (7, 5), (9, 6), (14, 10), (20, 14), (22, 15)],
)
def test_two_thirds_of_all_official_members_carry_a_proposal(
    official_members: int,
    needed: int,
) -> None:
    for rule_set in RULES.rule_sets:
        assert rule_set.votes_needed(official_members) == needed


def test_those_absent_count_so_13_of_17_present_are_too_few_in_a_cell_of_20() -> None:
    assert RULES.on(date(2024, 6, 3)).votes_needed(20) > 13


def test_a_cell_of_two_official_members_cannot_propose() -> None:
    assert all(rule_set.minimum_official_members > 2 for rule_set in RULES.rule_sets)


def test_a_certificate_of_2020_has_expired_when_the_cell_votes_in_february_2025() -> None:
    vote = date(2025, 2, 3)

    expiry = add_months(date(2020, 1, 15), RULES.on(vote).certificate_months)

    assert expiry == date(2025, 1, 15) < vote


def test_probation_runs_from_the_ceremony_and_the_cell_has_thirty_working_days_after_it() -> None:
    ceremony = date(2024, 9, 15)

    ends = add_months(ceremony, RULES.on(ceremony).probation_months)

    assert ends == date(2025, 9, 15)
    assert AFTER(ends, RULES.on(ends).recognition_vote.working_days) == (date(2025, 10, 27), False)


def test_a_decision_received_before_national_day_2022_has_its_ceremony_by_11_october() -> None:
    received = date(2022, 8, 26)
    rule = RULES.on(received).ceremony

    assert rule.starts == "decision_received"
    assert AFTER(received, rule.working_days) == (date(2022, 10, 11), False)


def test_probation_that_starts_on_29_february_ends_on_the_28th() -> None:
    assert RULES.policies["month-end"].value == "clipped"
    assert add_months(date(2024, 2, 29), 12) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("decided", "rule_set", "starts"),
    [
        (date(2021, 7, 29), "RS-2016", "decision_received"),
        (date(2021, 7, 30), "RS-2021", "decision_received"),
        (date(2025, 1, 19), "RS-2021", "decision_received"),
        (date(2025, 1, 20), "RS-2025A", "decision_received"),
        (date(2025, 6, 30), "RS-2025A", "decision_received"),
        (date(2025, 7, 1), "RS-2025B", "decision_received"),
        (date(2026, 7, 25), "RS-2025B", "decision_received"),
        (date(2026, 7, 26), "RS-2026B", "decided"),
        (date(2026, 11, 21), "RS-2026B", "decided"),
    ],
)
def test_the_day_of_the_decision_picks_the_rule_set_and_what_starts_the_ceremony_clock(
    decided: date,
    rule_set: str,
    starts: str,
) -> None:
    rules = RULES.on(decided)

    assert (rules.id, rules.ceremony.starts, rules.ceremony.working_days) == (rule_set, starts, 30)


def test_districts_decide_until_the_end_of_june_2025() -> None:
    assert "district_committee" in RULES.on(date(2025, 6, 30)).decider_kinds
    assert "district_committee" not in RULES.on(date(2025, 7, 1)).decider_kinds
    assert "commune_committee" in RULES.on(date(2025, 7, 1)).decider_kinds


@pytest.mark.parametrize(
    ("day", "documents"),
    [
        (
            date(2021, 8, 28),
            {
                ("24-QĐ/TW", date(2021, 7, 30)),
                ("01-HD/TW", date(2016, 9, 20)),
                ("09-HD/BTCTW", date(2017, 6, 5)),
            },
        ),
        (
            date(2021, 10, 1),
            {
                ("24-QĐ/TW", date(2021, 7, 30)),
                ("01-HD/TW", date(2021, 9, 28)),
                ("09-HD/BTCTW", date(2017, 6, 5)),
            },
        ),
        (
            date(2022, 8, 26),
            {
                ("24-QĐ/TW", date(2021, 7, 30)),
                ("01-HD/TW", date(2021, 9, 28)),
                ("12-HD/BTCTW", date(2022, 1, 18)),
            },
        ),
        (
            date(2026, 11, 21),
            {
                ("208-QĐ/TW", date(2026, 7, 26)),
                ("01-HD/TW", date(2026, 5, 19)),
                ("38-HD/BTCTW", None),
                ("1147-QĐ/BTGDVTW", date(2025, 12, 1)),
            },
        ),
    ],
)
def test_guides_change_on_days_of_their_own(
    day: date,
    documents: set[tuple[str, date | None]],
) -> None:
    assert {(d.number, d.dated) for d in RULES.documents_on(day)} == documents


def test_days_before_the_oldest_rule_set_are_judged_by_it_and_marked() -> None:
    before, since = RULES.on(date(2015, 3, 2)), RULES.on(date(2016, 7, 25))

    assert (before.id, before.assumed) == ("RS-2016", True)
    assert (since.id, since.assumed) == ("RS-2016", False)


def test_a_woman_of_58_is_a_normal_case_and_the_month_after_60_is_not() -> None:
    rules = RULES.on(date(2022, 6, 1))

    assert not rules.is_over_age(date(1964, 6, 30), date(2022, 6, 1))
    assert not rules.is_over_age(date(1962, 6, 1), date(2022, 6, 30))
    assert rules.is_over_age(date(1962, 6, 30), date(2022, 7, 1))


def test_eighteen_is_counted_by_month() -> None:
    rules = RULES.on(date(2022, 6, 1))

    assert rules.is_under_age(date(2004, 6, 1), date(2022, 5, 31))
    assert not rules.is_under_age(date(2004, 6, 30), date(2022, 6, 1))
