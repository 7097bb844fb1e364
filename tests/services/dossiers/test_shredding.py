"""A person who is shredded: counted as before, and gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from events.envelope import By
from services.dossiers.application import CorrectFact, ShredPerson
from services.dossiers.domain import refusals
from tests.services.dossiers.desk import TODAY, UNKNOWN, Office
from tests.services.dossiers.office import BY


def test_a_shredded_person_cannot_come_back_and_counts_as_before(office: Office) -> None:
    office.app.perform(office.row())
    [candidacy] = office.candidacies()
    person = office.app.person("P1")
    before = office.app.standing(candidacy)
    assert person

    office.app.shred_person(ShredPerson(on=TODAY, person_ref="P1", by=BY))

    assert office.app.standing(candidacy) == before
    assert office.app.details(person, actor="a", purpose="b").full_name is None
    assert office.app.person("P1") is None
    office.refused(office.row(), refusals.PersonShredded)
    office.refused(office.nominate(), refusals.PersonShredded)


def test_a_shredding_that_was_interrupted_is_ended_by_saying_it_again(office: Office) -> None:
    office.app.perform(office.row())
    person = office.app.person("P1")
    assert person
    office.keys.entomb(office.keys.reference("P1"), person)
    office.app.perform(ShredPerson(on=TODAY, person=person, by=BY))

    office.app.shred_person(ShredPerson(on=TODAY, person_ref="P1", by=BY))

    assert person not in office.keys
    assert office.keys.unfinished() == []


def test_a_person_is_shredded_once_by_id_or_by_reference(office: Office) -> None:
    office.app.perform(office.row())
    person = office.app.person("P1")
    command = ShredPerson(on=TODAY, person=person, by=BY)

    assert office.recorded(*office.app.shred_person(command)) == ["PersonShredded"]
    assert office.app.shred_person(command) == ()
    assert office.app.shred_person(replace(command, person=None, person_ref="P1")) == ()


def test_an_unknown_person_cannot_be_shredded(office: Office) -> None:
    for told in ({"person_ref": "P9"}, {"person": UNKNOWN}, {}):
        with pytest.raises(refusals.UnknownPerson):
            office.app.shred_person(ShredPerson(on=TODAY, by=By(actor="clerk"), **told))


def test_a_candidacy_of_a_shredded_person_is_corrected_with_its_band_of_age_as_it_was(
    office: Office,
) -> None:
    office.app.perform(office.row())
    [candidacy] = office.candidacies()
    office.app.shred_person(ShredPerson(on=TODAY, person_ref="P1", by=BY))

    office.app.perform(
        CorrectFact(
            candidacy=candidacy,
            on=TODAY,
            fact="ceremony",
            day=date(2022, 12, 6),
            reason="nhầm",
            by=BY,
        )
    )

    facts = office.app.standing(candidacy).values()
    [ceremony] = [fact for fact in facts if fact.fact == "ceremony"]
    assert (ceremony.on, ceremony.facets.age) == (date(2022, 12, 6), "18-30")
