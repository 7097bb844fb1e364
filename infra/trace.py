"""The W3C trace context of what is being done: of the request, or of the fact that caused it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from structlog.contextvars import bind_contextvars, reset_contextvars

_HERE: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current() -> str | None:
    """Return the traceparent under which facts are recorded now."""
    return _HERE.get()


@contextmanager
def following(traceparent: str | None) -> Iterator[None]:
    """Record, and log, what is done inside under a traceparent; under none where there is none."""
    token = _HERE.set(traceparent)
    bound = bind_contextvars(trace=traceparent.split("-")[1]) if traceparent else {}
    try:
        yield
    finally:
        reset_contextvars(**bound)
        _HERE.reset(token)
