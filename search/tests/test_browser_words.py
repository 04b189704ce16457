"""A shopper types: suggestions come, by keyboard and by mouse, and what is nowhere leads to the search by photo."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.django_db


def test_suggestions_are_chosen_with_the_keyboard(visit):
    page = visit("/products/")
    box = page.get_by_role("combobox", name="Search by words")
    box.type("sho")
    options = page.get_by_role("option")
    expect(options.filter(has_text="The red-shoe")).to_be_visible()
    expect(options.filter(has_text="Shoes").first).to_be_visible()
    assert box.get_attribute("aria-expanded") == "true"
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("ArrowUp")
    active = page.locator("#" + str(box.get_attribute("aria-activedescendant")))
    expect(active).to_have_attribute("aria-selected", "true")
    title = active.locator("span").nth(1).inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_escape_closes_the_suggestions_and_enter_searches_for_the_words(visit):
    page = visit()
    box = page.get_by_label("Search by words")
    box.type("mug")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option").first).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/products/\?q=mug"))


def test_a_suggestion_is_tapped(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.get_by_label("Search by words").type("re")
    page.get_by_role("option").filter(has_text="The red-shoe").tap()
    expect(page.get_by_role("heading", name="The red-shoe", level=1)).to_be_visible()


def test_a_typo_is_mended_and_said(visit):
    page = visit("/products/?q=shoos")
    expect(page.get_by_text("You see what we found for")).to_be_visible()
    expect(page.locator(".card")).to_have_count(2)


def test_words_found_nowhere_lead_to_the_search_by_photo(visit, photo):
    page = visit("/products/?q=spaceship")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.wait_for_url(re.compile(r"/search/[0-9a-f-]{36}/"))


def test_words_are_searched_without_javascript(visit):
    page = visit(java_script_enabled=False)
    page.get_by_label("Search by words").fill("shoes")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    expect(page.locator(".card")).to_have_count(2)
