"""An HTTP client for URLs from outside (photos of a feed, a URL that a shopper pastes). It reaches only the public
internet.

A host name is resolved once, every address is checked, and the connection goes to a checked address, so DNS rebinding
(another answer to a second lookup) has no effect. TLS still verifies the host name. Each redirect is a new request with
the same checks. Proxies from the environment are not used, because the check would see the proxy's address.
FETCH_ALLOWED_HOSTS lists private hosts that may be reached.
"""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext as _

MAX_URL = 2000  # characters; URLs are stored in an indexed column
MAX_REDIRECTS = 3
PORTS = (80, 443)
SILENCE = 10.0  # seconds to connect, or between two reads
RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
# Python's `is_global` is true of these, but they are not public addresses.
NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata is in it
        "fec0::/10",  # site-local, deprecated and still in use
    )
]
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(Exception):
    """The URL could not be fetched; str() is the reason, as a sentence for people."""


class Unfetchable(FetchError):
    """A permanent failure: not found, too large, an address that is not public."""


class TryLater(FetchError):
    """A temporary failure. `retry_after`: seconds from the server's Retry-After header, or None. `busy`: the server
    asked for fewer requests (429 or 503), so no other request should go to it for a while.
    """

    def __init__(self, sentence: str, retry_after: float | None = None, *, busy: bool = False) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.busy = busy


@dataclass(frozen=True, slots=True)
class Validators:
    """ETag and Last-Modified of the version that was fetched before, for a conditional request."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Fetched:
    """`data` is None if the body was written to a file, or if the server answered 304 (not modified)."""

    data: bytes | None
    content_type: str
    validators: Validators


def normal_url(text: str) -> str:
    """`text` as an ASCII URL with a scheme, as it is requested and stored. Raises Unfetchable if it is not an http(s)
    URL.
    """
    text = text.strip()
    if text.startswith("//"):
        text = f"https:{text}"
    try:
        url = httpx.URL(text)
        normal = str(url.copy_with(fragment=None))
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise Unfetchable(_("%(url)s is not a web address.") % {"url": repr(text[:100])}) from None
    if url.scheme not in ("http", "https") or not url.host or "%" in url.host:
        raise Unfetchable(_("%(url)s is not an http or https address.") % {"url": repr(text[:100])})
    if len(normal) > MAX_URL:
        raise Unfetchable(_("The address is longer than %d characters.") % MAX_URL)
    return normal


def host_of(url: str) -> str:
    """`host:port` of a normalised URL: the key of the rate limits of remote servers."""
    parsed = httpx.URL(url)
    return f"{parsed.host}:{parsed.port or _default_port(parsed)}"


class PublicClient:
    """Fetches from the public internet. Keeps connections open while it is used as a context manager. Thread-safe."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            transport=_CheckedTransport(),
            trust_env=False,
            timeout=SILENCE,
            headers={"User-Agent": "Visualsearch/1", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(
        self, url: str, *, max_bytes: int, timeout: float, accept: str = "*/*", known: Validators | None = None
    ) -> Fetched:
        """The body in memory: at most `max_bytes`, within `timeout` seconds including redirects.

        `accept`, such as "image/*", rejects a response whose Content-Type does not match. Raises FetchError.
        """
        with self._open(url, timeout, accept, known or Validators()) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return Fetched(None, "", known or Validators())
            data = b"".join(_within(_unpacked(response), max_bytes))
            return Fetched(data, response.headers.get("content-type", ""), _validators(response))

    def download(
        self, url: str, file: BinaryIO, *, max_bytes: int, timeout: float, known: Validators | None = None
    ) -> Fetched | None:
        """As `get`, but written to `file` in chunks; None if the server answered 304 (not modified)."""
        with self._open(url, timeout, "*/*", known or Validators()) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return None
            for chunk in _within(_unpacked(response), max_bytes):
                file.write(chunk)
            return Fetched(None, response.headers.get("content-type", ""), _validators(response))

    @contextmanager
    def _open(self, url: str, timeout: float, accept: str, known: Validators) -> Iterator[httpx.Response]:
        """The response after all redirects, its body not read yet."""
        token = _deadline.set(time.monotonic() + timeout)
        response: httpx.Response | None = None
        try:
            response = self._follow(normal_url(url), {"Accept": accept, **known.headers()})
            _check_answer(response, accept, conditional=bool(known.headers()))
            yield response
        except httpx.TimeoutException:
            host = httpx.URL(url).host
            raise TryLater(_("%(host)s takes too long to answer.") % {"host": host}) from None
        except httpx.TransportError as error:
            host = httpx.URL(url).host
            reason = str(error) or type(error).__name__
            raise TryLater(_("%(host)s cannot be reached: %(reason)s") % {"host": host, "reason": reason}) from error
        finally:
            if response is not None:
                response.close()
            _deadline.reset(token)

    def _follow(self, url: str, headers: dict[str, str]) -> httpx.Response:
        for _hop in range(MAX_REDIRECTS + 1):
            response = self._client.send(self._client.build_request("GET", url, headers=headers), stream=True)
            if not response.has_redirect_location:
                return response
            response.close()
            try:
                url = normal_url(str(response.url.join(response.headers["location"])))
            except (httpx.InvalidURL, UnicodeError, ValueError):
                raise Unfetchable(_("It is redirected to something that is not a web address.")) from None
        raise Unfetchable(_("It is redirected more than %d times.") % MAX_REDIRECTS)


def _check_answer(response: httpx.Response, accept: str, *, conditional: bool) -> None:
    status = response.status_code
    if status == httpx.codes.NOT_MODIFIED and conditional:
        return
    sentence = _("%(host)s answers %(status)s.") % {
        "host": response.url.host,
        "status": f"{status} {response.reason_phrase}".strip()[:60],
    }
    if status in RETRYABLE:
        raise TryLater(sentence, _retry_after(response), busy=status in (429, 503))
    if status != httpx.codes.OK:
        raise Unfetchable(sentence)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if accept.startswith("image/") and kind.startswith(("text/", "application/json", "application/xhtml", "video/")):
        raise Unfetchable(_("There is no photo at this address: the server calls it %(kind)s.") % {"kind": kind[:60]})


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds; the header contains seconds or a date."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _validators(response: httpx.Response) -> Validators:
    etag, modified = response.headers.get("etag", ""), response.headers.get("last-modified", "")
    return Validators(etag if len(etag) <= 200 else "", modified if len(modified) <= 100 else "")


def _within(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise Unfetchable(_("The file is larger than %(limit)d MB.") % {"limit": max_bytes // 1_000_000})
        yield chunk


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """The decompressed body in chunks of at most 1 MB, so that a small chunk cannot expand to gigabytes at once."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unfetchable(_("The server packs its answer as %(encoding)s.") % {"encoding": encoding[:30]})
    inflate = zlib.decompressobj(wbits=47)  # zlib or gzip, detected by the header
    try:
        for chunk in response.iter_raw():
            while chunk:
                yield inflate.decompress(chunk, 1_000_000)
                chunk = inflate.unconsumed_tail
    except zlib.error as error:
        raise Unfetchable(_("The server's answer is damaged.")) from error


_deadline: ContextVar[float] = ContextVar("deadline")  # of the current request, on time.monotonic()


def _remaining(timeout: float | None) -> float:
    """Seconds left until the deadline of the request. Raises httpcore.ReadTimeout when it has passed."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(timeout, left)


class _CheckedTransport(httpx.HTTPTransport):
    """httpx's transport, with a connection pool that connects through _CheckedBackend."""

    def __init__(self) -> None:
        super().__init__(trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=_CheckedBackend(),
        )


class _CheckedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        problem: Exception = httpcore.ConnectError("no address")
        for address in checked_addresses(host, port):
            try:
                stream = self._backend.connect_tcp(
                    address, port, _remaining(timeout), local_address, socket_options or []
                )
                return _TimedStream(stream)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem


class _TimedStream(httpcore.NetworkStream):
    """A stream that enforces the deadline of the request, also if the server sends a few bytes at a time."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, _remaining(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def checked_addresses(host: str, port: int) -> list[str]:
    """The addresses of `host`: all public, unless FETCH_ALLOWED_HOSTS contains the host. Raises FetchError."""
    allowed = _is_allowed(host, port)
    if not allowed and port not in PORTS:
        raise Unfetchable(_("Port %(port)d is not one that photos are fetched from.") % {"port": port})
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TryLater(_("There is no address for %(host)s.") % {"host": host}) from error
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_family, sockaddr in found))
    if not allowed and not all(is_public(address) for address in addresses):
        raise Unfetchable(_("%(host)s is not on the public internet.") % {"host": host})
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is public. Of a NAT64 address the IPv4 address inside counts; IPv4-mapped, 6to4 and Teredo
    addresses never are.
    """
    try:
        ip: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.ipv4_mapped or ip.sixtofour or ip.teredo:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in NOT_PUBLIC))


def _is_allowed(host: str, port: int) -> bool:
    for entry in settings.FETCH_ALLOWED_HOSTS:
        named = httpx.URL(f"http://{entry.strip()}")
        if named.host == host.lower() and (port == named.port or (named.port is None and port in PORTS)):
            return True
    return False


def _default_port(url: httpx.URL) -> int:
    return 443 if url.scheme == "https" else 80
