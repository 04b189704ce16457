"""What the front server allows: how long, how large, how many at once. docs/operations.md says how to choose."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from django.conf import settings

HEAD_SECONDS = 10.0  # from the first moment to the end of a request's head
HEAD_BYTES = 64_000
HEADERS = 100  # of a request; a browser behind two proxies sends about thirty
BODY_SECONDS = 20.0  # for a body, and a second more for each MIN_RATE bytes that came
MIN_RATE = 4_000  # bytes a second; a 2G phone does 10,000
LINGER_SECONDS = 30.0  # a refused upload is read on for so long, so that the client gets to see the answer
SEND_SECONDS = 60.0  # a client that takes nothing for so long has gone
KEEP_ALIVE_SECONDS = 5
STOP_SECONDS = 3  # what runs when we are told to stop may take so long

MEMORY_BYTES = 1_000_000  # of a body or an answer; what is longer waits in a temporary file
SPOOL_BYTES = int(os.environ.get("SPOOL_MAX_BYTES", 2_000_000_000))  # of all bodies being read by this process
CHUNKS = 100_000  # of one chunked body: each costs us more than it costs its sender
CONNECTIONS = int(
    os.environ.get("WEB_CONNECTIONS", 2_000)
)  # of one process; beyond it the one that stalls longest goes

FORM_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


@dataclass(frozen=True)
class Route:
    """`upload` tells of bodies that only people who may upload are allowed to send; see front.may_upload."""

    pattern: re.Pattern[str]
    max_bytes: int
    upload: bool = False


PHOTO_FORM = 5 * settings.PHOTO_MAX_BYTES + FORM_BYTES  # five photos of one item, and the other fields

# The first that matches. Whatever is not named here takes a form without files.
ROUTES = [
    Route(re.compile(r"/search/|/api/v1/search/"), PHOTO_FORM),
    Route(re.compile(r"/api/v1/.*imports?/|/admin/catalog/importrun/"), settings.UPLOAD_MAX_BYTES, upload=True),
    Route(re.compile(r"/api/v1/"), settings.PHOTO_MAX_BYTES + FORM_BYTES, upload=True),
    Route(re.compile(r"/admin/(catalog|search)/"), 20 * settings.PHOTO_MAX_BYTES + FORM_BYTES, upload=True),
]
ELSEWHERE = Route(re.compile(""), FORM_BYTES)


def route_of(path: str) -> Route:
    return next((route for route in ROUTES if route.pattern.match(path)), ELSEWHERE)


@dataclass(frozen=True)
class LaneSize:
    """Requests of one kind have threads of their own; `waiting` more may queue, whoever comes then is told to retry."""

    threads: int
    waiting: int


LANES = {
    # Decoding and embedding. More at once would only make each slower; how many may wait is measured by
    # bench_overload, and the figures are in docs/operations.md.
    "photos": LaneSize(int(os.environ.get("WEB_PHOTO_THREADS", 2)), int(os.environ.get("WEB_PHOTO_QUEUE", 1))),
    "pages": LaneSize(int(os.environ.get("WEB_THREADS", 4)), int(os.environ.get("WEB_QUEUE", 8))),
    "files": LaneSize(2, 256),  # a page asks for some thirty pictures at once, each a matter of milliseconds
    "health": LaneSize(1, 8),
}
_PHOTOS = re.compile(r"/search/[^/]+/(why|parts)/|/admin/search/query/add/")
_PHOTO_POSTS = re.compile(r"/search/$|/api/v1/search/$")
_FILES = re.compile(r"/(static|media|pictures)/|/search/[^/]+/photo.jpg$|/search/examples/")


def lane_of(method: str, path: str) -> str:
    if path.startswith("/healthz/") or path == "/metrics":
        return "health"
    if _FILES.match(path):
        return "files"
    if _PHOTOS.match(path) or (method == "POST" and _PHOTO_POSTS.match(path)):
        return "photos"
    return "pages"
