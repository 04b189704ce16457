"""A feed is imported again and again; what it no longer names is kept or hidden, never too much of it unasked."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.urls import reverse
from django_q.models import OrmQ, Schedule

from catalog.imports import feeds, runs
from catalog.models import Feed, ImportRun, Product
from catalog.tests.http_server import TestServer, http_server


@pytest.fixture(autouse=True)
def own_folders(settings, tmp_path: Path) -> None:
    settings.UPLOADS_DIR, settings.IMPORT_ROOT = tmp_path / "uploads", tmp_path / "inbox"
    settings.IMPORT_ROOT.mkdir()


@pytest.fixture
def server(settings) -> Iterator[TestServer]:
    with http_server() as server:
        settings.FETCH_ALLOWED_HOSTS = [server.host]
        yield server


@pytest.fixture
def feed(db, server) -> Feed:
    return Feed.objects.create(name="Supplier", url=server.url("/products"), absent="own", most_hidden=50)


def serve(server: TestServer, *skus: str, **headers: str) -> None:
    lines = "".join(f"{sku},Title of {sku}\n" for sku in skus)
    headers = {"Content-Type": "text/csv", **headers}
    server.answers["/products"] = (200, headers, f"sku,title\n{lines}".encode())


def read(feed: Feed) -> Feed:
    """What the schedule and the workers do, one after the other, until nothing is left to do."""
    feeds.read_feed(feed.pk)
    for _ in range(6):
        feed.refresh_from_db()
        if feed.run:
            runs.work(feed.run.pk)
        feeds.follow_feeds()
    feed.refresh_from_db()
    return feed


def shown() -> set[str]:
    return set(Product.objects.on_sale().values_list("sku", flat=True))


def test_a_feed_is_imported_without_asking(server, feed):
    serve(server, "a", "b")
    read(feed)
    assert shown() == {"a", "b"} and feed.concluded
    assert feed.note.startswith("2 new, 0 changed")


def test_the_same_list_is_not_imported_again_and_a_304_is_not_even_sent(server, feed):
    serve(server, "a", ETag='"1"')
    first = read(feed).run
    assert read(feed).run == first, "the same bytes"
    server.answers["/products"] = (304, {}, b"")
    assert read(feed).run == first and "the same" in feed.note
    assert server.asked[-1][1]["if-none-match"] == '"1"'
    assert ImportRun.objects.count() == 1


def test_what_a_list_no_longer_names_is_hidden_and_shown_again_when_it_is_back(server, feed, make_product):
    make_product("other", photos=0)  # of another source
    serve(server, "a", "b", "c")
    read(feed)
    serve(server, "a", "b")
    assert "1 hidden" in read(feed).note and shown() == {"a", "b", "other"}
    serve(server, "a", "B", "c")
    assert "1 shown again" in read(feed).note and shown() == {"a", "b", "c", "other"}


def test_what_staff_hid_stays_hidden(server, feed):
    serve(server, "a", "b", "c")
    read(feed)
    Product.objects.filter(sku="a").update(is_active=False)
    serve(server, "a", "b", "c", "d")
    read(feed)
    assert shown() == {"b", "c", "d"}


def test_products_can_be_kept(server, feed):
    Feed.objects.update(absent="keep")
    serve(server, "a", "b", "c")
    read(feed)
    serve(server, "a")
    read(feed)
    assert shown() == {"a", "b", "c"}


def test_every_other_product_of_the_shop_can_be_hidden(server, feed, make_product):
    make_product("other", photos=0)
    Feed.objects.update(absent="all", most_hidden=100)
    serve(server, "a")
    read(feed)
    assert shown() == {"a"}


def test_a_list_that_would_hide_too_much_waits_for_staff(server, feed, admin_client):
    serve(server, "a", "b", "c", "d")
    read(feed)
    serve(server, "a")
    read(feed)
    assert shown() == {"a", "b", "c", "d"} and feed.run.state == "checked" and not feed.concluded
    page = admin_client.get(reverse("admin:catalog_importrun_change", args=[feed.run.pk])).content.decode()
    assert "It would hide 3 products of the 4 that are shown" in page and "Import and hide them" in page
    serve(server, "x")
    assert read(feed).run.state == "checked", "nothing else begins while it waits"
    admin_client.post(reverse("admin:import_do", args=[feed.run.pk, "run"]))
    for _ in range(3):
        runs.work(feed.run.pk)
        feeds.follow_feeds()
    feed.refresh_from_db()
    assert shown() == {"a"} and feed.concluded


def test_staff_who_do_not_want_it_lose_nothing(server, feed, admin_client):
    serve(server, "a", "b", "c")
    read(feed)
    serve(server, "a")
    read(feed)
    admin_client.post(reverse("admin:import_do", args=[feed.run.pk, "cancel"]))
    feeds.follow_feeds()
    feed.refresh_from_db()
    assert shown() == {"a", "b", "c"} and feed.concluded and "cancelled" in feed.note


@pytest.mark.parametrize(("answer", "reason"), [((404, {}, b""), "404"), ((200, {}, b"a" * 3_000_000), "larger than")])
def test_a_list_that_cannot_be_fetched_says_why_and_leaves_nothing_behind(server, feed, settings, answer, reason):
    settings.FEED_MAX_BYTES = 2_000_000
    server.answers["/products"] = answer
    assert reason in read(feed).note
    assert feed.concluded and not list(settings.UPLOADS_DIR.iterdir())


def test_a_private_address_is_not_fetched(feed, settings):
    settings.FETCH_ALLOWED_HOSTS = []
    assert "Port" in read(feed).note and not ImportRun.objects.exists()


def test_a_feed_from_the_server_folder_stays_inside_it(db, settings, tmp_path):
    (settings.IMPORT_ROOT / "list.csv").write_text("sku,title\na,A\n")
    (tmp_path / "secret.csv").write_text("sku,title\nsecret,S\n")
    inside = Feed.objects.create(name="in", path="list.csv")
    outside = Feed.objects.create(name="out", path="../secret.csv")
    read(inside), read(outside)
    assert shown() == {"a"} and "There is no ../secret.csv" in outside.note
    assert (settings.IMPORT_ROOT / "list.csv").exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_begin_one_import(server, feed):
    serve(server, "a")
    parameters = connection.get_connection_params()
    with psycopg.connect(host=parameters["host"], user=parameters["user"], dbname=parameters["dbname"]) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('visualsearch feed'), %s)", [feed.pk])
        feeds.read_feed(feed.pk)
        assert not ImportRun.objects.exists()
        other.execute("SELECT pg_advisory_unlock(hashtext('visualsearch feed'), %s)", [feed.pk])
    feeds.read_feed(feed.pk)
    feeds.read_feed(feed.pk)
    assert ImportRun.objects.count() == 1


def test_staff_save_a_feed_and_its_schedule_follows(admin_client, db):
    add = reverse("admin:catalog_feed_add")
    values = {"name": "S", "url": "https://shop.example/feed.xml", "every": 60, "absent": "keep", "most_hidden": 20}
    admin_client.post(add, values)
    feed = Feed.objects.get()
    assert Schedule.objects.get(name=f"feed {feed.pk}").minutes == 60
    change = reverse("admin:catalog_feed_change", args=[feed.pk])
    admin_client.post(change, values | {"every": 0})
    assert not Schedule.objects.filter(name=f"feed {feed.pk}").exists()
    admin_client.post(reverse("admin:feed_now", args=[feed.pk]))
    assert any("read_feed" in str(task.task) for task in OrmQ.objects.all())
    admin_client.post(reverse("admin:catalog_feed_delete", args=[feed.pk]), {"post": "yes"})
    assert not Feed.objects.exists()


@pytest.mark.parametrize("source", [{}, {"url": "ftp://x/y"}, {"url": "https://x/y", "path": "a"}, {"path": "../a"}])
def test_a_feed_without_one_usable_source_is_refused(admin_client, source):
    values = {"name": "S", "every": 60, "absent": "keep", "most_hidden": 20, **source}
    assert admin_client.post(reverse("admin:catalog_feed_add"), values).status_code == 200
    assert not Feed.objects.exists()


@pytest.mark.parametrize(
    ("url", "kind", "start", "name"),
    [
        ("https://x/feed.php?id=1", "application/xml", b"<rss>", "feed.php.xml"),
        ("https://x/", "text/plain", b"<?xml ", "list.xml"),
        ("https://x/a.csv", "application/octet-stream", b"sku", "a.csv"),
        ("https://x/export", "", b"PK\x03\x04", "export.zip"),
        ("https://x/..%2F..%2Fetc%2Fpasswd", "text/csv", b"sku", "passwd.csv"),
    ],
)
def test_a_download_is_named_by_what_it_is(tmp_path, url, kind, start, name):
    (tmp_path / "download").write_bytes(start)
    assert feeds._file_name(url, kind, tmp_path / "download") == name


def test_the_pages_of_feeds_open_for_those_who_may_import(admin_client, feed: Feed, make_product: Callable):
    for name in ("changelist", "add"):
        assert admin_client.get(reverse(f"admin:catalog_feed_{name}")).status_code == 200
    page = admin_client.get(reverse("admin:catalog_feed_change", args=[feed.pk])).content.decode()
    assert "Import it now" in page
