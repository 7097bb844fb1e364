"""A district with its cells, and a candidacy brought as far as a test needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from events.dossiers import Facets, Tally
from events.envelope import By, Fact
from events.rulebook import rulebook
from services.dossiers.domain.candidacy import Candidacy
from services.dossiers.domain.readings import Act
from services.dossiers.domain.tree import Tree
from services.dossiers.domain.units import Unit

BOOK = rulebook()
BY = By(actor="clerk", document="12-QĐ/HU")
NO_PAPER = By(actor="clerk")
BIRTH = date(1995, 5, 17)
ONE_DAY = timedelta(days=1)

DAYS: dict[str, date] = {
    "nominated": date(2022, 3, 1),
    "certified": date(2022, 6, 1),
    "applied": date(2022, 7, 1),
    "sealed": date(2022, 7, 15),
    "verification_asked": date(2022, 7, 20),
    "verification_closed": date(2022, 9, 15),
    "cell_vote": date(2022, 10, 3),
    "dossier_received": date(2022, 10, 10),
    "political_standard": date(2022, 11, 1),
    "decided": date(2022, 11, 15),
    "decision_received": date(2022, 11, 18),
    "ceremony": date(2022, 12, 5),
    "recognised": date(2023, 12, 20),
}
CARRIED = Tally(official_members=20, present=17, in_favour=14)
LOST = Tally(official_members=20, present=17, in_favour=13)


class District:
    """A district committee with two cells, a youth union and a training centre."""

    def __init__(self) -> None:
        self.tree = Tree()
        self.province = self.unit("P", "provincial_committee")
        self.district = self.unit("D", "district_committee", parent=self.province)
        self.commune = self.unit("X", "grassroots_cell", parent=self.district)
        self.cell = self.unit("C1", "cell", parent=self.commune)
        self.other = self.unit("C2", "cell", parent=self.district)
        self.front = self.unit("MT", "mass_organisation", parent=self.district)
        self.centre = self.unit("TT", "training_centre", parent=self.district)

    def unit(
        self, code: str, kind: str, *, parent: UUID | None = None, since: date = date.min
    ) -> UUID:
        """Register a unit and return its id."""
        unit = Unit.register(
            uuid7(),
            since,
            BY,
            code=code,
            name=code,
            kind=kind,
            parent=parent,
            sector=None,
            tree=self.tree,
            book=BOOK,
        )
        return self.learn(unit)

    def learn(self, unit: Unit) -> UUID:
        """Have what a unit recorded in the tree."""
        for fact in unit.collect_events():
            assert isinstance(fact, Fact)
            self.tree.apply(fact)
        return unit.id

    def dissolve(self, code: str, last: date, *successors: UUID) -> None:
        """End a unit."""
        unit = self.tree.with_code(code)[0]
        self.learn(ended := self.aggregate(unit))
        ended.dissolve(last, BY, successors, self.tree, BOOK)
        self.learn(ended)

    def aggregate(self, unit: UUID) -> Unit:
        """Return a unit as its facts tell of it."""
        found: Unit | None = None
        for fact in self.tree.lives[unit].facts.values():
            found = fact.mutate(found)
        assert found is not None
        return found

    def act(self, on: date, *, by: By = BY, birth: date | None = BIRTH) -> Act:
        """Return an act of a day."""
        return Act(on=on, by=by, book=BOOK, tree=self.tree, birth=birth)

    def opened(
        self, *, unit: UUID | None = None, imported: bool = False, facets: Facets | None = None
    ) -> Candidacy:
        """Return a candidacy in which nothing is done."""
        return Candidacy.open(
            uuid7(),
            self.act(DAYS["nominated"]),
            person=uuid7(),
            unit=unit or self.cell,
            facets=facets or Facets(sex="female"),
            attempt=1,
            imported=imported,
        )

    def live(
        self, until: str, *, days: Mapping[str, date] = DAYS, birth: date | None = BIRTH
    ) -> Candidacy:
        """Return a candidacy in which everything up to an act is done, one act at a time."""
        candidacy = self.opened()
        for kind, day in DAYS.items():
            self.do(candidacy, kind, days.get(kind, day), birth=birth)
            if kind == until:
                break
        candidacy.collect_events()
        return candidacy

    def do(
        self,
        candidacy: Candidacy,
        kind: str,
        on: date,
        *,
        by: By = BY,
        birth: date | None = BIRTH,
    ) -> None:
        """Do an act on a day."""
        doing: dict[str, Callable[[Act], Any]] = {
            "nominated": candidacy.nominate,
            "certified": lambda act: candidacy.note_certificate(act, "L1"),
            "applied": candidacy.submit_application,
            "sealed": candidacy.seal_personal_history,
            "verification_asked": candidacy.ask_verification,
            "verification_closed": candidacy.note_verification,
            "cell_vote": lambda act: candidacy.take_cell_vote(act, CARRIED),
            "lost_vote": lambda act: candidacy.take_cell_vote(act, LOST),
            "dossier_received": candidacy.receive_dossier,
            "dossier_returned": lambda act: candidacy.return_dossier(act, "thiếu mẫu 3-KNĐ"),
            "political_standard": candidacy.conclude_political_standard,
            "extended": lambda act: candidacy.extend_decision_period(act, 15),
            "decided": lambda act: candidacy.decide_admission(act, self.district),
            "refused": candidacy.refuse_admission,
            "decision_received": candidacy.receive_decision,
            "consent": candidacy.approve_ceremony_extension,
            "ceremony": lambda act: candidacy.hold_ceremony(act, None),
            "recognised": candidacy.recognise_officially,
            "struck_off": candidacy.strike_off,
            "resigned": candidacy.accept_resignation,
            "deceased": candidacy.record_death,
            "withdrawn": candidacy.withdraw,
        }
        doing[kind](self.act(on, by=by, birth=birth))
