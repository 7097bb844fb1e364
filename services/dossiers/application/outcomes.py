"""What facts of other ledgers asked of dossiers, and was refused."""

from __future__ import annotations

from events import dossiers
from infra.ledger.outcomes import PolicyOutcome


class Outcome(PolicyOutcome):
    """A refused command of a policy."""

    TOPIC = "dossiers.Outcome"
    PolicyRefused = dossiers.PolicyRefused
    PolicySettled = dossiers.PolicySettled
