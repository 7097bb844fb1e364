"""Synthetic people: their acts follow the journey, on working days, within the clocks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from events.calendar import add_months
from events.rulebook import rulebook

Row = dict[str, str]

_BACKWARDS = (
    ("decision_received_on", 3, 14),
    ("decided_on", 1, 4),
    ("political_standard_on", 3, 9),
    ("dossier_received_on", 2, 8),
    ("cell_vote_on", 4, 12),
    ("verification_closed_on", 2, 7),
    ("verification_asked_on", 9, 25),
    ("sealed_on", 1, 3),
    ("applied_on", 3, 9),
)
"""Each act before the ceremony, and how many working days at least and at most lie between it
and the act that follows."""

_ETHNIC_GROUPS = ("Kinh",) * 18 + ("Tày", "Hoa")
_RELIGIONS = ("không",) * 14 + ("Phật giáo", "Công giáo")
OCCUPATIONS = ("cán bộ", "công chức", "viên chức", "người lao động", "nông dân")
SOURCES = ("thanh niên", "khu dân cư", "trường học", "y tế", "doanh nghiệp")


@dataclass(slots=True)
class People:
    """Makes the people of one organisation, numbered in the order in which they are asked for."""

    prefix: str
    place: str
    chance: random.Random
    occupations: Sequence[str]
    sources: Sequence[str]
    rows: list[Row] = field(default_factory=list)
    made: int = 0

    def add(self, acts: Mapping[str, date], **known: str) -> Row:
        """Add a person with these acts; what is not known of the person is drawn."""
        self.made += 1
        number = self.made
        youth = known.get("youth_union") or self.chance.choice(("yes", "no"))
        row = {
            "person_ref": f"SYN-{self.prefix}-{number:04}",
            "full_name": f"Tổng hợp {self.place} {number:04}",
            "sex": self.chance.choice(("female", "male")),
            "ethnic_group": self.chance.choice(_ETHNIC_GROUPS),
            "religion": self.chance.choice(_RELIGIONS),
            "youth_union": youth,
            "occupation": self.chance.choice(self.occupations),
            "source_group": self.chance.choice(self.sources),
            "birth_date": self._birth(max(acts.values()), young=youth == "yes").isoformat(),
        }
        row |= {column: day.isoformat() for column, day in acts.items()} | known
        self.rows.append(row)
        return row

    def journey(
        self,
        ceremony: date,
        *,
        nominated: date | None = None,
        received_from: date = date.min,
    ) -> dict[str, date]:
        """Return the acts of a person admitted on that day, from the nomination to the ceremony.

        The slowest steps are hurried until the application follows the nomination and the
        dossier is received no earlier than asked.
        """
        for slack in (1.0, 0.5, 0.2, 0.0):
            acts = self._backwards(ceremony, slack)
            if acts["dossier_received_on"] >= received_from and (
                nominated is None or acts["applied_on"] >= nominated
            ):
                break
        else:
            raise ValueError(f"no journey ends on {ceremony}: {nominated}, {received_from}")
        first = nominated or work_before(acts["applied_on"], self.chance.randint(30, 130))
        certified = work_before(acts["applied_on"], self.chance.randint(5, 25))
        return {"nominated_on": first, "certified_on": certified, **acts}

    def _backwards(self, ceremony: date, slack: float) -> dict[str, date]:
        acts = {"ceremony_on": ceremony}
        day = ceremony
        for column, least, most in _BACKWARDS:
            day = work_before(
                day, self.chance.randint(least, least + round(slack * (most - least)))
            )
            acts[column] = day
        return dict(reversed(acts.items()))

    def _birth(self, on: date, *, young: bool) -> date:
        years = self.chance.randint(21, 29) if young else self.chance.randint(31, 52)
        return date(on.year - years, 1, 1) + timedelta(days=self.chance.randrange(365))


def until(acts: Mapping[str, date], last: date) -> dict[str, date]:
    """Return the acts up to a day: a journey that is still under way then."""
    return {column: day for column, day in acts.items() if day <= last}


def recognised(acts: Mapping[str, date], last: date) -> dict[str, date]:
    """Return the acts with official recognition 12 months after the ceremony, if by that day."""
    day = add_months(acts["ceremony_on"], 12)
    return dict(acts) | ({"recognised_on": day} if day <= last else {})


def work_days(first: date, last: date) -> list[date]:
    """Return the working days from one day to another."""
    return [day for day in _days(first, last) if rulebook().working_days.is_working_day(day)]


def work_before(day: date, count: int) -> date:
    """Return the working day that lies this many working days before."""
    while count:
        day -= timedelta(days=1)
        count -= rulebook().working_days.is_working_day(day)
    return day


def spread(total: int, parts: int, chance: random.Random, *, least: int = 0) -> list[int]:
    """Split a total into parts of at least `least`, near each other, that add up to it."""
    weights = [chance.uniform(0.6, 1.4) for _ in range(parts)]
    rest = total - least * parts
    sizes = [least + int(rest * weight / sum(weights)) for weight in weights]
    for place in chance.sample(range(parts), total - sum(sizes)):
        sizes[place] += 1
    return sizes


def marks(total: int, chosen: int, chance: random.Random) -> list[bool]:
    """Return `total` marks in random order, `chosen` of them set."""
    drawn = [True] * chosen + [False] * (total - chosen)
    chance.shuffle(drawn)
    return drawn


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
