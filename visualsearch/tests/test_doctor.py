"""`manage.py doctor` names each fault it knows in a sentence that says what to do, and exits with 1 then."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.utils import timezone
from django_q.models import Failure, OrmQ

from catalog.models import ProductImage
from ml.models import ModelVersion
from search.indexing.rollout import index_name
from visualsearch.doctor import examine

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_var_dir(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def wrong() -> dict[str, str]:
    return {finding.subject: finding.sentence for finding in examine() if not finding.well}


def test_a_healthy_installation_exits_with_0(model, make_product, capsys):
    make_product("mug")
    call_command("doctor")
    assert "WRONG" not in capsys.readouterr().out and not wrong()


def no_var_dir(settings, monkeypatch):
    settings.VAR_DIR = settings.VAR_DIR / "nowhere"


def little_disk(settings, monkeypatch):
    monkeypatch.setattr("visualsearch.doctor.LEAST_DISK", 10**18)


def a_migration_waits(settings, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'axes'")


def an_old_pgvector(settings, monkeypatch):
    monkeypatch.setattr("visualsearch.doctor.LEAST_PGVECTOR", (99, 0))


def no_active_model(settings, monkeypatch):
    ModelVersion.objects.update(state=ModelVersion.State.RETIRED)


def a_model_without_files(settings, monkeypatch):
    shutil.copytree(settings.BUNDLED_MODEL_DIRS[0], settings.MODELS_DIR / "other")
    settings.BUNDLED_MODEL_DIRS = []


def no_index(settings, monkeypatch):
    model = ModelVersion.objects.active()
    assert model
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index_name(model)}")


def photos_that_wait(settings, monkeypatch):
    ProductImage.objects.update(created=F("created") - timedelta(hours=1))


def late_tasks(settings, monkeypatch):
    OrmQ.objects.create(key="visualsearch", payload="x", lock=timezone.now() - timedelta(hours=1))


def a_failed_task(settings, monkeypatch):
    now = timezone.now()
    Failure.objects.create(id="1" * 32, name="x", func="x", started=now, stopped=now, success=False)


def no_room_for_photos(settings, monkeypatch):
    (settings.VAR_DIR / "file").write_text("")
    settings.MEDIA_ROOT = settings.VAR_DIR / "file"


def debugging(settings, monkeypatch):
    settings.DEBUG = True


def open_to_others_and_closed(settings, monkeypatch):
    monkeypatch.setenv("HOST", "0.0.0.0")
    settings.ALLOWED_HOSTS = ["localhost"]


@pytest.mark.parametrize(
    ("fault", "subject", "advice"),
    [
        (no_var_dir, "VAR_DIR", "chown"),
        (little_disk, "VAR_DIR", "Free some"),
        (a_migration_waits, "migrations", "manage.py migrate"),
        (an_old_pgvector, "pgvector", "ALTER EXTENSION"),
        (no_active_model, "model", "activate_model"),
        (a_model_without_files, "model", "restore a backup"),
        (no_index, "index", "manage.py migrate"),
        (photos_that_wait, "photos", "does a worker run?"),
        (late_tasks, "queue", "start a worker"),
        (a_failed_task, "failed tasks", "Failed tasks"),
        (no_room_for_photos, "media", "cannot be written"),
        (debugging, "DEBUG", "Unset it"),
        (open_to_others_and_closed, "ALLOWED_HOSTS", "set it"),
    ],
)
def test_each_fault_is_named_with_what_to_do(
    fault: Callable[..., None], subject: str, advice: str, model, make_product, settings, monkeypatch
):
    make_product("mug")
    fault(settings, monkeypatch)
    found = wrong()
    assert set(found) == {subject}, found
    assert advice in found[subject]
    with pytest.raises(SystemExit) as end:
        call_command("doctor")
    assert end.value.code == 1


def test_a_database_that_is_away_is_one_sentence_and_not_a_traceback(tmp_path):
    own = {"VAR_DIR": str(tmp_path), "DATABASE_URL": "postgres://nobody@127.0.0.1:9/shop"}
    doctor = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=project.BASE_DIR,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
    )
    assert doctor.returncode == 1
    assert "WRONG database: It cannot be reached" in doctor.stdout and "Traceback" not in doctor.stderr
