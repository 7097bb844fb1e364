from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from infra import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    structlog.reset_defaults()


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


def test_a_level_below_the_one_asked_for_is_silent() -> None:
    stream = io.StringIO()
    logs.configure("warning", stream)

    structlog.get_logger().info("quiet")

    assert stream.getvalue() == ""
