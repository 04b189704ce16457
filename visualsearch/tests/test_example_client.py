"""The example client of docs/examples/python is what the schema makes of it, and works against a live server."""

import filecmp
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command

from catalog.models import ApiToken, Product
from conftest import photo_of
from search.tasks import embed_images

EXAMPLES = Path(settings.BASE_DIR) / "docs" / "examples" / "python"
BIN = Path(sys.executable).parent


def test_the_client_is_what_the_schema_makes(tmp_path, db):
    call_command("spectacular", format="openapi-json", file=str(tmp_path / "schema.json"), validate=True)
    generate = [BIN / "openapi-python-client", "generate", "--path", tmp_path / "schema.json", "--meta", "none"]
    config = ["--config", EXAMPLES / "generator.yml", "--output-path", tmp_path / "visualsearch_client"]
    made = subprocess.run([*generate, *config], capture_output=True, text=True)
    assert made.returncode == 0 and "Warning" not in made.stdout, made.stdout + made.stderr
    assert not _differences(filecmp.dircmp(tmp_path / "visualsearch_client", EXAMPLES / "visualsearch_client"))


def _differences(both: filecmp.dircmp) -> list[str]:
    here = [*both.left_only, *both.right_only, *both.diff_files]
    below = [name for part in both.subdirs.values() for name in _differences(part)]
    return [name for name in [*here, *below] if name != "__pycache__"]


@pytest.mark.django_db(transaction=True)
def test_the_example_puts_a_product_and_finds_it(live_server, tmp_path, model):
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Catalogue staff"))
    scopes = ["search", "catalogue:write"]
    token = ApiToken.objects.create(user, name="example", scopes=scopes, expiry=timedelta(days=1))[1]
    photo = tmp_path / "mug.jpg"
    photo.write_bytes(photo_of("mug"))

    def run(what: str, token: str = token) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, EXAMPLES / "sync_catalogue.py", what, live_server.url, token, photo]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    assert run("put").stdout.splitlines() == ["mug-1 created", "photo 001"]
    assert run("put").stdout.splitlines() == ["mug-1 unchanged", "photo 001"]
    embed_images(list(Product.objects.get().images.values_list("pk", flat=True)))
    (line,) = run("search").stdout.splitlines()
    assert line.endswith("mug-1 Blue mug") and float(line.split()[0]) > 0.99
    refused = run("put", token="vs_wrong")
    assert refused.returncode == 1 and "authentication_failed" in refused.stderr
