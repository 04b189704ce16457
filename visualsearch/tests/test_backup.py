"""A backup is worth what it brings back: into an empty VAR_DIR, where a search finds the product."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from catalog.models import Product
from conftest import photo_of
from ml.tests.tiny_model import write_tiny_model
from search.indexing.embed import embed_awaiting


def manage(var: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={**own, "VAR_DIR": str(var)},
        capture_output=True,
        text=True,
    )


@pytest.mark.django_db(transaction=True)
def test_a_restored_shop_is_searched(model, make_product, tmp_path, var):
    write_tiny_model(settings.MODELS_DIR / model.version)
    for sku in ("mug", "lamp", "shoe"):
        make_product(sku)
    embed_awaiting(model)
    file, photo = tmp_path / "shop.tar", tmp_path / "photo.jpg"
    photo.write_bytes(photo_of("lamp", view=1))
    call_command("backup", str(file))
    assert file.stat().st_mode & 0o077 == 0

    outcome = manage(var, "restore", str(file))
    assert outcome.returncode == 0, outcome.stderr
    found = manage(var, "search_image", str(photo), "-k", "1", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["results"][0]["sku"] == "lamp"
    for image in Product.objects.get(sku="lamp").images.all():
        assert (var / "media" / image.file.name).read_bytes() == photo_of("lamp")

    again = manage(var, "restore", str(file))
    assert again.returncode != 0 and "not empty" in again.stderr and "Traceback" not in again.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100])
def test_what_is_no_backup_is_refused_in_a_sentence(tmp_path, content):
    file = tmp_path / "other.tar"
    file.write_bytes(content)
    with pytest.raises(CommandError, match="backup"):
        call_command("restore", str(file))


@pytest.mark.django_db
def test_a_backup_that_cannot_be_finished_leaves_the_former_one(tmp_path):
    """No file may be longer than 100 kB, as if the disk were full."""
    file = tmp_path / "shop.tar"
    file.write_bytes(b"the former one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(CommandError, match=r"pg_dump|cannot be written"):
            call_command("backup", str(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == b"the former one" and list(tmp_path.glob(".unfinished-*")) == []
