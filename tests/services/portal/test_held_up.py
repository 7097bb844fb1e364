"""What was refused to a policy of verification stands on the page of work, among the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import Response

from events.envelope import By
from events.rulebook import rulebook
from infra.ledger.outcomes import NoteRefusal, SettleRefusal
from services.dossiers import commands as dossiers
from services.portal import work
from services.verification import commands as verification
from tests.installed import Sites
from tests.services.portal.test_taking_up import FORM, HIDDEN
from tests.services.portal.workroom import Workroom

BY = By(actor="clerk", document="1-CV/ĐU")
SEALED, ASKED, RESEALED = date(2023, 3, 2), date(2023, 3, 3), date(2023, 3, 6)
TITLE = re.compile(r'<a href="(/(?:ho-so|tham-tra)/[^"]+)">([^<]+)</a>')


@pytest.fixture
def room(sites: Sites, mode: str, tmp_path: Path) -> Iterator[Workroom]:
    with sites.empty(mode, tmp_path / "data") as site:
        opened = Workroom(site)
        yield opened
        opened.close()


@pytest.fixture
def case(room: Workroom) -> UUID:
    """Return a candidacy whose seal was moved behind what was asked on the strength of it.

    The place was asked while dossiers had not heard of that yet.
    """
    path, _ = room.sealed("t1", "Lê Thị Thử")
    candidacy = UUID(path.rpartition("/")[2])
    room.ketnap.verification.perform(
        verification.RequestVerification(
            candidacy=candidacy, on=ASKED, subject_kind="candidate", place="N", by=BY
        )
    )
    room.ketnap.dossiers.perform(
        dossiers.CorrectFact(
            candidacy=candidacy,
            on=date(2023, 3, 7),
            fact="sealed",
            day=RESEALED,
            reason="ghi nhầm ngày",
            by=BY,
        )
    )
    room.catch_up()
    return candidacy


def forms(room: Workroom, who: str) -> dict[str, str]:
    """Return the forms of tasks of verification on the page of work."""
    found = dict(FORM.findall(room.get(who, "/viec")))
    return {path: form for path, form in found.items() if path.startswith("/viec/tham-tra/")}


def sent(room: Workroom, deed: str, **told: str) -> Response:
    [(path, form)] = [each for each in forms(room, "base").items() if each[0].endswith(deed)]
    return room.posted("base", path, {**dict(HIDDEN.findall(form)), **told})


def test_who_may_act_finds_it_with_its_rule_and_what_frees_it(room: Workroom, case: UUID) -> None:
    page = room.get("base", "/viec")
    [item] = [each for each in page.split("<li>") if f"/tham-tra/{case}" in each]

    assert "03/03/2023" in item
    assert "06/03/2023" in item
    book = rulebook()
    rule = book.clauses[book.on(ASKED).clauses["seal_first"]]
    assert f"Quy tắc: {rule.text_vi}" in item
    assert rule.document.number in item
    assert f"(căn cứ: {rule.document.number})" in item
    assert f"Mở ra khi: {rule.frees_vi}" in item
    assert {path.rpartition("/")[2] for path in forms(room, "base")} == {"khep-lai", "lam-lai"}
    assert room.get("base", f"/tham-tra/{case}")


def test_it_is_settled_with_a_reason_and_is_gone(room: Workroom, case: UUID) -> None:
    answer = sent(room, "khep-lai", ground="recorded-wrongly", document="7-CV/ĐU")

    assert answer.status_code == 303
    page = room.get("base", answer.headers["location"])
    assert 'id="written"' in page
    assert f"/tham-tra/{case}" not in page
    assert room.ketnap.verification.case(case).sealed_on == SEALED


def test_it_is_done_once_the_obstacle_is_gone(room: Workroom, case: UUID) -> None:
    still = sent(room, "lam-lai")
    assert still.status_code == 409
    assert "trước ngày" in unescape(still.text)

    for command in (
        verification.RecordReply(
            candidacy=case, on=date(2023, 3, 8), request=1, matches=True, by=BY
        ),
        verification.RequestSupplement(candidacy=case, on=date(2023, 3, 9), request=1, by=BY),
    ):
        room.ketnap.verification.perform(command)
    answer = sent(room, "lam-lai")

    assert answer.status_code == 303
    assert f"/tham-tra/{case}" not in room.get("base", answer.headers["location"])
    assert room.ketnap.verification.case(case).sealed_on == RESEALED


def test_who_may_not_is_told_why_and_beside_the_scope_there_is_none(
    room: Workroom, case: UUID
) -> None:
    page = room.get("cell", "/viec")

    assert f"/tham-tra/{case}" in page
    assert "Không khép lại hay làm lại được ở đây:" in page
    assert FORM.findall(page) == []
    for other in ("sister", "stranger", "province"):
        assert f"/tham-tra/{case}" not in room.get(other, "/viec")
    task = room.ketnap.cases.tasks(most=1)[0].task
    assert room.push("stranger", f"/viec/tham-tra/{task}/lam-lai") == 404
    assert room.push("cell", f"/viec/tham-tra/{task}/lam-lai") == 403
    assert room.push("base", f"/viec/tham-tra/{task}/xoa") == 404


def test_two_lists_are_one_what_is_nearest_first(room: Workroom, case: UUID) -> None:
    for name, service, days in (
        ("dossiers", room.ketnap.dossiers, (3, 1)),
        ("verification", room.ketnap.verification, (4, 2)),
    ):
        for told in service.ledger.read(0, 1000):
            if told.type.endswith(".PolicyRefused"):
                service.perform(SettleRefusal(on=ASKED, task=told.stream, by=BY))
        for day in days:
            service.perform(_refused(name, day, case))
    room.catch_up()

    page = room.get("base", "/viec")
    found = TITLE.findall(page.partition('id="g-attention"')[2].partition("</section>")[0])

    assert [path.split("/")[1] for path, _ in found] == [
        "tham-tra",
        "ho-so",
        "tham-tra",
        "ho-so",
    ]


def test_both_lists_go_on_until_both_are_at_an_end(
    room: Workroom, case: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        room.ketnap.verification.perform(_refused("verification", number + 1, case))
    room.catch_up()
    whole = TITLE.findall(room.get("base", "/viec"))
    monkeypatch.setattr(work, "A_PAGE", 1)

    found, path = [], "/viec"
    while path:
        page = room.get("base", path)
        found += TITLE.findall(page)
        onward = re.search(r'href="([^"]+)" rel="next"', page)
        path = onward[1] if onward else ""

    assert sorted(found) == sorted(whole)
    assert len([where for where, _ in whole if "/tham-tra/" in where]) == 4


def _refused(service: str, day: int, case: UUID) -> NoteRefusal:
    return NoteRefusal(
        on=date(2026, 11, day),
        cause=f"dossiers/{day}",
        policy=f"{service}.policy.test",
        refusal="candidacy-over",
        rule=None,
        about=case,
        facts=(),
        by=BY,
    )
