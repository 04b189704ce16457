"""Photos that a list names by URL: fetched once, politely, again when it may help, and shown where they failed."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from catalog.models import Product, ProductImage, RemoteHost, RemotePhoto
from catalog.photos import fetch
from catalog.photos.fetch import fetch_photos, fetch_public, request_photos, retry, wake_hosts
from catalog.tests.http_server import TestServer, http_server
from conftest import photo_of


@pytest.fixture
def server(settings) -> Iterator[TestServer]:
    settings.FETCH_RATE = 1000.0
    with http_server() as server:
        settings.FETCH_ALLOWED_HOSTS = [server.host]
        yield server


@pytest.fixture
def mug(make_product: Callable[..., Product]) -> Product:
    return make_product("mug", photos=0)


def jpeg(name: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {"Content-Type": "image/jpeg", **headers}, photo_of(name)


def due_now() -> None:
    RemotePhoto.objects.update(next_try=timezone.now())
    RemoteHost.objects.update(paused_until=None)


def test_photos_come_in_the_order_of_the_list(server, mug):
    for name in ("b", "a", "c"):
        server.answers[f"/{name}.jpg"] = jpeg(name)
    request_photos(mug, [server.url(f"/{name}.jpg") for name in ("b", "a", "c")])
    assert not server.asked, "nothing is fetched where it is asked for"
    assert fetch_photos(server.host) == 3
    assert [image.view_id for image in mug.images.all()] == ["b", "a", "c"]
    assert mug.images.first().sha256 == hashlib.sha256(photo_of("b")).hexdigest()


def test_asking_for_the_same_photos_again_fetches_nothing(server, mug):
    server.answers["/a.jpg"] = jpeg("a")
    for _ in range(2):
        request_photos(mug, [server.url("/a.jpg"), server.url("/a.jpg#again")])
        fetch_photos(server.host)
    mug.images.all().delete()
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    assert server.paths == ["/a.jpg"]


def test_what_two_products_share_is_fetched_once(server, mug, make_product):
    server.answers["/a.jpg"] = jpeg("a")
    other = make_product("other", photos=0)
    for product in (mug, other):
        request_photos(product, [server.url("/a.jpg")])
    fetch_photos(server.host)
    assert server.paths == ["/a.jpg"]
    assert mug.images.count() == other.images.count() == 1


def test_new_photos_go_behind_those_a_product_has(server, make_product):
    product = make_product("mug", photos=2)
    server.answers["/a.jpg"] = jpeg("a")
    request_photos(product, [server.url("/a.jpg")])
    fetch_photos(server.host)
    assert [image.view_id for image in product.images.all()] == ["000", "001", "a"]


def test_a_picture_the_product_has_already_is_not_stored_twice(server, mug):
    server.answers["/a.jpg"] = server.answers["/same.jpg"] = jpeg("a")
    request_photos(mug, [server.url("/a.jpg"), server.url("/same.jpg")])
    fetch_photos(server.host)
    image = mug.images.get()
    assert {photo.image_id for photo in RemotePhoto.objects.all()} == {image.pk}


def test_views_are_named_by_the_address(server, mug, settings):
    settings.FETCH_PER_HOST = 1
    for path in ("/front%20side.jpg?w=1", "/x/front%20side.jpg", "/"):
        server.answers[path] = jpeg(path)
    request_photos(mug, [server.url(path) for path in server.answers])
    fetch_photos(server.host)
    assert [image.view_id for image in mug.images.all()] == ["front side", "front side-2", "photo"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, b""), "404"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "text/html"),
        ((200, {"Content-Type": "image/jpeg"}, b"<html>"), "not a photo"),
        ((200, {}, b""), "empty"),
        ((302, {"Location": "http://10.0.0.1/a.jpg"}, b""), "port|public"),
    ],
)
def test_what_is_no_photo_fails_at_once_with_the_reason(server, mug, answer, reason):
    server.answers["/a.jpg"] = answer
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    photo = RemotePhoto.objects.get()
    assert photo.state == "failed"
    assert any(word in photo.error for word in reason.split("|"))
    assert not mug.images.exists()


def test_a_photo_over_the_limit_is_not_kept(server, mug, settings):
    settings.PHOTO_MAX_BYTES = 1_000_000
    server.answers["/a.jpg"] = (200, {}, photo_of("a") + bytes(1_000_000))
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    assert "larger than 1 MB" in RemotePhoto.objects.get().error


def test_addresses_that_cannot_be_fetched_are_kept_for_staff_to_see(mug):
    request_photos(mug, ["mailto:x@y", "a.jpg", "http://\0", "http://localhost:22/a.jpg", "", " "])
    fetch_photos("localhost:22")
    assert {photo.state for photo in RemotePhoto.objects.all()} == {"failed"}
    assert RemotePhoto.objects.filter(error="").count() == 0


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_temporary_failure_is_tried_again_later_and_comes_in(server, mug, status):
    server.answers["/a.jpg"] = [(status, {}, b""), jpeg("a")]
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    photo = RemotePhoto.objects.get()
    assert photo.state == "waiting" and str(status) in photo.error and photo.next_try > timezone.now()
    assert fetch_photos(server.host) == 0, "it is not due"
    due_now()
    fetch_photos(server.host)
    assert mug.images.count() == 1 and len(server.asked) == 2
    assert RemotePhoto.objects.get().error == ""


def test_each_wait_is_twice_the_one_before_until_it_is_given_up(server, mug):
    server.answers["/a.jpg"] = (500, {}, b"")
    request_photos(mug, [server.url("/a.jpg")])
    waits = []
    while (photo := RemotePhoto.objects.get()).state == "waiting":
        due_now()
        fetch_photos(server.host)
        waits.append((RemotePhoto.objects.get().next_try - timezone.now()).total_seconds())
    assert len(server.asked) == fetch.MOST_ATTEMPTS
    assert all(1.6 * wait < longer < 2.5 * wait for wait, longer in pairwise(waits[:-1]))
    assert "500" in photo.error


def test_a_server_that_asks_us_to_wait_is_left_alone_that_long(server, mug):
    server.answers["/a.jpg"] = (429, {"Retry-After": "600"}, b"")
    server.answers["/b.jpg"] = jpeg("b")
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    request_photos(mug, [server.url("/b.jpg")])
    assert fetch_photos(server.host) == 0 and wake_hosts() == 0
    wait = RemotePhoto.objects.get(url__endswith="a.jpg").next_try - timezone.now()
    assert timedelta(seconds=590) < wait < timedelta(seconds=610)


def test_no_more_photos_at_a_time_than_a_server_is_to_bear(server, mug, settings):
    settings.FETCH_PER_HOST = 2

    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.1)
        data = photo_of(handler.path)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(data)

    for number in range(8):
        server.answers[f"/{number}.jpg"] = slow
    request_photos(mug, [server.url(f"/{number}.jpg") for number in range(8)])
    fetch_photos(server.host)
    assert (server.busiest, mug.images.count()) == (2, 8)


@pytest.mark.django_db(transaction=True)
def test_only_one_worker_is_at_a_server_at_a_time(server, mug):
    server.answers["/a.jpg"] = jpeg("a")
    request_photos(mug, [server.url("/a.jpg")])
    parameters = connection.get_connection_params()
    with psycopg.connect(host=parameters["host"], user=parameters["user"], dbname=parameters["dbname"]) as other:
        lock = "SELECT pg_advisory_lock(hashtext('visualsearch fetch'), hashtext(%s))"
        other.execute(lock, [server.host])
        assert fetch_photos(server.host) == 0 and not server.asked
        other.execute(lock.replace("_lock", "_unlock"), [server.host])
    assert fetch_photos(server.host) == 1


def test_a_photo_whose_worker_died_is_due_again_after_its_lease(server, mug):
    server.answers["/a.jpg"] = jpeg("a")
    request_photos(mug, [server.url("/a.jpg")])
    fetch._claim(server.host, [])  # and then the worker dies
    assert fetch_photos(server.host) == 0
    due_now()
    assert fetch_photos(server.host) == 1 and mug.images.count() == 1


def test_a_photo_that_ends_every_worker_is_given_up(server, mug):
    request_photos(mug, [server.url("/a.jpg")])
    for _ in range(fetch.MOST_ATTEMPTS + 1):
        due_now()
        fetch._claim(server.host, [])
    assert RemotePhoto.objects.get().state == "failed" and not server.asked


def test_staff_have_it_looked_at_again_and_what_did_not_change_is_not_sent(server, mug):
    server.answers["/a.jpg"] = [jpeg("a", ETag='"1"'), (304, {}, b""), jpeg("new", ETag='"2"')]
    request_photos(mug, [server.url("/a.jpg")])
    for expected in ("a", "a", "new"):
        fetch_photos(server.host)
        assert mug.images.get().sha256 == hashlib.sha256(photo_of(expected)).hexdigest()
        retry(RemotePhoto.objects.all())
    assert server.asked[1][1]["if-none-match"] == '"1"'


def test_a_failure_is_tried_again_by_an_import_of_another_day_and_not_before(server, mug):
    server.answers["/a.jpg"] = [(404, {}, b""), jpeg("a")]
    for _ in range(2):
        request_photos(mug, [server.url("/a.jpg")])
        fetch_photos(server.host)
    assert len(server.asked) == 1
    RemotePhoto.objects.update(updated=timezone.now() - timedelta(days=1))
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    assert mug.images.count() == 1


def test_one_task_is_queued_for_a_server_however_many_products_name_it(
    server, make_product, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            request_photos(make_product(f"p{number}", photos=0), [server.url(f"/{number}.jpg")])
    assert sum("fetch_photos" in str(task.task) for task in OrmQ.objects.all()) == 1


def test_storage_that_fails_loses_no_photo(server, mug, monkeypatch):
    server.answers["/a.jpg"] = server.answers["/b.jpg"] = jpeg("a")
    request_photos(mug, [server.url("/a.jpg")])
    with monkeypatch.context() as patch:
        patch.setattr(ProductImage._meta.get_field("file").storage, "_save", lambda *args: 1 / 0)
        fetch_photos(server.host)
    photo = RemotePhoto.objects.get()
    assert photo.state == "waiting" and "could not be kept" in photo.error
    due_now()
    fetch_photos(server.host)
    assert mug.images.count() == 1


def test_a_product_deleted_meanwhile_takes_its_photos_along(server, mug):
    def delete_it(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(photo_of("a"))

    server.answers["/a.jpg"] = delete_it
    request_photos(mug, [server.url("/a.jpg")])
    photo = RemotePhoto.objects.get()
    mug.delete()
    fetch._store(photo, fetch.Fetched(photo_of("a"), "", fetch.Validators()))
    assert not ProductImage.objects.exists() and not RemotePhoto.objects.exists()


def test_a_photo_of_a_shopper_is_fetched_by_the_same_rules(server):
    server.answers["/a.jpg"] = jpeg("a")
    assert fetch_public(server.url("/a.jpg"), 100_000, 5) == photo_of("a")
    with pytest.raises(fetch.Unfetchable):
        fetch_public("http://localhost/a.jpg", 100_000, 5)


def test_a_photo_replaced_by_staff_is_not_mistaken_for_the_one_at_the_address(server, mug, make_product):
    server.answers["/a.jpg"] = jpeg("a")
    request_photos(mug, [server.url("/a.jpg")])
    fetch_photos(server.host)
    mug.images.get().file.save("new.jpg", ContentFile(photo_of("other")))
    second = make_product("second", photos=0)
    request_photos(second, [server.url("/a.jpg")])
    fetch_photos(server.host)
    assert second.images.get().sha256 == hashlib.sha256(photo_of("a")).hexdigest()
