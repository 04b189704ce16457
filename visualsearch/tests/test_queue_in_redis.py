"""Tasks that wait in a real Redis: Q_BROKER."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings

from ml.tests.tiny_model import write_tiny_model
from search.benchmarks.web_process import database_url, free_port
from search.models import Embedding
from search.tests.real_worker import run_until_it_ends, wait_until, workers

QUEUE_PHOTOS = """
import django; django.setup()
from search.indexing.queue import enqueue_photos
from catalog.models import ProductImage
enqueue_photos(list(ProductImage.objects.values_list("pk", flat=True)))
"""


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server: Debian's package of that name")
    port = free_port()
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    client = redis.Redis(port=port)
    monkeypatch.setenv("Q_BROKER", f"redis://127.0.0.1:{port}")
    try:
        wait_until(lambda: _answers(client), 20)
        yield client
    finally:
        server.kill()
        server.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        time.sleep(0.1)
        return False


def doctor(var_dir: Path) -> str:
    own = {"VAR_DIR": str(var_dir), "DATABASE_URL": database_url()}
    command = [sys.executable, "manage.py", "doctor"]
    outcome = subprocess.run(command, cwd=settings.BASE_DIR, env={**os.environ, **own}, capture_output=True, text=True)
    return outcome.stdout + outcome.stderr


@pytest.mark.django_db(transaction=True)
def test_photos_queued_in_redis_are_embedded_by_a_worker(broker, model, make_product, tmp_path):
    write_tiny_model(settings.MODELS_DIR / model.version)
    make_product("mug", photos=3)
    assert run_until_it_ends([sys.executable, "-c", QUEUE_PHOTOS], tmp_path) == 0
    assert sum(broker.llen(key) for key in broker.keys("*:q")) == 1
    assert "1 tasks, in Redis" in doctor(tmp_path)
    with workers(tmp_path) as start:
        start()
        wait_until(lambda: Embedding.objects.count() == 3, 60)
