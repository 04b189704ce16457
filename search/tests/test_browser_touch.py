"""A shopper's finger on a phone: the crop box, the proposed parts, and the filters, which open as a sheet."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from search.models import Query
from search.tests.accessibility import violations
from search.tests.shopping import query_of, search, titles

pytestmark = pytest.mark.django_db

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photo with one thing in it, left of the middle, which is not chosen by itself."""
    monkeypatch.setattr("search.chosen_item.GAIN", 9)
    path = tmp_path / "item.png"
    photo = Image.new("RGB", (300, 400), "white")
    photo.paste((180, 30, 20), (60, 80, 180, 240))
    photo.save(path)
    return path


def drag(page: Page, of: Locator, by: tuple[float, float], steps: int = 5) -> None:
    """One finger put down in the middle of `of`, moved by so many pixels, and lifted: as the system reports touch."""
    box = of.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, steps + 1):
        touch("touchMove", {"x": x + by[0] * step / steps, "y": y + by[1] * step / steps})
    touch("touchEnd")


def crop_of(page: Page) -> tuple[float, ...]:
    return tuple(map(float, query_of(page).crop.split(",")))


def photo_size(page: Page) -> tuple[float, float]:
    box = page.get_by_alt_text("Your photo").bounding_box()
    assert box
    return box["width"], box["height"]


def test_a_finger_moves_a_corner_and_the_part_is_searched_at_once(visit, picture):
    page = visit(**PHONE)
    search(page, picture)
    whole = page.url
    width, height = photo_size(page)
    scrolled = page.evaluate("scrollY")
    drag(page, page.get_by_role("button", name="Bottom right corner"), (-width / 4, -height / 2))
    page.wait_for_url(lambda url: url != whole)
    assert crop_of(page) == pytest.approx((0, 0, 0.75, 0.5), abs=0.02)
    assert page.evaluate("scrollY") == scrolled
    expect(page.locator(".card").first).to_be_visible()
    expect(page.locator(".crop-status [role=status]")).to_have_text("")


def test_a_finger_moves_the_box_and_it_stays_within_the_photo(visit, picture):
    page = visit(**PHONE)
    search(page, picture)
    width, height = photo_size(page)
    for corner, by in (("Bottom right", (-width / 2, -height / 2)), ("", (width / 4, height))):
        before = page.url
        handle = page.get_by_role("button", name=f"{corner} corner") if corner else page.locator(".box")
        drag(page, handle, by)
        page.wait_for_url(lambda url, before=before: url != before)
    assert crop_of(page) == pytest.approx((0.25, 0.5, 0.5, 0.5), abs=0.02)


def test_a_swipe_over_the_whole_photo_scrolls_the_page_and_searches_nothing(visit, picture):
    page = visit(**PHONE)
    search(page, picture)
    asked = Query.objects.count()
    drag(page, page.locator(".box"), (0, -200), steps=20)
    page.wait_for_function("scrollY > 50")
    page.wait_for_timeout(300)
    assert Query.objects.count() == asked


def test_a_finger_taps_the_likely_item_and_the_box_follows(visit, picture):
    page = visit(**PHONE)
    search(page, picture)
    whole = page.url
    part = page.get_by_role("button", name="Part 1 of the photo")
    part.tap()
    page.wait_for_url(lambda url: url != whole)
    x, y, width, height = crop_of(page)
    assert x <= 0.21 and x + width >= 0.59 and y <= 0.21 and y + height >= 0.59
    assert width * height < 0.8
    expect(part).to_have_attribute("aria-pressed", "true")
    box, photo = page.locator(".box").bounding_box(), photo_size(page)
    assert box and box["width"] == pytest.approx(width * photo[0], abs=2)
    drag(page, page.get_by_role("button", name="Top left corner"), (-20, -20))
    expect(part).to_have_attribute("aria-pressed", "false")


def test_filters_open_as_a_sheet_that_stays_while_one_chooses(visit, photo):
    page = visit(**PHONE)
    search(page, photo)
    page.locator("[data-filters] summary").tap()
    sheet = page.get_by_role("dialog", name="Filter")
    sheet.get_by_label("Shoes").tap()
    expect(page).to_have_url(re.compile("category=shoes"))
    expect(sheet.get_by_role("button", name="Show 2 products")).to_be_visible()
    sheet.get_by_label("Brand of red-shoe").tap()
    expect(sheet.get_by_role("button", name="Show 1 product")).to_be_visible()
    expect(sheet.get_by_label("Shoes")).to_be_checked()
    assert violations(page) == []
    sheet.get_by_role("button", name="Show 1 product").tap()
    expect(sheet).not_to_be_visible()
    assert titles(page) == ["The red-shoe"]
    expect(page.locator("[data-filters] summary")).to_have_text(re.compile(r"Filter\s+2"))


def test_the_sheet_of_a_category_page_closes_with_escape(visit):
    page = visit("/products/", **PHONE)
    page.locator("[data-filters] summary").tap()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).not_to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
