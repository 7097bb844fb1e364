"""Answers that still hold: a figure is the same as long as what counts for it has not moved."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

MOST_KEPT = 128


@dataclass(slots=True)
class _Kept:
    lock: Lock = field(default_factory=Lock)
    at: Hashable = None
    answer: Any = None


class Answers:
    """Keeps the last answer to each of the questions that were asked of late.

    A question that several ask at once is reckoned once, and the others wait for it. What is
    kept is handed to everybody, and changed by nobody.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
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
            if kept.at != at:
                kept.answer = reckon()
                kept.at = at
            return kept.answer
