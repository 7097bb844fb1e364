from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from infra import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    for handler in [*logging.root.handlers]:
        if isinstance(handler, logs.Libraries):
            logging.root.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_its_moment_and_level() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)

    structlog.get_logger().info("up", port=8000)

    (line,) = lines(stream)
    assert (line["event"], line["level"], line["port"]) == ("up", "info", 8000)
    assert line["timestamp"].endswith("Z")


def test_a_person_is_withheld() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)

    structlog.get_logger().info("read", full_name="Nguyễn Văn Bí Mật", person_ref="0123")

    assert "Bí Mật" not in stream.getvalue()
    assert "0123" not in stream.getvalue()
    assert lines(stream)[0]["full_name"] == "withheld"


def test_what_a_library_says_of_an_error_is_a_line_without_its_text() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)

    try:
        int("Canary Nguyễn Thị Một")
    except ValueError:
        logging.getLogger("asyncio").exception("Task failed\nfuture: Canary Nguyễn Thị Một")
    logging.getLogger("aiokafka").warning("broker %s is gone", 1)

    assert "Canary" not in stream.getvalue()
    failed, gone = lines(stream)
    assert (failed["event"], failed["error"]) == ("Task failed", "ValueError")
    assert failed["at"][-1].startswith("test_logs.py:")
    assert (gone["event"], gone["logger"], gone["level"]) == (
        "broker 1 is gone",
        "aiokafka",
        "warning",
    )


def test_a_level_below_the_one_asked_for_is_silent() -> None:
    stream = io.StringIO()
    logs.configure("warning", stream)

    structlog.get_logger().info("quiet")

    assert stream.getvalue() == ""
