"""A newcomer's whole way over HTTP, each service a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from threading import Event, Thread
from uuid import UUID, uuid4

import httpx2
import pytest

from deploy.local.processes import until
from events.verification import case_of
from services.installation import Installation
from services.supervising import ROLES
from tests.kafka.broker import Broker
from tests.services.dossiers.api.office import JOURNEY, NOMINATION
from tests.system.distributed.province import (
    Officer,
    Province,
    Serving,
    free_ports,
    officers_of,
    with_units,
)

UNITS = (
    ("NP", "Tỉnh ủy Mới", "provincial_committee", ""),
    ("NX", "Đảng ủy xã Mới", "commune_committee", "NP"),
    ("NC1", "Chi bộ thôn Mới", "cell", "NX"),
    ("NX-TT", "Trung tâm Mới", "training_centre", "NP"),
)
POSTS = {
    "cell": ("NC1", "cell_committee"),
    "base": ("NX", "grassroots_committee"),
    "commune": ("NX", "commune_committee"),
    "centre": ("NX-TT", "political_centre"),
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


def recorded(answer: httpx2.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["position"])


def traces(
    ketnap: Installation, ledger: str, kind: str, stream: UUID | None = None
) -> list[str | None]:
    """Return under which traces facts of a type were recorded."""
    return [
        row.trace and row.trace.split("-")[1]
        for row in ketnap.ledgers[ledger].read(0, 100_000)
        if row.type == kind and stream in {None, row.stream}
    ]


def act(officers: dict[str, Officer], case: str, name: str, after: str) -> str:
    who, body = JOURNEY[name]
    if name == "decision":
        body = {**body, "decider": "NX"}
    path = f"/candidacies/{case}"
    version = officers[who].ask("dossiers", path, after=after).headers["ETag"]
    return recorded(officers[who].do("dossiers", f"{path}/{name}", body, version=version))


def test_a_newcomer_is_admitted_and_counted(
    officers: dict[str, Officer], ketnap: Installation
) -> None:
    cell, base, centre = officers["cell"], officers["base"], officers["centre"]
    nominated = cell.do("dossiers", "/candidacies", {**NOMINATION, "unit": "NC1"})
    case, after = nominated.json()["candidacy"], recorded(nominated)

    opened = centre.do(
        "training", "/classes", {"on": "2026-01-26", "code": "NL1", "centre": "NX-TT"}
    )
    path = opened.headers["Location"]
    for name, body in (
        ("learners", {"on": "2026-01-26", "person_ref": NOMINATION["person_ref"]}),
        (
            "closing",
            {
                "on": "2026-01-30",
                "results": [{"candidacy": case, "attended": 9, "periods": 10, "score": "7.5"}],
            },
        ),
        ("certificates", {"on": "2026-02-02", "candidacy": case, "number": "1"}),
    ):
        version = centre.ask("training", path).headers["ETag"]
        after = recorded(centre.do("training", f"{path}/{name}", body, version=version))

    for name in ("application", "personal-history-seal"):
        after = act(officers, case, name, after)

    for name, body in (
        ("requests", {"on": "2026-03-09", "subject_kind": "candidate", "place": "NX"}),
        ("replies", {"on": "2026-03-30", "request": 1, "matches": True}),
        ("closing", {"on": "2026-04-06"}),
    ):
        version = base.ask("verification", f"/cases/{case}", after=after).headers["ETag"]
        after = recorded(base.do("verification", f"/cases/{case}/{name}", body, version=version))

    acts = list(JOURNEY)
    for name in acts[acts.index("cell-vote") :]:
        after = act(officers, case, name, after)

    told = officers["commune"].ask("reporting", "/figures/NX", period="2026", after=after).json()
    assert told["admitted"] == 1
    assert told["classes"]["classes"] == 0, "it is the centre's class, which lies elsewhere"
    facts = [type(fact).__name__ for fact in ketnap.dossiers.told(UUID(case))[1]]
    assert facts[2] == "CertificateNoted"
    assert {"VerificationAsked", "VerificationNoted", "CeremonyHeld"} <= set(facts)
    sealed = traces(ketnap, "dossiers", "dossiers.PersonalHistorySealed", UUID(case))
    assert sealed
    assert (
        traces(ketnap, "verification", "verification.VerificationOpened", case_of(UUID(case)))
        == sealed
    )
    history = officers["commune"].ask("reporting", "/history", case=case).json()["events"]
    assert {event["ledger"] for event in history} >= {"dossiers", "verification"}


def test_what_follows_bears_the_trace_of_the_request(
    officers: dict[str, Officer], ketnap: Installation
) -> None:
    body = {**NOMINATION, "unit": "NC1", "person_ref": "079200009999"}
    answer = officers["cell"].do("dossiers", "/candidacies", body)

    position = int(recorded(answer).partition(":")[2])
    [row] = ketnap.ledgers["dossiers"].read(position - 1, 1)
    assert row.trace
    assert row.trace.split("-")[1] == answer.headers["x-request-id"]


def test_no_person_is_in_a_topic_a_log_line_or_a_metric(
    province: Province, serving: Serving, officers: dict[str, Officer]
) -> None:
    person = {
        "person_ref": "079299990001",
        "full_name": "Nguyễn Canary Bí Mật",
        "birth_date": "1987-07-13",
        "religion": "Canary giáo",
    }
    body = {**NOMINATION, **person, "unit": "NC1"}
    nominated = officers["cell"].do("dossiers", "/candidacies", body)
    case, after = nominated.json()["candidacy"], recorded(nominated)
    officers["cell"].do("dossiers", "/candidacies", {**body, "on": "not a day"})
    act(officers, case, "application", after)
    told = serving.log.read_text()
    for role in ROLES:
        told += httpx2.get(f"{serving.address(role)}/metrics", timeout=30).text
    for ledger in ("dossiers", "training", "verification", "reporting"):
        facts = Broker(province.stack.bootstrap, ledger).records()
        assert facts or ledger != "dossiers"
        told += b"".join(fact or b"" for fact in facts).decode()

    assert case in told
    for value in person.values():
        assert value not in told
        assert json.dumps(value).strip('"') not in told


def test_an_api_that_is_killed_in_flight_loses_nothing_that_it_acknowledged(
    serving: Serving, officers: dict[str, Officer], ketnap: Installation
) -> None:
    acknowledged: dict[str, str] = {}
    sent: dict[str, dict[str, object]] = {}
    some, stop = Event(), Event()

    def nominate() -> None:
        while not stop.is_set():
            key = uuid4().hex
            sent[key] = {**NOMINATION, "unit": "NC1", "person_ref": key}
            try:
                answer = officers["cell"].do("dossiers", "/candidacies", sent[key], key=key)
            except httpx2.TransportError:
                continue
            acknowledged[key] = recorded(answer)
            if len(acknowledged) >= 5:
                some.set()

    threads = [Thread(target=nominate) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert some.wait(30)
    os.kill(serving.pid("dossiers-api"), signal.SIGKILL)
    stop.set()
    for thread in threads:
        thread.join()
    serving.wait_ready()

    again = {
        key: recorded(officers["cell"].do("dossiers", "/candidacies", body, key=key))
        for key, body in sent.items()
    }

    assert {key: again[key] for key in acknowledged} == acknowledged
    for key in sent:
        person = ketnap.dossiers.person(key)
        assert person
        assert len(ketnap.dossiers.candidacies(person)) == 1


def test_pages_say_which_service_is_away_and_what_to_do(
    province: Province, serving: Serving, ketnap: Installation
) -> None:
    opened = province.run(
        "account", "open", "xa-moi", "--unit", "NX", "--role", "commune_committee"
    )
    password = re.search(r"\b[a-z0-9]{5}(?:-[a-z0-9]{5})+\b", opened.stdout)
    assert password, opened.stdout + opened.stderr
    with httpx2.Client(
        base_url=serving.address("portal-api"), timeout=30, follow_redirects=True
    ) as browser:
        form = browser.get("/dang-nhap").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', form)
        assert csrf
        signed_in = browser.post(
            "/dang-nhap",
            data={"csrf": csrf[1], "name": "xa-moi", "password": password[0], "to": "/"},
        )
        assert signed_in.status_code == 200
        assert "Đảng ủy xã Mới" in signed_in.text

        os.kill(serving.pid("verification-api"), signal.SIGSTOP)
        os.kill(serving.pid("verification-api"), signal.SIGKILL)
        away = browser.get("/tham-tra")
        assert (away.status_code, "thẩm tra lý lịch" in away.text) == (503, True)
        assert "tải lại trang" in away.text
        assert browser.get("/").status_code == 200, "the rest goes on"

        serving.wait_ready()
        assert until(lambda: browser.get("/tham-tra").status_code == 200, 30)


def test_a_stop_lets_what_is_under_way_finish(
    province: Province, officers: dict[str, Officer], ketnap: Installation
) -> None:
    other = Province(province.stack, province.folder, free_ports())
    with other.serving("dossiers-api") as alone:
        cell = Officer(alone, officers["cell"].tokens, officers["cell"].grant)
        answered: dict[str, int] = {}
        not_taken: list[str] = []
        some = Event()

        def nominate() -> None:
            for _ in range(200):
                key = uuid4().hex
                body = {**NOMINATION, "unit": "NC1", "person_ref": key}
                try:
                    answered[key] = cell.do("dossiers", "/candidacies", body, key=key).status_code
                except (httpx2.ConnectError, httpx2.ReadError):
                    not_taken.append(key)  # it takes no new ones, nor those it had not begun
                    return
                if len(answered) >= 5:
                    some.set()

        threads = [Thread(target=nominate) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert some.wait(30)
        code = alone.stop()
        for thread in threads:
            thread.join()

    assert code == 0
    assert set(answered.values()) == {201}
    assert all(ketnap.dossiers.person(key) for key in answered)
    assert not any(ketnap.dossiers.person(key) for key in not_taken)
