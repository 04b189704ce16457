"""Nothing is lost: a real worker is killed with SIGKILL in mid-batch, and another one finishes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django_q.models import OrmQ

from catalog.models import ProductImage
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search.models import Embedding, photos_awaiting

PHOTOS = 200


@pytest.fixture
def start_worker(model: ModelVersion, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen]]:
    """start_worker() -> a real qcluster on the test's database, media and tiny model."""
    write_tiny_model(settings.MODELS_DIR / model.version)
    database = connection.settings_dict
    environment = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": settings.SECRET_KEY,  # tasks are signed
        "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "Q_TIMEOUT": "3",
        "Q_RETRY": "4",
    }
    started: list[subprocess.Popen] = []

    def start() -> subprocess.Popen:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"], cwd=settings.BASE_DIR, env=environment, start_new_session=True
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        kill(worker)


def kill(worker: subprocess.Popen) -> None:
    """SIGKILL to the cluster and all its children, at once."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_every_photo_is_embedded_exactly_once_after_a_kill_in_mid_batch(model, make_product, start_worker):
    for number in range(PHOTOS // 10):
        make_product(f"sku-{number}", photos=10)
    assert OrmQ.objects.count() == PHOTOS // 10 * 10

    first = start_worker()
    wait_until(lambda: Embedding.objects.count() > 5, 30)
    kill(first)
    done = Embedding.objects.count()
    assert done < PHOTOS, "the worker was too quick for this test: raise PHOTOS"

    start_worker()
    wait_until(lambda: not photos_awaiting(model).exists() and not OrmQ.objects.exists(), 60)
    assert Embedding.objects.count() == PHOTOS
    assert set(Embedding.objects.values_list("image", flat=True)) == set(
        ProductImage.objects.values_list("pk", flat=True)
    )
    assert not ProductImage.objects.broken().exists()
