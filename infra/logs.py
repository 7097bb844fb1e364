"""Log lines: one JSON object each on stderr, and never a person in them."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

PERSONAL = frozenset(
    {"person_ref", "full_name", "birth_date", "religion", "reason", "reference", "name"},
)
"""Names of fields that may hold personal data: a line that carries one says only that it did."""


def withhold_persons(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Replace the value of every personal field."""
    return {key: "withheld" if key in PERSONAL else value for key, value in line.items()}


def configure(level: str = "info", stream: TextIO | None = None, **always: str) -> None:
    """Send every log line of this process to one place in one form.

    What is `always` so is in every line: the service, the role.
    """

    def with_always(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        return {**always, **line}

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            with_always,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            withhold_persons,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(level.upper(), logging.INFO),
        ),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
    )
