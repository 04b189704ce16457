import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer
from pytest_django.plugin import DjangoDbBlocker

from catalog.models import Category, Product, ProductImage
from catalog.text_search import collect_search_words
from conftest import photo_of
from ml.models import ModelVersion
from search.benchmarks.synthetic_catalogue import SyntheticCatalogue, fill_with_random_products
from search.indexing.embed import embed_awaiting
from search.indexing.rollout import build_index
from search.tasks import embed_images
from search.tests.browser_contexts import browser_context, wait_for_requests
from search.tests.doubled_photos import add_photo, saved_again


@pytest.fixture
def embedded(model: ModelVersion, make_product: Callable[..., Product]) -> Callable[..., Product]:
    """As make_product, with the photos embedded: shoppers find it."""

    def make(sku: str, **fields: object) -> Product:
        product = make_product(sku, **fields)
        embed_images(list(product.images.values_list("pk", flat=True)))
        return product

    return make


@pytest.fixture
def shop_with_doubles(model: ModelVersion, make_product: Callable[..., Product]) -> dict[str, Product]:
    """a, and three others: one with the very same file, one with nearly the same picture, one with neither."""
    products = {sku: make_product(sku) for sku in ("a", "same-file", "same-picture", "other")}
    add_photo(products["same-file"], photo_of("a"))
    add_photo(products["same-picture"], saved_again(photo_of("a")))
    embed_awaiting(model)
    return products


@pytest.fixture(scope="module")
def catalogue(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[SyntheticCatalogue]:
    """6,000 products with 1 to 3 photos; made once, and really committed: an index is built CONCURRENTLY."""
    with django_db_blocker.unblock():
        model = ModelVersion.objects.active()
        assert model is not None
        catalogue = fill_with_random_products(model, 6000, seed=1)
        build_index(model)
        yield catalogue
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE search_embedding, catalog_productimage, catalog_product, catalog_category CASCADE")


@pytest.fixture
def query(catalogue: SyntheticCatalogue) -> NDArray[np.float32]:
    """A new view of a product in the catalogue: float32 [256], unit length."""
    vector = catalogue.vectors[17].astype(np.float32) + 0.02 * np.random.default_rng(5).normal(size=256)
    return vector / np.linalg.norm(vector)


CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium: `apt-get install chromium`, or CHROMIUM=/path/to/it."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread from here on
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shop_server(
    browser: Browser,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Path]]:
    """(address, media directory) of a shop of three products, served for all browser tests of a file.

    Only tests marked django_db get a test database at all, and the shop is committed: hence the check.
    """
    media = tmp_path_factory.mktemp("media")
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media):
        assert str(connection.settings_dict["NAME"]).startswith("test_"), "mark the file's tests django_db"
        for sku, category, price in [("red-shoe", "Shoes", 40), ("blue-shoe", "Shoes", 60), ("mug", "Mugs", 9)]:
            product = Product.objects.create(
                sku=sku,
                title=f"The {sku}",
                category=Category.objects.named(category),
                price=price,
                brand=f"Brand of {sku}",
            )
            photo = ContentFile(photo_of(sku), "x.jpg")
            image = ProductImage.objects.create(product=product, view_id="000", file=photo)
            embed_images([image.pk])
        collect_search_words()
        active = ModelVersion.objects.active()
        assert active
        calibrate(active, -1)  # all three are very close
        server = LiveServer("localhost")
        yield server.url, media
        server.stop()
        wait_for_requests()
        call_command("flush", interactive=False, verbosity=0)


@pytest.fixture
def visit(browser: Browser, shop_server: tuple[str, Path], settings: Any) -> Iterator[Callable[..., Page]]:
    """visit("/path/", viewport=...): the page in a new browser context. A script error on it fails the test."""
    address, settings.MEDIA_ROOT = shop_server
    expect.set_options(timeout=20_000)
    with ExitStack() as contexts:

        def visit(path: str = "/", **options: Any) -> Page:
            page = contexts.enter_context(browser_context(browser, **options)).new_page()
            page.goto(address + path)
            return page

        yield visit


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A shopper's photo of the mug."""
    path = tmp_path / "mine.jpg"
    path.write_bytes(photo_of("mug"))
    return path


@pytest.fixture
def visit_admin(browser: Browser, live_server: LiveServer) -> Iterator[Callable[[str], Page]]:
    """visit_admin("/admin/..."): the page, signed in as a superuser. A script error on it fails the test."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    expect.set_options(timeout=20_000)
    with browser_context(browser) as context:
        session = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])

        def visit(path: str) -> Page:
            page = context.new_page()
            page.goto(live_server.url + path)
            return page

        yield visit


@pytest.fixture
def count_as_alike(model: ModelVersion) -> Callable[[float], None]:
    """Calibrates `model` so that scores above a cosine are alike, and no others."""

    return partial(calibrate, model)


def calibrate(model: ModelVersion, from_score: float) -> None:
    step = {"bias": -1e6 * from_score, "weights": [1e6, 0, 0, 0]}
    model.config = model.config | {"calibration": {"product": step, "kind": step}}
    model.save(update_fields=["config"])
