"""Legal clocks: due once and for all when they start; a late act is recorded with a finding."""

from __future__ import annotations

from datetime import date

import pytest

from events.dossiers import Deadline, Finding
from services.dossiers.domain import refusals
from services.dossiers.domain.candidacy import Candidacy
from tests.facts import facts
from tests.services.dossiers.office import DAYS, District


def deadlines(candidacy: Candidacy) -> dict[str, tuple[date, date, bool]]:
    return {
        each.clock: (each.starts, each.due, each.provisional)
        for _, fact in facts(candidacy)
        for each in fact.get("deadlines", ())
    }


def test_the_vote_starts_the_sixty_working_days_of_the_decision(district: District) -> None:
    candidacy = district.live("verification_closed")

    district.do(candidacy, "cell_vote", date(2022, 10, 3))

    assert deadlines(candidacy) == {"decision": (date(2022, 10, 3), date(2022, 12, 26), False)}


def test_receipt_of_the_decision_starts_the_thirty_working_days_of_the_ceremony(
    district: District,
) -> None:
    days = {
        kind: date(2022, 6, 1) for kind in DAYS if kind not in {"decision_received", "ceremony"}
    } | {"nominated": date(2022, 5, 4)}
    candidacy = district.live("decided", days=days)

    district.do(candidacy, "decision_received", date(2022, 8, 26))

    assert deadlines(candidacy) == {"ceremony": (date(2022, 8, 26), date(2022, 10, 11), False)}


def test_under_the_rules_of_july_2026_the_decision_itself_starts_that_clock(
    district: District,
) -> None:
    days = {kind: date(2026, 7, 1) for kind in DAYS} | {"nominated": date(2026, 5, 4)}
    candidacy = district.live("political_standard", days=days)

    candidacy.decide_admission(district.act(date(2026, 7, 27)), district.province)
    district.do(candidacy, "decision_received", date(2026, 8, 3))

    (_, decided), (_, received) = facts(candidacy)
    assert [each.starts for each in decided["deadlines"]] == [date(2026, 7, 27)]
    assert "deadlines" not in received


def test_the_ceremony_starts_probation_and_the_time_for_the_cells_vote(district: District) -> None:
    candidacy = district.live(
        "decided",
        days=DAYS
        | {"decided": date(2024, 8, 25), "cell_vote": date(2024, 8, 1)}
        | {kind: date(2024, 8, 5) for kind in ("dossier_received", "political_standard")},
    )

    district.do(candidacy, "ceremony", date(2024, 9, 15))

    assert deadlines(candidacy) == {
        "probation": (date(2024, 9, 15), date(2025, 9, 15), False),
        "recognition_vote": (date(2025, 9, 15), date(2025, 10, 27), False),
    }


def test_a_deadline_beyond_the_published_calendar_is_provisional(district: District) -> None:
    days = {kind: date(2026, 12, 1) for kind in DAYS} | {"nominated": date(2026, 11, 2)}
    candidacy = district.live("verification_closed", days=days)

    district.do(candidacy, "cell_vote", date(2026, 12, 14))

    assert deadlines(candidacy)["decision"][2] is True


def test_a_decision_past_its_clock_is_recorded_with_a_finding(district: District) -> None:
    candidacy = district.live("political_standard")

    district.do(candidacy, "decided", date(2022, 12, 27))

    assert facts(candidacy)[0][1]["findings"] == (
        Finding(kind="overrun", expected="2022-12-26", actual="2022-12-27"),
    )


def test_a_refusal_past_that_clock_has_the_same_finding(district: District) -> None:
    candidacy = district.live("political_standard")

    district.do(candidacy, "refused", date(2022, 12, 27))

    assert [each.kind for each in facts(candidacy)[0][1]["findings"]] == ["overrun"]


def test_an_extension_beforehand_lets_the_decision_be_in_time(district: District) -> None:
    candidacy = district.live("political_standard")
    district.do(candidacy, "extended", date(2022, 12, 20))

    district.do(candidacy, "decided", date(2023, 1, 17))

    (_, extended), (_, decided) = facts(candidacy)
    assert extended["deadlines"] == (
        Deadline(clock="decision", starts=date(2022, 10, 3), due=date(2023, 1, 17)),
    )
    assert "findings" not in decided


def test_an_extension_afterwards_clears_the_finding(district: District) -> None:
    candidacy = district.live("political_standard")
    district.do(candidacy, "decided", date(2022, 12, 27))
    facts(candidacy)

    district.do(candidacy, "extended", date(2022, 12, 28))

    [(_, extended)] = facts(candidacy)
    assert [(each.fact, each.findings) for each in extended["standing"]] == [("decided", ())]


@pytest.mark.parametrize("days", [0, 31])
def test_more_than_thirty_working_days_are_not_given(district: District, days: int) -> None:
    candidacy = district.live("cell_vote")

    with pytest.raises(refusals.ExtensionTooLong):
        candidacy.extend_decision_period(district.act(date(2022, 12, 1)), days)

    assert facts(candidacy) == []


def test_extensions_add_up_to_thirty_working_days(district: District) -> None:
    candidacy = district.live("cell_vote")
    act = district.act(date(2022, 12, 1))
    candidacy.extend_decision_period(act, 20)
    facts(candidacy)

    with pytest.raises(refusals.ExtensionTooLong) as refused:
        candidacy.extend_decision_period(act, 11)

    assert refused.value.facts["allowed"] == 10
    assert facts(candidacy) == []


def test_before_the_vote_there_is_nothing_to_extend(district: District) -> None:
    candidacy = district.live("verification_closed")

    with pytest.raises(refusals.NoClockRuns):
        district.do(candidacy, "extended", DAYS["cell_vote"])

    assert facts(candidacy) == []


def test_a_ceremony_on_the_thirty_first_working_day_is_a_finding_not_a_refusal(
    district: District,
) -> None:
    candidacy = district.live("decision_received")

    district.do(candidacy, "ceremony", date(2023, 1, 3))

    assert facts(candidacy)[0][1]["findings"] == (
        Finding(kind="overrun", expected="2022-12-30", actual="2023-01-03"),
    )


def test_consent_clears_a_late_ceremony(district: District) -> None:
    candidacy = district.live("decision_received")
    district.do(candidacy, "ceremony", date(2023, 1, 3))
    facts(candidacy)

    district.do(candidacy, "consent", date(2023, 1, 4))
    district.do(candidacy, "consent", date(2023, 1, 5))

    [(name, consent)] = facts(candidacy)
    assert name == "CeremonyExtensionApproved"
    assert [(each.fact, each.findings) for each in consent["standing"]] == [("ceremony", ())]


def test_with_consent_beforehand_there_is_no_finding(district: District) -> None:
    candidacy = district.live("decision_received")
    district.do(candidacy, "consent", date(2022, 12, 20))

    district.do(candidacy, "ceremony", date(2023, 1, 3))

    assert "findings" not in facts(candidacy)[-1][1]


def test_an_act_on_a_day_off_is_a_finding(district: District) -> None:
    candidacy = district.live("decision_received")

    district.do(candidacy, "ceremony", date(2022, 12, 4))

    assert [each.kind for each in facts(candidacy)[0][1]["findings"]] == ["day-off"]


def test_a_ceremony_without_the_receipt_that_starts_its_clock_is_a_finding(
    district: District,
) -> None:
    candidacy = district.live("decided")

    district.do(candidacy, "ceremony", DAYS["ceremony"])

    assert facts(candidacy)[0][1]["findings"] == (
        Finding(kind="unknown-step", expected="decision_received"),
    )
