"""A library that lost its server says so once in a while."""

import logging

import pytest

from infra.feed.quiet import OnceInAWhile, bound_logs


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("infra.feed.quiet.monotonic", lambda: now[0])
    return now


def said(watch: OnceInAWhile, message: str, *words: object) -> str | None:
    line = logging.LogRecord("aiokafka.conn", logging.ERROR, "", 0, message, words, None)
    return line.getMessage() if watch.filter(line) else None


def test_what_is_said_again_and_again_is_written_once_with_how_often(moment: list[float]) -> None:
    watch = OnceInAWhile(30)

    assert said(watch, "no broker at %s", "a") == "no broker at a"
    for _ in range(500):
        moment[0] += 0.05
        assert said(watch, "no broker at %s", "b") is None
    moment[0] += 30

    assert said(watch, "no broker at %s", "c") == "no broker at c (500 more in the last 30 s)"


def test_another_message_is_written_at_once(moment: list[float]) -> None:
    watch = OnceInAWhile(30)
    said(watch, "no broker")

    assert said(watch, "another epoch") == "another epoch"


def test_every_logger_of_the_library_is_bound_once() -> None:
    own = logging.getLogger("aiokafka.of_a_test")
    other = logging.getLogger("aiokafkaesque")

    bound_logs()
    bound_logs()

    assert len(own.filters) == 1
    assert other.filters == []
