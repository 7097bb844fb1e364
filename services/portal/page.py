"""What every page is given: who asks, of which moment, the services, and how it is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated
from unicodedata import normalize
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Depends, Request
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from events.refusal import Refusal
from infra.access import Access, Grant, Session
from infra.http import SignInRequired
from services.portal.client import Asker, Client, HandedOn
from services.portal.moment import Moment, moment
from services.portal.places import Places, Scopes

COOKIE = "ketnap"
CSRF, KEY = "csrf", "key"


class ForeignForm(Refusal):
    """A form that was not made for who sends it, or was made before the last sign-in."""


class NothingGranted(Refusal):
    """The account may sign in, and acts for no unit today."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the menu: shown where its page exists, and who asks sees such records."""

    path: str
    key: str
    kinds: tuple[str, ...]


MENU = (
    Entry("/viec", "work", ("task",)),
    Entry("/", "figures", ("figures",)),
    Entry("/tim", "people", ("candidacy",)),
    Entry("/lop", "classes", ("class",)),
    Entry("/tham-tra", "verification", ("verification", "request")),
    Entry("/nhap", "import", ("import",)),
)


@dataclass(frozen=True, slots=True)
class Portal:
    """What the pages of one process share."""

    access: Access
    client: Client
    templates: Environment
    paths: frozenset[str]
    """The pages that there are."""
    scopes: Scopes = field(default_factory=Scopes)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came with a form."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What a form of ours said: its texts, and the files that came with it."""

    values: Mapping[str, str]
    files: Mapping[str, Sent]
    key: str
    """Under which what it asks for is done once."""

    def get(self, name: str) -> str | None:
        """Return a text; None where the field was left empty."""
        return self.values.get(name) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that is being made, for one who is signed in and acts for a unit."""

    portal: Portal
    request: Request
    session: Session
    grant: Grant
    """By which everything is asked and done."""
    client: Asker
    """The services, asked in the name of who is signed in."""
    moment: Moment
    address: str
    """What links carry on, as they write it."""
    places: Places
    """The units that are seen on the day of the page."""
    today: date

    @property
    def role(self) -> str:
        """Return how the role is called in which one acts."""
        role = self.portal.access.roles.role(self.grant.role)
        return role.name if role else self.grant.role

    @property
    def menu(self) -> list[Entry]:
        """Return the pages that exist for who asks."""
        return [
            entry
            for entry in MENU
            if entry.path in self.portal.paths and any(map(self.sees, entry.kinds))
        ]

    def sees(self, kind: str) -> bool:
        """Tell whether the role sees records of a kind at all."""
        role = self.portal.access.roles.role(self.grant.role)
        return bool(role and role.permissions.get(kind))

    def may(self, kind: str, act: str) -> bool:
        """Tell whether the role does that at all; on which records, the services decide."""
        role = self.portal.access.roles.role(self.grant.role)
        permissions = role.permissions.get(kind, ()) if role else ()
        return any(act in permission.acts for permission in permissions)

    def link(self, path: str, **changes: object) -> str:
        """Return an address that keeps to the moment of this page; None leaves a part out."""
        if changes:
            asked = {**self.moment.address(), **changes}
            query = urlencode({name: text for name, text in asked.items() if text is not None})
        else:
            query = self.address
        return f"{path}{'&' if '?' in path else '?'}{query}" if query else path

    def render(self, template: str, *, status: int = 200, **context: object) -> HTMLResponse:
        """Return a page of a template."""
        return rendered(self.portal, template, status=status, page=self, **context)

    async def form(self) -> Form:
        """Return what was sent. Raises ForeignForm unless the form is of this session."""
        sent = await form_of(self.request)
        token = self.request.cookies.get(COOKIE, "")
        if not self.portal.access.csrf_fits(token, sent.values.get(CSRF, "")):
            raise ForeignForm
        return sent

    def see(self, path: str, *, after: str | None = None, **query: object) -> RedirectResponse:
        """Send the browser to a page, which shows what was written up to a position."""
        return RedirectResponse(self.link(path, after=after, **query), status_code=303)

    def handed_on(self, path: str, *, seen: str | None = None, **query: str) -> HandedOn:
        """Return an answer that a service writes: a file, or a stream from `seen` on."""
        token = self.portal.access.tokens.sign(self.grant, self.today)
        return self.portal.client.handed_on(path, query, token, self.request, seen)


async def form_of(request: Request) -> Form:
    """Read a form; all text is brought to one spelling."""
    values: dict[str, str] = {}
    files: dict[str, Sent] = {}
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                values[name] = normalize("NFC", value).strip()
            elif value.filename:
                files[name] = Sent(normalize("NFC", value.filename), await value.read())
    return Form(values, files, values.get(KEY) or uuid4().hex)


async def page(request: Request) -> Page:
    """Return the page that is asked for. Raises SignInRequired and NothingGranted."""
    portal: Portal = request.app.state.portal
    access = portal.access
    session = await run_in_threadpool(access.session, request.cookies.get(COOKIE, ""))
    if session is None:
        raise SignInRequired
    request.state.session = session
    if session.acting is None:
        raise NothingGranted(name=session.name)
    today, grant = access.today(), session.acting
    asked = moment(request.query_params, today)
    trace = getattr(request.state, "traceparent", None)
    client = portal.client.of(
        access.tokens.sign(grant, today),
        {"traceparent": trace} if trace else {},
        request.query_params.get("after"),
    )
    return Page(
        portal=portal,
        request=request,
        session=session,
        grant=grant,
        client=client,
        moment=asked,
        address=urlencode(asked.address()),
        places=await portal.scopes.of(client, grant.unit, grant.role, asked.as_of),
        today=today,
    )


PageHere = Annotated[Page, Depends(page)]
"""The parameter of a route that makes a page."""


def rendered(
    portal: Portal, template: str, *, status: int = 200, page: Page | None = None, **context: object
) -> HTMLResponse:
    """Return a page of a template, also for nobody in particular."""
    text = portal.templates.get_template(template).render(page=page, **context)
    return HTMLResponse(text, status_code=status)
