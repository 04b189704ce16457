"""What others name by its address is fetched within limits, and from the public internet alone."""

import gzip
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from catalog.http_client import (
    FetchError,
    PublicClient,
    TryLater,
    Unfetchable,
    Validators,
    checked_addresses,
    is_public,
    normal_url,
)
from catalog.tests.http_server import TestServer, http_server


@pytest.fixture
def server(settings) -> Iterator[TestServer]:
    with http_server() as server:
        settings.FETCH_ALLOWED_HOSTS = [server.host]
        yield server


def get(url: str, max_bytes: int = 1000, timeout: float = 10, **options: Any):
    with PublicClient() as client:
        return client.get(url, max_bytes=max_bytes, timeout=timeout, **options)


def trickle(handler: BaseHTTPRequestHandler) -> None:
    """A byte now and then, for ever."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def trickle_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: 1\r\n")
        handler.wfile.flush()
        time.sleep(0.05)


def test_what_is_there_comes_back_with_what_the_server_says_of_its_version(server):
    server.answers["/a"] = (200, {"ETag": '"1"', "Last-Modified": "yesterday", "Content-Type": "image/jpeg"}, b"photo")
    fetched = get(server.url("/a"))
    assert (fetched.data, fetched.content_type) == (b"photo", "image/jpeg")
    assert fetched.validators == Validators('"1"', "yesterday")


def test_a_version_we_have_is_asked_for_by_its_validators_and_not_sent_again(server):
    server.answers["/a"] = (304, {}, b"")
    assert get(server.url("/a"), known=Validators('"1"', "yesterday")).data is None
    headers = server.asked[0][1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"1"', "yesterday")


@pytest.mark.parametrize("slow", [trickle, trickle_headers])
def test_a_server_that_trickles_runs_out_of_time(server, slow):
    server.answers["/a"] = slow
    with pytest.raises(TryLater, match="takes too long"):
        get(server.url("/a"), timeout=0.5)


def test_a_server_that_says_nothing_runs_out_of_time(settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        settings.FETCH_ALLOWED_HOSTS = [address]
        with pytest.raises(TryLater, match="takes too long"):
            get(f"http://{address}/", timeout=0.5)


def test_what_is_too_large_is_left_at_the_limit(server):
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 100_000)
            sent += 100_000

    server.answers["/a"] = endless
    with pytest.raises(Unfetchable, match="larger than 2 MB"):
        get(server.url("/a"), max_bytes=2_000_000)
    assert sent < 50_000_000


def test_a_packed_answer_is_unpacked_within_the_same_limit(server):
    server.answers["/small"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"photo"))
    assert get(server.url("/small")).data == b"photo"
    server.answers["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000)))
    with pytest.raises(Unfetchable, match="larger than"):
        get(server.url("/bomb"), max_bytes=1_000_000)


def test_an_answer_cut_short_is_tried_later(server):
    server.answers["/a"] = (200, {"Content-Length": "10", "Connection": "close"}, b"half")
    with pytest.raises(TryLater):
        get(server.url("/a"), timeout=2)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, Unfetchable), (403, Unfetchable), (204, Unfetchable), (500, TryLater)]
)
def test_an_answer_without_a_photo_is_final_or_not_by_its_status(server, status, kind):
    server.answers["/a"] = (status, {}, b"")
    with pytest.raises(kind, match=str(status)):
        get(server.url("/a"))


@pytest.mark.parametrize(("header", "low", "high"), [("7", 7, 7), ("Fri, 31 Dec 2100 23:59:59 GMT", 1e9, 1e10)])
def test_retry_after_is_seconds_or_a_date(server, header, low, high):
    server.answers["/a"] = (429, {"Retry-After": header}, b"")
    with pytest.raises(TryLater) as caught:
        get(server.url("/a"))
    assert low <= caught.value.retry_after <= high


def test_nonsense_in_retry_after_is_no_wait(server):
    server.answers["/a"] = (503, {"Retry-After": "soon"}, b"")
    with pytest.raises(TryLater) as caught:
        get(server.url("/a"))
    assert caught.value.retry_after is None


def test_a_web_page_is_no_photo(server):
    server.answers["/a"] = (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>")
    with pytest.raises(Unfetchable, match="text/html"):
        get(server.url("/a"), accept="image/*")


def test_three_redirects_are_followed_and_a_fourth_is_not(server):
    for hop in range(1, 5):
        server.answers[f"/{hop}"] = (302, {"Location": f"/{hop - 1}"}, b"")
    server.answers["/0"] = (200, {}, b"photo")
    assert get(server.url("/3")).data == b"photo"
    with pytest.raises(Unfetchable, match="more than 3"):
        get(server.url("/4"))


def test_a_loop_of_redirects_ends(server):
    server.answers["/a"] = (301, {"Location": "/a"}, b"")
    with pytest.raises(Unfetchable, match="more than 3"):
        get(server.url("/a"))


def test_a_redirect_to_a_private_address_asks_it_nothing(server):
    with http_server() as private:
        private.answers["/secret"] = (200, {}, b"secret")
        for target in (private.url("/secret"), private.url("/secret").replace("127.0.0.1", "[::ffff:127.0.0.1]")):
            server.answers["/a"] = (302, {"Location": target}, b"")
            with pytest.raises(Unfetchable):
                get(server.url("/a"))
        assert not private.asked


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://x/", "http://[", "http://10.0.0.1/"])
def test_a_redirect_to_what_is_no_public_web_address_is_refused(server, location):
    server.answers["/a"] = (302, {"Location": location}, b"")
    with pytest.raises(Unfetchable):
        get(server.url("/a"))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.100.100.200", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.0.0.192"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1", "ff02::1", "2001:db8::1", "::7f00:1", "nonsense"),
    ],
)
def test_an_address_off_the_public_internet_is_known(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.1.140", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_known(address):
    assert is_public(address)


@pytest.mark.parametrize("spelling", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]", "0"])
def test_loopback_is_refused_however_it_is_spelt(spelling):
    with pytest.raises(FetchError):
        get(f"http://{spelling}/")


def test_an_odd_port_is_refused_before_any_name_is_looked_up():
    with pytest.raises(Unfetchable, match="Port 6379"):
        get("http://name.invalid:6379/")


@pytest.mark.parametrize("url", ["ftp://a/b", "file:///etc/passwd", "javascript:alert(1)", "http://", "", "a.jpg"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(Unfetchable):
        normal_url(url)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" https://shop.example/a b.jpg#x ", "https://shop.example/a%20b.jpg"),
        ("//cdn.example/ü.jpg?v=1", "https://cdn.example/%C3%BC.jpg?v=1"),
        ("HTTP://Shop.Example:80/A", "http://shop.example/A"),
    ],
)
def test_one_address_has_one_spelling(text, url):
    assert normal_url(text) == url


def resolver(answers: list[list[str]]) -> Callable[..., list[Any]]:
    """A name server that changes its mind: the addresses of the next lookup, one after the other."""

    def getaddrinfo(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers.pop(0)]

    return getaddrinfo


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", resolver([["8.8.8.8", "10.0.0.1"]]))
    with pytest.raises(Unfetchable, match="not on the public internet"):
        checked_addresses("rebind.example", 80)


def test_a_name_is_looked_up_once_and_the_checked_address_is_dialled(server, settings, monkeypatch):
    settings.FETCH_ALLOWED_HOSTS = [f"photos.test:{server.port}"]
    server.answers["/a"] = (200, {}, b"photo")
    answers = [["127.0.0.1"]]  # a second lookup would fail the test
    monkeypatch.setattr(socket, "getaddrinfo", resolver(answers))
    dialled = []
    connect = socket.create_connection

    def create_connection(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        dialled.append(address[0])
        monkeypatch.setattr(socket, "getaddrinfo", resolver([["127.0.0.1"]]))  # of the number itself
        return connect(address, *args, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    assert get(f"http://photos.test:{server.port}/a").data == b"photo"
    assert not answers
    assert dialled == ["127.0.0.1"]
    assert server.asked[0][1]["host"] == f"photos.test:{server.port}"


def test_tls_is_asked_for_the_name_and_not_for_the_address(settings, monkeypatch):
    hello = io.BytesIO()

    def listen(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            hello.write(connection.recv(4096))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings.FETCH_ALLOWED_HOSTS = [f"localhost:{port}"]
        thread = threading.Thread(target=listen, args=[listener])
        thread.start()
        with pytest.raises(TryLater):
            get(f"https://localhost:{port}/")
        thread.join()
    assert b"localhost" in hello.getvalue()


def test_a_proxy_of_the_environment_is_not_used(server, monkeypatch):
    with http_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        monkeypatch.delenv("NO_PROXY", raising=False)
        server.answers["/a"] = (200, {}, b"photo")
        assert get(server.url("/a")).data == b"photo"
        assert not proxy.asked


def test_a_download_goes_to_a_file_within_its_limit(server, tmp_path):
    server.answers["/a"] = (200, {"ETag": '"1"'}, b"x" * 5000)
    with PublicClient() as client, (tmp_path / "feed").open("wb") as file:
        fetched = client.download(server.url("/a"), file, max_bytes=5000, timeout=5)
        assert fetched.validators == Validators('"1"')
        with pytest.raises(Unfetchable):
            client.download(server.url("/a"), io.BytesIO(), max_bytes=4999, timeout=5)
    assert (tmp_path / "feed").stat().st_size == 5000
