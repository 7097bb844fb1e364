"""What does not fit in a history that is told afterwards."""

from __future__ import annotations

from datetime import date

import pytest

from events.dossiers import Facets, Finding
from services.dossiers.domain.candidacy import Candidacy
from tests.facts import facts
from tests.services.dossiers.office import DAYS, District
from tests.services.dossiers.rows import TODAY, imported, record


def findings(candidacy: Candidacy) -> dict[str, list[str]]:
    return {
        fact.fact: [each.kind for each in fact.findings]
        for fact in candidacy.facts.values()
        if fact.findings
    }


def test_a_full_history_in_time_has_no_finding(district: District) -> None:
    row = DAYS | {"recognised": date(2023, 12, 5)}

    candidacy = district.opened(imported=True)
    record(district, candidacy, row)

    assert findings(candidacy) == {}


def test_unknown_steps_are_a_finding_on_the_next_known_one(district: District) -> None:
    candidacy = imported(district, "nominated", "cell_vote", "ceremony")

    gaps = {fact.fact: fact.findings for fact in candidacy.facts.values() if fact.findings}
    assert gaps == {
        "cell_vote": (
            Finding(
                kind="unknown-step",
                expected="applied,sealed,verification_asked,verification_closed,certified",
            ),
        ),
        "ceremony": (
            Finding(
                kind="unknown-step",
                expected="dossier_received,political_standard,decided,decision_received",
            ),
        ),
    }


def test_a_later_row_that_closes_a_gap_says_that_the_finding_is_gone(district: District) -> None:
    candidacy = imported(district, *(kind for kind in DAYS if kind != "decision_received"))
    assert findings(candidacy)["ceremony"] == ["unknown-step"]

    record(district, candidacy, {"decision_received": DAYS["decision_received"]})

    [(_, received)] = facts(candidacy)
    assert [(each.fact, each.findings) for each in received["standing"]] == [("ceremony", ())]
    assert "ceremony" not in findings(candidacy)


@pytest.mark.parametrize(
    ("changes", "kind", "found"),
    [
        (
            {"cell_vote": date(2022, 8, 1), "verification_closed": date(2022, 8, 1)},
            "decided",
            "overrun",
        ),
        (
            {"ceremony": date(2023, 3, 1), "recognised": date(2024, 3, 1)},
            "ceremony",
            "overrun",
        ),
        (
            {"nominated": date(2016, 1, 4), "certified": date(2016, 1, 5)},
            "cell_vote",
            "stale-certificate",
        ),
        ({"nominated": date(2021, 1, 4), "applied": date(2021, 1, 5)}, "cell_vote", "stale-papers"),
        ({"decided": date(2022, 11, 13)}, "decided", "day-off"),
        ({"recognised": date(2023, 12, 6)}, "recognised", "recognition-day"),
    ],
)
def test_what_does_not_fit_is_a_finding_and_no_refusal(
    district: District, changes: dict[str, date], kind: str, found: str
) -> None:
    candidacy = district.opened(imported=True)

    record(district, candidacy, DAYS | {"recognised": date(2023, 12, 5)} | changes)

    assert findings(candidacy) == {kind: [found]}


def test_probation_that_ends_on_a_day_off_is_no_finding(district: District) -> None:
    candidacy = district.opened(imported=True)
    saturday = {"ceremony": date(2022, 12, 17), "recognised": date(2023, 12, 17)}

    record(district, candidacy, DAYS | saturday)

    assert findings(candidacy) == {"ceremony": ["day-off"]}


def test_over_sixty_is_a_finding_on_the_ceremony_where_the_vote_is_unknown(
    district: District,
) -> None:
    candidacy = imported(district, "ceremony", birth=date(1950, 1, 1))

    assert findings(candidacy)["ceremony"] == ["unknown-step", "over-60"]
    [ceremony] = candidacy.facts.values()
    assert ceremony.facets.age == ">60"


def test_a_member_who_left_without_known_ceremony_has_a_gap(district: District) -> None:
    candidacy = imported(district, "decided", left_kind="struck_off", left_on=TODAY)

    struck_off = next(fact for fact in candidacy.facts.values() if fact.fact == "struck_off")
    assert struck_off.findings == (
        Finding(kind="unknown-step", expected="decision_received,ceremony"),
    )


def test_an_unknown_ethnic_group_is_a_finding_on_the_earliest_fact(district: District) -> None:
    candidacy = district.opened(imported=True)

    record(district, candidacy, DAYS, facets=Facets(ethnic_group="Atlantis"))

    assert "unknown-ethnic-group" in findings(candidacy)["nominated"]


def test_what_does_not_fit_in_the_person_stays_with_the_first_fact(district: District) -> None:
    same = Finding(kind="same-name-and-birth-date")
    candidacy = imported(district, "applied", findings=(same,))

    record(district, candidacy, {"nominated": DAYS["nominated"]})

    kept = [fact.fact for fact in candidacy.facts.values() if same in fact.findings]
    assert kept == ["applied"]
