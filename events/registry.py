"""Every type of fact by its name, and the ledger it belongs to."""

from __future__ import annotations

from types import ModuleType

from events import dossiers, reporting, training, verification
from events.envelope import Fact

LEDGERS: dict[str, ModuleType] = {
    "dossiers": dossiers,
    "training": training,
    "verification": verification,
    "reporting": reporting,
}


class UnknownTypeError(LookupError):
    """No fact of that type is known: the ledger was written by a newer release."""


def _types_of(module: ModuleType) -> dict[str, type[Fact]]:
    return {
        member.TOPIC: member
        for member in vars(module).values()
        if isinstance(member, type) and issubclass(member, Fact) and "TOPIC" in vars(member)
    }


TYPES: dict[str, type[Fact]] = {
    name: fact for module in LEDGERS.values() for name, fact in _types_of(module).items()
}


def fact_type(name: str) -> type[Fact]:
    """Return the class of a type of fact, named as in the ledger: `dossiers.AdmissionDecided`.

    Raises UnknownTypeError.
    """
    try:
        return TYPES[name]
    except KeyError:
        raise UnknownTypeError(name) from None
