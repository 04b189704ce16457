"""Every test runs on the real Postgres and a real, if tiny, model; media and models go to a temporary directory."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import OperationalError
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.errors import DeadlockDetected

from catalog.models import Category, Product, ProductImage
from ml.models import ModelVersion, forget_serving
from ml.tests.tiny_model import write_tiny_model


def pytest_configure(config: pytest.Config) -> None:
    """The model that migrate registers as the bundled one is tiny here."""
    pillow_heif.register_heif_opener()  # tests write such files; the decoder opens them by name
    base = Path(config.rootpath) / ".pytest_cache" / "tiny-model"
    settings.BUNDLED_MODEL_DIRS = [write_tiny_model(base)]
    # in place: the models have copied the outer dict by now
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    flush = flush_despite_a_deadlock(DatabaseOperations.execute_sql_flush)
    DatabaseOperations.execute_sql_flush = flush  # type: ignore[method-assign]


def flush_despite_a_deadlock(flush: Callable[..., None]) -> Callable[..., None]:
    """A flush that is made again if a process or a thread of the test has not ended yet: the next test needs it."""

    def flush_again(operations: DatabaseOperations, statements: list[str]) -> None:
        for _ in range(5):
            try:
                return flush(operations, statements)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return flush(operations, statements)

    return flush_again


@pytest.fixture(autouse=True)
def own_directories(settings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MODELS_DIR = tmp_path / "models"
    cache.clear()
    forget_serving()
    yield


@pytest.fixture
def model(db) -> ModelVersion:
    """The active model: tiny and random, but real."""
    active = ModelVersion.objects.active()
    assert active is not None
    return active


@pytest.fixture
def make_product(db) -> Callable[..., Product]:
    """make_product("sku", photos=2, category="Shoes", price=10): a product with drawn photos, not embedded yet."""

    def make(sku: str = "shoe-1", *, photos: int = 1, category: str = "Shoes", **fields: object) -> Product:
        defaults = {"title": f"Title of {sku}", "price": 10, "category": Category.objects.named(category)}
        product = Product.objects.create(sku=sku, **{**defaults, **fields})
        for view in range(photos):
            ProductImage.objects.create(
                product=product, view_id=f"{view:03d}", position=view, file=ContentFile(photo_of(sku, view), "x.jpg")
            )
        return product

    return make


def photo_of(sku: str, view: int = 0) -> bytes:
    """JPEG bytes of coarse random blocks: always the same for one SKU and view, alike for views of one SKU."""
    from io import BytesIO

    from PIL import Image

    base = np.random.default_rng(list(sku.encode())).integers(256, size=(4, 4, 3))
    noise = np.random.default_rng(view).integers(-15, 16, size=(4, 4, 3)) if view else 0
    blocks = np.clip(base + noise, 0, 255).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(blocks).resize((96, 128), Image.Resampling.NEAREST).save(file, "JPEG")
    return file.getvalue()
