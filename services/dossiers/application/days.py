"""The days that a command tells of: an act on a day that is still to come did not happen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from events.days import must_have_come
from services.dossiers import commands


def must_have_happened(command: commands.Command, today: date) -> None:
    """Refuse acts on a day after the one on which they are recorded. Raises DayToCome.

    Units change on days that are known beforehand, and are left alone.
    """
    recorded = command.on if isinstance(command, _RECORDED_ON) else today
    for column, day in _told(command):
        must_have_come(day, recorded, column)


def _told(command: commands.Command) -> Iterator[tuple[str, date]]:
    match command:
        case commands.RecordHistory(acts=acts, left_on=left_on):
            yield from ((f"{act}_on", day) for act, day in acts.items())
            if left_on:
                yield "left_on", left_on
        case commands.CorrectFact(fact=fact, day=day):
            if day:
                yield f"{fact}_on", day
        case commands.NominateCandidate() | commands.ActOn():
            yield "on", command.on
        case _:
            return


_RECORDED_ON = (
    commands.RecordHistory,
    commands.CorrectFact,
    commands.CorrectFacet,
    commands.CorrectCandidacyUnit,
    commands.RetractFact,
)
"""The commands whose `on` is the day of recording."""
