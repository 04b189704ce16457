"""A photo comes in on any page, in any way; what is no photo gets a sentence that says what to do."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.django_db

RESULTS = re.compile(r"/search/[0-9a-f-]{36}/")


def paste(page: Page, kind: str, data: object, type: str = "", name: str = "") -> None:
    page.evaluate(
        """([kind, data, type, name]) => {
            const transfer = new DataTransfer();
            if (kind === "file") transfer.items.add(new File([new Uint8Array(data)], name, {type}));
            if (kind === "files") for (const part of data) transfer.items.add(new File([part], part, {type}));
            if (kind === "text") transfer.setData("text/plain", data);
            document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
        }""",
        [kind, data, type, name],
    )


@pytest.mark.parametrize("path", ["/products/mug/", "/products/", "/privacy/", "/no-such-page/"])
def test_a_photo_is_pasted_on_any_page(visit, photo, path):
    page = visit(path)
    paste(page, "file", list(photo.read_bytes()), "image/jpeg", "pasted.jpg")
    page.wait_for_url(RESULTS)
    expect(page.locator(".card .name").first).to_have_text("The mug")


def test_the_link_in_the_header_opens_the_photo_box_where_one_is(visit, photo):
    page = visit("/products/")
    page.get_by_role("link", name="Search by photo").click()
    assert page.url.endswith("/products/")
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.wait_for_url(RESULTS)


@pytest.mark.parametrize(
    ("kind", "data", "type", "name", "sentence"),
    [
        ("text", "green boots", "", "", "What you pasted is text"),
        ("file", [0] * 100, "video/mp4", "film.mp4", "That is a video"),
        ("files", [f"{number}.jpg" for number in range(30)], "image/jpeg", "", "at most 5 photos"),
        ("file", [0] * 100, "application/pdf", "a.pdf", "There is no photo"),
        ("text", "http://127.0.0.1:1/picture.jpg", "", "", "Save the picture on your device and choose it here."),
    ],
    ids=["text", "video", "thirty", "pdf", "address"],
)
def test_what_is_no_photo_is_answered_with_what_to_do(visit, kind, data, type, name, sentence):
    page = visit("/products/mug/")
    paste(page, kind, data, type, name)
    expect(page.get_by_role("alert").get_by_text(sentence)).to_be_visible()


def test_a_folder_and_a_file_too_large_are_named(visit):
    page = visit("/products/mug/")
    page.evaluate(
        """() => {
            const event = new Event("drop", {bubbles: true});
            const folder = {webkitGetAsEntry: () => ({isDirectory: true})};
            event.dataTransfer = {items: [folder], files: [], getData: () => ""};
            document.body.dispatchEvent(event);
        }"""
    )
    expect(page.get_by_role("alert").get_by_text("That is a folder")).to_be_visible()
    page.evaluate(
        """() => {
            document.querySelector("[data-photo-form]").dataset.mostBytes = "1000";
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(5000)], "scan.heic"));
            const event = new Event("drop", {bubbles: true});
            event.dataTransfer = transfer;
            document.body.dispatchEvent(event);
        }"""
    )
    expect(page.get_by_role("alert").get_by_text("This file is too large to send")).to_be_visible()


def test_the_camera_shows_live_what_it_will_take(browser, shop_server, visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, permissions=["camera"])
    page.evaluate(
        """() => { // a camera, as the browser would give it: a picture that moves
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 200;
            const context = canvas.getContext("2d");
            setInterval(() => { context.fillStyle = "teal"; context.fillRect(0, 0, 200, 200);
                context.fillStyle = "white"; context.fillRect(60, 40, 70, 90); }, 50);
            navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(10);
        }"""
    )
    page.get_by_text("Take a photo").tap()
    expect(page.locator(".live video")).to_be_visible()
    page.wait_for_function("document.querySelector('.live video').videoWidth > 0")
    page.get_by_role("button", name="Take the photo").tap()
    page.wait_for_url(RESULTS)


def test_without_a_camera_for_pages_the_phones_own_is_used(visit):
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.evaluate(
        """() => {
            navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
        }"""
    )
    page.get_by_text("Take a photo").tap()
    expect(page.get_by_role("alert").get_by_text("Tap once more")).to_be_visible()
    with page.expect_file_chooser():
        page.get_by_text("Take a photo").tap()


def test_the_plain_form_comes_back_when_a_script_does_not(visit, photo):
    page = visit("/privacy/")
    page.route("**/photo*.js", lambda route: route.abort())
    page.goto(page.url.replace("/privacy/", "/"))
    expect(page.get_by_text("A part of this page did not load")).to_be_visible()
    page.get_by_label("Choose a photo").set_input_files(photo)
    page.locator("#photo > .viewfinder > button.without-script").click()
    page.wait_for_url(RESULTS)
