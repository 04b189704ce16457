"""What deploy/ holds is what the tools that read it accept, as far as they are installed here."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

DEPLOY = Path(settings.BASE_DIR) / "deploy"


def tool(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("systemd/*.service")), ids=lambda unit: unit.name)
def test_systemd_accepts_each_unit(unit: Path, tmp_path: Path):
    analyze = tool("systemd-analyze")
    here = unit.read_text().replace("/opt/visualsearch/.venv/bin/python", sys.executable)
    (tmp_path / unit.name).write_text(here)
    found = subprocess.run([analyze, "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True)
    assert found.returncode == 0 and unit.name not in found.stderr, found.stderr


def test_nginx_accepts_the_example(tmp_path: Path):
    nginx = tool("nginx")
    example = (DEPLOY / "nginx" / "visualsearch.conf").read_text()
    proxy = re.findall(r"^#   (.*)$", example.partition("# /etc/nginx/visualsearch-proxy.conf")[2], re.MULTILINE)
    assert proxy
    (tmp_path / "proxy.conf").write_text("\n".join(proxy))
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shop.example", "-days", "1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    site = example.replace("/etc/letsencrypt/live/shop.example", str(tmp_path))
    site = site.replace("/etc/nginx/visualsearch-proxy.conf", str(tmp_path / "proxy.conf"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{site}\n}}\n"
    )
    found = subprocess.run([nginx, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


@pytest.fixture
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_docker_accepts_the_compose_file():
    docker = tool("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose here")
    needed = dict.fromkeys(("SECRET_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"), "x")
    command = [docker, "compose", "-f", DEPLOY / "compose.yaml", "config", "--quiet"]
    found = subprocess.run(command, env=needed, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


def test_the_services_of_the_compose_file_wait_for_services_that_exist_and_use_volumes_that_exist(compose):
    services = compose["services"]
    for name, service in services.items():
        assert "image" in service or "build" in service, name
        for other, wait in service.get("depends_on", {}).items():
            assert other in services
            assert wait["condition"] != "service_healthy" or "test" in services[other]["healthcheck"]
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
    assert services["web"]["restart"] == "unless-stopped" and services["migrate"]["restart"] == "no"


def test_what_the_compose_file_sets_is_read_by_the_settings(compose):
    read = (Path(settings.BASE_DIR) / "visualsearch" / "settings.py").read_text()
    for name in compose["services"]["web"]["environment"]:
        assert f'"{name}"' in read, name


def test_hadolint_finds_nothing_in_the_dockerfile():
    found = subprocess.run([tool("hadolint"), DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


def test_the_dockerfile_runs_as_nobody_special_and_copies_what_exists():
    lines = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text()).splitlines()
    instructions = [tuple(line.split(maxsplit=1)) for line in lines if line.strip() and not line.startswith("#")]
    last_stage = instructions[max(at for at, (word, _) in enumerate(instructions) if word == "FROM") :]
    users = [value for word, value in last_stage if word == "USER"]
    assert users and users[-1] not in ("root", "0")
    for word, value in instructions:
        if word == "FROM":
            assert re.search(r":[\w.-]*\d", value), "a base image without a version changes by itself"
        if word == "COPY" and "--from" not in value:
            assert all((Path(settings.BASE_DIR) / source).exists() for source in value.split()[:-1])
        if word == "CMD":
            assert json.loads(value), "a shell would not pass SIGTERM on"
        assert "apt-get" not in value or "--no-install-recommends" in value
