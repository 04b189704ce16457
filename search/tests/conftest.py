import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from catalog.models import Product
from ml.models import ModelVersion
from search.tasks import embed_images


@pytest.fixture
def embedded(model: ModelVersion, make_product: Callable[..., Product]) -> Callable[..., Product]:
    """As make_product, with the photos embedded: shoppers find it."""

    def make(sku: str, **fields: object) -> Product:
        product = make_product(sku, **fields)
        embed_images(list(product.images.values_list("pk", flat=True)))
        return product

    return make


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


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Page]]:
    """visit("/path/", viewport=...): the page in a new browser context. A script error on it fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def visit(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not errors
