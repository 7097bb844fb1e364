"""Log lines: one JSON object each on stderr, and never a person in them."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

PERSONAL = frozenset(
    {"person_ref", "full_name", "birth_date", "religion", "reason", "reference", "name"},
)
"""Names of fields that may hold personal data: a line that carries one says only that it did."""


_FRAMES = 4


def where(error: BaseException) -> list[str]:
    """Return where an error arose: its text may repeat what stood in a row."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]


class Plain(Exception):
    """An error whose text is about machinery, and may be logged as it is."""


class Libraries(logging.Handler):
    """Writes what libraries log as lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; of an error only its type and where it arose."""
        line: dict[str, object] = {"logger": record.name}
        event = record.getMessage()
        if record.exc_info and (error := record.exc_info[1]):
            # Behind the first line stands the error again, in the words of the library.
            event = event.partition("\n")[0]
            line |= {"error": type(error).__name__, "at": where(error)}
        structlog.get_logger().log(record.levelno, event, **line)


def withhold_persons(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Replace the value of every personal field."""
    return {key: "withheld" if key in PERSONAL else value for key, value in line.items()}


def is_configured() -> bool:
    """Tell whether this process has said where its lines go, and not only somebody who listened."""
    return isinstance(structlog.get_config()["logger_factory"], structlog.WriteLoggerFactory)


def configure(level: str = "info", stream: TextIO | None = None, **always: str) -> None:
    """Send every log line of this process, of libraries too, to one place in one form.

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
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, Libraries)]:
        root.removeHandler(handler)
    root.addHandler(Libraries())
