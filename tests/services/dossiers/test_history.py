"""A row of an import: a history that is merged cell by cell into what is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from events.dossiers import Facets
from events.refusal import Refusal
from services.dossiers.domain import refusals
from services.dossiers.domain.history import Row, record_history
from tests.facts import facts, names
from tests.services.dossiers.office import DAYS, NO_PAPER, ONE_DAY, District
from tests.services.dossiers.rows import TODAY, correction, imported, record


def test_each_day_becomes_the_fact_it_names_in_the_order_of_the_journey(
    district: District,
) -> None:
    candidacy = district.opened(imported=True)
    facts(candidacy)

    record(district, candidacy, dict(reversed(DAYS.items())), class_code="L1")

    told = facts(candidacy)
    assert [name for name, _ in told] == [
        "CandidateNominated",
        "ApplicationSubmitted",
        "PersonalHistorySealed",
        "VerificationAsked",
        "VerificationNoted",
        "CertificateNoted",
        "CellVoteTaken",
        "DossierReceived",
        "PoliticalStandardConcluded",
        "AdmissionDecided",
        "DecisionReceived",
        "CeremonyHeld",
        "OfficiallyRecognised",
    ]
    assert all(fact["imported"] for _, fact in told)
    assert [fact["class_code"] for _, fact in told if "class_code" in fact] == ["L1"]


def test_a_row_is_recorded_as_the_same_acts_are_live(district: District) -> None:
    row, live = imported(district), district.live("recognised")

    assert {fact.fact: (fact.on, fact.facets, fact.unit) for fact in row.facts.values()} == {
        fact.fact: (fact.on, fact.facets, fact.unit) for fact in live.facts.values()
    }
    assert row.clocks == live.clocks


def test_the_same_row_again_changes_nothing(district: District) -> None:
    candidacy = imported(district, left_kind="struck_off", left_on=date(2024, 1, 5))

    record(district, candidacy, DAYS, left_kind="struck_off", left_on=date(2024, 1, 5))
    record(district, candidacy, {})

    assert facts(candidacy) == []


def test_a_later_row_completes_what_was_unknown(district: District) -> None:
    candidacy = imported(district, "nominated", "ceremony")

    record(district, candidacy, {"decided": DAYS["decided"]})

    assert names(candidacy) == ["AdmissionDecided"]


def test_what_differs_is_refused_naming_every_column(district: District) -> None:
    candidacy = imported(district)

    with pytest.raises(refusals.DiffersFromRecorded) as refused:
        record(
            district,
            candidacy,
            {"applied": DAYS["applied"] + ONE_DAY, "recognised": DAYS["recognised"] + ONE_DAY},
            unit=district.other,
            differing=("sex",),
        )

    assert refused.value.facts["columns"] == ("sex", "unit_code", "applied_on", "recognised_on")
    assert facts(candidacy) == []


def test_what_differs_is_corrected_when_the_row_says_so(district: District) -> None:
    candidacy = imported(district)
    day = DAYS["ceremony"] + ONE_DAY

    record(district, candidacy, {"ceremony": day}, **correction())

    [(name, corrected)] = facts(candidacy)
    assert (name, corrected["fact"], corrected["reason"]) == (
        "FactCorrected",
        "ceremony",
        "ghi nhầm",
    )
    assert {(each.fact, each.on) for each in corrected["standing"]} == {
        ("ceremony", day),
        ("recognised", date(2023, 12, 6)),
    }
    assert {each.clock for each in corrected["deadlines"]} == {"probation", "recognition_vote"}


@pytest.mark.parametrize("missing", ["reason", "document"])
def test_a_correction_needs_reason_and_document(district: District, missing: str) -> None:
    candidacy = imported(district)
    act = district.act(TODAY)
    row = Row(
        unit=candidacy.unit,
        acts={"ceremony": DAYS["ceremony"] + ONE_DAY},
        facets=candidacy.facets,
        correct=True,
        reason=None if missing == "reason" else "ghi nhầm",
    )

    with pytest.raises((refusals.ReasonMissing, refusals.DocumentMissing)):
        record_history(candidacy, row, replace(act, by=NO_PAPER) if missing == "document" else act)

    assert facts(candidacy) == []


def test_a_corrected_unit_is_that_of_every_fact(district: District) -> None:
    candidacy = imported(district)

    record(district, candidacy, {}, unit=district.other, **correction())

    [(name, corrected)] = facts(candidacy)
    assert name == "CandidacyUnitCorrected"
    assert {each.unit for each in corrected["standing"]} == {district.other}
    assert len(corrected["standing"]) == len(DAYS)


def test_facets_that_become_known_are_those_of_every_fact(district: District) -> None:
    candidacy = imported(district)

    record(district, candidacy, {}, facets=Facets(sex="female", occasion="22/12"))

    [(name, completed)] = facts(candidacy)
    assert name == "FacetsCorrected"
    assert [each.fact for each in completed["standing"]] == ["ceremony", "recognised"]


def test_a_class_that_becomes_known_is_noted_on_the_certificate(district: District) -> None:
    candidacy = imported(district)

    record(district, candidacy, {}, class_code="L1")
    assert [each.class_code for each in facts(candidacy)[0][1]["standing"]] == ["L1"]
    with pytest.raises(refusals.DiffersFromRecorded):
        record(district, candidacy, {}, class_code="L2")

    assert facts(candidacy) == []


def test_another_kind_of_leaving_takes_the_place_of_the_recorded_one(district: District) -> None:
    day = date(2024, 1, 5)
    candidacy = imported(district, left_kind="struck_off", left_on=day)

    record(district, candidacy, {}, left_kind="resigned", **correction())

    (gone, retracted), (left, resigned) = facts(candidacy)
    assert (gone, left) == ("FactRetracted", "ResignationAccepted")
    assert "reopened" not in retracted
    assert resigned["on"] == day


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ({"left_kind": "deceased"}, refusals.LeftDayMissing),
        ({"left_on": date(2024, 1, 5)}, refusals.LeftKindMissing),
        ({"left_kind": "fled", "left_on": date(2024, 1, 5)}, refusals.UnknownAct),
    ],
)
def test_leaving_has_a_kind_and_a_day(
    district: District, row: dict[str, Any], refusal: type[Refusal]
) -> None:
    candidacy = imported(district)

    with pytest.raises(refusal):
        record(district, candidacy, {}, **row)

    assert facts(candidacy) == []


def test_an_act_that_no_column_names_is_refused(district: District) -> None:
    candidacy = district.opened(imported=True)
    facts(candidacy)

    with pytest.raises(refusals.UnknownAct):
        record(district, candidacy, {"dossier_returned": TODAY})

    assert facts(candidacy) == []


# Order.

ORDER = [kind for kind in DAYS if kind != "certified"]


@pytest.mark.parametrize(("first", "then"), list(pairwise(ORDER)))
def test_days_out_of_order_are_refused_naming_both_columns(
    district: District, first: str, then: str
) -> None:
    candidacy = district.opened(imported=True)
    facts(candidacy)

    with pytest.raises(refusals.DaysOutOfOrder) as refused:
        record(district, candidacy, {first: date(2022, 5, 4), then: date(2022, 5, 3)})

    assert refused.value.facts["columns"] == (f"{first}_on", f"{then}_on")
    assert facts(candidacy) == []


def test_a_certificate_lies_before_the_vote_and_nowhere_else(district: District) -> None:
    late = {"certified": date(2022, 5, 4)}
    candidacy = district.opened(imported=True)
    record(district, candidacy, late | {"verification_closed": date(2022, 5, 3)})
    facts(candidacy)

    with pytest.raises(refusals.DaysOutOfOrder) as refused:
        record(district, candidacy, {"cell_vote": date(2022, 5, 3)})

    assert refused.value.facts["columns"] == ("certified_on", "cell_vote_on")
    assert facts(candidacy) == []


def test_the_merged_history_is_checked_and_not_the_row(district: District) -> None:
    candidacy = imported(district, "nominated", "ceremony")

    with pytest.raises(refusals.DaysOutOfOrder):
        record(district, candidacy, {"decided": DAYS["ceremony"] + ONE_DAY})

    assert facts(candidacy) == []


def test_days_that_are_equal_are_in_order(district: District) -> None:
    candidacy = district.opened(imported=True)
    day = date(2022, 5, 4)

    record(district, candidacy, dict.fromkeys(DAYS, day), left_kind="deceased", left_on=day)

    assert len(candidacy.facts) == len(DAYS) + 1


def test_leaving_is_last(district: District) -> None:
    candidacy = district.opened(imported=True)
    facts(candidacy)

    with pytest.raises(refusals.DaysOutOfOrder) as refused:
        record(
            district,
            candidacy,
            {"ceremony": DAYS["ceremony"]},
            left_kind="struck_off",
            left_on=DAYS["ceremony"] - ONE_DAY,
        )

    assert refused.value.facts["columns"] == ("ceremony_on", "left_on")
    assert facts(candidacy) == []


@pytest.mark.parametrize("kind", ["withdrawn", "refused"])
@pytest.mark.parametrize("step", ["decided", "decision_received", "ceremony", "recognised"])
def test_who_was_admitted_was_neither_withdrawn_nor_refused(
    district: District, kind: str, step: str
) -> None:
    candidacy = district.opened(imported=True)
    facts(candidacy)

    with pytest.raises(refusals.AlreadyDecided) as refused:
        record(district, candidacy, {step: DAYS[step]}, left_kind=kind, left_on=TODAY)

    assert refused.value.facts["columns"] == (f"{step}_on", "left_kind")
    assert facts(candidacy) == []


@pytest.mark.parametrize("kind", ["cell_vote", "ceremony"])
def test_under_eighteen_at_the_vote_or_else_the_ceremony_is_refused(
    district: District, kind: str
) -> None:
    candidacy = district.opened(imported=True)
    facts(candidacy)
    month = DAYS[kind].replace(year=2004, day=1)

    with pytest.raises(refusals.UnderAge) as refused:
        record(district, candidacy, {kind: DAYS[kind]}, birth=month + timedelta(days=31))
    assert refused.value.facts["columns"] == ("birth_date", f"{kind}_on")
    assert facts(candidacy) == []
    record(district, candidacy, {kind: DAYS[kind]}, birth=month.replace(day=28))

    assert len(facts(candidacy)) == 1


# Recognition and units.


def test_recognition_is_of_the_day_the_ceremony_gives_and_keeps_the_day_told(
    district: District,
) -> None:
    candidacy = imported(district)

    recognised = next(fact for fact in candidacy.facts.values() if fact.fact == "recognised")
    assert (recognised.on, recognised.decided_on) == (date(2023, 12, 5), DAYS["recognised"])


def test_without_known_ceremony_recognition_is_of_the_day_told_until_it_is_known(
    district: District,
) -> None:
    candidacy = imported(district, "recognised")
    [recognised] = candidacy.facts.values()
    assert recognised.on == DAYS["recognised"]

    record(district, candidacy, {"ceremony": DAYS["ceremony"]})

    [(_, ceremony)] = facts(candidacy)
    assert [(each.fact, each.on) for each in ceremony["standing"]] == [
        ("recognised", date(2023, 12, 5)),
    ]


def test_each_act_of_a_row_counts_for_the_unit_of_its_day(district: District) -> None:
    district.dissolve("C1", date(2022, 10, 31), district.other)

    candidacy = imported(district)

    units = {fact.fact: fact.unit for fact in candidacy.facts.values()}
    assert units["dossier_received"] == district.cell
    assert units["political_standard"] == units["recognised"] == district.other


def test_an_act_that_no_unit_takes_is_refused_naming_its_column(district: District) -> None:
    district.dissolve("C1", date(2022, 10, 31))
    candidacy = district.opened(imported=True)
    facts(candidacy)

    with pytest.raises(refusals.UnitNotValidOnThatDay) as refused:
        record(district, candidacy, DAYS)

    assert refused.value.facts["columns"] == ("unit_code", "political_standard_on")
    assert facts(candidacy) == []


def test_a_row_completes_what_was_recorded_live(district: District) -> None:
    candidacy = district.live("applied")

    record(district, candidacy, {"sealed": DAYS["sealed"]})

    assert names(candidacy) == ["PersonalHistorySealed"]
