"""Between the network and Django: an ASGI application that reads each request whole before a thread sees it.

A thread is never lent to a client. The event loop reads the body, within limits of size and time, into memory or a
temporary file; a thread of the request's lane (limits.py) runs Django on it and leaves the answer in another; the loop
sends that at whatever speed the client takes it. Where a lane is full the answer is 503 with Retry-After, at once.
`/healthz/live` is answered by the loop itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from asgiref.wsgi import WsgiToAsgiInstance
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.utils.module_loading import import_string
from django.utils.translation import get_language_from_request, gettext, override

from visualsearch.error_response import error_response
from visualsearch.metrics import REFUSED, REQUESTS, WAITS
from visualsearch.serving import limits

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, list[tuple[str, str]], IO[bytes]]
RETRY_AFTER = 2  # seconds


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


class Turned(Exception):
    """This request is not answered by Django: `code`, for programs, becomes the answer."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class Lane:
    def __init__(self, name: str, size: limits.LaneSize) -> None:
        self.name = name
        self.pool = ThreadPoolExecutor(size.threads, thread_name_prefix=name)
        self.room = size.threads + size.waiting
        self.inside = 0  # running and waiting; changed by the event loop only

    @property
    def full(self) -> bool:
        return self.inside >= self.room

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """`work` in a thread of this lane. Raises Turned where it is full."""
        if self.full:
            raise Turned("busy", 503)
        self.inside += 1
        future = asyncio.get_running_loop().run_in_executor(self.pool, work, *arguments)
        future.add_done_callback(self._left)
        return await future

    def _left(self, future: asyncio.Future[Any]) -> None:
        self.inside -= 1


class Front:
    """The ASGI application; `wsgi` is Django's."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], warm_up: Callable[[], None]) -> None:
        self.wsgi = wsgi
        self.warm_up = warm_up
        self.lanes = {name: Lane(name, size) for name, size in limits.LANES.items()}
        self.spooled = 0  # bytes of all bodies being read or worked on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/healthz/live":
            await _send(send, 200, [("Content-Type", "text/plain"), ("Cache-Control", "no-store")], [b"alive\n"])
        else:
            await self._exchange(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        orphaned = asyncio.create_task(_stop_without(os.getppid()))
        asyncio.get_running_loop().run_in_executor(self.lanes["photos"].pool, self.warm_up)  # searches queue behind it
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        orphaned.cancel()
        for lane in self.lanes.values():
            lane.pool.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})
        leave = threading.Timer(1.0, os._exit, [0])  # a thread that hangs in C code must not keep the process
        leave.daemon = True
        leave.start()

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        lane, route = self.lanes[limits.lane_of(scope["method"], scope["path"])], limits.route_of(scope["path"])
        body = _Body(self, receive, route.max_bytes)
        answer: Answer
        environ = _environ({**scope, "headers": scope["headers"][: limits.HEADERS]}, body.file)
        try:
            if len(scope["headers"]) > limits.HEADERS:
                raise Turned("too_many_headers", 431)
            if lane.full:
                raise Turned("busy", 503)
            await self._admit(environ, route)
            await body.read()
            environ["CONTENT_LENGTH"] = str(body.size)
            answer = await lane.run(self._respond, environ, lane.name, time.monotonic())
        except ClientGone:
            return
        except Turned as turned:
            REFUSED.labels(turned.code).inc()
            answer = _turn(environ, turned, route)
        except Exception:
            logger.exception("%s %s failed outside Django", scope["method"], scope["path"])
            answer = _turn(environ, Turned("error", 500), route)
        finally:
            body.close()
        status, headers, content = answer
        with content:
            if body.whole:
                await _send(send, status, headers, iter(lambda: content.read(65536), b""))
            else:
                headers.append(("Connection", "close"))
                await _send(send, status, headers, [content.read()], more=True)
                await body.linger()
                await send({"type": "http.response.body"})

    async def _admit(self, environ: dict[str, Any], route: limits.Route) -> None:
        """Raises Turned by the announced length, before a byte of the body is read."""
        announced = environ.get("CONTENT_LENGTH") or ("" if "HTTP_TRANSFER_ENCODING" in environ else "0")
        if announced.isdigit() and int(announced) > route.max_bytes:
            raise Turned("too_many_bytes", 413)
        small = announced.isdigit() and int(announced) <= limits.FORM_BYTES
        if route.upload and not small and not await self.lanes["pages"].run(may_upload, environ):
            raise Turned("too_many_bytes", 413)

    def _respond(self, environ: dict[str, Any], lane: str, whole: float) -> Answer:
        """Django's whole answer. Runs in a thread, which is free for the next request afterwards.

        `whole` is when the request had been read, on time.monotonic().
        """
        WAITS.labels(lane).observe(time.monotonic() - whole)
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            head[:] = int(status.split(" ", 1)[0]), headers

        content = SpooledTemporaryFile(max_size=limits.MEMORY_BYTES)  # noqa: SIM115 - closed when it is sent
        parts = self.wsgi(environ, start_response)
        try:
            for part in parts:
                content.write(part)
        except BaseException:
            content.close()
            raise
        finally:
            if close := getattr(parts, "close", None):
                close()
        if not any(name.lower() == "content-length" for name, _ in head[1]) and head[0] not in (204, 304):
            head[1].append(("Content-Length", str(content.tell())))
        content.seek(0)
        REQUESTS.labels(lane, f"{head[0] // 100}xx").observe(time.monotonic() - whole)
        return head[0], head[1], content


class _Body:
    """A request's body on its way into `file`."""

    def __init__(self, front: Front, receive: Receive, limit: int) -> None:
        self.front, self.receive, self.limit = front, receive, limit
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=limits.MEMORY_BYTES)  # noqa: SIM115 - closed by close()
        self.size = 0
        self.whole = False

    async def read(self) -> None:
        """Raises ClientGone, and Turned: too long, too slow, or no room for it now."""
        started = asyncio.get_running_loop().time()
        while not self.whole:
            try:
                async with asyncio.timeout_at(started + limits.BODY_SECONDS + self.size / limits.MIN_RATE):
                    piece = await self._next()
            except TimeoutError:
                raise Turned("too_slow", 408) from None
            self.size += len(piece)
            self.front.spooled += len(piece)
            if self.size > self.limit:
                raise Turned("too_many_bytes", 413)
            if self.front.spooled > limits.SPOOL_BYTES:
                raise Turned("busy", 503)
            try:
                self.file.write(piece)
            except OSError as error:  # the disk of temporary files is full
                logger.error("A request's body cannot be kept: %s", error)
                raise Turned("no_space", 503) from None
        self.file.seek(0)

    async def linger(self) -> None:
        """Read on and throw away: closing while the client still sends would take the answer away from it."""
        try:
            async with asyncio.timeout(limits.LINGER_SECONDS):
                while not self.whole:
                    await self._next()
        except (ClientGone, TimeoutError):
            pass

    async def _next(self) -> bytes:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        self.whole = not message.get("more_body")
        return message.get("body", b"")

    def close(self) -> None:
        self.front.spooled -= self.size
        self.file.close()


async def _stop_without(parent: int) -> None:
    """A supervisor that was killed cannot tell us to stop, and the next one wants the port."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def may_upload(environ: dict[str, Any]) -> bool:
    """Whether this request's session or token belongs to somebody who may send large files. In a thread: it asks the
    database. What exactly she may do is for the view to say."""
    request = WSGIRequest(environ)
    if request.headers.get("Authorization"):
        from rest_framework.request import Request

        names: Any = settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"]
        schemes: list[Any] = [import_string(name) for name in names]
        try:
            asked = Request(request, authenticators=[scheme() for scheme in schemes])
            return bool(asked.auth or asked.user.is_authenticated)
        except Exception:  # a wrong token; the view would answer 401, but not for a body of this size
            return False
    engine = import_string(settings.SESSION_ENGINE + ".SessionStore")
    request.session = engine(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    return SESSION_KEY in request.session and bool(getattr(get_user(request), "is_staff", False))


def _environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    instance = WsgiToAsgiInstance(None)
    instance.scope = scope
    environ: dict[str, Any] = instance.build_environ(scope, body)
    return environ


def _turn(environ: dict[str, Any], turned: Turned, route: limits.Route) -> Answer:
    request = WSGIRequest({**environ, "wsgi.input": BytesIO()})
    with override(get_language_from_request(request)):
        sentences = {
            "busy": gettext("Many people are searching right now. Please try again in a moment."),
            "no_space": gettext("We cannot take files at the moment. Please try again later."),
            "too_slow": gettext("Your request took too long to arrive. Please try again."),
            "too_many_bytes": gettext("What you sent is too large: at most %(limit)d MB can be taken here.")
            % {"limit": route.max_bytes // 1_000_000},
            "too_many_headers": gettext("Your request has more headers than can be read."),
            "error": gettext("Something went wrong on our side. Please try again in a moment."),
        }
        response: HttpResponse = error_response(
            request, turned.code, sentences[turned.code], turned.status, RETRY_AFTER if turned.status == 503 else None
        )
    content = SpooledTemporaryFile()  # noqa: SIM115 - closed when it is sent
    content.write(response.content)
    content.seek(0)
    return response.status_code, [*response.items(), ("Content-Length", str(len(response.content)))], content


async def _send(
    send: Send, status: int, headers: list[tuple[str, str]], parts: Iterable[bytes], more: bool = False
) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    for part in parts:
        async with asyncio.timeout(limits.SEND_SECONDS):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    if not more:
        await send({"type": "http.response.body"})
