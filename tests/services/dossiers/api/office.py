"""A province with two communes, its officers, and the service that they ask over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient
from uuid_utils.compat import uuid7

from events.envelope import By, Fact
from infra.access import Grant
from infra.http import Reached
from services.dossiers.api import api
from services.dossiers.application import RegisterUnit
from services.installation import Installation
from tests.installed import Site

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
CLERK = By(actor="clerk", document="1-QĐ/TU")

UNITS = {
    "P": ("provincial_committee", "", ""),
    "X": ("commune_committee", "P", "Đảng ủy xã X"),
    "C1": ("cell", "X", "Chi bộ thôn 1"),
    "C2": ("cell", "X", ""),
    "Y": ("commune_committee", "P", ""),
    "C3": ("cell", "Y", ""),
    "DTN": ("mass_organisation", "X", ""),
}
"""The kind of each unit by its code, the one above it, and its name where that is not the code."""
NOMINATION: Mapping[str, Any] = {
    "person_ref": "079200001234",
    "full_name": "Nguyễn Thị Ánh Tuyết",
    "birth_date": "1999-05-17",
    "religion": "không",
    "facets": {"sex": "female", "ethnic_group": "Kinh", "youth_union": True},
    "unit": "C1",
    "on": "2026-01-12",
}
JOURNEY: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "certificate": ("base", {"on": "2026-02-02", "class_code": "L1"}),
    "application": ("cell", {"on": "2026-02-09"}),
    "personal-history-seal": ("base", {"on": "2026-03-02"}),
    "verification-request": ("base", {"on": "2026-03-03"}),
    "verification-note": ("base", {"on": "2026-04-06"}),
    "cell-vote": (
        "cell",
        {"on": "2026-04-13", "official_members": 20, "present": 17, "in_favour": 14},
    ),
    "dossier-receipt": ("commune", {"on": "2026-04-20"}),
    "political-standard": ("commune", {"on": "2026-05-04"}),
    "decision": ("commune", {"on": "2026-05-11", "decider": "X", "document": "7-QĐ/ĐU"}),
    "decision-receipt": ("cell", {"on": "2026-05-18"}),
    "ceremony": ("cell", {"on": "2026-06-01", "occasion": "19/5"}),
}
"""The acts after the nomination, each with the officer who does it."""


def registered(
    ketnap: Installation, code: str, kind: str, parent: UUID | None, *, name: str = ""
) -> UUID:
    """Register a unit and return its id."""
    unit = uuid7()
    ketnap.dossiers.perform(
        RegisterUnit(unit=unit, code=code, name=name or code, kind=kind, parent=parent, by=CLERK)
    )
    return unit


def register_all(site: Site) -> None:
    """Have the units of the province in an installation."""
    known: dict[str, UUID] = {}
    with site.open() as ketnap:
        for code, (kind, parent, name) in UNITS.items():
            known[code] = registered(ketnap, code, kind, known.get(parent), name=name)
        ketnap.catch_up()


class Office:
    """One installation with those units, the service over HTTP, and officers by short names."""

    def __init__(self, site: Site) -> None:
        self.ketnap = site.open()
        self.access = self.ketnap.kept.access(self.ketnap.keys.access_secret, lambda: NOW)
        tree = self.ketnap.units.tree
        (
            self.province,
            self.commune,
            self.cell,
            self.sister,
            self.other,
            self.other_cell,
            self.youth,
        ) = (tree.with_code(code)[0] for code in UNITS)
        self.reached = Reached(self.read_so_far, sweep_seconds=0.01)
        self.app: FastAPI = api(
            self.ketnap.dossiers,
            self.ketnap.candidacies,
            self.access,
            self.reached,
            again={name: each.try_again for name, each in self.ketnap.reactors.items()},
        )
        self.http = TestClient(self.app, raise_server_exceptions=False)
        self._keys = (f"key-{n}" for n in count())
        self.officers = {
            "cell": Grant(account="an", unit=self.cell, role="cell_committee", first=date.min),
            "sister": Grant(account="mai", unit=self.sister, role="cell_committee", first=date.min),
            "base": Grant(
                account="binh", unit=self.commune, role="grassroots_committee", first=date.min
            ),
            "commune": Grant(
                account="chi", unit=self.commune, role="commune_committee", first=date.min
            ),
            "other": Grant(
                account="dung", unit=self.other, role="commune_committee", first=date.min
            ),
            "province": Grant(
                account="giang", unit=self.province, role="provincial_board", first=date.min
            ),
            "inspector": Grant(account="hai", unit=self.province, role="inspector", first=date.min),
            "youth": Grant(
                account="khoa", unit=self.youth, role="mass_organisation", first=date.min
            ),
        }

    def close(self) -> None:
        """Close it all."""
        self.http.close()
        self.access.close()
        self.ketnap.close()

    def unit(self, code: str, kind: str, parent: UUID | None = None, *, name: str = "") -> UUID:
        """Register a unit and return its id."""
        return registered(self.ketnap, code, kind, parent, name=name)

    def read_so_far(self) -> dict[str, int]:
        """Return how far the view has read, and what policies reacted to."""
        return {"dossiers": self.ketnap.candidacies.position}

    def token(self, who: str, day: date = TODAY) -> str:
        """Return a token of an officer."""
        return self.access.tokens.sign(self.officers[who], day)

    def get(self, who: str, path: str, **query: object) -> httpx2.Response:
        """Ask."""
        return self.http.get(
            path,
            params={name: str(value) for name, value in query.items()},
            headers={"Authorization": f"Bearer {self.token(who)}"},
        )

    def searched(self, who: str, q: object = None, **query: object) -> httpx2.Response:
        """Look for people."""
        return self.http.post(
            "/people/search",
            params={name: str(value) for name, value in query.items()},
            json={} if q is None else {"q": q},
            headers={"Authorization": f"Bearer {self.token(who)}"},
        )

    def post(
        self,
        who: str,
        path: str,
        body: Mapping[str, Any],
        *,
        key: str | None = None,
        match: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Do something; `match` is the version that was read, or a whole header."""
        sent = {
            "Authorization": f"Bearer {self.token(who)}",
            "Idempotency-Key": key or next(self._keys),
            **({} if match is None else {"If-Match": _tag(match)}),
            **(headers or {}),
        }
        return self.http.post(path, json=dict(body), headers=sent)

    def nominated(self, **other: object) -> str:
        """Return the candidacy of somebody who was just nominated."""
        answer = self.post("cell", "/candidacies", {**NOMINATION, **other})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["candidacy"])

    def act(self, candidacy: str, name: str, **other: object) -> httpx2.Response:
        """Do an act of the journey as its officer does it, on what stands."""
        who, body = JOURNEY[name]
        version = self.version(candidacy)
        return self.post(who, f"/candidacies/{candidacy}/{name}", {**body, **other}, match=version)

    def brought_to(self, last: str, **other: object) -> str:
        """Return a candidacy in which everything up to an act is done."""
        candidacy = self.nominated(**other)
        for name in JOURNEY:
            answer = self.act(candidacy, name)
            assert answer.status_code == 201, (name, answer.text)
            if name == last:
                break
        self.ketnap.catch_up()
        return candidacy

    def version(self, candidacy: str) -> int:
        """Return the version of a candidacy."""
        return self.ketnap.dossiers.told(UUID(candidacy))[0].version

    def facts(self, candidacy: str) -> list[str]:
        """Return the names of the facts of a candidacy, as they were recorded."""
        return [type(fact).__name__ for fact in self.ketnap.dossiers.told(UUID(candidacy))[1]]


def acts(answer: httpx2.Response) -> dict[str, Any]:
    """Return the acts of a candidacy by name."""
    return {act["act"]: act for act in answer.json()["acts"]}


def _tag(match: object) -> str:
    return match if isinstance(match, str) else f'"{match}"'


def newest(office: Office, candidacy: str) -> Fact:
    """Return what was recorded last in a candidacy."""
    return office.ketnap.dossiers.told(UUID(candidacy))[1][-1]
