"""Sessions: who is signed in, in which of the grants that hold today."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from events.refusal import Refusal
from infra.access.attempts import microseconds, microseconds_of
from infra.access.decision import Grant
from infra.database import Database

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=2)
# How stale `seen` may be: a page that is read costs no write.
_SEEN_EVERY = timedelta(minutes=5)
_TOKEN_BYTES = 32


class SignInFailed(Refusal):
    """No open account has that name and that password; which of the two, nobody is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in."""

    account: str
    name: str
    grants: tuple[Grant, ...]
    """Those that hold today, oldest first."""
    acting: Grant | None
    """The one by which everything is asked and done; None without any."""
    csrf: str
    """What every form of this session carries."""


class Sessions:
    """Random tokens, kept as digests; what a form carries is derived from the token."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def begin(self, db: Database, account: str, password: str, now: datetime) -> str | None:
        """Return a new token, or None if the password changed while it was verified."""
        at = microseconds(now)
        db.execute(
            "delete from sessions where began <= ? or seen <= ?",
            (at - microseconds_of(LONGEST), at - microseconds_of(IDLE)),
        )
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        made = db.execute(
            "insert into sessions(token, account, began, seen) select ?, id, ?, ? from accounts"
            " where id = ? and password = ? and closed is null",
            (_digest(token), at, at, account, password),
        )
        return token if made.rowcount else None

    def find(self, db: Database, token: str, now: datetime, today: date) -> Session | None:
        """Return the session of a token; None where it is unknown, over or idle too long."""
        row = db.execute(
            "select a.id, a.name, s.acting, s.began, s.seen"
            " from sessions s join accounts a on a.id = s.account"
            " where s.token = ? and a.closed is null",
            (_digest(token),),
        ).fetchone()
        if row is None:
            return None
        account, name, chosen, began, seen = row
        at = microseconds(now)
        if at - began >= microseconds_of(LONGEST) or at - seen >= microseconds_of(IDLE):
            return None
        if at - seen >= microseconds_of(_SEEN_EVERY):
            db.execute("update sessions set seen = ? where token = ?", (at, _digest(token)))
        grants = grants_of(db, account, today)
        acting = next((each for each in grants if each.id == chosen), None)
        return Session(
            account=account,
            name=name,
            grants=grants,
            acting=acting or (grants[0] if grants else None),
            csrf=self.csrf(token),
        )

    def act_by(self, db: Database, token: str, grant: int) -> bool:
        """Have a session act by another grant; tell whether it is one of its account."""
        chosen = db.execute(
            "update sessions set acting = ? where token = ?"
            " and account = (select account from grants where id = ?)",
            (grant, _digest(token), grant),
        )
        return chosen.rowcount == 1

    def end(self, db: Database, token: str) -> None:
        """Sign out."""
        db.execute("delete from sessions where token = ?", (_digest(token),))

    def end_all(self, db: Database, account: str) -> None:
        """Sign out everywhere."""
        db.execute("delete from sessions where account = ?", (account,))

    def csrf(self, token: str) -> str:
        """Return what the forms of a session carry; it does not tell the token."""
        return hmac.new(self._key, b"csrf/" + _bytes(token), sha256).hexdigest()

    def csrf_fits(self, token: str, given: str) -> bool:
        """Tell whether a form is of that session."""
        return hmac.compare_digest(self.csrf(token).encode(), _bytes(given))


def grants_of(db: Database, account: str, on: date | None) -> tuple[Grant, ...]:
    """Return the grants of an account, oldest first; with a day, those that hold on it."""
    rows: Sequence[tuple[int, bytes, str, str, str | None]] = db.execute(
        "select id, unit, role, first, last from grants where account = :account"
        " and first <= coalesce(:day, first) and coalesce(:day, '') <= coalesce(last, '9999-12-31')"
        " order by id",
        {"account": account, "day": on.isoformat() if on else None},
    ).fetchall()
    return tuple(
        Grant(
            id=number,
            account=account,
            unit=UUID(bytes=unit),
            role=role,
            first=date.fromisoformat(first),
            last=date.fromisoformat(last) if last else None,
        )
        for number, unit, role, first, last in rows
    )


def _digest(token: str) -> bytes:
    return sha256(_bytes(token)).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
