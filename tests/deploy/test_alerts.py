from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.core import Metric

from deploy.local.parts import program
from deploy.local.stack import ROOT
from infra.filling import Databases, Disk
from infra.metrics import Lag, registry

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
SEEN = Path(__file__).parent / "alerts.yml"
OF_PROMETHEUS = {"up"}
WHOLE = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "gauge": ("",)}


def rules() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    return found


def declared() -> set[str]:
    made = registry(lambda: [LAG])
    made.register(Disk(ROOT))
    made.register(Databases({}))
    metrics: list[Metric] = list(made.collect())
    return {m.name + ending for m in metrics for ending in WHOLE.get(m.type, ())}


LAG = Lag(reader="reporting", ledger="dossiers", head=2, position=1, parked=0)


@pytest.mark.stack
def test_alerts_see_what_they_must_and_nothing_else() -> None:
    tested = subprocess.run(
        [program("promtool", "prometheus"), "test", "rules", SEEN],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.stack
def test_prometheus_understands_what_it_is_told() -> None:
    checked = [program("promtool", "prometheus"), "check", "config"]
    told = subprocess.run(
        [*checked, RULES.with_name("prometheus.yml")], capture_output=True, text=True, check=False
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert f"SUCCESS: {len(rules())} rules found" in told.stdout


def test_every_alert_has_a_test_of_its_own() -> None:
    cases = yaml.safe_load(SEEN.read_text())["tests"]
    fired = {
        alert["alertname"]
        for case in cases
        for alert in case["alert_rule_test"]
        if alert.get("exp_alerts")
    }
    assert fired == {rule["alert"] for rule in rules()}


def test_every_metric_that_a_rule_names_is_one_that_the_roles_tell() -> None:
    for rule in rules():
        without_labels = re.sub(r"\{[^}]*\}|\bby \([^)]*\)", "", rule["expr"])
        named = set(re.findall(r"\b(?:ketnap|process)_\w+|\bup\b", without_labels))
        assert named, rule["alert"]
        assert named <= declared() | OF_PROMETHEUS, rule["alert"]


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "deploy/runbooks").glob("*.md")}
    assert {rule["annotations"]["runbook"] for rule in rules()} == pages  # type: ignore[index]
    for rule in rules():
        assert rule["annotations"]["runbook"] == f"deploy/runbooks/{rule['alert']}.md"  # type: ignore[index]


def test_every_page_says_what_it_means_how_to_see_and_what_to_do() -> None:
    for page in (ROOT / "deploy/runbooks").glob("*.md"):
        headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert headings == ["What it means", "How to see", "What to do"], page.name
        assert f"# {page.stem}\n" in page.read_text()
