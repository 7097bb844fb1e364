"""Events in words: codes are said as the office says them, and a refusal with its reason."""

from __future__ import annotations

from typing import Any

import pytest

from events.rulebook import rulebook
from services.wording import LANGUAGES, known
from services.wording.telling import say_event, why_refused


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everybody_who_is_verified_has_a_name_in_words(lang: str) -> None:
    subjects = {kind for rules in rulebook().rule_sets for kind in rules.verification_subjects}

    unworded = [kind for kind in subjects if not known(f"verification.subject_kind.{kind}", lang)]

    assert unworded == []


def test_an_event_is_said_without_its_codes() -> None:
    waived = {
        "type": "verification.VerificationWaived",
        "request": 2,
        "subject_kind": "father_in_law",
        "ground": "deceased",
    }

    assert say_event(waived, "vi") == "Miễn thẩm tra số 2, về cha vợ hoặc cha chồng: đã mất"


def test_a_ground_that_an_office_wrote_itself_is_said_as_written() -> None:
    waived = {
        "type": "verification.VerificationWaived",
        "request": 2,
        "subject_kind": "spouse",
        "ground": "chưa kết hôn",
    }

    assert say_event(waived, "vi") == "Miễn thẩm tra số 2, về vợ hoặc chồng: chưa kết hôn"


def refused(code: str, **facts: str) -> dict[str, Any]:
    return {
        "type": "dossiers.PolicyRefused",
        "cause": "training/5",
        "refusal": code,
        "rule": "seal-first/24-qd-tw-2021",
        "facts": [{"name": name, "value": value} for name, value in facts.items()],
    }


def test_a_refusal_of_what_follows_is_said_with_its_reason_and_its_days() -> None:
    words = say_event(refused("request-before-seal", on="2022-07-14", sealed_on="2022-07-15"), "en")

    assert words == (
        "What follows from training/5 was refused: The request of 2022-07-14 lies before the seal"
        " (2022-07-15) (by 24-QĐ/TW). Correct the day."
    )


def test_a_refusal_without_words_is_said_by_its_code() -> None:
    assert why_refused("of-a-newer-release", None, {}, "vi") == "of-a-newer-release"
