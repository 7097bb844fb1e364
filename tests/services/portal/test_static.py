from __future__ import annotations

import re
from hashlib import sha256

from services.portal.written import HERE, STATIC


def test_what_comes_from_elsewhere_is_what_it_was_when_it_was_taken() -> None:
    lines = (STATIC / "SHA256SUMS").read_text().splitlines()
    told = {name: digest for digest, name in (line.split("  ") for line in lines)}

    assert {name: sha256((STATIC / name).read_bytes()).hexdigest() for name in told} == told
    assert "htmx.min.js" in told


def test_nothing_is_fetched_from_elsewhere() -> None:
    ours = [
        path
        for path in (*STATIC.iterdir(), *(HERE / "templates").iterdir())
        if path.suffix in {".css", ".js", ".html", ".svg"} and "htmx" not in path.name
    ]

    assert ours
    for path in ours:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path


def test_no_template_has_script_or_style_of_its_own() -> None:
    for path in (HERE / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(
            r"<style|\sstyle=|<script(?![^>]*src=)|\son\w+=|hx-on|javascript:", text
        ), path
