"""What the edge refuses before anybody looks at the matter itself."""

from __future__ import annotations

from events.refusal import Refusal


class Malformed(Refusal):
    """What was sent cannot be what was meant; `fields` are JSON pointers or parameters."""


class SignInRequired(Refusal):
    """Nobody is signed in, or the session is over."""


class MethodNotAllowed(Refusal):
    """That address is there, and does not take that method."""


class IdempotencyKeyMissing(Refusal):
    """A command names itself, so that sending it twice does it once."""


class PreconditionMissing(Refusal):
    """A change says which version it changes."""


class ChangedMeanwhile(Refusal):
    """Somebody else changed it since it was read."""


class NotYetKnown(Refusal):
    """The views have not come to that position in the time one waits."""


class BodyTooLarge(Refusal):
    """More was sent than is taken."""


class HeadersTooMany(Refusal):
    """More headers were sent than are read."""


class SlowBody(Refusal):
    """What was sent took too long to arrive."""


class TooDeep(Refusal):
    """What was sent is nested deeper than anything meant."""


class TooManyStreams(Refusal):
    """One account holds as many streams open as it may."""


class Unavailable(Refusal):
    """The ledger is away or closing; whether the command was done is found by sending it again."""


class Defect(Refusal):
    """Something of ours is broken; only its id is told."""
