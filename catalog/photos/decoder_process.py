"""What runs in a decoder process: it takes one photo after the other from its parent's socket and returns pixels.

It is the only place where a stranger's bytes meet a C library while shoppers wait. It holds no secret and no
connection, its memory and the time of each photo are limited by the kernel, it ends when its parent does, and the
kernel ends it first when memory runs out. Its parent is catalog/photos/decoders.py.

A message is two lengths (4 bytes each, big-endian) and then two parts. From the parent: a pickled Job, and the bytes
of the photo. To the parent: JSON (a stranger might speak through us, so no pickle), and the pixels of all views. A
thumbnail follows as a message of its own, so that the parent goes on with the pixels meanwhile.
"""

from __future__ import annotations

import gc
import json
import pickle
import re
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import AvifImagePlugin

from catalog.photos.crop import Crop
from catalog.photos.decoding import Thumbnail, View, decode_views
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.fitting import shrink_photo
from catalog.photos.headers import PhotoHeader

LENGTHS = struct.Struct(">II")
PHOTOS = 500  # a process is renewed after so many, so that no slow leak of a decoder matters
SPARE_MEMORY = 120_000_000  # bytes over what decoding the photo takes by its header


@dataclass(frozen=True)
class Job:
    header: PhotoHeader
    max_pixels: int
    views: list[View]
    seconds: int  # of processor time
    memory: float  # bytes that decoding takes at its peak, by the header
    thumbnail: Thumbnail | None = None


def main() -> None:
    """sys.argv[1] is the number of the socket."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    own_memory = _limit_ourselves()
    connection.sendall(b"!")  # ready
    for _ in range(PHOTOS):
        with suppress(BrokenPipeError, ConnectionResetError):
            received = receive(connection)
            if received is None:
                return
            _answer(connection, *received, own_memory)
            gc.collect(0)
            continue
        return


def receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """The two parts of the next message; None when the other side has gone."""
    lengths = receive_exactly(connection, LENGTHS.size)
    if lengths is None:
        return None
    first, second = (receive_exactly(connection, length) for length in LENGTHS.unpack(lengths))
    return None if first is None or second is None else (bytes(first), bytes(second))


def receive_exactly(connection: socket.socket, length: int) -> bytearray | None:
    received = bytearray(length)
    view = memoryview(received)
    while view:
        count = connection.recv_into(view)
        if not count:
            return None
        view = view[count:]
    return received


def _answer(connection: socket.socket, message: bytes, data: bytes, own_memory: int) -> None:
    """JSON and pixels: {"views": [{"size", "crop"}]}, or {"code", "details"} and no pixels. Then the thumbnail."""
    job: Job = pickle.loads(message)
    _limit_time(job.seconds)
    _lower(resource.RLIMIT_DATA, own_memory + int(job.memory) + SPARE_MEMORY)
    wanted = [*job.views, job.thumbnail.view] if job.thumbnail else job.views
    try:
        views = decode_views(job.header, data, job.max_pixels, wanted)
    except UnreadablePhoto as problem:
        _send(connection, {"code": problem.code, "details": problem.details}, [])
        return
    picture, _whole = views[-1]
    views = views[: len(job.views)]
    facts = [{"size": photo.size, "crop": _numbers(crop)} for photo, crop in views]
    _send(connection, {"views": facts}, [photo.tobytes() for photo, _ in views])
    if job.thumbnail:
        _send(connection, {}, [shrink_photo(picture, job.thumbnail.side, job.thumbnail.quality)])


def _send(connection: socket.socket, facts: dict[str, Any], parts: list[bytes]) -> None:
    answer = json.dumps(facts).encode()
    connection.sendall(LENGTHS.pack(len(answer), sum(map(len, parts))) + answer)
    for part in parts:
        connection.sendall(part)


def _numbers(crop: Crop) -> tuple[float, float, float, float]:
    return crop.x, crop.y, crop.width, crop.height


def _limit_ourselves() -> int:
    """Bytes that are in use before the first photo."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends our parent, and that ends us
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    status = Path("/proc/self/status")
    used = 0
    if status.exists() and (found := re.search(r"VmData:\s+(\d+) kB", status.read_text())):
        used = int(found[1]) * 1024
    _lower(resource.RLIMIT_CORE, 0)
    return used


def _limit_time(seconds: int) -> None:
    """The kernel ends us if this photo takes more processor time than that, also when our parent has gone."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + 1 + seconds)


def _lower(limit: int, value: int) -> None:
    """Set the soft limit, no higher than the hard one."""
    hard = resource.getrlimit(limit)[1]
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
