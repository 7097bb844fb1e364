"""People: what is known of them, and how what is told is merged into it."""

from __future__ import annotations

from datetime import date

import pytest
from uuid_utils.compat import uuid7

from services.dossiers.domain.people import Details, Person
from tests.facts import facts
from tests.services.dossiers.office import BOOK, BY

TODAY = date(2024, 6, 3)
KNOWN = Details(full_name="Nguyễn Văn Mẫu", birth_date=date(1995, 5, 17))


def registered(details: Details = KNOWN) -> Person:
    person = Person.register(
        uuid7(),
        TODAY,
        BY,
        reference="r",
        person_ref="P1",
        details=details,
        likeness="l",
        book=BOOK,
    )
    person.collect_events()
    return person


def test_everything_that_is_told_of_a_person_is_sealed() -> None:
    person = Person.register(
        uuid7(), TODAY, BY, reference="r", person_ref="P1", details=KNOWN, likeness="l", book=BOOK
    )

    [(_, told)] = facts(person)

    assert set(told) - {"on"} <= set(Person.PersonRegistered.sealed)


def test_details_are_recorded_when_they_are_not_what_they_were() -> None:
    person = registered()
    more = KNOWN.completed(Details(religion="Không"))

    person.record_details(TODAY, BY, KNOWN, likeness="l", reason=None, book=BOOK)
    person.record_details(TODAY, BY, more, likeness="l", reason=None, book=BOOK)

    [(name, told)] = facts(person)
    assert (name, told["full_name"], told["religion"]) == (
        "PersonDetailsRecorded",
        KNOWN.full_name,
        "Không",
    )
    assert person.details == more


def test_another_name_gives_the_likeness_of_the_former_one_back() -> None:
    person = registered()

    person.record_details(
        TODAY, BY, Details(full_name="Khác"), likeness=None, reason="nhầm", book=BOOK
    )

    [fact] = person.pending_events
    assert fact.releases() == ("likeness/l",)  # type: ignore[attr-defined]


def test_shredding_gives_every_claim_back_once() -> None:
    person = registered()

    person.shred(TODAY, BY, BOOK)
    person.shred(TODAY, BY, BOOK)

    [fact] = person.pending_events
    assert fact.releases() == ("person/r", "likeness/l")  # type: ignore[attr-defined]


def test_only_what_both_know_can_differ() -> None:
    told = Details(birth_date=date(1995, 5, 18), religion="Không")

    assert KNOWN.differing(told) == ("birth_date",)
    assert KNOWN.completed(Details()) == KNOWN


@pytest.mark.parametrize(
    ("religion", "religious"),
    [(None, None), ("Không", False), ("khong", False), ("none", False), ("Phật giáo", True)],
)
def test_religious_is_who_has_a_religion(religion: str | None, *, religious: bool | None) -> None:
    assert Details(religion=religion).religious is religious
