"""Signing in and out, and choosing by which grant one acts."""

from __future__ import annotations

import secrets
from hmac import compare_digest

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from events.refusal import Refusal
from infra.access import NotFound, SignInBusy, SignInFailed, TooManySignIns
from services.portal.page import COOKIE, CSRF, ForeignForm, PageHere, Portal, form_of, rendered
from services.wording import refusal_words

router = APIRouter()
_FORM_COOKIE = "ketnap-form"
_FORM_SECONDS = 3600
_STATUSES: dict[type[Refusal], int] = {SignInFailed: 401, TooManySignIns: 429, SignInBusy: 503}
_PATH = "/dang-nhap"


@router.get(_PATH)
async def show(request: Request, to: str = "/") -> Response:
    """Show where one signs in."""
    return _form(request, to)


@router.post(_PATH)
async def sign_in(request: Request) -> Response:
    """Sign in, and go where one was going."""
    portal: Portal = request.app.state.portal
    sent = (await form_of(request)).values
    to, name = sent.get("to", "/"), sent.get("name", "")
    # Nobody is signed in yet: the form shows by a cookie of its own that it is this browser's.
    made_for = request.cookies.get(_FORM_COOKIE, "")
    if not made_for or not compare_digest(made_for.encode(), sent.get(CSRF, "").encode()):
        return _form(request, to, name, ForeignForm())
    address = request.client.host if request.client else ""
    try:
        token = await run_in_threadpool(
            portal.access.sign_in, name, sent.get("password", ""), address
        )
    except (SignInFailed, TooManySignIns, SignInBusy) as refusal:
        return _form(request, to, name, refusal)
    answer = RedirectResponse(_ours(to), status_code=303)
    answer.set_cookie(
        COOKIE, token, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    answer.delete_cookie(_FORM_COOKIE)
    return answer


@router.post("/dang-xuat")
async def sign_out(page: PageHere) -> Response:
    """Sign out."""
    await page.form()
    token = page.request.cookies.get(COOKIE, "")
    await run_in_threadpool(page.portal.access.sign_out, token)
    answer = RedirectResponse(_PATH, status_code=303)
    answer.delete_cookie(COOKIE)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.post("/vai-tro")
async def act_by(page: PageHere) -> Response:
    """Act by another of one's grants."""
    form = await page.form()
    chosen = form.values.get("grant", "")
    if not chosen.isascii() or not chosen.isdecimal():
        raise NotFound
    token = page.request.cookies.get(COOKIE, "")
    await run_in_threadpool(page.portal.access.act_by, token, int(chosen))
    return RedirectResponse("/", status_code=303)


def _form(request: Request, to: str, name: str = "", refusal: Refusal | None = None) -> Response:
    portal: Portal = request.app.state.portal
    made_for = request.cookies.get(_FORM_COOKIE) or secrets.token_urlsafe(24)
    answer = rendered(
        portal,
        "sign_in.html",
        status=_STATUSES.get(type(refusal), 403) if refusal else 200,
        csrf=made_for,
        to=_ours(to),
        name=name,
        refused=refusal and refusal_words(refusal),
    )
    if refusal and (seconds := refusal.facts.get("retry_after_seconds")):
        answer.headers["Retry-After"] = str(seconds)
    answer.set_cookie(
        _FORM_COOKIE,
        made_for,
        max_age=_FORM_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def _ours(to: str) -> str:
    """Return where to go, if it is a page of ours: `//elsewhere` is not."""
    ours = to.startswith("/") and not to.startswith(("//", "/\\")) and to.isprintable()
    return to if ours and not to.startswith(_PATH) else "/"
