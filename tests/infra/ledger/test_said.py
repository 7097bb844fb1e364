"""Of every command there is one log line, and nothing of a person in it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import structlog

from infra import logs, trace
from tests.infra.ledger.inn import Inn, Note, Register, RoomTaken, a_stay

NAME, REFERENCE = "Nguyễn Thị Bí Mật", "079099001234"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    structlog.reset_defaults()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_tells_the_act_its_outcome_its_position_its_time_and_its_trace(
    inn: Inn, written: io.StringIO
) -> None:
    with trace.following(f"00-{'a' * 32}-{'b' * 16}-01"):
        stay = a_stay(inn)
    inn.perform(Note(stay=stay.stay))
    inn.perform(Note(stay=stay.stay))
    with pytest.raises(RoomTaken):
        inn.perform(replace(stay, stay=uuid4()))

    told = lines(written)
    assert [(each["act"], each["outcome"], each.get("position")) for each in told] == [
        ("Register", "recorded", 1),
        ("Begin", "recorded", 2),
        ("Note", "recorded", 3),
        ("Note", "nothing", None),
        ("Begin", "refused", None),
    ]
    assert {each["service"] for each in told} == {"inn"}
    assert all(each["event"] == "command" and each["ms"] >= 0 for each in told)
    assert [each.get("trace") for each in told] == ["a" * 32] * 2 + [None] * 3
    assert told[-1]["why"] == "RoomTaken"


def test_a_process_that_keeps_no_log_prints_nothing_of_it(
    inn: Inn, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()
    with structlog.testing.capture_logs():
        pass  # who listens to lines does not say where they go

    a_stay(inn)

    assert capsys.readouterr() == ("", "")


def test_commands_of_one_call_have_a_line_each(inn: Inn, written: io.StringIO) -> None:
    guests = [Register(person_ref=f"{n}", name=NAME) for n in range(3)]
    inn.perform_all([*guests, Note(stay=uuid4())])

    told = [(each["act"], each["outcome"], each.get("position")) for each in lines(written)]
    assert sorted(told, key=str) == [
        ("Note", "refused", None),
        ("Register", "recorded", 1),
        ("Register", "recorded", 2),
        ("Register", "recorded", 3),
    ]


def test_a_rehearsal_writes_no_line(inn: Inn, written: io.StringIO) -> None:
    inn.perform_all([Register(person_ref=REFERENCE, name=NAME)], dry_run=True)

    assert lines(written) == []


def test_no_person_is_in_a_line_whatever_becomes_of_the_command(
    inn: Inn, written: io.StringIO
) -> None:
    guest = Register(person_ref=REFERENCE, name=NAME)
    inn.perform(guest)
    inn.perform(guest)
    with pytest.raises(TypeError):
        inn.perform((NAME, REFERENCE))

    assert len(lines(written)) == 3
    text = written.getvalue()
    assert not [word for word in (NAME, "Bí Mật", REFERENCE) if word in text]
