"""Everything that can happen to a province after it is known: drawn at random, from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from events.dossiers import Facets
from events.envelope import By
from events.period import parse_period
from events.refusal import Refusal
from services.dossiers import application as dossiers
from services.embedded import Embedded
from services.reporting.application import RecordCount, RecordTarget
from services.reporting.domain import Aim, Tally, Terms
from services.training.application import (
    CompleteClass,
    EnrolLearner,
    IssueCertificate,
    OpenClass,
    WithdrawLearner,
)
from services.training.domain import Result
from services.verification.commands import CloseCase, RecordReply, RequestVerification
from tests.properties.known import Act, Known, entries

TODAY = date(2023, 6, 1)
BY = By(actor="tester", document="QĐ 1")
WHY = "ghi nhầm"
KINDS = ("grassroots_cell", "cell", "section_committee", "training_centre")
FACETS: dict[str, tuple[str | bool | None, ...]] = {
    "sex": ("female", "male", None),
    "youth_union": (True, False, None),
    "occupation": ("nông dân", "thanh niên", None),
    "source_group": ("y tế", "thanh niên", None),
    "referral_round": ("Đợt I năm 2020", "Đợt III năm 2022", None),
    "referred_by": ("P-U", "P", None),
    "occasion": ("3/2", None),
}


@dataclass(slots=True)
class Clock:
    """Tells a moment some minutes after the last."""

    now: datetime = datetime(2023, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=7)
        return self.now


@dataclass(slots=True)
class Unrest:
    """Performs random commands; what the rules refuse is counted, and left."""

    ketnap: Embedded
    chance: random.Random
    known: Known = field(default_factory=Known)
    done: Counter[str] = field(default_factory=Counter)
    people: int = 0
    units: int = 0
    classes: int = 0

    def stir(self, times: int) -> None:
        """Perform so many random commands, each as likely as the others."""
        what: tuple[Callable[[], None], ...] = (
            self.change_a_unit,
            self.merge_two_units,
            self.correct_an_end,
            self.correct_a_fact,
            self.correct_a_fact,
            self.correct_a_candidacy,
            self.retract_a_fact,
            self.complete_a_history,
            self.nominate_again,
            self.follow_a_person,
            self.set_a_target,
            self.set_a_count,
            self.run_a_class,
            self.teach_a_person,
            self.examine_a_class,
            self.verify_a_person,
        )
        for _ in range(times):
            self._read()
            chosen = self.chance.choice(what)
            try:
                chosen()
            except Refusal as refusal:
                self.done[f"{chosen.__name__} {refusal.code}"] += 1
            else:
                self.done[chosen.__name__] += 1

    # Units

    def change_a_unit(self) -> None:
        """Move, rename, reclassify or correct a unit, from some day."""
        unit, on = self._unit(), self._day()
        above = self.chance.choice((*self._above(), None))
        name, kind = f"Đơn vị {self.chance.randint(1, 99)}", self.chance.choice(KINDS)
        self._dossiers(
            self.chance.choice(
                (
                    dossiers.MoveUnit(unit=unit, on=on, parent=above, by=BY),
                    dossiers.RenameUnit(unit=unit, on=on, name=name, by=BY),
                    dossiers.ReclassifyUnit(unit=unit, on=on, kind=kind, by=BY),
                    dossiers.CorrectUnit(
                        unit=unit, on=on, name=name, kind=kind, parent=above, reason=WHY, by=BY
                    ),
                ),
            ),
        )

    def merge_two_units(self) -> None:
        """End two units and begin the one that follows them."""
        last, new = self._day(), uuid7()
        self.units += 1
        self._dossiers(
            dossiers.RegisterUnit(
                unit=new,
                on=last + timedelta(days=1),
                code=f"N-{self.units:04}",
                name="Đơn vị hợp nhất",
                kind="grassroots_committee",
                parent=self.chance.choice(self._above()),
                by=BY,
            ),
        )
        for _ in range(2):
            unit = self._unit()
            if unit != new:
                self._dossiers(
                    dossiers.DissolveUnit(unit=unit, on=last, successors=(new,), by=BY),
                )

    def correct_an_end(self) -> None:
        """Say another last day of a unit that has ended."""
        ended = [unit for unit in self.known.units.values() if unit.last < date.max]
        if ended:
            unit = UUID(self.chance.choice(ended).id)
            self._dossiers(dossiers.DissolveUnit(unit=unit, on=self._day(), by=BY))

    # Candidacies

    def correct_a_fact(self) -> None:
        """Set the day or the unit of a fact right."""
        candidacy, act = self._act()
        day = act.on + timedelta(days=self.chance.randint(-9, 9))
        right: dict[str, Any] = self.chance.choice(({"day": day}, {"day": day}, {"unit": None}))
        if "unit" in right:
            right = {"unit": self._unit()}
        name = FACTS.get(act.kind, act.kind)
        self._dossiers(
            dossiers.CorrectFact(
                candidacy=candidacy,
                on=TODAY,
                fact=name,
                of=act.version,
                reason=WHY,
                by=BY,
                **right,
            ),
        )

    def correct_a_candidacy(self) -> None:
        """Set a facet, or the unit of everything, right."""
        candidacy, _ = self._act()
        name = self.chance.choice(sorted(FACETS))
        value = self.chance.choice(FACETS[name])
        unit = self._unit()
        self._dossiers(
            self.chance.choice(
                (
                    dossiers.CorrectFacet(
                        candidacy=candidacy, on=TODAY, name=name, value=value, reason=WHY, by=BY
                    ),
                    dossiers.CorrectCandidacyUnit(
                        candidacy=candidacy, on=TODAY, unit=unit, reason=WHY, by=BY
                    ),
                ),
            ),
        )

    def retract_a_fact(self) -> None:
        """Say that a fact never happened."""
        candidacy, act = self._act()
        self._dossiers(
            dossiers.RetractFact(
                candidacy=candidacy,
                on=TODAY,
                fact=FACTS.get(act.kind, act.kind),
                of=act.version,
                reason=WHY,
                by=BY,
            ),
        )

    def complete_a_history(self) -> None:
        """Fill in, by a later file, what was not known of somebody."""
        number = self.chance.randint(1, 140)
        day = self._day()
        unit = self._unit()
        column = self.chance.choice(("nominated", "certified", "sealed", "ceremony", "decided"))
        self._dossiers(
            dossiers.RecordHistory(
                on=TODAY,
                person_ref=f"SYN-TINH-{number:04}",
                unit=unit,
                acts=self.chance.choice(({}, {column: day})),
                facets=Facets(sex=self.chance.choice(("female", "male"))),
                correct=self.chance.random() < 0.5,
                reason=WHY,
                by=BY,
            ),
        )

    def nominate_again(self) -> None:
        """Nominate people who are known already, until one has left and can be."""
        on = date(2022, 1, 1) + timedelta(days=self.chance.randrange(365))
        for number in self.chance.sample(range(1, 141), 20):
            try:
                self._dossiers(
                    dossiers.NominateCandidate(
                        on=on,
                        person_ref=f"SYN-TINH-{number:04}",
                        unit=self._unit(),
                        facets=Facets(referral_round=self.chance.choice((None, "Đợt III"))),
                        by=BY,
                    ),
                )
            except Refusal:
                continue
            return

    def follow_a_person(self) -> None:
        """Take a new person along the journey by commands, until somebody refuses or it ends."""
        self.people += 1
        candidacy, unit, on = uuid7(), self._unit(), self._day()
        self._dossiers(
            dossiers.NominateCandidate(
                on=on,
                person_ref=f"LIVE-{self.people}",
                birth_date=date(1995, 5, 5),
                unit=unit,
                candidacy=candidacy,
                by=BY,
            ),
        )
        for act in _JOURNEY[: self.chance.randint(0, len(_JOURNEY))]:
            on += timedelta(days=self.chance.randint(1, 20))
            self._dossiers(act(candidacy, on, self._root(unit, on)))

    # Targets, counts and classes

    def set_a_target(self) -> None:
        """Issue a target, amend it or correct it; now and then with a day of ceremonies as end."""
        unit, period = self._unit(), self.chance.choice(("2020", "2021", "2021-H1", "2022"))
        kind = self.chance.choice(("assigned", "registered", "term", "sub"))
        category = self.chance.choice((None, None, "thanh niên", "female", "youth_union"))
        days, deadline = parse_period(period), None
        if self.chance.random() < 0.5:
            act = self.chance.choice([act for act in self._acts() if act.kind == "admitted"])
            unit = UUID(self.chance.choice(self.known.chain(act.unit, act.on)))
            days, deadline = parse_period(str(act.on.year)), act.on
            kind, category = "assigned", None
        self.ketnap.reporting.perform(
            RecordTarget(
                on=self.chance.choice((days.first, self._day())),
                aim=Aim(unit=unit, kind=kind, period=days, category=category),
                terms=Terms(
                    minimum=self.chance.randint(0, 9),
                    deadline=deadline,
                    deadline_inclusive=self.chance.choice((True, False)),
                ),
                correct=True,
                reason=WHY,
                by=BY,
            ),
        )

    def set_a_count(self) -> None:
        """Record a count of a time before people are known one by one, or correct it."""
        tally = Tally(
            unit=self._unit(),
            indicator=self.chance.choice(("admitted", "members", "resigned")),
            period=parse_period(self.chance.choice(("2017", "2018-H1", "2018-Q4"))),
        )
        count = self.chance.randint(0, 50)
        self.ketnap.reporting.perform(
            RecordCount(tally=tally, count=count, correct=True, reason=WHY, by=BY),
        )

    def run_a_class(self) -> None:
        """Open a class, or complete one."""
        code = f"L{self.chance.randint(100, 120)}"
        centres = [unit.id for unit in self.known.units.values() if unit.code.endswith("-C")]
        self.ketnap.training.perform(
            self.chance.choice(
                (
                    OpenClass(
                        on=self._day(),
                        code=code,
                        centre=UUID(self.chance.choice(centres)),
                        enrolled=self.chance.choice((40, None)),
                        by=BY,
                    ),
                    CompleteClass(on=self._day(), code=code, certified=33, by=BY),
                ),
            ),
        )

    def teach_a_person(self) -> None:
        """Let a candidate learn in one of three classes that never end, or leave it."""
        candidacy, act = self._act()
        code, on = f"T{self.chance.randint(1, 3)}", max(act.on, date(2019, 1, 1))
        person = UUID(self.known.people[str(candidacy)])
        training = self.ketnap.training
        with suppress(Refusal):
            centre = min(unit.id for unit in self.known.units.values() if unit.code.endswith("-C"))
            training.perform(OpenClass(on=date(2019, 1, 1), code=code, centre=UUID(centre), by=BY))
        training.perform(EnrolLearner(on=on, code=code, person=person, candidacy=candidacy, by=BY))
        if self.chance.random() < 0.4:
            on += timedelta(days=self.chance.randint(0, 90))
            training.perform(WithdrawLearner(on=on, code=code, candidacy=candidacy, by=BY))

    def examine_a_class(self) -> None:
        """Open a class of candidates who are known one by one, end it, and certify who passed."""
        self.classes += 1
        code, on = f"LIVE-{self.classes}", self._day()
        centres = [unit.id for unit in self.known.units.values() if unit.code.endswith("-C")]
        centre = UUID(self.chance.choice(centres))
        learners = {act[0] for act in (self._act() for _ in range(4))}
        training = self.ketnap.training
        training.perform(OpenClass(on=on, code=code, centre=centre, by=BY))
        for candidacy in sorted(learners):
            person = UUID(self.known.people[str(candidacy)])
            training.perform(
                EnrolLearner(on=on, code=code, person=person, candidacy=candidacy, by=BY)
            )
        results = tuple(
            (candidacy, Result(attended=9, periods=10, score=Decimal(self.chance.randint(3, 9))))
            for candidacy in sorted(learners)
        )
        on += timedelta(days=self.chance.randint(1, 9))
        training.perform(CompleteClass(on=on, code=code, results=results, by=BY))
        for number, candidacy in enumerate(sorted(learners)):
            training.perform(
                IssueCertificate(
                    on=on, code=code, candidacy=candidacy, number=f"{code}/{number}", by=BY
                )
            )

    def verify_a_person(self) -> None:
        """Take a new person up to the seal, and verify what was sealed."""
        self.people += 1
        candidacy, on = uuid7(), self._day()
        self._dossiers(
            dossiers.NominateCandidate(
                on=on,
                person_ref=f"LIVE-{self.people}",
                unit=self._unit(),
                candidacy=candidacy,
                by=BY,
            )
        )
        self._dossiers(dossiers.SubmitApplication(candidacy=candidacy, on=on, by=BY))
        self._dossiers(dossiers.SealPersonalHistory(candidacy=candidacy, on=on, by=BY))
        seals = self.ketnap.reactors["verification.policy.dossiers"]
        seals.catch_up(seals.state.head)
        about: dict[str, Any] = {"candidacy": candidacy, "by": BY}
        for command in (
            RequestVerification(on=on, subject_kind="candidate", place="P", **about),
            RecordReply(on=on + timedelta(days=9), request=1, matches=True, **about),
            CloseCase(on=on + timedelta(days=9), **about),
        )[: self.chance.randint(1, 3)]:
            self.ketnap.verification.perform(command)

    # Choices

    def _dossiers(self, command: Any) -> None:  # noqa: ANN401 - any command of dossiers
        self.ketnap.dossiers.perform(command)

    def _read(self) -> None:
        path = self.ketnap.folder / "ledgers" / "dossiers.db"
        for entry in entries(path, self.known.positions["dossiers"]):
            self.known.fold("dossiers", entry)

    def _day(self) -> date:
        return date(2019, 1, 1) + timedelta(days=self.chance.randrange(1460))

    def _unit(self) -> UUID:
        """Return a unit that is neither a root nor a district; its code tells."""
        codes = {unit.id: unit.code for unit in self.known.units.values()}
        return UUID(self.chance.choice([u for u, code in codes.items() if len(code) > 4]))

    def _above(self) -> list[UUID]:
        return [UUID(unit.id) for unit in self.known.units.values() if len(unit.code) <= 4]

    def _act(self) -> tuple[UUID, Act]:
        """Return any act, and its candidacy."""
        candidacy = self.chance.choice([c for c, acts in self.known.acts.items() if acts])
        return UUID(candidacy), self.chance.choice(list(self.known.acts[candidacy].values()))

    def _acts(self) -> list[Act]:
        return [act for acts in self.known.acts.values() for act in acts.values()]

    def _root(self, unit: UUID, day: date) -> UUID:
        return UUID(self.known.chain(str(unit), day)[-1])


FACTS = {"admitted": "ceremony", "received": "dossier_received", "returned": "dossier_returned"}
"""The names of facts where they are not those under which they count."""

_JOURNEY: tuple[Callable[[UUID, date, UUID], Any], ...] = (
    lambda c, on, _: dossiers.NoteCertificate(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.SubmitApplication(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.SealPersonalHistory(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.AskVerification(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.NoteVerification(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.TakeCellVote(
        candidacy=c, on=on, official_members=9, present=9, in_favour=7, by=BY
    ),
    lambda c, on, _: dossiers.ReceiveDossier(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.ReturnDossier(candidacy=c, on=on, reason=WHY, by=BY),
    lambda c, on, _: dossiers.ReceiveDossier(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.ConcludePoliticalStandard(candidacy=c, on=on, by=BY),
    lambda c, on, root: dossiers.DecideAdmission(candidacy=c, on=on, decider=root, by=BY),
    lambda c, on, _: dossiers.ReceiveDecision(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.HoldCeremony(candidacy=c, on=on, occasion="19/5", by=BY),
    lambda c, on, _: dossiers.ApproveCeremonyExtension(candidacy=c, on=on, by=BY),
    lambda c, on, _: dossiers.RecogniseOfficially(candidacy=c, on=on + timedelta(days=380), by=BY),
    lambda c, on, _: dossiers.StrikeOff(candidacy=c, on=on + timedelta(days=420), by=BY),
)
