"""Refusals, findings and tasks as a user reads them."""

from __future__ import annotations

from events.refusal import Refusal
from services import tasks
from services.dossiers.api.answers import Reason
from services.dossiers.view import Shown
from services.wording import coded, law, refusal_words, say


def reason(refusal: Refusal, lang: str) -> Reason:
    """Return a refusal in words, with the law that it rests on."""
    told = law(refusal.clause) if refusal.clause else {}
    return Reason(
        code=refusal.code,
        title=refusal_words(refusal, lang),
        clause=refusal.clause,
        detail=told.get("detail"),
        frees=told.get("frees"),
    )


def finding(
    kind: str, expected: str | None, actual: str | None, fact: str | None, lang: str
) -> str:
    """Return what does not fit in an act."""
    if kind == "unknown-step" and expected:
        expected = ", ".join(str(coded("fact", step, lang)) for step in expected.split(","))
    return say(f"dossiers.finding.{kind}", lang, expected=expected, actual=actual, fact=fact)


def task(shown: Shown, lang: str) -> str:
    """Return what is to be done."""
    match shown.kind:
        case "deadline":
            return say(f"dossiers.clock.{shown.code}", lang)
        case "finding":
            return finding(shown.code, shown.expected, shown.actual, shown.fact, lang)
        case _:
            return tasks.title(shown.code, shown.rule, shown.told, lang)
