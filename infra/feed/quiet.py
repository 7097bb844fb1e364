"""A client that has lost its broker says so many times a second: once in a while is enough."""

from __future__ import annotations

import logging
from time import monotonic

SECONDS = 30.0


class OnceInAWhile(logging.Filter):
    """Lets a message pass that was not said lately, whatever words stand in it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        super().__init__()
        self._seconds = seconds
        self._said: dict[str, float] = {}
        self._withheld: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write it; one that is written says how many like it were not."""
        message, now = str(record.msg), monotonic()
        if now - self._said.get(message, -self._seconds) < self._seconds:
            self._withheld[message] = self._withheld.get(message, 0) + 1
            return False
        self._said[message] = now
        if withheld := self._withheld.pop(message, 0):
            record.msg = f"{record.msg} ({withheld} more in the last {self._seconds:.0f} s)"
        return True


_FILTER = OnceInAWhile()


def bound_logs(library: str = "aiokafka") -> None:
    """Have a library's loggers repeat themselves no more than once in a while."""
    # Each of them: a filter is not asked about what the loggers below it say.
    for name in [*logging.root.manager.loggerDict]:
        if name == library or name.startswith(f"{library}."):
            logging.getLogger(name).addFilter(_FILTER)
