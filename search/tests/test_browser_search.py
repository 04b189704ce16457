"""A shopper with a real browser searches with a photo, narrows the results, goes back and shares them."""

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from conftest import photo_of
from ml.images import Crop
from search.tests.accessibility import violations
from search.tests.shopping import RESULTS, query_of, search, titles

pytestmark = pytest.mark.django_db

NOTE_WHAT_IS_SENT = """
    const send = XMLHttpRequest.prototype.send;
    XMLHttpRequest.prototype.send = function (data) {
        if (data instanceof FormData)
            sessionStorage.setItem("sent", JSON.stringify(data.getAll("image").map((file) => file.size)));
        send.call(this, data);
    };"""


def sent(page: Page) -> list[int]:
    """Bytes of each photo that the page uploaded."""
    return page.evaluate('JSON.parse(sessionStorage.getItem("sent"))')


def test_a_photo_is_uploaded_and_the_results_are_read(visit, photo):
    page = visit()
    search(page, photo)
    expect(page.get_by_role("heading", name="3 products look like it")).to_be_visible()
    assert titles(page)[0] == "The mug"
    first = page.locator(".card").first
    expect(first).to_contain_text("Very close match")
    expect(first).to_contain_text("€9")


def test_the_browser_sends_a_small_photo_whatever_was_chosen(visit, tmp_path):
    large = tmp_path / "large.jpg"
    Image.effect_noise((2000, 1500), 80).save(large, quality=95)
    page = visit()
    page.add_init_script(NOTE_WHAT_IS_SENT)
    page.reload()
    search(page, large)
    (size,) = sent(page)
    assert 10_000 < size < large.stat().st_size / 4


def test_results_are_filtered_at_once_and_back_undoes_it(visit, photo):
    page = visit()
    search(page, photo)
    page.get_by_label("Shoes").check()
    expect(page.get_by_role("heading", name="2 products look like it")).to_be_visible()
    expect(page).to_have_url(re.compile(r"category=shoes"))
    expect(page.get_by_label("Shoes")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("heading", name="3 products look like it")).to_be_visible()
    expect(page.get_by_label("Shoes")).not_to_be_checked()


def test_a_link_to_filtered_results_works_in_another_browser(visit, photo):
    page = visit()
    search(page, photo)
    page.get_by_label("Mugs").check()
    expect(page).to_have_url(re.compile(r"category=mugs"))
    other = visit("/" + page.url.split("/", 3)[3])
    assert titles(other) == ["The mug"]


def test_a_photo_is_pasted(visit, photo):
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


def test_a_photo_is_dropped(visit, photo):
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


def test_a_picture_dragged_from_another_page_is_fetched_and_searched(visit):
    page = visit("/products/mug/")
    picture = page.locator(".views img").first.evaluate("(image) => image.src")
    page.goto(page.url.replace("/products/mug/", "/"))
    transfer = page.evaluate_handle(
        """(address) => {
            const transfer = new DataTransfer();
            transfer.setData("text/html", `<a href="/elsewhere"><img src="${address}"></a>`);
            return transfer;
        }""",
        picture,
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    page.wait_for_url(RESULTS)
    assert titles(page)[0] == "The mug"


def test_text_that_is_dropped_is_refused_in_words(visit):
    page = visit()
    transfer = page.evaluate_handle(
        "() => { const transfer = new DataTransfer(); transfer.setData('text/plain', 'shoes'); return transfer; }"
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    expect(page.get_by_role("alert")).to_contain_text("What you dropped is text. Type it into the box at the top")


def test_a_file_that_is_no_photo_is_explained(visit, tmp_path):
    text = tmp_path / "letter.jpg"
    text.write_text("Dear shop")
    page = visit()
    page.get_by_label("Choose a photo").set_input_files(text)
    expect(page.get_by_role("alert")).to_contain_text("not a photo we can read")


def test_the_corners_are_moved_with_the_keyboard_and_the_part_is_searched(visit, photo):
    page = visit()
    search(page, photo)
    whole = page.url
    page.get_by_role("button", name="Bottom right corner").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_url(lambda url: RESULTS.search(url) and url != whole)
    assert query_of(page).crop == "0.0000,0.0000,0.7000,1.0000"
    page.go_back()
    page.wait_for_url(whole)


def test_the_box_is_drawn_with_the_mouse_and_the_part_is_searched(visit, photo):
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
    x, y, width, height = map(float, query_of(page).crop.split(","))
    assert (x, y, width, height) == pytest.approx((0.5, 0.5, 0.5, 0.5), abs=0.02)


def test_everything_works_without_javascript(visit, photo):
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


def test_a_phone_shows_everything_without_scrolling_sideways(visit, photo):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(page.get_by_text("Take a photo")).to_be_visible()
    search(page, photo)
    for path in (page.url, "/products/mug/", "/products/", "/categories/mugs/"):
        page.goto(path if path.startswith("http") else page.url.split("/search")[0].split("/products")[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_tap_on_a_likely_item_searches_for_it(visit, tmp_path):
    path = tmp_path / "item.png"
    picture = Image.new("RGB", (400, 300), "white")
    picture.paste((180, 30, 20), (60, 80, 180, 240))
    picture.save(path)
    page = visit()
    search(page, path)
    whole = page.url
    page.get_by_role("img", name="Part 1 of the photo").click()
    page.wait_for_url(lambda url: RESULTS.search(url) and url != whole)
    x, y, width, height = map(float, query_of(page).crop.split(","))
    assert x <= 0.16 and x + width >= 0.44 and y <= 0.28 and y + height >= 0.78
    assert width < 0.8


def test_why_a_product_matched_is_one_tap_away(visit, photo):
    page = visit()
    search(page, photo)
    address = page.url
    page.get_by_role("link", name=re.compile("Why it matched.*The mug")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("Your photo, the regions that count lit")).to_be_visible()
    expect(dialog.get_by_alt_text("The mug, the regions that count lit")).to_be_visible()
    assert page.url == address
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).not_to_be_visible()


def test_more_like_this_leads_to_what_looks_like_the_product(visit, photo):
    page = visit()
    search(page, photo)
    page.get_by_role("link", name=re.compile("More like this.*The mug")).click()
    similar = page.get_by_role("region", name="Looks like this")
    expect(similar.locator(".card")).to_have_count(2)


def test_a_heic_photo_is_found_although_the_browser_cannot_read_it(visit, tmp_path):
    path = tmp_path / "iphone.heic"
    Image.open(BytesIO(photo_of("mug"))).save(path, "HEIF", quality=95)
    page = visit()
    search(page, path)
    assert titles(page)[0] == "The mug"


def test_several_photos_are_sent_together(visit, tmp_path):
    paths = [tmp_path / f"{view}.jpg" for view in range(2)]
    for view, path in enumerate(paths):
        path.write_bytes(photo_of("red-shoe", view))
    page = visit()
    page.add_init_script(NOTE_WHAT_IS_SENT)
    page.reload()
    page.get_by_label("Choose a photo").set_input_files(paths)
    page.wait_for_url(RESULTS)
    assert len(sent(page)) == 2
    assert titles(page)[0] == "The red-shoe"


def test_more_results_come_as_one_scrolls(visit, photo, monkeypatch):
    monkeypatch.setattr("search.query.PER_PAGE", 1)
    page = visit(viewport={"width": 390, "height": 600})
    search(page, photo)
    for _ in range(4):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(100)
    expect(page.locator(".card")).to_have_count(3)
    assert len(set(titles(page))) == 3


def test_a_result_is_marked_by_keyboard_and_the_mark_is_told(visit, photo):
    page = visit()
    search(page, photo)
    address = page.url
    thumb = page.get_by_role("button", name="Right: The mug")
    thumb.focus()
    page.keyboard.press("Enter")
    expect(thumb).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#announce")).to_contain_text("Thank you")
    assert page.url == address and not page.context.cookies()
    page.reload()
    expect(thumb).to_have_attribute("aria-pressed", "true")


def test_several_photos_are_told_apart_cropped_and_removed_without_javascript(visit, tmp_path, monkeypatch):
    monkeypatch.setattr("search.query.tell_apart", lambda vectors, model: list(range(len(vectors))))
    paths = [tmp_path / f"{sku}.jpg" for sku in ("red-shoe", "mug")]
    for path in paths:
        path.write_bytes(photo_of(path.stem))
    page = visit(java_script_enabled=False)
    page.get_by_label("Choose a photo").set_input_files(paths)
    page.locator("#photo").get_by_role("button", name="Search").click()
    expect(page.get_by_text("2 items?")).to_be_visible()
    assert titles(page)[0] == "The red-shoe"
    page.get_by_role("button", name="Search for photo 2").click()
    assert titles(page)[0] == "The mug"
    page.get_by_role("link", name="Photo 1, not searched for").click()
    expect(page.get_by_role("link", name="Photo 1, not searched for")).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Remove photo 1").click()
    expect(page.get_by_text("2 items?")).to_have_count(0)
    assert titles(page)[0] == "The mug"


def test_one_of_several_photos_is_cropped(visit, tmp_path):
    paths = [tmp_path / f"{sku}.jpg" for sku in ("red-shoe", "mug")]
    for path in paths:
        path.write_bytes(photo_of(path.stem))
    page = visit()
    page.get_by_label("Choose a photo").set_input_files(paths)
    page.wait_for_url(RESULTS)
    page.get_by_role("link", name="Photo 2").click()
    page.wait_for_url(re.compile("photo=1"))
    assert violations(page) == []
    whole = page.url
    page.get_by_role("button", name="Bottom right corner").focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_url(lambda url: RESULTS.search(url) and url != whole)
    assert list(query_of(page).photos.values_list("crop", flat=True)) == ["", "0.0000,0.0000,0.9000,1.0000"]


def test_dots_lie_on_the_likely_items_and_a_tap_searches_for_one(visit, tmp_path):
    path = tmp_path / "two.png"
    picture = Image.new("RGB", (400, 300), "white")
    picture.paste((180, 30, 20), (30, 80, 150, 240))
    picture.paste((20, 60, 180), (240, 60, 370, 220))
    picture.save(path)
    page = visit()
    search(page, path)
    whole = page.url
    expect(page.locator(".dot")).to_have_count(2)
    page.locator(".dot").first.click()
    page.wait_for_url(lambda url: RESULTS.search(url) and url != whole)
    assert 0.25 < float(query_of(page).crop.split(",")[2]) < 0.5


def test_the_item_that_clearly_wins_is_chosen_and_the_whole_photo_is_one_tap_away(visit, photo, monkeypatch):
    monkeypatch.setattr("search.chosen_item.propose_boxes", lambda photo, limit: [Crop(0.1, 0.1, 0.8, 0.8)])
    monkeypatch.setattr("search.chosen_item.GAIN", -2)
    monkeypatch.setattr("search.chosen_item.SURE", 2)  # the photo is a product's own: no item is looked for in such
    page = visit(java_script_enabled=False)
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.locator("#photo").get_by_role("button", name="Search").click()
    expect(page.get_by_text("Searched for a part of your photo.")).to_be_visible()
    assert query_of(page).crop == "0.1000,0.1000,0.8000,0.8000"
    page.get_by_role("button", name="Search for the whole photo").click()
    expect(page.get_by_text("Searched for a part of your photo.")).to_have_count(0)
    assert query_of(page).crop == "0.0000,0.0000,1.0000,1.0000"
