"""Awareness classes: which there are, and in each its learners, results and certificates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from infra.access import ActNotGranted, NotFound
from services.portal.client import ApiProblem
from services.portal.deeds import Deed, Json, asked, day_asked, deeds_of, do
from services.portal.fields import Field, Sheet
from services.portal.page import Page, PageHere
from services.portal.written import NONE, words

router = APIRouter()
_API = "/training/classes"
_SECTION = "class"
_OF_LEARNER = {
    "unknown-learner": "candidacy",
    "result-already-recorded": "candidacy",
    "certificate-already-issued": "candidacy",
    "not-passed": "candidacy",
    "outside-the-class": "on",
    "days-out-of-order": "on",
    "day-to-come": "on",
    "role-not-in-force": "on",
    "attendance-too-low": "attended",
    "score-impossible": "score",
    "retake-not-allowed": "retake",
    "certificate-number-taken": "number",
    "certificate-number-missing": "number",
}
_OF_CLASS = {
    "class-already-open": "code",
    "unknown-centre": "centre",
    "days-out-of-order": "on",
    "day-to-come": "on",
    "role-not-in-force": "on",
}
_MALFORMED = 422


def _enrolment(page: Page, _: Json) -> list[Field]:
    return [
        asked(_SECTION, "person"),
        day_asked(page, _SECTION, key="enrolled-on"),
        asked(_SECTION, "document", required=False),
    ]


def _whom(told: dict[str, Any]) -> dict[str, Any]:
    """Return an enrolment by candidacy or by the person's reference, whichever was written."""
    whom = told.pop("person")
    try:
        return told | {"candidacy": str(UUID(whom))}
    except ValueError:
        return told | {"person_ref": whom}


def _learner(told: Json, *, passed: tuple[bool | None, ...]) -> Field | None:
    """Return the choice among learners without a certificate who stand so."""
    found = [
        (each["candidacy"], called(each))
        for each in told["learners"]
        if each["passed"] in passed and not each["certificate"]
    ]
    return asked(_SECTION, "candidacy", kind="choice", choices=found) if found else None


def _result(page: Page, told: Json) -> list[Field]:
    whom = _learner(told, passed=(None,))
    return [whom, *_marks(told), day_asked(page, _SECTION)] if whom else []


def _correction(page: Page, told: Json) -> list[Field]:
    whom = _learner(told, passed=(True, False))
    reason = asked(_SECTION, "reason", kind="area", longest=1000)
    return [whom, *_marks(told), day_asked(page, _SECTION), reason] if whom else []


def _marks(told: Json) -> list[Field]:
    results = (each["result"] for each in told["learners"] if each["result"])
    periods = next((str(each["periods"]) for each in results), "")
    return [
        asked(_SECTION, "attended", kind="number"),
        asked(_SECTION, "periods", kind="number", value=periods),
        asked(_SECTION, "score", required=False, longest=5),
        asked(_SECTION, "retake", required=False, longest=5),
    ]


def _withdrawal(page: Page, told: Json) -> list[Field]:
    whom = _learner(told, passed=(None,))
    reason = asked(_SECTION, "why", kind="area", required=False, longest=1000)
    return [whom, day_asked(page, _SECTION), reason] if whom else []


def _withdrawn(told: dict[str, Any]) -> dict[str, Any]:
    return {("reason" if name == "why" else name): value for name, value in told.items()}


def _closing(page: Page, told: Json) -> list[Field]:
    passed = asked(_SECTION, "certified", kind="number", required=False)
    on = day_asked(page, _SECTION, key="closed-on")
    return [
        on,
        *([] if told["learners"] else [passed]),
        asked(_SECTION, "document", required=False),
    ]


def _certificate(page: Page, told: Json) -> list[Field]:
    whom = _learner(told, passed=(True,))
    number = asked(_SECTION, "number", longest=64)
    return [whom, number, day_asked(page, _SECTION, key="issued-on")] if whom else []


DEEDS = (
    Deed(
        act="enrol",
        slug="ghi-danh",
        resource="learners",
        fields=_enrolment,
        body=_whom,
        about={
            "unknown-candidate": "person",
            "learner-in-another-class": "person",
            "outside-the-class": "on",
            "day-to-come": "on",
            "role-not-in-force": "on",
        },
    ),
    Deed(
        act="record_result",
        slug="ket-qua",
        resource="results",
        fields=_result,
        about=_OF_LEARNER,
    ),
    Deed(
        act="close",
        slug="be-giang",
        resource="closing",
        fields=_closing,
        about={**_OF_CLASS, "certified-differs": "certified"},
    ),
    Deed(
        act="issue_certificate",
        slug="giay-chung-nhan",
        resource="certificates",
        fields=_certificate,
        about=_OF_LEARNER,
    ),
    Deed(
        act="withdraw",
        slug="cho-rut",
        resource="withdrawals",
        fields=_withdrawal,
        body=_withdrawn,
        about=_OF_LEARNER,
    ),
    Deed(
        act="correct",
        slug="dinh-chinh",
        resource="results",
        fields=_correction,
        body=lambda told: told | {"correct": True},
        about=_OF_LEARNER,
    ),
)


def called(learner: Json) -> str:
    """Return by which name a learner is shown."""
    name: str | None = learner["full_name"]
    return name or words("portal_work/class.nameless", case=learner["candidacy"][:8])


@router.get("/lop")
async def classes(page: PageHere) -> Response:
    """Show the classes, and the form that opens one."""
    return await _listed(page, _opening(page) if page.may("class", "open") else None)


@router.post("/lop")
async def open_class(page: PageHere) -> Response:
    """Open a class, once; then show it."""
    if not page.may("class", "open"):
        raise ActNotGranted(role=page.role)
    form = await page.form()
    sheet, told = _opening(page).body(form)
    if sheet.wrong:
        return await _listed(page, sheet, _MALFORMED)
    try:
        answer = await page.client.post(_API, told, key=sheet.key)
    except ApiProblem as error:
        return await _listed(page, sheet.refused(error.problem, _OF_CLASS), error.problem.status)
    return page.see(f"/lop/{answer.body['id']}", after=answer.body["position"])


@router.get("/lop/{stream}")
async def class_(page: PageHere, stream: UUID) -> Response:
    """Show a class with the act that is next."""
    return _shown(page, await _read(page, stream))


@router.get("/lop/{stream}/{slug}")
async def form(page: PageHere, stream: UUID, slug: str) -> Response:
    """Show a class with the form of an act."""
    _deed(slug)
    return _shown(page, await _read(page, stream), slug)


@router.post("/lop/{stream}/{slug}")
async def act(page: PageHere, stream: UUID, slug: str) -> Response:
    """Do an act, once; then show the class as it stands."""
    deed = _deed(slug)
    told = await _read(page, stream)
    sheet, answer, status = await do(page, told, deed, f"{_API}/{stream}")
    if answer is None:
        return _shown(page, await _read(page, stream), slug, sheet, status)
    back = slug if slug in {"ket-qua", "ghi-danh", "giay-chung-nhan"} else None
    path = f"/lop/{stream}/{back}" if back else f"/lop/{stream}"
    position = answer.body["position"]
    return page.see(path, after=position, cu=None if position else 1)


def _deed(slug: str) -> Deed:
    if found := next((deed for deed in DEEDS if deed.slug == slug), None):
        return found
    raise NotFound


def _opening(page: Page) -> Sheet:
    centres = [
        (place.code, f"{place.name} ({place.code})")
        for place in page.places.by_code.values()
        if place.kind == "training_centre"
    ]
    own = page.places.own
    if not centres and own:
        centres = [(own.code, own.name)]
    yes_no = [(code, words(f"portal_case/form.{code}")) for code in ("yes", "no")]
    return Sheet(
        fields=[
            asked(_SECTION, "code", longest=64),
            asked(
                _SECTION,
                "centre",
                kind="choice",
                choices=centres,
                value=centres[0][0] if len(centres) == 1 else "",
            ),
            day_asked(page, _SECTION, key="opened-on"),
            asked(_SECTION, "weekend", kind="yes-no", required=False, choices=yes_no),
            asked(_SECTION, "co_organiser", required=False),
            asked(_SECTION, "document", required=False),
        ]
    )


async def _listed(page: Page, sheet: Sheet | None, status: int = 200) -> Response:
    period = page.moment.period.text if "period" in page.moment.named else None
    answer = await page.client.listed(
        _API, period=period, cursor=page.request.query_params.get("tiep")
    )
    return page.render(
        "classes.html",
        status=status,
        section="classes",
        classes=answer.body["classes"],
        next=answer.body["next"],
        period=period,
        sheet=sheet,
    )


async def _read(page: Page, stream: UUID) -> dict[str, Any]:
    told: dict[str, Any] = await page.client.get(
        f"{_API}/{stream}", purpose=words("portal_work/class.purpose")
    )
    if page.may("class", "correct"):
        told["acts"].append({"act": "correct", "allowed": True, "blocked": None})
    return told


def _shown(
    page: Page, told: Json, slug: str | None = None, sheet: Sheet | None = None, status: int = 200
) -> Response:
    learners = told["learners"]
    passed = [each for each in learners if each["passed"]]
    return page.render(
        "class.html",
        status=status,
        section="classes",
        told=told,
        deeds=deeds_of(page, told, DEEDS, section=_SECTION, slug=slug, sheet=sheet),
        called=called,
        passed=len(passed),
        issued=sum(bool(each["certificate"]) for each in passed),
        awaited=sum(each["passed"] is None for each in learners),
        path=f"/lop/{told['class']}",
        centre=told["centre"]["name"] or NONE,
    )
