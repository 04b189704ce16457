"""Calls that meet at the same moment in two web processes: one of them is done, the other is told so."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User

from catalog.models import ApiToken, Product, ProductImage, Scope
from conftest import photo_of
from ml.tests.tiny_model import write_tiny_model
from search.benchmarks.web_process import WebProcess, web_process
from visualsearch.tests.uploads import FORM, photo_form

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss")


@pytest.fixture
def key(boss) -> dict[str, str]:
    token = ApiToken.objects.create(boss, name="x", scopes=Scope.values, expiry=timedelta(days=1))[1]
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def webs(boss, model, tmp_path):
    write_tiny_model(tmp_path / "one" / "models" / model.version)
    var = str(tmp_path / "one")
    with web_process(VAR_DIR=var) as one, web_process(VAR_DIR=var) as other:
        yield one, other


def at_once(
    webs: tuple[WebProcess, WebProcess],
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> list[tuple[int, dict[str, object]]]:
    """(status, answer) of the same call, sent AT_ONCE times to both processes in turns."""
    barrier = Barrier(AT_ONCE)

    def send(number: int) -> tuple[int, dict[str, object]]:
        barrier.wait()
        status, _headers, answer = webs[number % 2].request(method, path, body, headers)
        return status, json.loads(answer or b"{}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(send, range(AT_ONCE)))


def test_calls_that_meet_take_effect_once(webs, key, make_product):
    product = make_product("mug", photos=0)
    address, as_json = "/api/v1/products/mug/", {**key, "Content-Type": "application/json"}

    # the same photo
    form = photo_form(photo_of("mug"))
    answers = at_once(webs, "POST", f"{address}images/", form, {**key, **FORM})
    assert {status for status, _ in answers} <= {200, 201, 409, 503}, answers
    assert any(status in (200, 201) for status, _ in answers)
    assert ProductImage.objects.filter(product=product).count() == 1

    # the same change of the same state
    etag = webs[0].request("GET", address, None, key)[1]["ETag"]
    change = json.dumps({"title": "New"}).encode()
    answers = at_once(webs, "PATCH", address, change, {**as_json, "If-Match": etag})
    assert sorted(status for status, _ in answers if status != 503).count(200) == 1, answers
    assert {status for status, _ in answers} <= {200, 412, 503}

    # the same key
    new = json.dumps({"sku": "cup", "title": "Cup"}).encode()
    answers = at_once(webs, "POST", "/api/v1/products/", new, {**as_json, "Idempotency-Key": "k-1"})
    assert {status for status, _ in answers} <= {201, 409, 503}, answers
    assert Product.objects.filter(sku="cup").count() == 1

    # without a key: one is made, the others are refused
    new = json.dumps({"sku": "jug", "title": "Jug"}).encode()
    answers = at_once(webs, "POST", "/api/v1/products/", new, as_json)
    assert [status for status, _ in answers].count(201) == 1 and {status for status, _ in answers} <= {201, 400, 503}

    # in bulk
    bulk = json.dumps({"products": [{"sku": f"b-{n}", "title": "B"} for n in range(20)]}).encode()
    answers = at_once(webs, "POST", "/api/v1/bulk/products/", bulk, as_json)
    assert {status for status, _ in answers} <= {200, 409, 503}, answers
    assert Product.objects.filter(sku__startswith="b-").count() == 20

    # a token that is revoked is nobody in either process
    ApiToken.objects.all().delete()
    assert [web.request("PATCH", address, change, as_json)[0] for web in webs] == [401, 401]

    for web in webs:
        strange(web)


def strange(web: WebProcess) -> None:
    """What no client should send is answered, never with a 5xx, and the process goes on."""

    def raw(request: bytes, half_close: bool = False) -> bytes:
        connection = web.connect()
        connection.sendall(request)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        connection.settimeout(20)
        answer = connection.recv(1000)
        connection.close()
        return answer

    many = "&".join(f"attribute=a{n}:b" for n in range(3000))
    for request in [
        b"GET /privacy/ HTTP/1.0\r\n\r\n",
        b"GET /privacy/ HTTP/1.0\r\nHost: localhost\r\n\r\n",
        b"GET /privacy/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"GET /privacy/ HTTP/1.1\r\nHost: localhost\r\nHost: other\r\nConnection: close\r\n\r\n",
        b"GET /privacy/ HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n",
        b"GET http://evil.example/privacy/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /%ff%fe%00/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /products/?q=%ed%a0%80&page=%ff&brand=%ed%b0%80 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        f"GET /products/?{many} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
        f"GET /api/v1/products/?{many} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
        b"GET /api/v1/products/?cursor=" + b"A" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: y\r\n" * 3000 + b"Connection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a=b;" * 5000 + b"\r\nConnection: close\r\n\r\n",
        b"OPTIONS /api/v1/search/ HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n"
        b"Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/search/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n"
        b"Connection: close\r\n\r\n0\r\n\r\n",
        b"POST /search/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS?\r\n\r\n",
    ]:
        answer = raw(request)
        assert not answer.startswith(b"HTTP/1.1 5") and answer.startswith(b"HTTP/1.1 "), (request[:80], answer[:200])
        assert b"access-control-allow-origin" not in answer.lower()
        assert b"evil.example" not in answer
    raw(b"GET /privacy/ HTTP/1.1\r\nHost: localhost\r\n\r\n", half_close=True)
    assert web.request("GET", "/healthz/live")[0] == 200
    probe = raw(b"GET /healthz/ready HTTP/1.1\r\nHost: 10.0.0.7:8000\r\nConnection: close\r\n\r\n")
    assert probe.startswith(b"HTTP/1.1 200 "), probe
