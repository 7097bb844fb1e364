"""A desk with a training centre, a committee that is asked elsewhere, and their officers."""

from __future__ import annotations

import re
from datetime import date
from uuid import uuid4

from tests.installed import Site
from tests.services.portal.desk import Desk


class Workroom(Desk):
    """Officers of what the path needs besides the dossier itself."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        tree = self.ketnap.units.tree
        province, bloc = (tree.with_code(code)[-1] for code in ("P", "K"))
        self.unit("TT", "training_centre", bloc, name="Trung tâm Chính trị Khối")
        self.unit("TT-2", "training_centre", province, name="Trung tâm Khác")
        self.unit("N", "grassroots_committee", province, name="Đảng ủy xã Quê")
        self.catch_up()
        for name, code, role in (
            ("centre", "TT", "political_centre"),
            ("other-centre", "TT-2", "political_centre"),
            ("home", "N", "verifying_committee"),
            ("stranger", "N", "grassroots_committee"),
        ):
            unit = self.ketnap.units.tree.with_code(code)[-1]
            _, password = self.web.access.open_account(name)
            self.web.access.grant(name, unit, role, first=date(2020, 1, 1), by="test")
            self._browsers[name] = self._signed_in(name, password)

    def done(self, who: str, path: str, **told: str) -> str:
        """Send a form that is taken, and return where it leads."""
        answer = self.send(who, path, told)
        assert answer.status_code == 303, answer.text
        where: str = answer.headers["location"]
        return where

    def push(self, who: str, path: str, **told: str) -> int:
        """Send what no form of ours sends, and return how it is answered."""
        browser = self._browsers[who]
        csrf = re.findall(r'name="csrf" value="([^"]*)"', browser.get("/viec").text)[0]
        return browser.post(path, data={**told, "csrf": csrf, "key": uuid4().hex}).status_code

    def candidacy(self, ref: str, name: str) -> tuple[str, str]:
        """Return the path and the id of the candidacy of somebody who was just nominated."""
        path = self.nominated(person_ref=ref, full_name=name)
        return path, path.rpartition("/")[2]

    def sealed(self, ref: str, name: str) -> tuple[str, str]:
        """Return a candidacy whose personal history is sealed, and the path of its case."""
        path = self.brought_to("personal-history-seal", person_ref=ref, full_name=name)
        return path, f"/tham-tra/{path.rpartition('/')[2]}"
