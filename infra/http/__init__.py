"""The edge of every role: what comes in over HTTP, and what is answered."""

from infra.http.bearer import Bearer, bearer
from infra.http.body import decoded
from infra.http.conditions import command_key, entity_tag, if_match
from infra.http.direct import DirectRoute
from infra.http.edge import Edge, Limits
from infra.http.moments import Asked, Reached, asked, positions, written_positions
from infra.http.operations import operations
from infra.http.pages import Cursors, Page, limit_of, next_link, paged
from infra.http.problems import STATUSES, Problems
from infra.http.promises import Problem, answer, gives, promised, takes
from infra.http.refusals import (
    BodyTooLarge,
    ChangedMeanwhile,
    Defect,
    HeadersTooMany,
    IdempotencyKeyMissing,
    Malformed,
    MethodNotAllowed,
    NotYetKnown,
    PreconditionMissing,
    SignInRequired,
    SlowBody,
    TooDeep,
    TooManyStreams,
    Unavailable,
)
from infra.http.serving import WebApplication

__all__ = [
    "STATUSES",
    "Asked",
    "Bearer",
    "BodyTooLarge",
    "ChangedMeanwhile",
    "Cursors",
    "Defect",
    "DirectRoute",
    "Edge",
    "HeadersTooMany",
    "IdempotencyKeyMissing",
    "Limits",
    "Malformed",
    "MethodNotAllowed",
    "NotYetKnown",
    "Page",
    "PreconditionMissing",
    "Problem",
    "Problems",
    "Reached",
    "SignInRequired",
    "SlowBody",
    "TooDeep",
    "TooManyStreams",
    "Unavailable",
    "WebApplication",
    "answer",
    "asked",
    "bearer",
    "command_key",
    "decoded",
    "entity_tag",
    "gives",
    "if_match",
    "limit_of",
    "next_link",
    "operations",
    "paged",
    "positions",
    "promised",
    "takes",
    "written_positions",
]
