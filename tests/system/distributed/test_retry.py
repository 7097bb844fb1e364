"""What was refused to a policy is done after all, by the api that reads its cause from Kafka."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.installation import Installation
from tests.services.dossiers.api.office import NOMINATION
from tests.system.distributed.province import Officer, Province, Serving, officers_of, with_units
from tests.system.distributed.test_journey import recorded

UNITS = (
    ("VP", "Tỉnh ủy Vướng", "provincial_committee", ""),
    ("VX", "Đảng ủy xã Vướng", "commune_committee", "VP"),
    ("VC1", "Chi bộ thôn Vướng", "cell", "VX"),
    ("VX-TT", "Trung tâm Vướng", "training_centre", "VP"),
)
SEALED, RESEALED = "2026-03-02", "2026-03-06"
POSTS = {
    "cell": ("VC1", "cell_committee"),
    "base": ("VX", "grassroots_committee"),
    "centre": ("VX-TT", "political_centre"),
}


@pytest.fixture(scope="module")
def ketnap(
    province: Province, serving: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with with_units(province, UNITS, tmp_path_factory.mktemp("units")) as opened:
        yield opened


@pytest.fixture(scope="module")
def officers(ketnap: Installation, serving: Serving) -> dict[str, Officer]:
    return officers_of(ketnap, serving, POSTS)


def act(who: Officer, service: str, path: str, name: str, after: str, **body: object) -> str:
    """Do an act to something as it stands; return where it is recorded."""
    version = who.ask(service, path, after=after).headers["ETag"]
    return recorded(who.do(service, f"{path}/{name}", body, version=version))


def tasks(who: Officer, service: str, after: str, case: str) -> list[str]:
    """Return what was refused to a policy about a candidacy, as a service shows it."""
    path = {"dossiers": "/work", "verification": "/tasks"}[service]
    told: list[dict[str, Any]] = who.ask(service, path, after=after, limit="200").json()["tasks"]
    return [each["task"] for each in told if each["candidacy"] == case and each["task"]]


@contextmanager
def held(pid: int) -> Iterator[None]:
    """Hold a process still."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_certificate_that_came_too_late_is_noted_once_the_withdrawal_was_none(
    officers: dict[str, Officer], ketnap: Installation
) -> None:
    cell, base, centre = officers["cell"], officers["base"], officers["centre"]
    reference = "079200007001"
    nominated = cell.do(
        "dossiers", "/candidacies", {**NOMINATION, "unit": "VC1", "person_ref": reference}
    )
    case, after = nominated.json()["candidacy"], recorded(nominated)
    path = f"/candidacies/{case}"
    after = act(cell, "dossiers", path, "withdrawal", after, on="2026-02-06")

    opened = centre.do(
        "training", "/classes", {"on": "2026-01-26", "code": "VL1", "centre": "VX-TT"}
    )
    class_ = opened.headers["Location"]
    result = {"candidacy": case, "attended": 9, "periods": 10, "score": "7.5"}
    issued = recorded(opened)
    for name, body in (
        ("learners", {"on": "2026-01-26", "person_ref": reference}),
        ("closing", {"on": "2026-01-30", "results": [result]}),
        ("certificates", {"on": "2026-02-10", "candidacy": case, "number": "R-1"}),
    ):
        issued = act(centre, "training", class_, name, issued, **body)

    [task] = tasks(base, "dossiers", issued, case)
    again = f"/tasks/{task}/retry"
    still = base.do("dossiers", again, {})
    assert (still.status_code, still.json()["code"]) == (409, "candidacy-over")
    assert tasks(base, "dossiers", issued, case) == [task]

    undone = {"fact": "withdrawn", "retract": True, "reason": "nhầm", "document": "3-BB/CB"}
    after = act(base, "dossiers", path, "corrections", after, **undone)
    key = uuid4().hex
    done, repeated = (base.do("dossiers", again, {}, key=key) for _ in range(2))

    assert repeated.json() == done.json()
    assert tasks(base, "dossiers", recorded(done), case) == []
    facts = [type(fact).__name__ for fact in ketnap.dossiers.told(UUID(case))[1]]
    assert facts.count("CertificateNoted") == 1


def test_a_seal_is_moved_once_nothing_asked_lies_before_it(
    officers: dict[str, Officer], serving: Serving
) -> None:
    cell, base = officers["cell"], officers["base"]
    nominated = cell.do(
        "dossiers", "/candidacies", {**NOMINATION, "unit": "VC1", "person_ref": "079200007002"}
    )
    case, after = nominated.json()["candidacy"], recorded(nominated)
    path, asked = f"/candidacies/{case}", f"/cases/{case}"
    after = act(cell, "dossiers", path, "application", after, on="2026-02-09")
    after = act(base, "dossiers", path, "personal-history-seal", after, on=SEALED)

    # Dossiers does not hear of the request before the seal is moved behind it.
    with held(serving.pid("dossiers-reactor")):
        about = {"subject_kind": "candidate", "place": "VX"}
        requested = act(base, "verification", asked, "requests", after, on="2026-03-04", **about)
        moved = {"fact": "sealed", "day": RESEALED, "reason": "nhầm", "document": "4-BB/CB"}
        after = act(base, "dossiers", path, "corrections", after, **moved)

    [task] = tasks(base, "verification", after, case)
    again = f"/tasks/{task}/retry"
    still = base.do("verification", again, {})
    assert (still.status_code, still.json()["code"]) == (409, "request-before-seal")

    requested = act(
        base, "verification", asked, "replies", requested, on="2026-03-09", request=1, matches=True
    )
    requested = act(
        base, "verification", asked, "supplements", requested, on="2026-03-10", request=1
    )
    done = recorded(base.do("verification", again, {}))

    assert tasks(base, "verification", done, case) == []
    told = base.ask("verification", asked, after=done).json()
    assert told["sealed_on"] == RESEALED
