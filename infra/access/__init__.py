"""Who is asking, and what that person may see and do."""

from infra.access.accounts import (
    Access,
    Account,
    NameTaken,
    NoSuchAccount,
    NoSuchRole,
    UnfitName,
    UnfitPassword,
    WrongPassword,
)
from infra.access.attempts import TooManySignIns
from infra.access.decision import (
    ActNotGranted,
    Ancestors,
    Decision,
    DutiesApart,
    Grant,
    NotFound,
    Resource,
    RoleNotInForce,
    Scope,
    Verdict,
    decide,
)
from infra.access.passwords import SignInBusy
from infra.access.roles import BadRolesError, Roles, UnknownActError, roles
from infra.access.sessions import Session, SignInFailed
from infra.access.tokens import BadTokenError, Tokens

__all__ = [
    "Access",
    "Account",
    "ActNotGranted",
    "Ancestors",
    "BadRolesError",
    "BadTokenError",
    "Decision",
    "DutiesApart",
    "Grant",
    "NameTaken",
    "NoSuchAccount",
    "NoSuchRole",
    "NotFound",
    "Resource",
    "RoleNotInForce",
    "Roles",
    "Scope",
    "Session",
    "SignInBusy",
    "SignInFailed",
    "Tokens",
    "TooManySignIns",
    "UnfitName",
    "UnfitPassword",
    "UnknownActError",
    "Verdict",
    "WrongPassword",
    "decide",
    "roles",
]
