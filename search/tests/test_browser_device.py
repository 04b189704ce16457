"""What stays with the shopper: favourites and recent searches on the device, and the list that Back returns to."""

import re

import pytest
from playwright.sync_api import Page, expect

from search.tests.shopping import search

pytestmark = pytest.mark.django_db


def cards(page: Page) -> list[str]:
    return page.locator(".card .name").all_inner_texts()


def test_favourites_are_kept_on_the_device_and_forgotten_with_one_tap(visit):
    page = visit("/products/mug/")
    page.get_by_role("button", name="Favourite").click()
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("link", name="Favourites").click()
    expect(page.locator(".card")).to_have_count(1)
    assert cards(page) == ["The mug"]
    page.get_by_role("button", name="Forget them all").click()
    expect(page.get_by_text("None yet")).to_be_visible()
    assert page.evaluate("localStorage.getItem('favourites')") == "[]"


def test_a_browser_that_keeps_nothing_is_told_of(visit):
    page = visit("/products/mug/")
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    page.reload()
    page.get_by_role("button", name="Favourite").click()
    expect(page.get_by_role("alert").get_by_text("does not let us remember")).to_be_visible()


def test_recent_searches_are_on_the_home_page_until_they_are_forgotten(visit, photo):
    page = visit()
    expect(page.get_by_role("heading", name="Your recent searches")).to_be_hidden()
    search(page, photo)
    address = page.url
    page.get_by_role("link", name="Visualsearch").click()
    expect(page.get_by_role("heading", name="Your recent searches")).to_be_visible()
    page.get_by_role("link", name=re.compile("Your search of")).click()
    page.wait_for_url(address)
    page.get_by_role("link", name="Visualsearch").click()
    page.get_by_role("button", name="Forget them").click()
    expect(page.get_by_role("heading", name="Your recent searches")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="Your recent searches")).to_be_hidden()


@pytest.mark.parametrize("where", ["results", "browse"])
def test_back_brings_back_the_cards_that_came_while_scrolling_and_the_place(visit, photo, monkeypatch, where):
    monkeypatch.setattr("search.pages.views.PER_PAGE", 1)
    monkeypatch.setattr("catalog.views.PER_PAGE", 1)
    page = visit("/products/", viewport={"width": 390, "height": 500})
    if where == "results":
        page.goto(page.url.replace("/products/", "/"))
        search(page, photo)
    for _ in range(6):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(150)
    expect(page.locator(".card")).to_have_count(3)
    before = cards(page), page.evaluate("scrollY")
    assert before[1] > 300
    page.locator(".card > a").last.evaluate("(link) => link.click()")  # where it is: a mouse would scroll first
    page.wait_for_url(re.compile("/products/[\\w-]+/"))
    page.go_back()
    expect(page.locator(".card")).to_have_count(3)
    page.wait_for_timeout(300)
    assert cards(page) == before[0]
    assert page.evaluate("scrollY") == pytest.approx(before[1], abs=40)
