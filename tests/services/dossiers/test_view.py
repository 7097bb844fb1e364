"""What the view shows of candidacies is what their own facts tell."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from services.dossiers.view import names
from services.dossiers.view.folding import CASE
from tests.installed import Site, Sites


def test_a_candidacy_of_the_view_stands_as_the_aggregate_does(
    sites: Sites, five_organisations: Site, tmp_path: Path
) -> None:
    with sites.copy(five_organisations, tmp_path / "data") as site, site.open() as ketnap:
        rows = ketnap.candidacies._rows("select candidacy, state from candidacies", ())  # noqa: SLF001 - every one
        differing = []
        for candidacy, state in rows:
            shown = CASE.decode(state)
            told, facts = ketnap.dossiers.told(UUID(bytes=candidacy))
            places = ketnap.candidacies.positions(told.id)
            if (shown.facts, shown.clocks, shown.unit, shown.version) != (
                told.facts,
                told.clocks,
                told.unit,
                told.version,
            ) or sorted(places) != [fact.originator_version for fact in facts]:
                differing.append(told.id)

    assert len(rows) > 1000
    assert differing == []


@pytest.mark.parametrize(
    ("name", "found", "not_found"),
    [
        ("Nguyễn Thị Ánh", {"nguyen", "ng", "thi", "th", "anh", "an"}, {"n", "t", "a", "guyen"}),
        ("Y Ê-ban", {"y", "eban", "eb", "eba"}, {"e", "ban"}),
        ("  Đặng\tVăn  ", {"dang", "van"}, {"d", ""}),
        ("An an AN", {"an"}, {"a"}),
        ("…", set(), {""}),
        ("x" * 40, {"x" * 40, "x" * 16, "xx"}, {"x" * 17, "x" * 39}),
    ],
)
def test_a_name_is_found_by_its_words_and_their_beginnings(
    name: str, found: set[str], not_found: set[str]
) -> None:
    parts = list(names.parts(name))

    assert found <= set(parts)
    assert not not_found & set(parts)
    assert len(parts) == len(set(parts))
