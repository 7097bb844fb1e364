"""Acts of a candidacy, recorded one by one as they happen."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from events.dossiers import Facets
from events.refusal import Refusal
from services.dossiers.domain import refusals
from services.dossiers.domain.candidacy import Candidacy
from tests.facts import facts, names
from tests.services.dossiers.office import BOOK, CARRIED, DAYS, NO_PAPER, ONE_DAY, District


def test_a_nomination_counts_for_the_unit_with_its_facets(district: District) -> None:
    candidacy = district.opened(facets=Facets(sex="male", referral_round="đợt 1", occasion="19/5"))
    facts(candidacy)

    candidacy.nominate(district.act(DAYS["nominated"]))

    assert facts(candidacy) == [
        (
            "CandidateNominated",
            {
                "on": DAYS["nominated"],
                "person": candidacy.person,
                "unit": district.cell,
                "facets": Facets(sex="male", referral_round="đợt 1"),
            },
        ),
    ]


@pytest.mark.parametrize("kind", DAYS)
def test_every_act_of_the_journey_can_be_done_in_its_order(district: District, kind: str) -> None:
    before = list(DAYS)[: list(DAYS).index(kind)]
    candidacy = district.live(before[-1]) if before else district.opened()
    facts(candidacy)

    district.do(candidacy, kind, DAYS[kind])

    assert len(facts(candidacy)) == 1


@pytest.mark.parametrize("kind", DAYS)
def test_an_act_that_stands_already_changes_nothing(district: District, kind: str) -> None:
    candidacy = district.live(kind)

    district.do(candidacy, kind, DAYS[kind])

    assert facts(candidacy) == []


@pytest.mark.parametrize("kind", [kind for kind in DAYS if kind != "certified"])
def test_an_act_that_is_recorded_for_another_day_is_refused(district: District, kind: str) -> None:
    candidacy = district.live(kind)

    with pytest.raises(refusals.AlreadyRecorded):
        district.do(candidacy, kind, DAYS[kind] + ONE_DAY)

    assert facts(candidacy) == []


@pytest.mark.parametrize(
    ("until", "kind"),
    [
        ("certified", "sealed"),
        ("applied", "verification_asked"),
        ("sealed", "verification_closed"),
        ("verification_asked", "cell_vote"),
        ("verification_closed", "dossier_received"),
        ("cell_vote", "political_standard"),
        ("cell_vote", "dossier_returned"),
        ("dossier_received", "decided"),
        ("dossier_received", "refused"),
        ("political_standard", "decision_received"),
        ("political_standard", "ceremony"),
        ("political_standard", "consent"),
        ("decided", "struck_off"),
        ("decided", "resigned"),
    ],
)
def test_an_act_without_the_step_it_rests_on_is_refused(
    district: District, until: str, kind: str
) -> None:
    candidacy = district.live(until)

    with pytest.raises(refusals.EarlierStepMissing):
        district.do(candidacy, kind, date(2022, 12, 30))

    assert facts(candidacy) == []


def test_a_refusal_names_the_document_of_its_rule(district: District) -> None:
    candidacy = district.live("certified")

    with pytest.raises(refusals.EarlierStepMissing) as refused:
        district.do(candidacy, "sealed", DAYS["sealed"])

    assert refused.value.clause == "application-first/24-qd-tw-2021"
    assert refused.value.facts["document"] == "24-QĐ/TW"


@pytest.mark.parametrize("kind", [kind for kind in list(DAYS)[2:] if kind != "recognised"])
def test_an_act_before_the_one_it_follows_is_refused(district: District, kind: str) -> None:
    before = list(DAYS)[list(DAYS).index(kind) - 1]
    candidacy = district.live(before)
    earlier = "nominated" if kind == "applied" else before

    with pytest.raises(refusals.DaysOutOfOrder) as refused:
        district.do(candidacy, kind, DAYS[earlier] - ONE_DAY)

    assert refused.value.facts["columns"] == (f"{earlier}_on", f"{kind}_on")
    assert facts(candidacy) == []


def test_acts_of_one_day_are_in_order(district: District) -> None:
    day = date(2022, 9, 15)
    days = {kind: day for kind in DAYS if kind != "recognised"}

    candidacy = district.live("ceremony", days=days)

    assert {fact.on for fact in candidacy.facts.values()} == {day}


def test_a_certificate_after_the_vote_is_refused(district: District) -> None:
    candidacy = district.live("cell_vote")

    with pytest.raises(refusals.DaysOutOfOrder):
        district.do(candidacy, "certified", DAYS["cell_vote"] + ONE_DAY)

    assert facts(candidacy) == []


# Intake.


def test_a_dossier_that_was_sent_back_must_be_taken_in_again(district: District) -> None:
    candidacy = district.live("dossier_received")
    district.do(candidacy, "dossier_returned", date(2022, 10, 17))
    facts(candidacy)

    with pytest.raises(refusals.DossierIsReturned):
        district.do(candidacy, "political_standard", DAYS["political_standard"])
    assert facts(candidacy) == []
    district.do(candidacy, "dossier_received", date(2022, 10, 24))
    district.do(candidacy, "political_standard", DAYS["political_standard"])

    (_, received), (name, _) = facts(candidacy)
    assert (received["intake"], name) == (2, "PoliticalStandardConcluded")


def test_a_returned_dossier_seals_its_reason(district: District) -> None:
    candidacy = district.live("dossier_received")

    district.do(candidacy, "dossier_returned", date(2022, 10, 17))

    assert Candidacy.DossierReturned.sealed == ("reason",)
    assert facts(candidacy)[0][1]["reason"] == "thiếu mẫu 3-KNĐ"
    district.do(candidacy, "dossier_returned", date(2022, 10, 17))
    assert facts(candidacy) == []


def test_a_dossier_that_is_cleared_is_not_sent_back(district: District) -> None:
    candidacy = district.live("political_standard")

    with pytest.raises(refusals.AlreadyRecorded):
        district.do(candidacy, "dossier_returned", DAYS["decided"])

    assert facts(candidacy) == []


# Deciders.


@pytest.mark.parametrize("name", ["province", "district"])
def test_a_committee_above_the_unit_decides(district: District, name: str) -> None:
    candidacy = district.live("political_standard")

    candidacy.decide_admission(district.act(DAYS["decided"]), getattr(district, name))

    assert names(candidacy) == ["AdmissionDecided"]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("other", refusals.DeciderNotAbove),
        ("commune", refusals.DeciderNotCompetent),
        ("cell", refusals.DeciderNotCompetent),
    ],
)
def test_who_is_not_above_or_not_competent_does_not_decide(
    district: District, name: str, refusal: type[Refusal]
) -> None:
    candidacy = district.live("political_standard")

    with pytest.raises(refusal):
        candidacy.decide_admission(district.act(DAYS["decided"]), getattr(district, name))

    assert facts(candidacy) == []


def test_an_unknown_body_does_not_decide(district: District) -> None:
    candidacy = district.live("political_standard")

    with pytest.raises(refusals.DeciderNotAbove):
        candidacy.decide_admission(district.act(DAYS["decided"]), uuid7())

    assert facts(candidacy) == []


# Membership and its end.


def test_ceremony_and_later_facts_bear_the_age_and_the_occasion(district: District) -> None:
    candidacy = district.live("decision_received")

    candidacy.hold_ceremony(district.act(DAYS["ceremony"]), "22/12")
    district.do(candidacy, "struck_off", date(2023, 3, 1))

    for _, fact in facts(candidacy):
        assert (fact["facets"].age, fact["facets"].occasion) == ("18-30", "22/12")


def test_recognition_takes_effect_twelve_months_after_the_ceremony(district: District) -> None:
    candidacy = district.live("ceremony", days=DAYS | {"ceremony": date(2024, 2, 29)})

    district.do(candidacy, "recognised", date(2025, 3, 20))

    [(_, recognised)] = facts(candidacy)
    assert recognised["on"] == date(2025, 2, 28)
    assert recognised["decided_on"] == date(2025, 3, 20)


def test_recognition_within_probation_is_refused(district: District) -> None:
    candidacy = district.live("ceremony")

    with pytest.raises(refusals.ProbationNotOver):
        district.do(candidacy, "recognised", date(2023, 12, 4))

    assert facts(candidacy) == []


@pytest.mark.parametrize("kind", ["withdrawn", "deceased"])
def test_before_a_decision_a_candidacy_is_withdrawn_or_ends_by_death(
    district: District, kind: str
) -> None:
    candidacy = district.live("applied")

    district.do(candidacy, kind, date(2022, 8, 1))

    [fact] = candidacy.pending_events
    assert fact.releases() == (f"candidacy/{candidacy.person}",)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["withdrawn", "refused"])
def test_who_is_admitted_by_decision_neither_withdraws_nor_is_refused(
    district: District, kind: str
) -> None:
    candidacy = district.live("decided")

    with pytest.raises(refusals.AlreadyDecided):
        district.do(candidacy, kind, date(2022, 12, 1))

    assert facts(candidacy) == []


def test_a_cleared_dossier_can_be_refused(district: District) -> None:
    candidacy = district.live("political_standard")

    district.do(candidacy, "refused", DAYS["decided"])

    assert names(candidacy) == ["AdmissionRefused"]


@pytest.mark.parametrize("kind", ["struck_off", "resigned", "deceased"])
def test_a_member_leaves(district: District, kind: str) -> None:
    candidacy = district.live("ceremony")

    district.do(candidacy, kind, date(2023, 3, 1))

    assert len(facts(candidacy)) == 1


@pytest.mark.parametrize("kind", ["recognised", "deceased", "resigned"])
def test_nothing_is_done_in_a_candidacy_that_is_over(district: District, kind: str) -> None:
    candidacy = district.live("ceremony")
    district.do(candidacy, "struck_off", date(2023, 3, 1))
    facts(candidacy)

    with pytest.raises(refusals.CandidacyOver):
        district.do(candidacy, kind, date(2024, 3, 1))

    assert facts(candidacy) == []


# Units.


def test_each_act_counts_for_the_unit_of_its_day(district: District) -> None:
    candidacy = district.live("cell_vote")
    district.dissolve("C1", date(2022, 10, 5), district.other)

    district.do(candidacy, "dossier_received", DAYS["dossier_received"])

    [(_, received)] = facts(candidacy)
    assert received["unit"] == district.other
    assert candidacy.unit == district.cell


def test_an_act_on_a_day_that_no_unit_has_is_refused(district: District) -> None:
    candidacy = district.live("cell_vote")
    district.dissolve("C1", date(2022, 10, 5))

    with pytest.raises(refusals.UnitNotValidOnThatDay) as refused:
        district.do(candidacy, "dossier_received", DAYS["dossier_received"])

    assert refused.value.facts["columns"] == ("unit_code", "dossier_received_on")
    assert facts(candidacy) == []


def test_every_fact_names_who_recorded_it_and_the_rules_of_its_day(district: District) -> None:
    candidacy = district.live("ceremony")

    district.do(candidacy, "recognised", date(2025, 2, 3))

    [fact] = candidacy.pending_events
    outside: Any = fact
    assert (outside.actor, outside.document) == ("clerk", "12-QĐ/HU")
    assert outside.rule_set == BOOK.on(date(2023, 12, 5)).id == "RS-2021"


def test_carried_tallies_are_recorded_as_they_were_counted(district: District) -> None:
    candidacy = district.live("verification_closed")

    district.do(candidacy, "cell_vote", DAYS["cell_vote"])

    assert facts(candidacy)[0][1]["tally"] == CARRIED


def test_an_extension_without_document_is_refused(district: District) -> None:
    candidacy = district.live("decided")

    for kind in ("extended", "consent"):
        with pytest.raises(refusals.DocumentMissing):
            district.do(candidacy, kind, DAYS["decision_received"], by=NO_PAPER)

    assert facts(candidacy) == []
