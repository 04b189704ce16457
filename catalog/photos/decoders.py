"""Photos are decoded in a few processes of their own, each with limits on time and memory that are enforced.

Whatever a photo does to its decoder, requests are answered and nothing of ours is harmed: a decoder that takes too
long is killed, one that crashes is replaced, and the photo gets a sentence. Processes start when they are first needed
and stay; a photo costs two copies through a socket, not a fork. See docs/decisions/decoders.md.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakSet

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from PIL import Image

from catalog.errors import InvalidRequest
from catalog.photos.crop import WHOLE, Crop
from catalog.photos.decoder_process import LENGTHS, Job
from catalog.photos.decoding import Thumbnail, View, read_bytes, target_of
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.headers import read_header

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent.parent
START = (
    "import sys; sys.path.insert(0, sys.argv[2]); from catalog.photos import decoder_process; decoder_process.main()"
)
PATIENCE_AT_START = 60.0  # seconds until a decoder has loaded its libraries
LONGEST_ANSWER = 900_000_000  # bytes; more is not an answer of ours
CRASHES = 2  # after so many with the same photo, it is the photo's fault: the first may have been the kernel's choice


def decode_photo(
    source: bytes | Path | BinaryIO, *, max_bytes: int, max_pixels: int, target: int, patience: float | None = None
) -> Image.Image:
    """As read_photo, in a decoder process. `patience` as for decode_photo_views."""
    views = [View(WHOLE, target)]
    ((photo, _whole),) = decode_photo_views(
        source, max_bytes=max_bytes, max_pixels=max_pixels, views=views, patience=patience
    )
    return photo


def decode_photo_views(
    source: bytes | Path | BinaryIO,
    *,
    max_bytes: int,
    max_pixels: int,
    views: Sequence[View],
    patience: float | None = None,
) -> list[tuple[Image.Image, Crop]]:
    """Each view as a picture that holds it, and where in that picture it lies: see decode_views.

    `patience` is how many seconds to wait for a free decoder; None: as long as it takes.
    Raises UnreadablePhoto, and InvalidRequest("busy") when patience ends.
    """
    with decoded_photo(source, max_bytes=max_bytes, max_pixels=max_pixels, views=views, patience=patience) as decoded:
        return decoded.views


@contextmanager
def decoded_photo(
    source: bytes | Path | BinaryIO,
    *,
    max_bytes: int,
    max_pixels: int,
    views: Sequence[View],
    thumbnail: Thumbnail | None = None,
    patience: float | None = None,
) -> Iterator[Decoded]:
    """As decode_photo_views; the thumbnail is made in the decoder process while the views are worked on."""
    data = read_bytes(source, max_bytes)
    header = read_header(data, max_pixels)
    bare = replace(header, spans=(), joined=None)
    wanted = [*views, thumbnail.view] if thumbnail else views
    job = Job(
        bare, max_pixels, list(views), settings.PHOTO_DECODE_SECONDS, header.memory_for(target_of(wanted)), thumbnail
    )
    with _pool.decode(job, header.essence(data), patience) as decoded:
        yield decoded


def warm_up() -> None:
    """Start a decoder now rather than with the first photo."""
    _pool.warm_up()


def _busy() -> InvalidRequest:
    sentence = _("Many photos are being looked at right now. Please try again in a moment.")
    return InvalidRequest("busy", sentence, status=503)


class _Crashed(Exception):
    """The decoder has ended without an answer; `by` is the signal that ended it, 0 if none did."""

    def __init__(self, by: int) -> None:
        self.by = by


class Decoded:
    """A photo in its views. Its decoder makes the thumbnail meanwhile, where one was asked for."""

    def __init__(self, views: list[tuple[Image.Image, Crop]], decoder: _Decoder, deadline: float | None) -> None:
        """deadline: of the thumbnail, on time.monotonic(); None where none is to come."""
        self.views = views
        self._decoder, self._deadline = decoder, deadline

    def thumbnail(self) -> bytes:
        """JPEG. To be asked for once. Raises UnreadablePhoto."""
        assert self._deadline is not None
        try:
            picture = self._decoder.receive_thumbnail(self._deadline)
        except (TimeoutError, _Crashed):
            raise UnreadablePhoto("too_costly") from None
        self._deadline = None
        return picture

    def release(self) -> _Decoder | None:
        """The decoder, free for another photo. Ended, where the thumbnail was not received."""
        if self._deadline is None:
            return self._decoder
        self._decoder.end()
        return None


class _Decoder:
    """The parent's end of one decoder process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", START, str(theirs.fileno()), str(ROOT)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # a signal to our group is for us; the closed socket tells the decoder
                env={"PATH": os.environ.get("PATH", ""), "MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1"},
            )
        self._socket = ours
        _started.add(self)
        try:
            self._receive(1, time.monotonic() + PATIENCE_AT_START)  # time of its start is not the photo's
        except (TimeoutError, ConnectionResetError):
            self.end()
            logger.exception("A decoder process did not start.")
            raise _busy() from None

    def ask(self, job: Job, data: bytes) -> Decoded:
        """Raises UnreadablePhoto, _Crashed, and TimeoutError after the job's time."""
        deadline = time.monotonic() + job.seconds
        message = pickle.dumps(job)
        try:
            self._socket.settimeout(job.seconds)
            self._socket.sendall(LENGTHS.pack(len(message), len(data)) + message)
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise _Crashed(self.end()) from None
        answer, pixels = self._next_message(deadline)
        if "code" in answer:
            raise UnreadablePhoto(answer["code"], **answer["details"])
        views = []
        for view in answer["views"]:
            (width, height), crop = view["size"], Crop(*view["crop"])
            views.append((Image.frombytes("RGB", (width, height), pixels[: width * height * 3]), crop))
            pixels = pixels[width * height * 3 :]
        return Decoded(views, self, deadline if job.thumbnail else None)

    def receive_thumbnail(self, deadline: float) -> bytes:
        """Raises _Crashed and TimeoutError."""
        return bytes(self._next_message(deadline)[1])

    def _next_message(self, deadline: float) -> tuple[dict[str, Any], memoryview]:
        try:
            first, second = LENGTHS.unpack(self._receive(LENGTHS.size, deadline))
            if first + second > LONGEST_ANSWER:
                raise _Crashed(0)
            return json.loads(self._receive(first, deadline)), memoryview(self._receive(second, deadline))
        except (BrokenPipeError, ConnectionResetError):
            raise _Crashed(self.end()) from None

    def _receive(self, length: int, deadline: float) -> bytearray:
        received = bytearray(length)
        view = memoryview(received)
        while view:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))  # a TimeoutError then
            count = self._socket.recv_into(view)
            if not count:
                raise ConnectionResetError
            view = view[count:]
        return received

    def end(self) -> int:
        """Close, and kill what has not ended by itself. The signal that ended the process."""
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            return max(0, -self._process.wait(0.05))
        self._process.kill()
        return max(0, -self._process.wait())

    def forget(self) -> None:
        """In a child of ours: the decoder is the parent's, and must see when that goes."""
        self._socket.close()
        self._process.returncode = 0  # no one to wait for


_started: WeakSet[_Decoder] = WeakSet()


class _Pool:
    """At most PHOTO_DECODERS at work, together within PHOTO_MEMORY. Each is started when it is needed.

    Shared by threads; a fork leaves it to the parent.
    """

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._idle: list[_Decoder] = []
        self._working = 0
        self._memory = 0.0  # bytes that the photos at work take by their headers

    @contextmanager
    def decode(self, job: Job, data: bytes, patience: float | None) -> Iterator[Decoded]:
        """Raises UnreadablePhoto, and InvalidRequest("busy") when patience ends."""
        if job.memory > settings.PHOTO_MEMORY:
            raise UnreadablePhoto("too_costly")
        with self._change:
            if not self._change.wait_for(lambda: self._may_start(job.memory), patience):
                raise _busy()
            self._working += 1
            self._memory += job.memory
        try:
            decoded = self._decoded(job, data)
            try:
                yield decoded
            finally:
                self._give_back(decoded.release())
        finally:
            with self._change:
                self._working -= 1
                self._memory -= job.memory
                self._change.notify_all()

    def _may_start(self, memory: float) -> bool:
        return self._working < settings.PHOTO_DECODERS and self._memory + memory <= settings.PHOTO_MEMORY

    def _decoded(self, job: Job, data: bytes) -> Decoded:
        for crashes in range(1, CRASHES + 1):
            decoder = self._take() if crashes == 1 else _Decoder()  # idle ones may all have been killed meanwhile
            try:
                return decoder.ask(job, data)
            except UnreadablePhoto:
                self._give_back(decoder)
                raise
            except TimeoutError:
                decoder.end()
                raise UnreadablePhoto("too_costly") from None
            except _Crashed as crash:
                if crash.by == signal.SIGXCPU:
                    raise UnreadablePhoto("too_costly") from None
                if crashes == CRASHES:
                    raise UnreadablePhoto("too_costly" if crash.by == signal.SIGKILL else "truncated") from None
            except BaseException:
                decoder.end()
                raise
        raise AssertionError

    def _take(self) -> _Decoder:
        with self._change:
            if self._idle:
                return self._idle.pop()
        return _Decoder()

    def _give_back(self, decoder: _Decoder | None) -> None:
        if decoder is not None:
            with self._change:
                self._idle.append(decoder)

    def warm_up(self) -> None:
        self._give_back(self._take())

    def forget(self) -> None:
        for decoder in _started:
            decoder.forget()
        self.__init__()  # type: ignore[misc]  # its lock may have been held by a thread that is not here


_pool = _Pool()
os.register_at_fork(after_in_child=_pool.forget)
