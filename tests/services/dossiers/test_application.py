"""Commands on a real ledger: people, attempts, claims, rows, corrections."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from events.days import DayToCome
from events.dossiers import Facets
from infra.feed import opened
from services.dossiers.application import (
    AskVerification,
    ConcludePoliticalStandard,
    CorrectCandidacyUnit,
    CorrectFacet,
    CorrectFact,
    DecideAdmission,
    ExtendDecisionPeriod,
    HoldCeremony,
    NoteCertificate,
    NoteVerification,
    ReceiveDecision,
    ReceiveDossier,
    RecogniseOfficially,
    RecordDeath,
    RegisterUnit,
    RetractFact,
    ReturnDossier,
    SealPersonalHistory,
    StrikeOff,
    SubmitApplication,
    TakeCellVote,
    WithdrawCandidacy,
)
from services.dossiers.commands import ActOn
from services.dossiers.domain import refusals
from tests.services.dossiers.desk import NAME, TODAY, UNKNOWN, Office
from tests.services.dossiers.office import BIRTH, BOOK, BY, DAYS

# People and attempts.


def test_a_nomination_registers_the_person_and_opens_a_candidacy(office: Office) -> None:
    positions = office.app.perform(office.nominate())

    assert office.recorded(*positions) == [
        "PersonRegistered",
        "CandidacyOpened",
        "CandidateNominated",
    ]


def test_the_same_nomination_again_changes_nothing(office: Office) -> None:
    office.app.perform(office.nominate())

    assert office.app.perform(office.nominate()) == ()


def test_a_person_has_one_open_candidacy(office: Office) -> None:
    office.app.perform(office.nominate())

    office.refused(office.nominate(on=date(2022, 4, 1)), refusals.CandidacyOpenAlready)


def test_after_leaving_a_person_may_be_nominated_again(office: Office) -> None:
    office.app.perform(office.nominate())
    [first] = office.candidacies()
    office.app.perform(WithdrawCandidacy(candidacy=first, on=date(2022, 4, 1), by=BY))

    office.refused(office.nominate(on=date(2022, 3, 15)), refusals.DaysOutOfOrder)
    office.app.perform(office.nominate(on=date(2022, 5, 4)))

    assert office.candidacies()[0] == first
    assert len(office.candidacies()) == 2


def test_an_end_cannot_be_retracted_while_another_candidacy_is_open(office: Office) -> None:
    office.app.perform(office.nominate())
    [first] = office.candidacies()
    office.app.perform(WithdrawCandidacy(candidacy=first, on=date(2022, 4, 1), by=BY))
    office.app.perform(office.nominate(on=date(2022, 5, 4)))

    office.refused(
        RetractFact(candidacy=first, on=TODAY, fact="withdrawn", reason="nhầm", by=BY),
        refusals.CandidacyOpenAlready,
    )


def test_a_reference_is_needed(office: Office) -> None:
    office.refused(office.row(person_ref=" "), refusals.PersonRefMissing)


def test_details_that_become_known_are_recorded_and_others_are_refused(office: Office) -> None:
    office.app.perform(office.row(birth_date=None))

    done = office.recorded(*office.app.perform(office.row(religion="Phật giáo")))
    assert done == ["PersonDetailsRecorded", "FacetsCorrected"]
    office.refused(
        office.row(birth_date=date(1996, 1, 1), religion="Không"), refusals.DiffersFromRecorded
    )
    corrected = office.row(birth_date=date(1990, 1, 1), correct=True, reason="nhầm")

    assert office.recorded(*office.app.perform(corrected)) == [
        "PersonDetailsRecorded",
        "FacetsCorrected",
    ]
    [candidacy] = office.candidacies()
    assert {fact.facets.age for fact in office.app.standing(candidacy).values()} == {None, "31-40"}
    assert {fact.facets.religious for fact in office.app.standing(candidacy).values()} == {True}


def test_two_references_with_one_name_and_birth_date_are_a_finding(office: Office) -> None:
    office.app.perform_all([office.row(), office.row(person_ref="P2", full_name=NAME.upper())])

    [candidacy] = office.candidacies("P2")
    assert same_name(office, candidacy) == ["nominated"]
    office.app.perform(
        office.row(person_ref="P2", full_name="Trần Thị Khác", correct=True, reason="nhầm")
    )
    assert same_name(office, candidacy) == []


def same_name(office: Office, candidacy: UUID) -> list[str]:
    return [
        fact.fact
        for fact in office.app.standing(candidacy).values()
        for finding in fact.findings
        if finding.kind == "same-name-and-birth-date"
    ]


def test_a_name_that_becomes_known_changes_no_fact(office: Office) -> None:
    office.app.perform(office.row(full_name=None))

    positions = office.app.perform(office.row())

    assert office.recorded(*positions) == ["PersonDetailsRecorded"]


def test_a_nomination_that_tells_other_details_is_refused(office: Office) -> None:
    office.app.perform(office.nominate())

    office.refused(office.nominate(full_name="Khác"), refusals.DiffersFromRecorded)


def test_details_are_read_on_record(office: Office) -> None:
    office.app.perform(office.row())
    person = office.app.person("P1")
    assert person

    details = office.app.details(person, actor="auditor", purpose="kiểm tra")

    assert (details.full_name, details.birth_date) == (NAME, BIRTH)
    assert [(read.actor, read.person) for read in office.keys.reads()] == [("auditor", person)]


# Rows.


def test_every_fact_names_who_recorded_it_and_the_rules_of_its_day(office: Office) -> None:
    office.app.perform(office.row())

    for row in office.ledger.read(0, 1000):
        fact = opened("dossiers", row).fact
        assert fact.actor == "clerk"
        assert fact.rule_set == BOOK.on(fact.on).id


def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    rows = [
        office.row(person_ref=f"P{n}", full_name=f"Người {n}", facets=Facets(ethnic_group="kinh"))
        for n in range(5)
    ]
    rows.append(
        office.row(
            person_ref="L",
            acts={"nominated": DAYS["nominated"]},
            left_kind="withdrawn",
            left_on=TODAY,
        )
    )

    first, second = office.app.perform_all(rows), office.app.perform_all(rows)

    assert all(isinstance(outcome, tuple) and outcome for outcome in first)
    assert second == [()] * len(rows)


def test_a_row_after_the_end_of_an_attempt_tells_of_another_one(office: Office) -> None:
    left = {"left_kind": "withdrawn", "left_on": date(2018, 6, 1)}
    first = office.row(acts={"nominated": date(2018, 1, 2)}, **left)

    office.app.perform_all([first, office.row()])

    assert len(office.candidacies()) == 2
    assert office.app.perform_all([first, office.row()]) == [(), ()]


def test_rows_of_earlier_attempts_are_corrected_where_they_belong(office: Office) -> None:
    left = {"left_kind": "withdrawn", "left_on": date(2018, 6, 1)}
    first = office.row(acts={"nominated": date(2018, 1, 2)}, **left)
    office.app.perform_all([first, office.row()])

    positions = office.app.perform(
        replace(first, acts={"nominated": date(2018, 1, 3)}, correct=True, reason="nhầm")
    )

    assert office.recorded(*positions) == ["FactCorrected"]
    nominated = office.app.standing(office.candidacies()[0])[2]
    assert (nominated.fact, nominated.on) == ("nominated", date(2018, 1, 3))


def test_a_row_without_any_day_opens_a_candidacy_with_nothing_done(office: Office) -> None:
    positions = office.app.perform(office.row(acts={}))

    assert office.recorded(*positions) == ["PersonRegistered", "CandidacyOpened"]
    assert office.app.perform(office.row(acts={})) == ()


@pytest.mark.parametrize(
    ("told", "referred"),
    [
        (Facets(referred_by="MT"), True),
        (Facets(referral_round="đợt 1"), True),
        (Facets(referred_by="C2"), False),
        (Facets(referred_by="Ông A"), False),
        (Facets(), False),
    ],
)
def test_referred_is_who_comes_from_a_mass_organisation_or_in_a_round(
    office: Office, told: Facets, *, referred: bool
) -> None:
    office.app.perform(office.row(facets=told))

    [candidacy] = office.candidacies()
    assert {fact.facets.referred for fact in office.app.standing(candidacy).values()} == {referred}


def test_ethnic_groups_bear_their_official_names(office: Office) -> None:
    office.app.perform(office.row(facets=Facets(ethnic_group="tay")))

    [candidacy] = office.candidacies()
    nominated = office.app.standing(candidacy)[2]
    assert (nominated.facets.ethnic_group, nominated.facets.ethnic_minority) == ("Tày", True)
    assert office.app.perform(office.row(facets=Facets(ethnic_group="Tày"))) == ()


def test_a_unit_that_does_not_exist_or_admits_nobody_is_refused(office: Office) -> None:
    office.refused(office.row(unit=UNKNOWN), refusals.UnknownUnit)
    office.refused(office.row(unit=office.front), refusals.UnitDoesNotAdmit)
    office.refused(office.nominate(unit=office.front), refusals.UnitDoesNotAdmit)


# Acts and corrections, each by its command.


def test_a_journey_is_recorded_command_by_command(office: Office) -> None:
    office.app.perform(office.nominate())
    [candidacy] = office.candidacies()
    told: dict[type[ActOn], dict[str, Any]] = {
        NoteCertificate: {"class_code": "L1"},
        TakeCellVote: {"official_members": 9, "present": 9, "in_favour": 6},
        DecideAdmission: {"decider": office.district},
        HoldCeremony: {"occasion": "22/12"},
    }
    journey = [
        (NoteCertificate, "certified"),
        (SubmitApplication, "applied"),
        (SealPersonalHistory, "sealed"),
        (AskVerification, "verification_asked"),
        (NoteVerification, "verification_closed"),
        (TakeCellVote, "cell_vote"),
        (ReceiveDossier, "dossier_received"),
        (ConcludePoliticalStandard, "political_standard"),
        (DecideAdmission, "decided"),
        (ReceiveDecision, "decision_received"),
        (HoldCeremony, "ceremony"),
        (RecogniseOfficially, "recognised"),
        (StrikeOff, "struck_off"),
    ]

    for command, kind in journey:
        on = DAYS.get(kind, TODAY)
        office.app.perform(command(candidacy=candidacy, on=on, by=BY, **told.get(command, {})))

    assert [fact.fact for fact in office.app.standing(candidacy).values()] == [
        "nominated",
        *(kind for _, kind in journey),
    ]


def test_a_dossier_goes_back_and_the_decision_gets_more_time(office: Office) -> None:
    office.app.perform(office.row(acts={k: DAYS[k] for k in list(DAYS)[:8]}))
    [candidacy] = office.candidacies()

    done = [
        office.app.perform(command)
        for command in (
            ReturnDossier(candidacy=candidacy, on=DAYS["dossier_received"], reason="x", by=BY),
            ExtendDecisionPeriod(candidacy=candidacy, on=TODAY, working_days=30, by=BY),
        )
    ]

    assert [office.recorded(*positions) for positions in done] == [
        ["DossierReturned"],
        ["DecisionPeriodExtended"],
    ]


def test_every_kind_of_correction_is_a_command(office: Office) -> None:
    office.app.perform(office.row())
    [candidacy] = office.candidacies()
    why: dict[str, Any] = {"candidacy": candidacy, "on": TODAY, "reason": "nhầm", "by": BY}

    done = [
        office.app.perform(command)
        for command in (
            CorrectFact(fact="ceremony", day=date(2022, 12, 6), **why),
            CorrectFacet(name="referral_round", value="đợt 2", **why),
            CorrectCandidacyUnit(unit=office.other, **why),
            RetractFact(fact="recognised", **why),
        )
    ]

    assert [office.recorded(*positions) for positions in done] == [
        ["FactCorrected"],
        ["FacetsCorrected"],
        ["CandidacyUnitCorrected"],
        ["FactRetracted"],
    ]
    standing = office.app.standing(candidacy).values()
    assert all(fact.facets.referred for fact in standing)
    assert {fact.unit for fact in standing} == {office.other}


def test_an_unknown_candidacy_is_refused(office: Office) -> None:
    office.refused(RecordDeath(candidacy=UNKNOWN, on=TODAY, by=BY), refusals.UnknownCandidacy)


# Days that are still to come.


def test_an_act_cannot_lie_after_the_day_on_which_it_is_recorded(office: Office) -> None:
    tomorrow = TODAY + timedelta(1)
    office.refused(office.nominate(on=tomorrow), DayToCome)
    assert office.app.perform(office.nominate(on=TODAY))
    (candidacy,) = office.candidacies()

    submit = SubmitApplication(candidacy=candidacy, on=tomorrow, by=BY)

    office.refused(submit, DayToCome)
    assert office.app.perform(replace(submit, on=TODAY))
    office.refused(
        CorrectFact(candidacy=candidacy, on=TODAY, fact="applied", day=tomorrow, reason="x", by=BY),
        DayToCome,
    )


def test_imported_acts_lie_in_the_past_of_their_import_and_name_their_column(
    office: Office,
) -> None:
    with pytest.raises(DayToCome) as refused:
        office.app.perform(office.row(acts={"ceremony": TODAY + timedelta(1)}))

    assert refused.value.facts["columns"] == ("ceremony_on",)
    office.refused(
        office.row(acts={}, left_kind="withdrawn", left_on=TODAY + timedelta(1)),
        DayToCome,
    )


def test_a_unit_may_be_registered_ahead(office: Office) -> None:
    ahead = RegisterUnit(unit=uuid7(), on=date(2030, 1, 1), code="N", name="N", kind="cell", by=BY)

    assert office.app.perform(ahead)
