"""No container engine runs here: the file is held against what the code declares."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

from deploy.local.parts import BROKER
from deploy.local.stack import PORTS, ROOT
from infra.settings import ADDRESSED, DATABASES, DSNS, IN_FILES, URLS, VARIABLES
from infra.topics import promised
from services.supervising import ROLES
from tests.deploy.composed import API_PORT, ONE_SHOT, WORKER_PORT, compose, roles, services

SCHEMA = ["check-jsonschema", "--builtin-schema", "vendor.compose-spec"]


def test_the_file_is_of_the_compose_specification() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name(SCHEMA[0]), *SCHEMA[1:], ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", services())
def test_no_container_is_root_writes_its_image_or_gains_rights(name: str) -> None:
    service = services()[name]
    assert service["user"] not in {"root", "0", "0:0"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_pages_are_published_and_only_on_this_host() -> None:
    published = {
        name: service["ports"] for name, service in services().items() if "ports" in service
    }
    assert list(published) == ["portal-api"]
    assert all(port.startswith("127.0.0.1:") for port in published["portal-api"])
    assert {name for name, its in services().items() if "outside" in its["networks"]} == {
        "portal-api"
    }
    assert compose()["networks"]["inside"] == {"internal": True}


def test_no_password_stands_in_the_file() -> None:
    said = [its.get("environment", {}) for its in services().values()]
    names = set(chain.from_iterable(said))
    assert [name for name in names if "PASSWORD" in name] == ["POSTGRES_PASSWORD_FILE"]
    assert not names & IN_FILES - {"KETNAP_KAFKA"}
    files = {value for its in said for name, value in its.items() if name.endswith("_FILE")}
    assert files == {f"/run/secrets/{name}" for name in compose()["secrets"]}


def test_each_container_is_given_the_secrets_that_it_names_and_no_other() -> None:
    for name, service in services().items():
        named = {
            Path(value).name
            for variable, value in service.get("environment", {}).items()
            if variable.endswith("_FILE")
        }
        if name == "postgres":
            named |= {f"{database}_dsn" for database in DATABASES}  # databases.sh reads them
        assert set(service.get("secrets", [])) == named, name


def test_who_has_no_business_with_names_holds_no_key() -> None:
    without = {name for name, role in roles().items() if "master_key" not in role["secrets"]}
    kinds = ("relay", "projector")
    assert without == {
        name for name in roles() if name.endswith(kinds) and name != "dossiers-projector"
    }


def test_every_setting_is_one_that_the_code_reads() -> None:
    known = {*VARIABLES, *(f"{name}_FILE" for name in IN_FILES)}
    for name in {*roles(), *ONE_SHOT}:
        assert set(services()[name]["environment"]) <= known, name


def test_what_a_setting_points_to_is_there() -> None:
    broker = services()["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    secrets = {f"{database}_dsn" for database in DATABASES}
    for role in roles().values():
        said = role["environment"]
        assert broker == f"PLAINTEXT://{said.get('KETNAP_KAFKA', 'kafka:9092')}"
        for variable in set(said) & {f"{dsn}_FILE" for dsn in DSNS.values()}:
            assert Path(said[variable]).name in secrets
        for service in ADDRESSED:
            if url := said.get(URLS[service]):
                assert url == f"http://{service}-api:{API_PORT}"
                assert f"{service}-api" in roles()


def test_a_check_asks_the_port_that_its_role_is_told() -> None:
    for name, role in roles().items():
        variable, port = (
            ("KETNAP_PORT", API_PORT)
            if name.endswith("-api")
            else ("KETNAP_METRICS_PORT", WORKER_PORT)
        )
        assert role["environment"][variable] == str(port)
        assert f"http://127.0.0.1:{port}/readyz" in role["healthcheck"]["test"][-1]


def test_who_needs_whom_waits_for_its_health() -> None:
    for name, service in services().items():
        for other, how in service.get("depends_on", {}).items():
            one_shot = services()[other]["restart"] == "no"
            wanted = "service_completed_successfully" if one_shot else "service_healthy"
            assert how == {"condition": wanted}, name
            assert one_shot or "healthcheck" in services()[other], other
    assert set(services()["migrate"]["depends_on"]) == {"postgres", "kafka"}
    late = {name for name, role in roles().items() if "migrate" not in role["depends_on"]}
    assert late == {"portal-api"}
    asking = {name for name, role in roles().items() if "KETNAP_KAFKA" in role["environment"]}
    assert asking == {name for name, role in roles().items() if "kafka" in role["depends_on"]}
    assert set(services()["portal-api"]["depends_on"]) == {f"{name}-api" for name in ADDRESSED}


def test_the_broker_is_told_what_the_local_one_is() -> None:
    said = services()["kafka"]["environment"]
    for setting, value in BROKER.items():
        assert said[f"KAFKA_{setting.replace('.', '_').upper()}"] == value
    image = services()["kafka"]["image"]
    local = (ROOT / "deploy/local/pom.xml").read_text()
    assert f"<kafka.version>{image.rpartition(':')[2]}</kafka.version>" in local


def test_every_topic_has_the_role_that_fills_it_and_no_role_is_without_one() -> None:
    needed = set()
    for topic in promised():
        service, _, rest = topic.name.partition(".")
        filler = "relay" if rest == "events" else "reactor" if "policy" in rest else "projector"
        needed.add(f"{service}-{filler}")
    assert needed == {name for name in roles() if not name.endswith("-api")}


def test_prometheus_asks_every_role_and_nobody_else() -> None:
    read = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    groups = read["scrape_configs"][0]["static_configs"]
    asked = {group["targets"][0]: group["labels"]["role"] for group in groups}
    ports = {name: API_PORT if name.endswith("-api") else WORKER_PORT for name in roles()}
    assert asked == {f"{name}:{port}": name.replace("-", " ") for name, port in ports.items()}
    assert len(groups) == len(asked)


def test_every_role_has_a_port_of_its_own_beside_the_local_stack() -> None:
    ports = tomllib.loads(PORTS.read_text())
    assert set(ports["roles"]) == set(roles())
    pages = ports["roles"]["portal-api"]
    assert ports["roles"] == {role: pages + above for role, above in ROLES.items()}
    every = [*ports["stack"].values(), *ports["roles"].values()]
    assert len(set(every)) == len(every)


def test_the_image_holds_what_the_code_reads_and_no_tools() -> None:
    recipe = (ROOT / "deploy/Dockerfile").read_text()
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for found in packages["tool"]["setuptools"]["packages"]["find"]["include"]:
        assert f"COPY {found.rstrip('*')} " in recipe
    assert f"--uid {roles()['dossiers-api']['user'].partition(':')[0]} " in recipe
    image, whole = (
        _pins(ROOT / name) for name in ("deploy/requirements.lock", "requirements.lock")
    )
    assert image < whole
    assert not {line for line in image if line.startswith(("pytest==", "mypy==", "playwright=="))}


def _pins(path: Path) -> set[str]:
    lines = path.read_text().splitlines()
    return {line.split()[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}
