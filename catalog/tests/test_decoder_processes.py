"""Photos are decoded in processes of their own: killed when they take too long, replaced when they crash."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from catalog.benchmarks.pictures import PATCHES, encoded, patches
from catalog.errors import InvalidRequest
from catalog.photos.crop import WHOLE, Crop
from catalog.photos.decoders import decode_photo, decode_photo_views, decoded_photo
from catalog.photos.decoding import Thumbnail, View, _reduce_jpeg, read_photo
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.headers import read_header
from catalog.tests.picture_files import seen
from ml.images import model_input

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}
PHOTO = encoded(patches((400, 300)), "JPEG", quality=95)


def decoders(parent: int | str = "self") -> list[int]:
    """Ids of the decoder processes of a process."""
    children = " ".join(path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children"))
    return [int(pid) for pid in children.split() if b"decoder_process" in _command(int(pid))]


def _command(pid: int) -> bytes:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def no_decoders() -> None:
    for pid in decoders():
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def one_decoder(settings) -> Iterator[int]:
    """The id of the only decoder process there is."""
    settings.PHOTO_DECODERS = 1
    no_decoders()
    decode_photo(PHOTO, **LIMITS, target=100)
    (pid,) = [pid for pid in decoders() if "Z" not in _state(pid)]
    yield pid
    no_decoders()


def _state(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    return "Z"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_a_decoder_process_gives_the_pixels_that_this_process_would_read(format: str) -> None:
    data = encoded(patches((900, 700)), format)
    here, there = read_photo(data, **LIMITS, target=100), decode_photo(data, **LIMITS, target=100)
    assert (here.size, here.tobytes()) == (there.size, there.tobytes())


def test_a_crop_comes_back_alone_and_says_where_in_it_the_part_lies() -> None:
    crop = Crop(0.5, 0.5, 0.4, 0.4)
    (part, within), (whole, around) = decode_photo_views(PHOTO, **LIMITS, views=[View(crop, 60), View(WHOLE, 60)])
    assert set(seen(part)) == {seen(part)[0]}
    assert np.abs(np.array(seen(part)[0]) - PATCHES[3]).max() <= 3
    assert max(part.size) < 180 and within.box(*part.size)[2] <= part.width
    assert np.abs(np.array(seen(whole)) - np.array(PATCHES)).max() <= 3 and around == WHOLE


def test_an_error_of_the_decoder_keeps_its_code() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8))
    with pytest.raises(UnreadablePhoto) as caught:
        decode_photo(encoded(noise, "PNG")[:-2000], **LIMITS, target=100)
    assert caught.value.code == "truncated"
    with pytest.raises(UnreadablePhoto) as caught:
        decode_photo_views(PHOTO, **LIMITS, views=[View(Crop(0.1, 0.1, 0.0001, 0.5), 50)])
    assert caught.value.code == "bad_crop"


def test_a_decoder_that_takes_too_long_is_killed_and_the_next_photo_is_read(one_decoder: int, settings) -> None:
    settings.PHOTO_DECODE_SECONDS = 1
    os.kill(one_decoder, signal.SIGSTOP)  # as one that loops for ever: it gives no answer
    with pytest.raises(UnreadablePhoto) as caught:
        decode_photo(PHOTO, **LIMITS, target=100)
    assert caught.value.code == "too_costly"
    assert _state(one_decoder) == "Z"
    settings.PHOTO_DECODE_SECONDS = 30
    assert decode_photo(PHOTO, **LIMITS, target=100).size == (200, 150)


def test_a_decoder_that_was_killed_while_it_was_idle_is_not_the_photos_fault(one_decoder: int) -> None:
    os.kill(one_decoder, signal.SIGKILL)
    assert decode_photo(PHOTO, **LIMITS, target=100).size == (200, 150)


def test_who_finds_all_decoders_at_work_is_told_to_come_back(one_decoder: int, settings) -> None:
    settings.PHOTO_DECODE_SECONDS = 30
    os.kill(one_decoder, signal.SIGSTOP)
    first = threading.Thread(target=decode_photo, args=(PHOTO,), kwargs={**LIMITS, "target": 100})
    first.start()
    time.sleep(0.2)
    with pytest.raises(InvalidRequest) as caught:
        decode_photo(PHOTO, **LIMITS, target=100, patience=0.1)
    assert (caught.value.code, caught.value.status) == ("busy", 503)
    os.kill(one_decoder, signal.SIGCONT)
    first.join(30)
    assert decode_photo(PHOTO, **LIMITS, target=100, patience=10).size == (200, 150)


def test_decoders_end_with_their_parent_however_that_ends() -> None:
    script = f"""
import sys, time
from django.conf import settings
settings.configure(PHOTO_DECODERS=1, PHOTO_DECODE_SECONDS=60, PHOTO_MEMORY=10**8)
from catalog.photos.decoders import decode_photo
decode_photo({PHOTO!r}, max_bytes=10**7, max_pixels=10**7, target=100)
print("ready", flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout and parent.stdout.readline() == b"ready\n"
    (decoder,) = decoders(parent.pid)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 30
    while b"decoder_process" in _command(decoder) and _state(decoder) != "Z":
        assert time.monotonic() < deadline, "the decoder has outlived its parent"
        time.sleep(0.05)


def test_a_fork_has_decoders_of_its_own(one_decoder: int) -> None:
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_decode_in_a_fork).get(60) == (200, 150)
    assert decode_photo(PHOTO, **LIMITS, target=100).size == (200, 150)
    assert _state(one_decoder) != "Z"


def _decode_in_a_fork() -> tuple[int, int]:
    return decode_photo(PHOTO, **LIMITS, target=100).size


def test_a_decoder_holds_neither_django_nor_the_network_and_may_not_grow(one_decoder: int) -> None:
    maps = Path(f"/proc/{one_decoder}/maps").read_text()
    assert "onnxruntime" not in maps and "psycopg" not in maps
    limits = Path(f"/proc/{one_decoder}/limits").read_text()
    found = re.search(r"Max data size\s+(\d+)", limits)
    assert found and int(found[1]) < 1_200_000_000
    assert Path(f"/proc/{one_decoder}/oom_score_adj").read_text().strip() == "1000"
    script = "import sys, catalog.photos.decoder_process; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.partition(".")[0] in ("django", "onnxruntime", "ml", "search")]


def test_a_jpeg_of_a_hundred_megapixels_is_read_at_a_fraction_of_its_size() -> None:
    file = BytesIO()
    Image.new("L", (11_000, 9_900), 90).save(file, "JPEG")
    photo = decode_photo(file.getvalue(), **LIMITS, target=100)
    assert 200 <= photo.width <= 400


def test_a_fitted_view_is_the_networks_input_to_the_pixel():
    crop = Crop(0.25, 0.5, 0.5, 0.5)
    ((square, _),) = decode_photo_views(PHOTO, **LIMITS, views=[View(crop, 64, fitted=True)])
    ((part, within),) = decode_photo_views(PHOTO, **LIMITS, views=[View(crop, 64)])
    assert (np.asarray(square) == model_input(part, 64, within)).all()


def test_a_thumbnail_comes_while_the_views_are_worked_on():
    with decoded_photo(PHOTO, **LIMITS, views=[View(WHOLE, 64)], thumbnail=Thumbnail(80, 75)) as decoded:
        assert decoded.views[0][0].size == (200, 150)
        thumbnail = Image.open(BytesIO(decoded.thumbnail()))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (80, 60))


def test_a_thumbnail_that_nobody_received_is_not_taken_for_the_next_photo():
    for _ in range(2):
        with decoded_photo(PHOTO, **LIMITS, views=[View(WHOLE, 64)], thumbnail=Thumbnail(80, 75)):
            pass
    assert decode_photo(PHOTO, **LIMITS, target=100).size == (200, 150)


def test_photos_at_work_stay_within_the_memory_of_all_decoders_together(one_decoder: int, settings) -> None:
    settings.PHOTO_DECODERS, settings.PHOTO_DECODE_SECONDS = 2, 30
    needed = read_header(PHOTO, LIMITS["max_pixels"]).memory_for(100)
    settings.PHOTO_MEMORY = int(needed * 1.5)
    os.kill(one_decoder, signal.SIGSTOP)
    first = threading.Thread(target=decode_photo, args=(PHOTO,), kwargs={**LIMITS, "target": 100})
    first.start()
    time.sleep(0.2)
    with pytest.raises(InvalidRequest):  # a second decoder is free, memory is not
        decode_photo(PHOTO, **LIMITS, target=100, patience=0.1)
    settings.PHOTO_MEMORY = int(needed * 2.5)
    assert decode_photo(PHOTO, **LIMITS, target=100, patience=10).size == (200, 150)
    os.kill(one_decoder, signal.SIGCONT)
    first.join(30)
    settings.PHOTO_MEMORY = int(needed * 0.5)
    with pytest.raises(UnreadablePhoto) as caught:
        decode_photo(PHOTO, **LIMITS, target=100)
    assert caught.value.code == "too_costly"


@pytest.mark.parametrize("factor", [1, 3, 9, 20])
def test_a_jpeg_is_reckoned_at_the_fraction_at_which_it_is_decoded(factor: int) -> None:
    data = encoded(patches((3200, 1603)), "JPEG")
    header = read_header(data, LIMITS["max_pixels"])
    target = 1600 // factor
    photo = JpegImagePlugin.JpegImageFile(BytesIO(data))
    _reduce_jpeg(photo, LIMITS["max_pixels"], target)
    assert header.memory_for(target) == pytest.approx(4 * photo.width * photo.height, rel=0.01)
