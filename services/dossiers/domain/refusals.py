"""The reasons for which dossiers refuses a command, each worded in `services/wording`."""

from __future__ import annotations

from datetime import date
from typing import Self

from events.refusal import Refusal

_LEFT = frozenset({"struck_off", "resigned", "deceased", "withdrawn", "refused"})


def column(fact: str) -> str:
    """Return the column of the public formats that holds the day of a fact."""
    return "left_on" if fact in _LEFT else f"{fact}_on"


# Units.


class UnknownUnit(Refusal):
    """No unit is known under that id."""


class UnknownUnitKind(Refusal):
    """The list of kinds of units has no such kind."""


class UnitAlreadyRegistered(Refusal):
    """A unit with that id is registered, and not like this."""


class UnitCodeTaken(Refusal):
    """Another unit bears the code on that day."""


class UnitNotValidOnThatDay(Refusal):
    """The day lies outside the days of the unit, and no lone predecessor or successor has it."""


class UnitDoesNotAdmit(Refusal):
    """A unit of that kind admits nobody."""


class ParentDissolved(Refusal):
    """The parent has ended before that day."""


class UnitsInACircle(Refusal):
    """The parent lies below the unit itself."""


class DissolvedBeforeRegistered(Refusal):
    """The last day lies before the first."""


class UnitChangedAfterwards(Refusal):
    """Something is recorded of the unit after the day that is to be its last."""


# People.


class PersonShredded(Refusal):
    """The person's data was destroyed on request, and must not come back."""


class UnknownPerson(Refusal):
    """No person is known under that reference."""


class PersonRefMissing(Refusal):
    """A person needs a reference."""


class PersonAlreadyKnown(Refusal):
    """The person is recorded already: somebody was faster."""


class CandidacyOpenAlready(Refusal):
    """A person has one open candidacy at a time."""


class UnknownCandidacy(Refusal):
    """No candidacy is known under that id."""


# Acts.


class CandidacyOver(Refusal):
    """The candidacy has ended; no further act belongs to it."""


class AlreadyRecorded(Refusal):
    """The act is recorded for another day, and happens once."""


class EarlierStepMissing(Refusal):
    """The act rests on one that is not recorded."""


class DaysOutOfOrder(Refusal):
    """An act lies before one that must have come first."""

    @classmethod
    def between(cls, first: tuple[str, date], then: tuple[str, date]) -> Self:
        """Name both acts, the one that comes first by the rules before the other."""
        return cls(
            columns=(column(first[0]), column(then[0])),
            first=first[0],
            first_on=first[1],
            then=then[0],
            then_on=then[1],
        )


class AlreadyDecided(Refusal):
    """Who is admitted by decision can neither withdraw nor be refused."""


class UnderAge(Refusal):
    """Not yet of age, counted by month, when the cell votes."""


class CertificateMissing(Refusal):
    """The cell votes on who holds the certificate of an awareness class."""


class CertificateExpired(Refusal):
    """The certificate is older than the rules allow when the cell votes."""


class CellTooSmall(Refusal):
    """The cell has too few official members to vote on admission."""


class TallyImpossible(Refusal):
    """More votes than members present, or more present than there are."""


class CellVoteNotCarried(Refusal):
    """The proposal did not get the votes it needs."""


class DossierIsReturned(Refusal):
    """The dossier was sent back and is not in again."""


class DeciderNotAbove(Refusal):
    """Who decides is neither the unit nor above it on that day."""


class DeciderNotCompetent(Refusal):
    """A unit of that kind cannot decide on admission under the rules of that day."""


class ProbationNotOver(Refusal):
    """Nobody is recognised before the months of probation are over."""


class NoClockRuns(Refusal):
    """There is no time limit that could be extended."""


class ExtensionTooLong(Refusal):
    """The rules allow fewer working days more."""


# Corrections and imported rows.


class ReasonMissing(Refusal):
    """A correction says why."""


class DocumentMissing(Refusal):
    """The act rests on a document, which must be named."""


class FactNotRecorded(Refusal):
    """The candidacy has no such fact."""


class FactAmbiguous(Refusal):
    """There are several such facts; the version says which."""


class UnknownFacet(Refusal):
    """There is no facet of that name."""


class UnreadableFacet(Refusal):
    """The facet cannot have that value."""


class FacetFollows(Refusal):
    """The facet is not told but follows from something else, which can be corrected."""


class FacetOfThePerson(Refusal):
    """That is sealed with the person, and corrected by import."""


class LaterFactNeedsIt(Refusal):
    """A later act rests on the one that is to go."""


class DiffersFromRecorded(Refusal):
    """The row says something else than what is recorded."""


class LeftKindMissing(Refusal):
    """A day of leaving needs the kind of leaving."""


class LeftDayMissing(Refusal):
    """A kind of leaving needs its day."""


class UnknownAct(Refusal):
    """There is no act of that name."""
