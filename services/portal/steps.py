"""The way of a candidacy as a line of steps, each with its day and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.portal.written import day, words

Json = Mapping[str, Any]

LINE = (
    "nominated",
    "certified",
    "applied",
    "sealed",
    "verification_closed",
    "cell_vote",
    "dossier_received",
    "political_standard",
    "decided",
    "ceremony",
    "recognised",
)
"""The steps that are drawn."""
ASIDE = "certified"
"""The certificate may come at any time before the cell votes: no later step tells that it is."""
LEFT = ("struck_off", "resigned", "deceased", "withdrawn", "refused")
_RETURNED = "dossier_returned"
_RANK = {step: rank for rank, step in enumerate(LINE)}
_DRAWN_AS = {"verification_asked": "verification_closed", "decision_received": "ceremony"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the line."""

    fact: str
    state: str
    """`done`, `unknown` where a later one is known, `now`, `ahead` or `ended`."""
    on: str | None
    note: str
    """What stands under its name: a day, or where it waits."""

    @property
    def name(self) -> str:
        """Return how the step is called."""
        return words(f"portal_case/step.{self.fact}")


def done_on(step: Json) -> str:
    """Return the day on which an act was done, which an official recognition is not `on`."""
    return str(step.get("decided_on") or step["on"])


def latest(steps: Sequence[Json], *facts: str) -> Json | None:
    """Return the last of the acts of these kinds."""
    return next((step for step in reversed(steps) if step["fact"] in facts), None)


def carried(step: Json) -> bool:
    """Tell whether an act holds: a vote that did not carry is none."""
    return (step.get("votes") or {}).get("carried") is not False


def line(steps: Sequence[Json], awaited: str | None) -> list[Step]:
    """Return the line of steps of a candidacy, which waits for a fact."""
    held = {step["fact"] for step in steps if carried(step)}
    furthest = max((_RANK[fact] for fact in held if fact in _RANK and fact != ASIDE), default=-1)
    ended = latest(steps, *LEFT)
    drawn: list[Step] = []
    waiting = _DRAWN_AS.get(awaited or "", awaited)
    for fact in LINE:
        step, state, note = latest(steps, fact), "ahead", ""
        if step and _holds(step, steps):
            state, note = "done", day(done_on(step))
        elif fact != ASIDE and _RANK[fact] < furthest:
            state, note = "unknown", words("portal_case/state.unknown")
        elif fact == waiting:
            state, note = "now", _waiting(step, steps)
        drawn.append(Step(fact, state, done_on(step) if step else None, note))
    if ended:
        reached = [step for step in drawn if step.state != "ahead"]
        told = ended["fact"]
        return [*reached, Step(told, "ended", done_on(ended), day(done_on(ended)))]
    return drawn


def _holds(step: Json, steps: Sequence[Json]) -> bool:
    if step["fact"] == "dossier_received":
        handed = latest(steps, "dossier_received", _RETURNED)
        return handed is step
    return carried(step)


def _waiting(step: Json | None, steps: Sequence[Json]) -> str:
    if step is None:
        return words("portal_case/state.waiting")
    if step["fact"] == "cell_vote":
        return words("portal_case/state.not-carried", on=day(done_on(step)))
    returned = latest(steps, _RETURNED)
    return words("portal_case/state.returned", on=day(done_on(returned or step)))
