"""Verification: the cases in scope, and in each its requests, replies and what is awaited."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from infra.access import NotFound
from services.portal.deeds import Deed, Json, asked, day_asked, deeds_of, do
from services.portal.fields import Field, Sheet
from services.portal.page import Page, PageHere
from services.portal.written import has_words, words

router = APIRouter()
_API = "/verification/cases"
_SECTION = "verification"
GROUNDS = ("declared_member", "deceased", "no_capacity")
_MOST_LISTED = 200
_DAYS = {"day-to-come": "on", "role-not-in-force": "on", "reply-before-request": "on"}
_OF_REQUEST = {
    **_DAYS,
    "already-replied": "request",
    "request-is-waived": "request",
    "unknown-request": "request",
    "nothing-to-supplement": "request",
}


def subject(kind: str, name: str | None = None) -> str:
    """Return who is asked about: the kind in words, and the name where one may know it."""
    key = f"verification/subject_kind.{kind}"
    called = words(key) if has_words(key) else kind
    return f"{called}: {name}" if name else called


def place_of(request: Json) -> str:
    """Return the place that is asked; a dash where none is."""
    return request["place_name"] or request["place"] or words("portal_work/verification.no-place")


def _asking(page: Page, told: Json) -> list[Field]:
    places = [(place.code, place.name) for place in page.places.by_code.values()][:_MOST_LISTED]
    yes_no = [(code, words(f"portal_case/form.{code}")) for code in ("no", "yes")]
    kinds = [(kind, subject(kind)) for kind in told["subjects"]]
    return [
        asked(_SECTION, "subject_kind", kind="choice", choices=kinds),
        asked(_SECTION, "subject_name", required=False),
        asked(_SECTION, "place", longest=64, choices=places),
        asked(_SECTION, "place_name", required=False),
        asked(_SECTION, "abroad", kind="yes-no", choices=yes_no, value="no"),
        day_asked(page, _SECTION, key="asked-on"),
        asked(_SECTION, "document", required=False),
    ]


def _request(requests: Iterable[Json], **more: Any) -> Field | None:  # noqa: ANN401 - as `asked`
    found = [
        (
            str(each["request"]),
            words(
                "portal_work/verification.request-of",
                number=each["request"],
                subject=subject(each["subject_kind"], each["subject_name"]),
                place=place_of(each),
            ),
        )
        for each in requests
    ]
    return asked(_SECTION, "request", kind="choice", choices=found, **more) if found else None


def _reply(page: Page, told: Json) -> list[Field]:
    which = _request(each for each in told["requests"] if each["may_reply"])
    matches = [(code, words(f"portal_work/verification.matches-{code}")) for code in ("yes", "no")]
    if which is None:
        return []
    return [
        which,
        # A field named `matches` would hide what every form can do by that name.
        asked(_SECTION, "fits", key="matches", kind="yes-no", choices=matches),
        day_asked(page, _SECTION, key="replied-on"),
        asked(_SECTION, "document", required=False),
        asked(_SECTION, "remarks", kind="area", required=False, longest=2000),
    ]


def _supplement(page: Page, told: Json) -> list[Field]:
    which = _request(each for each in told["requests"] if each["replied_on"] and each["place"])
    question = asked(_SECTION, "question", kind="area", required=False, longest=2000)
    return [which, day_asked(page, _SECTION), question] if which else []


def _waiver(page: Page, told: Json) -> list[Field]:
    awaited = [each for each in told["requests"] if not _is_settled(each)]
    which = _request(awaited, required=False)
    grounds = [(code, words(f"verification/ground.{code}")) for code in GROUNDS]
    kinds = [(kind, subject(kind)) for kind in told["subjects"]]
    return [
        *([which] if which else []),
        asked(
            _SECTION,
            "subject_kind",
            key="waived-subject",
            kind="choice",
            choices=kinds,
            required=False,
        ),
        asked(_SECTION, "subject_name", required=False),
        asked(_SECTION, "ground", kind="choice", choices=grounds),
        day_asked(page, _SECTION),
        asked(_SECTION, "document", required=False),
        asked(_SECTION, "reason", kind="area", required=False, longest=2000),
    ]


def _closing(page: Page, _: Json) -> list[Field]:
    return [
        day_asked(page, _SECTION, key="closed-on"),
        asked(_SECTION, "document", required=False),
    ]


def _replied(told: dict[str, Any]) -> dict[str, Any]:
    """Return a reply, which says whether it matches what was declared."""
    body = _numbered(told)
    return body | {"matches": body.pop("fits")}


def _numbered(told: dict[str, Any]) -> dict[str, Any]:
    """Return a body in which the request is a number; it says by itself about whom it asks."""
    if "request" not in told:
        return told
    kept = {name: told[name] for name in told if name not in {"subject_kind", "subject_name"}}
    return kept | {"request": int(told["request"])}


DEEDS = (
    Deed(
        act="reply",
        slug="tra-loi",
        resource="replies",
        fields=_reply,
        body=_replied,
        about=_OF_REQUEST,
    ),
    Deed(
        act="request",
        slug="yeu-cau",
        resource="requests",
        fields=_asking,
        about={
            **_DAYS,
            "request-before-seal": "on",
            "unknown-verification-subject": "subject_kind",
            "place-missing": "place",
        },
    ),
    Deed(
        act="supplement",
        slug="bo-sung",
        resource="supplements",
        fields=_supplement,
        body=_numbered,
        about=_OF_REQUEST,
    ),
    Deed(
        act="waive",
        slug="mien",
        resource="waivers",
        fields=_waiver,
        body=_numbered,
        about={
            **_OF_REQUEST,
            "unknown-verification-subject": "subject_kind",
            "ground-missing": "ground",
            "request-before-seal": "on",
        },
    ),
    Deed(
        act="close",
        slug="ket-thuc",
        resource="closing",
        fields=_closing,
        about={**_DAYS, "closed-before-reply": "on"},
    ),
)
_AGAIN = frozenset({"tra-loi", "yeu-cau"})
"""After these, the same form is opened once more: there are mostly several to write."""


@router.get("/tham-tra")
async def cases(page: PageHere) -> Response:
    """Show the cases that go on, what is due soonest first, or those that are done."""
    query = page.request.query_params
    closed = query.get("xong") == "1"
    answer = await page.client.listed(
        _API,
        closed="true" if closed else None,
        purpose=words("portal_work/verification.purpose-list"),
        cursor=query.get("tiep"),
    )
    return page.render(
        "cases.html",
        section="verification",
        cases=answer.body["cases"],
        next=answer.body["next"],
        closed=closed,
        called=called,
        today=page.today.isoformat(),
    )


@router.get("/tham-tra/{case}")
async def case(page: PageHere, case: UUID) -> Response:
    """Show a case with the act that is next."""
    return _shown(page, await _read(page, case))


@router.get("/tham-tra/{case}/{slug}")
async def form(page: PageHere, case: UUID, slug: str) -> Response:
    """Show a case with the form of an act."""
    _deed(slug)
    return _shown(page, await _read(page, case), slug)


@router.post("/tham-tra/{case}/{slug}")
async def act(page: PageHere, case: UUID, slug: str) -> Response:
    """Do an act, once; then show the case as it stands."""
    deed = _deed(slug)
    told = await _read(page, case)
    sheet, answer, status = await do(page, told, deed, f"{_API}/{case}")
    if answer is None:
        return _shown(page, await _read(page, case), slug, sheet, status)
    path = f"/tham-tra/{case}/{slug}" if slug in _AGAIN else f"/tham-tra/{case}"
    position = answer.body["position"]
    return page.see(path, after=position, cu=None if position else 1)


def called(case: Json) -> str:
    """Return by which name a case is shown."""
    name: str | None = case["full_name"]
    return name or words("portal_work/verification.nameless", case=case["candidacy"][:8])


def _deed(slug: str) -> Deed:
    if found := next((deed for deed in DEEDS if deed.slug == slug), None):
        return found
    raise NotFound


def _is_settled(request: Json) -> bool:
    return bool(request["replied_on"] or request["waived_on"])


async def _read(page: Page, case: UUID) -> dict[str, Any]:
    told: dict[str, Any] = await page.client.get(
        f"{_API}/{case}", purpose=words("portal_work/verification.purpose")
    )
    for each in told["acts"]:
        # Who was asked may reply, though the case is not his.
        if each["act"] == "reply" and any(asked["may_reply"] for asked in told["requests"]):
            each.update(allowed=True, blocked=None)
    return told


def _shown(
    page: Page, told: Json, slug: str | None = None, sheet: Sheet | None = None, status: int = 200
) -> Response:
    requests = told["requests"]
    return page.render(
        "verification.html",
        status=status,
        section="verification",
        told=told,
        deeds=deeds_of(page, told, DEEDS, section=_SECTION, slug=slug, sheet=sheet),
        called=called,
        subject=subject,
        place_of=place_of,
        answered=sum(_is_settled(each) for each in requests),
        conflicts=sum(each["matches"] is False for each in requests),
        overdue=sum(bool(each["deadline"] and each["deadline"]["overdue"]) for each in requests),
        path=f"/tham-tra/{told['case']}",
    )
