"""A shopper on a bad connection: what she sees while a photo travels, and what she can do when it does not arrive."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from search.models import Query
from search.tests.shopping import RESULTS, search, titles

pytestmark = pytest.mark.django_db

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}  # ms, bytes/s
CRAWL = {**SLOW_3G, "uploadThroughput": 4_000}


@pytest.fixture
def grainy(tmp_path: Path) -> Path:
    """A photo of about 250 kB, also after it was made small."""
    path = tmp_path / "grainy.jpg"
    grain = Image.effect_noise((700, 700), 90).convert("RGB")
    ImageDraw.Draw(grain).ellipse((150, 200, 500, 620), "firebrick")  # grain alone is no item
    grain.save(path, quality=95)
    return path


def emulate(page: Page, conditions: dict[str, object]) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


def test_on_slow_3g_a_photo_shows_how_far_it_is_and_arrives(visit, grainy):
    page = visit()
    emulate(page, SLOW_3G)
    page.get_by_label("Choose a photo").set_input_files(grainy)
    status = page.locator(".progress [role=status]")
    expect(status).to_have_text(re.compile(r"Sending your photo: [1-9]\d? %"))
    assert 0 < page.get_by_role("progressbar").evaluate("(bar) => bar.position") < 1
    expect(status).to_have_text("Looking for what is alike…", timeout=30_000)
    page.wait_for_url(RESULTS, timeout=30_000)
    expect(page.locator(".card")).to_have_count(3)


def test_a_photo_on_its_way_is_cancelled_and_another_chosen(visit, grainy, photo):
    page = visit()
    asked = Query.objects.count()
    emulate(page, CRAWL)
    page.get_by_label("Choose a photo").set_input_files(grainy)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".progress")).not_to_be_visible()
    expect(page.get_by_label("Choose a photo")).to_be_focused()
    expect(page.get_by_role("alert")).not_to_be_visible()
    emulate(page, {**SLOW_3G, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    search(page, photo)
    assert titles(page)[0] == "The mug"
    assert Query.objects.count() == asked + 1


def test_a_photo_that_did_not_get_through_is_sent_again_without_choosing_it_anew(visit, photo):
    page = visit()
    page.route("**/search/", lambda route: route.abort())
    page.get_by_label("Choose a photo").set_input_files(photo)
    expect(page.get_by_role("alert")).to_have_text("We cannot reach the shop. Check your connection and try again.")
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_focused()
    page.unroute("**/search/")
    again.click()
    page.wait_for_url(RESULTS)
    assert titles(page)[0] == "The mug"


def test_a_photo_chosen_offline_is_sent_once_the_connection_is_back(visit, photo):
    page = visit()
    page.context.set_offline(True)
    page.get_by_label("Choose a photo").set_input_files(photo)
    expect(page.get_by_role("alert")).to_have_text(
        "You are offline. We send your photo as soon as you are connected again."
    )
    page.context.set_offline(False)
    page.wait_for_url(RESULTS)
    assert titles(page)[0] == "The mug"


def test_a_photo_that_stops_on_its_way_is_given_up_after_a_while(visit, grainy):
    page = visit()
    page.clock.install()
    page.route("**/search/", lambda route: None)  # never answered
    page.get_by_label("Choose a photo").set_input_files(grainy)
    expect(page.locator(".progress")).to_be_visible()
    page.wait_for_timeout(500)
    page.clock.fast_forward(31_000)
    expect(page.get_by_role("alert")).to_contain_text("did not get through")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_shop_that_fails_says_so_and_keeps_the_photo(visit, photo):
    page = visit()
    page.route("**/search/", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.get_by_label("Choose a photo").set_input_files(photo)
    expect(page.get_by_role("alert")).to_have_text("Something went wrong on our side. Please try again.")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_filter_chosen_offline_is_applied_once_the_connection_is_back(visit, photo):
    page = visit()
    search(page, photo)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.get_by_label("Shoes").check()
    expect(page.get_by_role("alert")).to_contain_text("You are offline. We try again as soon as you are connected.")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="2 products look like it")).to_be_visible()
    expect(page.get_by_role("alert")).not_to_be_visible()


def test_more_results_that_do_not_come_are_asked_for_again(visit, photo, monkeypatch):
    monkeypatch.setattr("search.query.PER_PAGE", 1)
    page = visit(viewport={"width": 390, "height": 600})
    search(page, photo)
    page.route("**page=2*", lambda route: route.abort())
    page.get_by_role("link", name="Show more").scroll_into_view_if_needed()
    expect(page.get_by_role("alert")).to_contain_text("We cannot reach the shop")
    page.unroute("**page=2*")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.locator(".card")).not_to_have_count(1)
    expect(page.get_by_role("alert")).not_to_be_visible()


def test_a_part_of_the_photo_that_cannot_be_searched_offline_is_tried_again(visit, photo):
    page = visit()
    search(page, photo)
    page.wait_for_load_state("networkidle")
    whole = page.url
    page.context.set_offline(True)
    page.get_by_role("button", name="Bottom right corner").press("Shift+ArrowLeft")
    expect(page.locator(".crop-status")).to_contain_text("We cannot reach the shop")
    page.context.set_offline(False)
    page.locator(".crop-status").get_by_role("button", name="Try again").click()
    page.wait_for_url(lambda url: url != whole)
