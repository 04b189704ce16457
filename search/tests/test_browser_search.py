"""A shopper with a real browser searches with a photo, narrows the results, goes back and shares them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Product
from conftest import photo_of
from ml.models import register_bundled_model
from search.models import Query

pytestmark = pytest.mark.django_db(transaction=True)

RESULTS = re.compile(r"/search/[0-9a-f-]{36}/")


@pytest.fixture
def shop(db, make_product: Callable[..., Product]) -> None:
    """Made here rather than from `embedded`: the flush after a transactional test took the model as well."""
    from search.tasks import embed_images

    register_bundled_model()
    for sku, category, price in [("red-shoe", "Shoes", 40), ("blue-shoe", "Shoes", 60), ("mug", "Mugs", 9)]:
        product = make_product(sku, category=category, price=price, brand=f"Brand of {sku}", title=f"The {sku}")
        embed_images(list(product.images.values_list("pk", flat=True)))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "mine.jpg"
    path.write_bytes(photo_of("mug"))
    return path


def search(page: Page, photo: Path) -> None:
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.wait_for_url(RESULTS)


def titles(page: Page) -> list[str]:
    return page.locator(".card .name").all_inner_texts()


def test_a_photo_is_uploaded_and_the_results_are_read(visit, shop, photo):
    page = visit()
    search(page, photo)
    expect(page.get_by_role("heading", name="3 products look like it")).to_be_visible()
    assert titles(page)[0] == "The mug"
    first = page.locator(".card").first
    expect(first).to_contain_text("Very close match")
    expect(first).to_contain_text("€9")


def test_the_browser_sends_a_small_photo_whatever_was_chosen(visit, shop, tmp_path):
    from PIL import Image

    large = tmp_path / "large.jpg"
    Image.effect_noise((3000, 2000), 80).convert("RGB").save(large, quality=95)
    page = visit()
    with page.expect_request("**/search/") as sent:
        search(page, large)
    body = sent.value.post_data_buffer or b""
    assert len(body) < large.stat().st_size / 4
    assert Query.objects.count() == 1


def test_results_are_filtered_at_once_and_back_undoes_it(visit, shop, photo):
    page = visit()
    search(page, photo)
    page.get_by_label("Shoes").check()
    expect(page.get_by_role("heading", name="2 products look like it")).to_be_visible()
    expect(page).to_have_url(re.compile(r"category=shoes"))
    expect(page.get_by_label("Shoes")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("heading", name="3 products look like it")).to_be_visible()
    expect(page.get_by_label("Shoes")).not_to_be_checked()


def test_a_link_to_filtered_results_works_in_another_browser(visit, shop, photo):
    page = visit()
    search(page, photo)
    page.get_by_label("Mugs").check()
    expect(page).to_have_url(re.compile(r"category=mugs"))
    other = visit("/" + page.url.split("/", 3)[3])
    assert titles(other) == ["The mug"]


def test_a_photo_is_pasted(visit, shop, photo):
    page = visit()
    page.evaluate(
        """async (bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "pasted.jpg", {type: "image/jpeg"}));
            document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
        }""",
        list(photo.read_bytes()),
    )
    page.wait_for_url(RESULTS)
    assert titles(page)[0] == "The mug"


def test_a_photo_is_dropped(visit, shop, photo):
    page = visit()
    transfer = page.evaluate_handle(
        """(bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(bytes)], "dropped.jpg", {type: "image/jpeg"}));
            return transfer;
        }""",
        list(photo.read_bytes()),
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    page.wait_for_url(RESULTS)


def test_a_file_that_is_no_photo_is_explained(visit, shop, tmp_path):
    text = tmp_path / "letter.jpg"
    text.write_text("Dear shop")
    page = visit()
    page.get_by_label("Choose a photo").set_input_files(text)
    expect(page.get_by_role("alert")).to_contain_text("not a photo we can read")


def test_the_corners_are_moved_with_the_keyboard_and_the_part_is_searched(visit, shop, photo):
    page = visit()
    search(page, photo)
    whole = page.url
    page.get_by_role("button", name="Bottom right corner").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_url(lambda url: RESULTS.search(url) and url != whole)
    assert Query.objects.latest("created").crop == "0.0000,0.0000,0.7000,1.0000"
    page.go_back()
    page.wait_for_url(whole)


def test_the_box_is_drawn_with_the_mouse_and_the_part_is_searched(visit, shop, photo):
    page = visit()
    search(page, photo)
    whole = page.url
    handle = page.get_by_role("button", name="Top left corner").bounding_box()
    picture = page.get_by_alt_text("Your photo").bounding_box()
    assert handle and picture
    page.mouse.move(picture["x"] + 1, picture["y"] + 1)
    page.mouse.down()
    page.mouse.move(picture["x"] + 1 + picture["width"] / 2, picture["y"] + 1 + picture["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_url(lambda url: RESULTS.search(url) and url != whole)
    x, y, width, height = map(float, Query.objects.latest("created").crop.split(","))
    assert (x, y, width, height) == pytest.approx((0.5, 0.5, 0.5, 0.5), abs=0.02)


def test_everything_works_without_javascript(visit, shop, photo):
    page = visit(java_script_enabled=False)
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.locator("#photo").get_by_role("button", name="Search").click()
    page.wait_for_url(RESULTS)
    assert titles(page)[0] == "The mug"
    page.get_by_label("Shoes").check()
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile(r"category=shoes"))
    assert set(titles(page)) == {"The red-shoe", "The blue-shoe"}
    page.get_by_role("link", name="The red-shoe").first.click()
    expect(page.get_by_role("heading", name="The red-shoe", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="Looks like this")).to_be_visible()


def test_a_phone_shows_everything_without_scrolling_sideways(visit, shop, photo):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(page.get_by_text("Take a photo")).to_be_visible()
    search(page, photo)
    for path in (page.url, "/products/mug/", "/products/", "/categories/mugs/"):
        page.goto(path if path.startswith("http") else page.url.split("/search")[0].split("/products")[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
