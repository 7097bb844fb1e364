"""What a person's standing facts count for: pure, so that only differences are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

STEPS = {
    "nominated": "nominated",
    "certified": "certified",
    "applied": "applied",
    "sealed": "sealed",
    "verification_asked": "verification_asked",
    "verification_closed": "verification_closed",
    "cell_vote": "cell_vote",
    "dossier_received": "received",
    "political_standard": "political_standard",
    "decided": "decided",
    "decision_received": "decision_received",
    "ceremony": "admitted",
    "recognised": "recognised",
}
"""The kind under which the first fact of each step counts."""

FUNNEL = ("nominated", "certified", "applied", "received", "decided", "admitted", "recognised")
LEFT = ("struck_off", "resigned", "deceased", "withdrawn", "refused")
KINDS = STEPS | {left: left for left in LEFT}
ROUND_STATES = ("admitted", "in_progress", "not_started", "withdrawn", "refused", "deceased")
LISTED = "round/listed"
BEGUN = "round/begun"
ROUNDS = (LISTED, BEGUN, *(f"round/{state}" for state in ROUND_STATES))
FINDING = "finding"
COUNTED = frozenset({*FUNNEL, *LEFT, *ROUNDS, FINDING})
"""The kinds that figures are made of; the others are on record for those who ask."""

_ENDS = {left: left for left in LEFT} | {"struck_off": "withdrawn", "resigned": "withdrawn"}
"""What a list of a round says of those who left before a ceremony."""


class Act(msgspec.Struct, array_like=True, frozen=True):
    """A fact of a candidacy as it stands."""

    version: int
    fact: str
    on: int
    """The day, counted from 0001-01-01."""
    unit: int
    facets: int
    round: str | None = None
    findings: tuple[str, ...] = ()
    carried: bool = True


class Candidacy(msgspec.Struct, array_like=True):
    """A candidacy, by the position at which it was opened, and its facts by their version."""

    number: int
    stream: bytes
    acts: dict[int, Act] = {}


class Person(msgspec.Struct, array_like=True):
    """Everything that stands of one person, by the position of the first candidacy."""

    number: int
    candidacies: list[Candidacy] = []


class Line(NamedTuple):
    """One thing that counts, on a day, for a unit and whatever lay above it on `tree_on`."""

    kind: str
    value: str
    case: int
    version: int
    on: int
    tree_on: int
    unit: int
    facets: int
    n: int
    part: int
    """Tells two findings of one kind on one fact apart."""


def lines(person: Person) -> set[Line]:
    """Return what a person's facts count for."""
    counted: set[Line] = set()
    firsts: list[Line] = []
    for candidacy in person.candidacies:
        acts = sorted(candidacy.acts.values(), key=_in_time)
        steps = _steps(candidacy.number, acts)
        counted.update(steps.values())
        counted.update(_others(candidacy.number, acts))
        counted.update(_round(candidacy.number, acts))
        firsts.extend(steps.values())
    if len(person.candidacies) > 1:
        counted.update(_repeated(person.number, firsts))
    return counted


def _in_time(act: Act) -> tuple[int, int]:
    return act.on, act.version


def _line(  # noqa: PLR0913 - the few that differ from line to line
    kind: str,
    case: int,
    act: Act,
    *,
    value: str = "",
    listed: Act | None = None,
    n: int = 1,
    part: int = 0,
) -> Line:
    at = listed or act
    return Line(kind, value, case, act.version, act.on, at.on, at.unit, at.facets, n, part)


def _steps(case: int, acts: Iterable[Act]) -> dict[str, Line]:
    """Return the first fact of every step and end; a vote that did not carry is none."""
    first: dict[str, Line] = {}
    for act in acts:
        kind = KINDS.get(act.fact)
        if kind and kind not in first and act.carried:
            first[kind] = _line(kind, case, act)
    return first


def _others(case: int, acts: Iterable[Act]) -> Iterator[Line]:
    for act in acts:
        if act.fact == "dossier_returned":
            yield _line("returned", case, act)
        for part, finding in enumerate(act.findings):
            yield _line(FINDING, case, act, value=finding, part=part)


def _repeated(person: int, firsts: list[Line]) -> Iterator[Line]:
    """Mark steps that a person took in several candidacies: a flow counts him once."""
    taken: dict[str, list[Line]] = {}
    for line in firsts:
        taken.setdefault(line.kind, []).append(line)
    for kind, again in taken.items():
        if len(again) > 1 and kind in FUNNEL:
            for line in again:
                yield line._replace(kind=f"repeated/{kind}", value=str(person))


def _round(case: int, acts: list[Act]) -> Iterator[Line]:
    """Yield a candidate's place on the list of a round, and every change of it.

    What becomes of a candidate is told where and when he was listed, so that the parts of
    a list add up to it in every unit, whatever moved since.
    """
    listed = next((act for act in acts if act.fact == "nominated"), acts[0] if acts else None)
    if listed is None or listed.round is None:
        return
    name = listed.round
    yield _line(LISTED, case, listed, value=name)
    previous = ""
    for state, act in _states(listed, acts):
        # Certified before the nomination: what is earlier than the list counts on its day.
        act = act if act.on > listed.on else msgspec.structs.replace(act, on=listed.on)  # noqa: PLW2901
        if previous:
            yield _line(f"round/{previous}", case, act, value=name, listed=listed, n=-1)
        yield _line(f"round/{state}", case, act, value=name, listed=listed)
        if state == "in_progress":
            yield _line(BEGUN, case, act, value=name, listed=listed)
        previous = state


def _states(listed: Act, acts: list[Act]) -> list[tuple[str, Act]]:
    """Return the states that a listed candidate passes through, one a day at most."""
    begun = next((act for act in acts if act.fact != "nominated"), None)
    reached = [("not_started", listed)] if listed.fact == "nominated" else []
    if begun:
        reached.append(("in_progress", begun))
    if end := _end(acts):
        reached.append(end)
    by_day = {max(act.on, listed.on): (state, act) for state, act in reached}
    return list(by_day.values())


def _end(acts: list[Act]) -> tuple[str, Act] | None:
    """Return how the candidacy came out, by the first act that settles it."""
    ends = [
        (act.on, act.fact != "ceremony", act.version, act)
        for act in acts
        if act.fact == "ceremony" or act.fact in _ENDS
    ]
    if not ends:
        return None
    act = min(ends)[-1]
    return _ENDS.get(act.fact, "admitted"), act
