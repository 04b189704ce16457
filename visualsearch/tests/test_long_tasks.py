"""A task that takes longer than Q_RETRY is handed out again while it runs; it is not done twice at once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections

from ml.models import ModelVersion
from search.indexing.embed import embed_awaiting
from search.tasks import finish_preparing


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_leaves_at_once_and_the_first_one_s_end_frees_the_way(model, make_product):
    make_product("mug")
    embed_awaiting(model)
    ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.PREPARING)
    first = connections.create_connection("default")  # another worker's
    try:
        with first.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('visualsearch model'), %s)", [model.pk])
        assert finish_preparing(model.pk) is False
    finally:
        first.close()
    assert finish_preparing(model.pk) is True
    model.refresh_from_db()
    assert model.state == ModelVersion.State.READY
    assert connection.is_usable()


IN_A_SMALL_CONTAINER = """
import os
import django; django.setup()
from django.core.management import call_command
from django.db import connection
call_command("migrate", verbosity=0)
from ml.models import ModelVersion
from search.benchmarks.synthetic_catalogue import fill_with_random_products
from search.indexing import rollout
model = ModelVersion.objects.active()
fill_with_random_products(model, 400, seed=1)
with connection.cursor() as cursor:
    cursor.execute("DROP INDEX IF EXISTS " + rollout.index_name(model))
    cursor.execute("SET min_parallel_table_scan_size = 0")
rollout.build_index(model)
with connection.cursor() as cursor:
    cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", [rollout.index_name(model)])
    assert cursor.fetchone() == (True,)
print("built")
"""


def test_an_index_is_built_in_a_container_with_little_shared_memory(var: Path):
    if not shutil.which("unshare"):
        pytest.skip("no unshare")
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", "/dev/shm"])
    if probe.returncode:
        pytest.skip("only a privileged user may mount a small /dev/shm")
    script = 'mount -t tmpfs -o size=4m tmpfs /dev/shm && chmod 1777 /dev/shm && exec "$0" -c "$1"'
    outcome = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, sys.executable, IN_A_SMALL_CONTAINER],
        cwd=settings.BASE_DIR,
        env={
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "VAR_DIR": str(var),
            "DJANGO_SETTINGS_MODULE": "visualsearch.settings",
        },
        capture_output=True,
        text=True,
    )
    assert "built" in outcome.stdout, outcome.stderr[-2000:]
    assert "built serially" in outcome.stderr
