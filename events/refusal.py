"""A command that the rules refuse, said so that the edge can word it."""

from __future__ import annotations

import re
from typing import Any


class Refusal(Exception):
    """Named after its reason by its class; nothing was recorded.

    `clause` is the rule and its document, as in `contracts/rulebook`; `facts` are the
    values its text needs. The words, what would free it among them, stand under
    `code` in `services/wording`.
    """

    clause: str | None = None

    def __init__(self, *, clause: str | None = None, **facts: Any) -> None:  # noqa: ANN401 - whatever the text names
        super().__init__()
        self.clause = clause or type(self).clause
        self.facts = facts

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.facts.items())

    @property
    def code(self) -> str:
        """Return the reason as a word of the public formats: `cell-vote-not-carried`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()
