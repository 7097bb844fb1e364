"""The acts on a candidacy: what each asks for, what can be done now, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.portal.fields import Field
from services.portal.steps import carried, latest
from services.portal.written import day, words

Json = Mapping[str, Any]

JOURNEY: Mapping[str, str] = {
    "certificate": "certified",
    "application": "applied",
    "personal-history-seal": "sealed",
    "verification-request": "verification_asked",
    "verification-note": "verification_closed",
    "cell-vote": "cell_vote",
    "dossier-receipt": "dossier_received",
    "political-standard": "political_standard",
    "decision": "decided",
    "decision-receipt": "decision_received",
    "ceremony": "ceremony",
    "recognition": "recognised",
}
"""The acts of the journey in their order, each with the step that it makes."""
ASIDE = (
    "dossier-return",
    "decision-extension",
    "ceremony-extension",
    "refusal",
    "withdrawal",
    "striking-off",
    "resignation",
    "death",
)
"""Acts that turn aside from it, or end it."""
ACTS = (*JOURNEY, *ASIDE)
DUTIES: Mapping[str, str] = {
    "certificate": "certify",
    "application": "apply",
    "personal-history-seal": "seal",
    "verification-request": "ask_verification",
    "verification-note": "note_verification",
    "cell-vote": "vote",
    "dossier-receipt": "receive",
    "dossier-return": "return",
    "political-standard": "conclude",
    "decision": "decide",
    "decision-receipt": "receive_decision",
    "ceremony": "hold_ceremony",
    "recognition": "recognise",
}
"""What the table of roles calls the acts of the journey."""
ABOUT: Mapping[str, str] = {
    "days-out-of-order": "on",
    "already-recorded": "on",
    "day-to-come": "on",
    "under-age": "on",
    "certificate-expired": "on",
    "probation-not-over": "on",
    "role-not-in-force": "on",
    "unit-not-valid-on-that-day": "on",
    "cell-too-small": "official_members",
    "tally-impossible": "in_favour",
    "decider-not-above": "decider",
    "decider-not-competent": "decider",
    "extension-too-long": "working_days",
    "document-missing": "document",
    "reason-missing": "reason",
}
"""Beside which field a refusal is said."""
_KINDS = {"date": "day", "integer": "number", "line": "text", "text": "area", "choice": "choice"}


def name(act: str) -> str:
    """Return how an act is called."""
    return words(f"portal_case/act.{act}.name")


def fields(told: Json) -> list[Field]:
    """Return what an act asks for, with the limits that the service tells of it."""
    return [_field(each) for each in told["fields"]]


def _field(told: Json) -> Field:
    kind = _KINDS.get(told["type"], "text")
    options = [(str(each["value"]), str(each["title"])) for each in told.get("options") or ()]
    return Field(
        name=told["name"],
        kind=kind,
        label=told["title"],
        hint=" ".join(filter(None, (_bounds(kind, told), told.get("limit")))),
        value=options[0][0] if len(options) == 1 and told["required"] else "",
        required=told["required"],
        choices=options,
        longest=_LONGEST.get(kind, 200),
    )


_LONGEST = {"number": 6, "area": 2000}


def _bounds(kind: str, told: Json) -> str:
    """Say between which values a field may lie."""
    least, most = told.get("minimum"), told.get("maximum")
    if kind == "day":
        least, most = least and day(str(least)), most and day(str(most))
    if kind not in {"day", "number"}:
        return ""
    least = least or None  # at least none says nothing
    bounds = {"least": least, "most": most}
    key = "between" if None not in bounds.values() else "from" if least is not None else "until"
    if least is None and most is None:
        return words("portal_case/limit.day") if kind == "day" else ""
    return words(f"portal_case/limit.{kind}-{key}", **bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Acts that cannot be done now, all for one reason."""

    acts: tuple[str, ...]
    problem: Json

    @property
    def names(self) -> str:
        """Return how the acts are called."""
        return ", ".join(map(name, self.acts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What can be done to a candidacy now, and what cannot, with its reason."""

    allowed: tuple[str, ...]
    by_day: tuple[str, ...]
    """Those that cannot be of today, and may be of an earlier day."""
    blocked: tuple[Blocked, ...]
    not_granted: tuple[str, ...]
    done: tuple[str, ...]
    next: str | None
    """The act that the journey waits for."""

    @property
    def open(self) -> tuple[str, ...]:
        """Return the acts whose form can be filled in."""
        return tuple(act for act in ACTS if act in {*self.allowed, *self.by_day})

    @property
    def not_granted_names(self) -> str:
        """Return how the acts are called that the role does not do."""
        return ", ".join(map(name, self.not_granted))

    def why(self, act: str | None) -> Blocked | None:
        """Return why an act cannot be done."""
        return next((each for each in self.blocked if act in each.acts), None)


def acts_of(told: Sequence[Json], steps: Sequence[Json]) -> Acts:
    """Return the acts as the service judged them; what is done already is none to do."""
    order = {act: place for place, act in enumerate(ACTS)}
    known = sorted((each for each in told if each["act"] in order), key=lambda a: order[a["act"]])
    reasons: dict[tuple[str, str], list[str]] = {}
    problems: dict[tuple[str, str], Json] = {}
    not_granted = []
    for each in known:
        problem = each.get("blocked")
        if each["allowed"] or not problem or problem["code"] in _DONE:
            continue
        if problem["code"] == _NOT_GRANTED:
            not_granted.append(each["act"])
            continue
        reason = (problem["code"], problem["title"])
        reasons.setdefault(reason, []).append(each["act"])
        problems[reason] = problem
    return Acts(
        allowed=tuple(each["act"] for each in known if each["allowed"]),
        by_day=tuple(
            each["act"]
            for each in known
            if each["blocked"] and each["blocked"]["code"] in _OF_A_DAY
        ),
        blocked=tuple(
            Blocked(acts=tuple(acts), problem=problems[reason]) for reason, acts in reasons.items()
        ),
        not_granted=tuple(not_granted),
        done=tuple(each["act"] for each in known if (each["blocked"] or {}).get("code") in _DONE),
        next=_next(steps),
    )


_DONE = frozenset({"already-recorded"})
_NOT_GRANTED = "act-not-granted"
_OF_A_DAY = frozenset(
    {
        "role-not-in-force",
        "certificate-expired",
        "unit-not-valid-on-that-day",
        "decider-not-above",
        "decider-not-competent",
    }
)
"""Reasons against an act of today that need not hold against one of an earlier day."""
_CERTIFIED = "certified"
"""A certificate that did not come first is waited for by the vote of the cell."""
_OVER = frozenset({"struck_off", "resigned", "deceased", "withdrawn", "refused", "recognised"})


def _next(steps: Sequence[Json]) -> str | None:
    """Return the act after the furthest one that is recorded."""
    done = {step["fact"] for step in steps if carried(step)}
    if done & _OVER:
        return None
    handed = latest(steps, "dossier_received", "dossier_returned")
    if handed and handed["fact"] == "dossier_returned":
        return "dossier-receipt"
    order = list(JOURNEY)
    reached = [order.index(act) for act, fact in JOURNEY.items() if fact in done]
    at = max(reached, default=-1)
    following = [act for act in order[at + 1 :] if JOURNEY[act] not in done]
    if _CERTIFIED not in done and following[:1] == ["cell-vote"]:
        return "certificate"
    return following[0] if following else None
