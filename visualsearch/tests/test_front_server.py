"""The web process with clients that mean it ill, on real sockets."""

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from conftest import photo_of
from ml.models import ModelVersion
from ml.tests.tiny_model import write_tiny_model
from search.benchmarks.web_process import WebProcess, web_process
from search.models import Query, RateCount
from visualsearch.tests.uploads import FORM, photo_form

STALLED = 300  # connections: seventy times the threads

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def web(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebProcess]:
    var = tmp_path_factory.mktemp("var")
    with django_db_blocker.unblock():
        model = ModelVersion.objects.active()
        assert model is not None
        write_tiny_model(var / "models" / model.version)
        with web_process(VAR_DIR=str(var)) as web:
            yield web
        Query.objects.all().delete()  # committed by the process
        RateCount.objects.all().delete()


def search(web: WebProcess, body: object = None) -> tuple[int, object, bytes]:
    return web.request("POST", "/api/v1/search/", body or photo_form(photo_of("a")), FORM)


def test_hundreds_of_stalled_connections_hold_nobody_up(web: WebProcess):
    announced = b"POST /search/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\nfirst bytes"
    stalled = []
    for number in range(STALLED):
        connection = web.connect()
        connection.sendall(announced if number % 2 else b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow")
        stalled.append(connection)

    assert web.request("GET", "/healthz/live")[0] == 200
    assert web.request("GET", "/healthz/ready")[0] == 200
    assert search(web)[0] == 200
    assert web.request("GET", "/privacy/")[0] == 200

    for connection in stalled[:2]:  # each is told, and let go of
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    for connection in stalled:
        connection.close()


def test_a_reader_that_takes_nothing_holds_no_thread(web: WebProcess):
    readers = [web.connect() for _ in range(40)]
    for reader in readers:
        reader.sendall(
            b"GET /static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js HTTP/1.1\r\n"
            b"Host: localhost\r\n\r\n"
        )
    assert web.request("GET", "/static/css/shop.css")[0] == 200
    for reader in readers:
        reader.close()


def test_pages_and_their_files_are_served_where_nobody_collected_them(web: WebProcess):
    status, _, page = web.request("GET", "/")
    assert status == 200
    files = re.findall(rb'(?:src|href)="(/static/[^"]+)"', page)
    assert files
    for file in files:
        assert web.request("GET", file.decode())[0] == 200


def test_a_chunked_upload_arrives(web: WebProcess):
    body = photo_form(photo_of("a"))
    status, _, answer = search(web, (body[start : start + 500] for start in range(0, len(body), 500)))
    assert status == 200 and "query" in json.loads(answer)


@pytest.mark.parametrize("path", ["/language/", "/admin/login/", "/", "/nowhere/", "/api/v1/search/"])
def test_a_body_that_is_too_long_is_refused_by_its_announced_length(web: WebProcess, path: str):
    connection = web.connect()
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 250000000\r\n\r\n".encode())
    assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    connection.close()


@pytest.mark.parametrize("path", ["/language/", "/admin/login/"])
def test_a_body_without_a_length_is_counted_as_it_comes(web: WebProcess, path: str):
    status, headers, page = web.request("POST", path, (b"x" * 1_000_000 for _ in range(12)))
    assert status == 413 and b"at most 5 MB" in page and headers["Content-Type"].startswith("text/html")


def test_a_refused_body_is_json_to_programs(web: WebProcess):
    status, _, answer = web.request("POST", "/api/v1/products/", b"x" * 30_000_000)
    assert status == 413 and json.loads(answer)["code"] == "too_many_bytes"


def test_a_body_in_crumbs_is_refused(web: WebProcess):
    connection = web.connect()
    connection.sendall(b"POST /api/v1/search/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    connection.sendall(b"1\r\nx\r\n" * 200_000)
    assert b" 413 " in connection.recv(1000)
    connection.close()


def test_a_head_without_end_is_refused(web: WebProcess):
    connection = web.connect()
    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
    assert connection.recv(1000).startswith(b"HTTP/1.1 431 ")
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_large_uploads_are_for_those_who_may_upload(web: WebProcess):
    """40 MB to the import form: refused to a stranger unread, passed on to Django for staff."""
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    path, body = "/admin/catalog/importrun/start/", b"x" * 40_000_000
    assert web.request("POST", path, body)[0] == 413
    assert web.request("POST", path, body, {"Cookie": cookie})[0] in (403, 404)  # CSRF: Django has seen it


@pytest.mark.django_db(transaction=True)
def test_more_searches_than_can_wait_are_told_to_come_back(model: ModelVersion, tmp_path):
    write_tiny_model(settings.MODELS_DIR / model.version)
    with web_process(VAR_DIR=str(tmp_path), WEB_PHOTO_THREADS="1", WEB_PHOTO_QUEUE="1") as web:
        barrier = threading.Barrier(24)

        def ask() -> tuple[int, Any, bytes]:
            barrier.wait()
            return search(web)

        with ThreadPoolExecutor(24) as clients:
            answers = [future.result() for future in [clients.submit(ask) for _ in range(24)]]
        statuses = [status for status, _, _ in answers]
        assert set(statuses) == {200, 503}
        for status, headers, body in answers:
            if status == 503:
                assert int(headers["Retry-After"]) > 0 and json.loads(body)["code"] == "busy"
        assert web.request("GET", "/healthz/ready")[0] == 200
        assert search(web)[0] == 200
