"""Accounts and their dated grants, in a database of their own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Self
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.refusal import Refusal
from infra.access import passwords
from infra.access.attempts import Attempts, microseconds
from infra.access.decision import Grant, NotFound
from infra.access.passwords import Passwords, SignInBusy
from infra.access.roles import Roles, roles
from infra.access.sessions import Session, Sessions, SignInFailed, grants_of
from infra.access.tables import Store
from infra.access.tokens import Tokens
from infra.database import Database, Place, SqliteFile, Taken

CIVIL = timezone(timedelta(hours=7))
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?")


class NameTaken(Refusal):
    """Another account signs in with that name."""


class UnfitName(Refusal):
    """A name to sign in with is of small letters, digits, dots and hyphens."""


class UnfitPassword(Refusal):
    """A password is long, and not of a few signs."""


class WrongPassword(Refusal):
    """Who changes a password says the present one first."""


class NoSuchAccount(Refusal):
    """No account that is open signs in with that name."""


class NoSuchRole(Refusal):
    """The table of roles has none of that code."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. Records know only the id."""

    id: str
    name: str


class Access:
    """Everything about who may come in.

    No account has a password that was not generated for it or chosen by its holder.
    """

    def __init__(
        self,
        place: Place,
        secret: bytes,
        *,
        table: Roles | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.roles = table or roles()
        self._clock = clock
        self._store = Store(place)
        self._passwords = Passwords()
        self._attempts = Attempts(_derived(secret, "attempts"))
        self._sessions = Sessions(_derived(secret, "sessions"))
        self.tokens = Tokens(_derived(secret, "tokens"), clock)
        self.questions_secret = _derived(secret, "questions")

    @classmethod
    def in_folder(
        cls,
        folder: Path,
        secret: bytes,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Open the accounts of a folder, which is made if it is not there."""
        return cls(SqliteFile(folder / "access.db"), secret, clock=clock)

    def close(self) -> None:
        """Close the database."""
        self._store.close()

    def today(self) -> date:
        """Return the civil day."""
        return self._clock().astimezone(CIVIL).date()

    def open_account(self, name: str) -> tuple[Account, str]:
        """Make an account and return it with its password, which is told this once.

        Raises UnfitName and NameTaken.
        """
        folded = _folded(name)
        if not _NAME.fullmatch(folded):
            raise UnfitName(name=name)
        account, password = Account(str(uuid4()), folded), passwords.generated()
        hashed = self._passwords.hashed(password)
        with self._store.commit() as db:
            try:
                db.execute(
                    "insert into accounts values (?, ?, ?, ?, null)",
                    (account.id, folded, hashed, microseconds(self._clock())),
                )
            except Taken:
                raise NameTaken(name=folded) from None
        return account, password

    def account(self, name: str) -> Account | None:
        """Return the open account of a name."""
        with self._store.reading() as db:
            row = _open_account(db, _folded(name))
        return Account(row[0], row[1]) if row else None

    def accounts(self) -> list[Account]:
        """Return every open account, by name."""
        with self._store.reading() as db:
            rows = db.execute("select id, name from accounts where closed is null order by name")
            return [Account(*row) for row in rows]

    def close_account(self, name: str) -> None:
        """Let nobody sign in with an account any more. Raises NoSuchAccount."""
        account = self._named(name)
        with self._store.commit() as db:
            db.execute(
                "update accounts set closed = ? where id = ?",
                (microseconds(self._clock()), account.id),
            )
            self._sessions.end_all(db, account.id)

    def renew_password(self, name: str) -> str:
        """Give an account a new password, told this once, and end its sessions.

        Raises NoSuchAccount.
        """
        account, password = self._named(name), passwords.generated()
        self._set_password(account.id, password, before=None)
        return password

    def change_password(self, account: str, old: str, new: str) -> None:
        """Have a holder choose a password; every session of the account ends.

        Raises WrongPassword and UnfitPassword.
        """
        with self._store.reading() as db:
            row = db.execute(
                "select password from accounts where id = ? and closed is null", (account,)
            ).fetchone()
        if not self._passwords.fits(row[0] if row else None, old):
            raise WrongPassword
        if not passwords.is_fit(new) or new == old:
            raise UnfitPassword(shortest=passwords.SHORTEST, longest=passwords.LONGEST)
        self._set_password(account, new, before=row[0])

    def _set_password(self, account: str, password: str, *, before: str | None) -> None:
        hashed = self._passwords.hashed(password)
        with self._store.commit() as db:
            changed = db.execute(
                "update accounts set password = ?"
                " where id = ? and password = coalesce(?, password)",
                (hashed, account, before),
            )
            if not changed.rowcount:
                raise WrongPassword
            self._sessions.end_all(db, account)

    def grant(  # noqa: PLR0913 - who, where, as what, from when, until when, by whom
        self,
        name: str,
        unit: UUID,
        role: str,
        *,
        first: date,
        last: date | None = None,
        by: str,
    ) -> Grant:
        """Let an account act for a unit in a role, between days.

        Raises NoSuchAccount and NoSuchRole.
        """
        account = self._named(name)
        if self.roles.role(role) is None:
            raise NoSuchRole(role=role)
        with self._store.commit() as db:
            [number] = db.execute(
                "insert into grants(account, unit, role, first, last, granted, granted_by)"
                " values (?, ?, ?, ?, ?, ?, ?) returning id",
                (
                    account.id,
                    unit.bytes,
                    role,
                    first.isoformat(),
                    last.isoformat() if last else None,
                    microseconds(self._clock()),
                    by,
                ),
            ).fetchone()
        return Grant(
            id=number,
            account=account.id,
            unit=unit,
            role=role,
            first=first,
            last=last,
        )

    def end_grant(self, grant: int, *, last: date, by: str) -> None:
        """Set the last day of a grant; yesterday ends it at once. Raises NotFound."""
        with self._store.commit() as db:
            ended = db.execute(
                "update grants set last = ?, ended = ?, ended_by = ? where id = ?",
                (last.isoformat(), microseconds(self._clock()), by, grant),
            )
            if not ended.rowcount:
                raise NotFound

    def grants(self, account: str, on: date | None = None) -> tuple[Grant, ...]:
        """Return the grants of an account; with a day, those that hold on it."""
        with self._store.reading() as db:
            return grants_of(db, account, on)

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Return the token of a new session.

        Raises SignInFailed, TooManySignIns and SignInBusy.
        """
        folded = _folded(name)
        with self._store.commit() as db:
            attempt = self._attempts.begin(db, folded, address, self._clock())
            row = _open_account(db, folded)
        try:
            fits = self._passwords.fits(row[2] if row else None, password)
        except SignInBusy:
            with self._store.commit() as db:
                self._attempts.forget(db, attempt)
            raise
        if fits and row:
            with self._store.commit() as db:
                self._attempts.succeed(db, attempt)
                if token := self._sessions.begin(db, row[0], row[2], self._clock()):
                    return token
        raise SignInFailed

    def session(self, token: str) -> Session | None:
        """Return who is signed in with a token."""
        with self._store.reading() as db:
            return self._sessions.find(db, token, self._clock(), self.today())

    def act_by(self, token: str, grant: int) -> None:
        """Have a session act by another of its own grants. Raises NotFound."""
        with self._store.commit() as db:
            if not self._sessions.act_by(db, token, grant):
                raise NotFound

    def csrf_fits(self, token: str, given: str) -> bool:
        """Tell whether a form is one of the session's own."""
        return self._sessions.csrf_fits(token, given)

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._store.commit() as db:
            self._sessions.end(db, token)

    def _named(self, name: str) -> Account:
        if account := self.account(name):
            return account
        raise NoSuchAccount(name=name)


def _open_account(db: Database, folded: str) -> tuple[str, str, str] | None:
    if not _NAME.fullmatch(folded):
        return None  # nor does every database take just any text
    row: tuple[str, str, str] | None = db.execute(
        "select id, name, password from accounts where name = ? and closed is null", (folded,)
    ).fetchone()
    return row


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().lower()


def _derived(secret: bytes, purpose: str) -> bytes:
    info = f"ketnap/access/{purpose}".encode()
    return HKDF(SHA256(), sha256().digest_size, salt=None, info=info).derive(secret)
