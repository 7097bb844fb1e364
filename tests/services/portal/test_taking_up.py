"""What was refused to a policy is settled or tried again on the page of work, by who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Response

from events.envelope import By
from infra.ledger.outcomes import NoteRefusal, outcome_of
from services.portal.work import GROUNDS
from services.portal.written import has_words
from tests.installed import Sites
from tests.services.portal.desk import Desk

POLICY = "dossiers.policy.verification"
FORM = re.compile(r'<form[^>]*action="(/viec/[^"]+)" method="post">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')


@pytest.fixture
def desk(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Desk]:
    with sites.empty(mode, tmp_path / "data") as site:
        opened = Desk(site)
        yield opened
        opened.close()


@pytest.fixture
def task(desk: Desk) -> UUID:
    """Return what was refused to a policy about somebody who was just nominated."""
    case = desk.nominated().rpartition("/")[2]
    desk.ketnap.dossiers.perform(
        NoteRefusal(
            on=date(2026, 11, 20),
            cause="verification/7",
            policy=POLICY,
            refusal="candidacy-over",
            rule=None,
            about=UUID(case),
            facts=(),
            by=By(actor="clerk"),
        )
    )
    desk.catch_up()
    return outcome_of("verification/7", POLICY)


def sent(desk: Desk, who: str, deed: str, **told: str) -> Response:
    """Send one of the forms of a task, as the page of work has it."""
    forms = dict(FORM.findall(desk.get(who, "/viec")))
    [path] = [each for each in forms if each.endswith(deed)]
    return desk.posted(who, path, {**dict(HIDDEN.findall(forms[path])), **told})


def test_who_may_settles_it_with_a_reason_and_it_is_gone(desk: Desk, task: UUID) -> None:
    assert str(task) in desk.get("base", "/viec")

    answer = sent(desk, "base", "khep-lai", ground="not-needed", document="7-CV/ĐU")

    assert answer.status_code == 303
    page = desk.get("base", answer.headers["location"])
    assert 'id="written"' in page
    assert str(task) not in page


def test_what_cannot_be_tried_again_says_why_and_stays(desk: Desk, task: UUID) -> None:
    answer = sent(desk, "base", "khep-lai", ground="because")
    assert answer.status_code == 422
    assert str(task) in desk.get("base", "/viec")


def test_who_may_not_finds_no_button_and_the_reason(desk: Desk, task: UUID) -> None:
    page = desk.get("cell", "/viec")

    assert FORM.findall(page) == []
    assert "Không khép lại hay làm lại được ở đây:" in page
    assert str(task) not in desk.get("sister", "/viec")


def test_every_ground_has_words() -> None:
    assert all(has_words(f"portal_case/work.ground-{ground}") for ground in GROUNDS)
