"""Every page of the shop passes axe-core, light and dark, wide and narrow; and it is light and does not jump."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from search.tests.accessibility import violations
from search.tests.shopping import search

pytestmark = pytest.mark.django_db

PATHS = [
    "/",
    "/products/",
    "/products/?category=shoes&sort=price",
    "/products/?q=nonsense",
    "/categories/shoes/",
    "/products/mug/",
    "/privacy/",
    "/products/?category=no-such",
    "/no-such-page/",
]


def test_every_page_passes_axe(visit: Callable[..., Page], photo: Path):
    page = visit()
    origin = page.url.rstrip("/")
    for path in PATHS:
        page.goto(origin + path)
        assert violations(page) == [], path
    page.goto(origin)
    search(page, photo)
    page.wait_for_load_state("networkidle")  # the proposed parts come a moment later
    assert violations(page) == []
    page.get_by_role("link", name=re.compile("Why it matched.*The mug")).click()
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []


def test_dark_colours_have_enough_contrast(visit: Callable[..., Page], photo: Path):
    page = visit(color_scheme="dark")
    origin = page.url.rstrip("/")
    search(page, photo)
    for address in (page.url, origin, f"{origin}/products/mug/", f"{origin}/products/?category=shoes"):
        page.goto(address)
        assert violations(page, runOnly=["color-contrast"]) == [], address


def test_a_phone_and_a_refused_photo_pass_axe(visit, tmp_path):
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear shop")
    page = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page.get_by_label("Choose a photo").set_input_files(letter)
    page.get_by_role("alert").get_by_text("not a photo").wait_for()
    assert violations(page) == []


def test_the_first_view_weighs_less_than_100_kb_without_pictures(visit):
    page = visit("/privacy/")
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.request.resource_type != "image":
            body = response.body()  # static files are sent compressed, pages as they are
            sizes[response.url] = len(gzip.compress(body)) if "/static/" in response.url else len(body)

    page.on("response", weigh)
    page.goto(page.url.replace("/privacy/", "/"), wait_until="networkidle")
    assert len(sizes) >= 4  # page, style, htmx, our script
    assert sum(sizes.values()) < 100_000, sizes


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_shifts_while_a_page_loads(visit, photo, width):
    page = visit(viewport={"width": width, "height": 844})
    origin = page.url.rstrip("/")
    page.add_init_script(
        """window.shift = 0; new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({type: "layout-shift", buffered: true});"""
    )
    search(page, photo)
    for address in (page.url, origin, f"{origin}/products/mug/", f"{origin}/products/"):
        page.goto(address, wait_until="networkidle")
        assert page.evaluate("window.shift") < 0.01, address
