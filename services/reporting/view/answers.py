"""Answers that still hold: a figure is the same as long as what counts for it has not moved."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any

MOST_KEPT = 128
KEPT_SECONDS = 30.0
"""After so long it is reckoned again: the view may have been built anew, at the same positions."""


@dataclass(slots=True)
class _Kept:
    lock: Lock = field(default_factory=Lock)
    at: Hashable = None
    until: float = 0.0
    answer: Any = None


class Answers:
    """Keeps the last answer to each of the questions that were asked of late.

    A question that several ask at once is reckoned once, and the others wait for it. What is
    kept is handed to everybody, and changed by nobody.
    """

    def __init__(self, most: int = MOST_KEPT, *, seconds: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = Lock()

    def get(self, question: Hashable, at: Hashable, reckon: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is reckoned
        """Return the answer to a question at some positions, reckoned if it is not known."""
        with self._lock:
            kept = self._kept.setdefault(question, _Kept())
            self._kept.move_to_end(question)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        with kept.lock:
            if kept.at != at or self._seconds() >= kept.until:
                kept.answer = reckon()
                kept.at, kept.until = at, self._seconds() + KEPT_SECONDS
            return kept.answer
