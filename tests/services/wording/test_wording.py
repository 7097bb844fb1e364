from __future__ import annotations

import importlib
import pkgutil
from datetime import UTC, date, datetime

import pytest

import events
import infra
import services
from events.refusal import Refusal
from services.wording import (
    LANGUAGES,
    UnknownWordsError,
    known,
    placeholders,
    refusal_words,
    say,
    sentences,
    written,
)

# Classes that name a family of refusals and are never raised themselves.
FAMILIES = {"RowRefused", "TableRefused"}


def every_refusal() -> list[type[Refusal]]:
    for package in (services, events, infra):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found: list[type[Refusal]] = []
    waiting = Refusal.__subclasses__()
    while waiting:
        refusal = waiting.pop()
        waiting.extend(refusal.__subclasses__())
        if refusal.__module__.split(".")[0] in {"services", "events", "infra"}:
            found.append(refusal)
    return [each for each in found if each.__name__ not in FAMILIES]


def test_both_languages_have_the_same_sentences() -> None:
    vietnamese, english = map(sentences, LANGUAGES)

    assert sorted(vietnamese) == sorted(english)


def test_both_languages_name_the_same_facts() -> None:
    vietnamese, english = map(sentences, LANGUAGES)

    differing = [
        key
        for key, words in vietnamese.items()
        if placeholders(words) != placeholders(english.get(key, words))
    ]

    assert differing == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_refusal_has_words(lang: str) -> None:
    unworded = {
        refusal().code
        for refusal in every_refusal()
        if not any(
            known(f"{section}.{refusal().code}", lang)
            for section in ("refusals", "rows", "machinery", "access")
        )
    }

    assert unworded == set()


def test_values_are_written_as_the_language_writes_them() -> None:
    assert written(7335) == "7.335"
    assert written(7335, "en") == "7,335"
    assert written(date(2022, 8, 26)) == "26/08/2022"
    assert written(date(2022, 8, 26), "en") == "2022-08-26"
    assert written(datetime(2022, 8, 26, 17, tzinfo=UTC)) == "27/08/2022 00:00:00"
    assert written(value=True) == "có"
    assert written(("a", 1000)) == "a, 1.000"
    assert written(None) == "—"
    assert written("2022-08-26") == "26/08/2022"
    assert written("2022-02-30") == "2022-02-30"
    assert written(date.min) == "từ đầu"


def test_a_sentence_is_filled_with_its_facts() -> None:
    assert say("terminal.figures.members-on", count=7335, on=date(2020, 8, 27)) == (
        "7.335 (ngày 27/08/2020)"
    )


def test_a_fact_that_nobody_gave_is_shown_as_unknown() -> None:
    assert say("terminal.figures.deadline-exclusive") == "hạn trước ngày —"


def test_an_unknown_sentence_is_a_defect() -> None:
    with pytest.raises(UnknownWordsError, match="vi/terminal"):
        say("terminal.no-such-sentence")


def test_a_refusal_is_worded_by_the_section_that_knows_it() -> None:
    class Contended(Refusal):
        pass

    assert refusal_words(Contended(), "en") == ("Several people change the same case. Try again.")
