"""Corrections and retractions: any fact, with reason and document, by a new fact."""

# ruff: noqa: ANN401 - what a command or a row says is told by keyword

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from events.dossiers import Facets, Finding
from events.refusal import Refusal
from services.dossiers.domain import amending, refusals
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.facets import TOLD, with_facet
from services.dossiers.domain.history import Row, record_history
from tests.facts import facts, names
from tests.services.dossiers.office import DAYS, NO_PAPER, District

TODAY = date(2024, 6, 3)
ONE_DAY = timedelta(days=1)
WHY = "ghi nhầm"


def imported(district: District, *kinds: str, **row: Any) -> Candidacy:
    candidacy = district.opened(imported=True)
    acts = {kind: DAYS[kind] for kind in kinds or DAYS}
    told = Row(unit=candidacy.unit, acts=acts, facets=candidacy.facets, **row)
    record_history(candidacy, told, district.act(TODAY))
    candidacy.collect_events()
    return candidacy


def correct(district: District, candidacy: Candidacy, kind: str, **told: Any) -> None:
    amending.correct_fact(candidacy, district.act(TODAY), kind, **{"reason": WHY, **told})


def retract(district: District, candidacy: Candidacy, kind: str, **told: Any) -> None:
    amending.retract_fact(candidacy, district.act(TODAY), kind, **{"reason": WHY, **told})


def test_a_corrected_day_is_told_with_all_that_reads_differently_for_it(
    district: District,
) -> None:
    candidacy = district.live("recognised")
    day = date(2022, 12, 12)

    correct(district, candidacy, "ceremony", day=day)

    [(name, corrected)] = facts(candidacy)
    assert (name, corrected["on"], corrected["reason"]) == ("FactCorrected", TODAY, WHY)
    assert [(each.fact, each.on) for each in corrected["standing"]] == [
        ("ceremony", day),
        ("recognised", date(2023, 12, 12)),
    ]
    assert [(each.clock, each.starts) for each in corrected["deadlines"]] == [
        ("probation", day),
        ("recognition_vote", date(2023, 12, 12)),
    ]


def test_a_correction_judges_anew_what_was_late(district: District) -> None:
    candidacy = district.live("decision_received")
    district.do(candidacy, "ceremony", date(2023, 1, 3))
    facts(candidacy)

    correct(district, candidacy, "decision_received", day=date(2022, 11, 21))

    [(_, corrected)] = facts(candidacy)
    assert {each.fact: each.findings for each in corrected["standing"]} == {
        "decision_received": (),
        "ceremony": (),
    }


def test_a_corrected_ceremony_may_change_the_band_of_age(district: District) -> None:
    birth = date(1991, 12, 8)
    candidacy = district.live("ceremony", birth=birth)

    amending.correct_fact(
        candidacy,
        district.act(TODAY, birth=birth),
        "ceremony",
        day=date(2022, 12, 8),
        reason=WHY,
    )

    [(_, corrected)] = facts(candidacy)
    assert [each.facets.age for each in corrected["standing"]] == ["31-40"]


def test_after_shredding_a_correction_keeps_the_band_of_age(district: District) -> None:
    candidacy = district.live("ceremony")

    amending.correct_fact(
        candidacy,
        district.act(TODAY, birth=None),
        "ceremony",
        day=date(2022, 12, 8),
        reason=WHY,
    )

    [(_, corrected)] = facts(candidacy)
    assert [each.facets.age for each in corrected["standing"]] == ["18-30"]


def test_a_day_that_is_so_already_is_no_correction(district: District) -> None:
    candidacy = district.live("ceremony")

    correct(district, candidacy, "ceremony", day=DAYS["ceremony"])

    assert facts(candidacy) == []


def test_a_correction_out_of_order_is_refused(district: District) -> None:
    candidacy = district.live("ceremony")

    with pytest.raises(refusals.DaysOutOfOrder):
        correct(district, candidacy, "decided", day=DAYS["ceremony"] + ONE_DAY)

    assert facts(candidacy) == []


@pytest.mark.parametrize("missing", ["reason", "document"])
@pytest.mark.parametrize("change", [amending.correct_fact, amending.retract_fact])
def test_a_correction_says_why_and_on_what_paper(
    district: District, change: Any, missing: str
) -> None:
    candidacy = district.live("ceremony")
    act = district.act(TODAY, by=NO_PAPER) if missing == "document" else district.act(TODAY)
    told = {"day": DAYS["ceremony"] + ONE_DAY} if change is amending.correct_fact else {}

    with pytest.raises((refusals.ReasonMissing, refusals.DocumentMissing)):
        change(candidacy, act, "ceremony", reason=None if missing == "reason" else WHY, **told)

    assert facts(candidacy) == []


def test_a_fact_that_is_not_recorded_cannot_be_corrected(district: District) -> None:
    candidacy = district.live("decided")

    with pytest.raises(refusals.FactNotRecorded):
        correct(district, candidacy, "ceremony", day=TODAY)

    assert facts(candidacy) == []


def test_of_several_facts_of_a_name_the_version_says_which(district: District) -> None:
    candidacy = district.live("verification_closed")
    district.do(candidacy, "lost_vote", date(2022, 10, 3))
    district.do(candidacy, "cell_vote", date(2022, 10, 10))
    facts(candidacy)

    with pytest.raises(refusals.FactAmbiguous):
        correct(district, candidacy, "cell_vote", day=date(2022, 10, 11))
    assert facts(candidacy) == []
    correct(district, candidacy, "cell_vote", day=date(2022, 10, 11), of=candidacy.version)

    assert names(candidacy) == ["FactCorrected"]


def test_under_eighteen_after_a_correction_is_refused(district: District) -> None:
    birth = date(2004, 10, 1)
    candidacy = district.live("cell_vote", birth=birth)

    with pytest.raises(refusals.UnderAge):
        amending.correct_fact(
            candidacy,
            district.act(TODAY, birth=birth),
            "cell_vote",
            day=date(2022, 9, 30),
            reason=WHY,
        )

    assert facts(candidacy) == []


def test_recognition_cannot_be_corrected_into_probation(district: District) -> None:
    candidacy = district.live("recognised")

    with pytest.raises(refusals.ProbationNotOver):
        correct(district, candidacy, "recognised", day=date(2023, 12, 4))
    assert facts(candidacy) == []
    correct(district, candidacy, "recognised", day=date(2023, 12, 21))

    [(_, corrected)] = facts(candidacy)
    assert [(each.on, each.decided_on) for each in corrected["standing"]] == [
        (date(2023, 12, 5), date(2023, 12, 21)),
    ]


def test_a_decision_cannot_be_corrected_to_a_day_on_which_its_body_is_not_competent(
    district: District,
) -> None:
    candidacy = district.live("decided")
    district.dissolve("D", DAYS["decided"])

    with pytest.raises(refusals.DeciderNotAbove):
        correct(district, candidacy, "decided", day=DAYS["decided"] + ONE_DAY)

    assert facts(candidacy) == []


# Units and facets.


def test_the_unit_of_a_live_fact_is_corrected_alone(district: District) -> None:
    candidacy = district.live("ceremony")

    correct(district, candidacy, "ceremony", unit=district.other)

    [(_, corrected)] = facts(candidacy)
    assert [(each.fact, each.unit) for each in corrected["standing"]] == [
        ("ceremony", district.other),
    ]


def test_the_unit_of_an_imported_fact_is_that_of_the_whole_candidacy(district: District) -> None:
    candidacy = imported(district)

    correct(district, candidacy, "ceremony", unit=district.other)

    [(name, corrected)] = facts(candidacy)
    assert name == "CandidacyUnitCorrected"
    assert len(corrected["standing"]) == len(DAYS)


def test_a_unit_that_admits_nobody_is_refused(district: District) -> None:
    candidacy = imported(district)

    with pytest.raises(refusals.UnitDoesNotAdmit):
        amending.correct_unit(candidacy, district.act(TODAY), district.centre, reason=WHY)

    assert facts(candidacy) == []


def test_a_corrected_facet_is_that_of_every_fact(district: District) -> None:
    candidacy = district.live("ceremony")
    facets = with_facet(candidacy.facets, "sex", "Nam")

    amending.correct_facets(candidacy, district.act(TODAY), facets, reason=WHY)

    [(name, corrected)] = facts(candidacy)
    assert name == "FacetsCorrected"
    assert {each.facets.sex for each in corrected["standing"]} == {"male"}
    assert len(corrected["standing"]) == len(candidacy.facts)


@pytest.mark.parametrize(
    ("name", "value", "refusal", "facts"),
    [
        ("age", "18-30", refusals.FacetFollows, {"source": ("birth_date",)}),
        ("referred", "yes", refusals.FacetFollows, {"source": ("referred_by", "referral_round")}),
        ("birth_date", "1990-01-01", refusals.FacetOfThePerson, {"facet": "birth_date"}),
        ("mood", "good", refusals.UnknownFacet, {"known": TOLD}),
        ("sex", "?", refusals.UnreadableFacet, {"known": ("female", "male")}),
        ("youth_union", "?", refusals.UnreadableFacet, {"known": ("yes", "no")}),
    ],
)
def test_a_facet_that_cannot_be_set_is_refused_with_what_can(
    name: str, value: str, refusal: type[Refusal], facts: dict[str, object]
) -> None:
    with pytest.raises(refusal) as refused:
        with_facet(Facets(), name, value)

    assert refused.value.facts.items() >= facts.items()


@pytest.mark.parametrize("text", ["có", "yes"])
def test_a_yes_is_read_in_both_languages(text: str) -> None:
    assert with_facet(Facets(), "youth_union", text).youth_union is True


# Retraction.


def test_a_retracted_end_opens_the_candidacy_again(district: District) -> None:
    candidacy = district.live("ceremony")
    district.do(candidacy, "struck_off", date(2023, 3, 1))
    candidacy.collect_events()

    retract(district, candidacy, "struck_off")
    district.do(candidacy, "recognised", DAYS["recognised"])

    retracted, _ = candidacy.pending_events
    assert retracted.takes() == (f"candidacy/{candidacy.person}",)  # type: ignore[attr-defined]


def test_what_rested_on_a_retracted_fact_reads_differently(district: District) -> None:
    candidacy = imported(district)

    retract(district, candidacy, "ceremony")

    [(_, retracted)] = facts(candidacy)
    assert [(each.fact, each.on, each.facets.age) for each in retracted["standing"]] == [
        ("recognised", DAYS["recognised"], None),
    ]
    assert [each.kind for each in retracted["standing"][0].findings] == ["unknown-step"]
    assert {"probation", "recognition_vote"}.isdisjoint(candidacy.clocks)


@pytest.mark.parametrize(
    ("kind", "needed_by"),
    [
        ("applied", "sealed"),
        ("certified", "cell_vote"),
        ("cell_vote", "dossier_received"),
        ("decided", "decision_received"),
        ("ceremony", "recognised"),
    ],
)
def test_a_fact_that_a_live_one_rests_on_stays(
    district: District, kind: str, needed_by: str
) -> None:
    candidacy = district.live("recognised")

    with pytest.raises(refusals.LaterFactNeedsIt) as refused:
        retract(district, candidacy, kind)

    assert refused.value.facts["needed_by"] == needed_by
    assert facts(candidacy) == []


@pytest.mark.parametrize("kind", ["nominated", "decision_received", "recognised"])
def test_a_fact_that_nothing_rests_on_can_go(district: District, kind: str) -> None:
    candidacy = district.live("recognised")

    retract(district, candidacy, kind)

    assert names(candidacy) == ["FactRetracted"]
    assert kind not in {fact.fact for fact in candidacy.facts.values()}


def test_any_imported_fact_can_go(district: District) -> None:
    candidacy = imported(district)

    for kind in DAYS:
        retract(district, candidacy, kind)

    assert candidacy.facts == {}
    assert candidacy.clocks == {}


def test_between_two_intakes_the_return_stays(district: District) -> None:
    candidacy = district.live("dossier_received")
    district.do(candidacy, "dossier_returned", date(2022, 10, 17))
    district.do(candidacy, "dossier_received", date(2022, 10, 24))
    facts(candidacy)

    with pytest.raises(refusals.LaterFactNeedsIt):
        retract(district, candidacy, "dossier_returned")

    assert facts(candidacy) == []


def test_a_conclusion_keeps_the_intake_it_follows(district: District) -> None:
    candidacy = district.live("dossier_received")
    district.do(candidacy, "dossier_returned", date(2022, 10, 17))
    district.do(candidacy, "dossier_received", date(2022, 10, 24))
    second = candidacy.version
    district.do(candidacy, "political_standard", DAYS["political_standard"])
    facts(candidacy)

    with pytest.raises(refusals.LaterFactNeedsIt):
        retract(district, candidacy, "dossier_received", of=second)

    assert facts(candidacy) == []


def test_a_gap_that_a_retraction_leaves_is_a_finding(district: District) -> None:
    candidacy = imported(district)

    retract(district, candidacy, "decision_received")

    [(_, retracted)] = facts(candidacy)
    assert [(each.fact, each.findings) for each in retracted["standing"]] == [
        ("ceremony", (Finding(kind="unknown-step", expected="decision_received"),)),
    ]
