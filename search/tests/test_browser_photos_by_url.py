"""Staff watch photos come in by URL, see what failed and why, and have it tried again."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from catalog.models import ImportRun, RemotePhoto
from catalog.photos.fetch import request_photos
from catalog.tests.http_server import http_server
from conftest import photo_of
from search.tests.accessibility import violations
from search.tests.real_worker import workers

pytestmark = pytest.mark.django_db(transaction=True)


def test_photos_by_url_are_watched_and_the_failed_ones_tried_again(
    visit_admin, model, make_product, tmp_path, monkeypatch
):
    product = make_product("mug", photos=0)
    run = ImportRun.objects.create(name="feed.xml", source="/gone", state="done", was_running=True)
    with http_server() as server:
        for name in ("front", "back"):
            server.answers[f"/{name}.jpg"] = (200, {"Content-Type": "image/jpeg"}, photo_of(name))
        server.answers["/side.jpg"] = [(404, {}, b""), (200, {}, photo_of("side"))]
        request_photos(product, [server.url(f"/{name}.jpg") for name in ("front", "back", "side")], run)
        page = visit_admin(f"/admin/catalog/importrun/{run.pk}/change/")
        panel = page.locator("#remote-photos")
        expect(panel.get_by_role("progressbar")).to_be_visible()
        expect(panel).to_contain_text("3 waiting")
        monkeypatch.setenv("FETCH_ALLOWED_HOSTS", server.host)
        with workers(tmp_path, timeout=120) as start:
            start()
            expect(panel).to_contain_text("2 fetched", timeout=60_000)
            expect(panel).to_contain_text("1 failed")
            expect(panel).to_contain_text("answers 404")
            assert violations(page, runOnly=["wcag2a", "wcag2aa"]) == []
            panel.get_by_role("button", name="Try the failed ones again").click()
            expect(page.get_by_text("1 photo is fetched again.")).to_be_visible()
            expect(panel).to_contain_text("3 fetched", timeout=60_000)
    page.goto(page.url.replace(f"importrun/{run.pk}", f"product/{product.pk}"))
    expect(page.locator(".staff-photo")).to_have_count(3)
    expect(page.locator("#remote-photos")).to_contain_text("3 fetched")
    page.get_by_role("link", name="Show all of them").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(3)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_list_of_photos_by_url_fits_the_screen(visit_admin, make_product, width):
    long = "http://photos.example/" + "very-long-name/" * 20 + "a.jpg"
    request_photos(make_product("mug", photos=0), ["mailto:nobody", long])
    RemotePhoto.objects.filter(url=long).update(error="photos.example answers 503.", next_try=timezone.now())
    page = visit_admin("/admin/catalog/remotephoto/")
    page.set_viewport_size({"width": width, "height": 844})
    expect(page.get_by_text("is not an http or https address")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page, runOnly=["wcag2a", "wcag2aa"]) == []
