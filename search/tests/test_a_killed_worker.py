"""Nothing is lost: a real worker is killed with SIGKILL in mid-batch, and another one finishes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django_q.models import OrmQ

from catalog.models import ProductImage
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search.models import Embedding, photos_awaiting
from search.tests.real_worker import Worker, kill, wait_until, workers

PHOTOS = 200


@pytest.fixture
def start_worker(model: ModelVersion, tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    write_tiny_model(settings.MODELS_DIR / model.version)
    with workers(tmp_path) as start:
        yield start


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
