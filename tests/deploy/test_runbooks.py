from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.local.stack import ROOT
from services.__main__ import command
from tests.deploy.composed import services

PAGES = sorted((ROOT / "deploy" / "runbooks").glob("*.md"))
OURS = re.compile(r"--rm terminal ([a-z]+(?: [a-z]+)?)([^`\n]*)")
CONTAINER = re.compile(r"docker compose (?:exec|up --detach|restart|run --rm) ([a-z][a-z-]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_and_container_of_a_page_is_one_that_there_is(page: Path) -> None:
    text = page.read_text()
    for words, rest in OURS.findall(text):
        found: Any = command("en")
        for word in words.split():
            found = found.commands[word]
        options = {name for parameter in found.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, words
    assert set(CONTAINER.findall(text)) <= set(services())
