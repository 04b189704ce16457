"""Bad files are refused with a stable code and a sentence, before they cost memory or time."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.benchmarks.pictures import encoded
from ml.images import Crop, UnreadablePhoto, read_photo
from ml.tests.pictures import LIMITS, scene

FORMATS = ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP"]


def error_of(data: bytes | Path, **limits: int) -> UnreadablePhoto:
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(data, **LIMITS | limits)
    return caught.value


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims to be this large and holds almost nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))


def test_an_empty_file_is_named_so() -> None:
    assert error_of(b"").code == "empty"


def test_a_file_that_is_no_photo_is_named_so() -> None:
    for data in (b"%PDF-1.7 hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GI", b"\0" * 1000):
        assert error_of(data).code == "not_an_image"


@pytest.mark.parametrize("format", ["TIFF", "PPM", "ICO", "EPS", "PCX", "JPEG2000"])
def test_formats_that_no_phone_makes_reach_no_decoder(format: str) -> None:
    assert error_of(encoded(scene(), format)).code == "not_an_image"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_photo_cut_off_is_never_half_read(format: str, kept: float) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8))
    data = encoded(noise, format)
    assert error_of(data[: int(len(data) * kept)]).code == "truncated"


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (7, 7)])
def test_a_photo_of_a_few_pixels_is_too_small(size: tuple[int, int]) -> None:
    assert error_of(encoded(Image.new("RGB", size), "PNG")).code == "too_small"


def test_a_picture_without_width_is_refused() -> None:
    assert error_of(png_of(0, 100)).code == "truncated"


def test_a_file_above_the_limit_is_not_read_to_its_end() -> None:
    endless = Endless()
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(endless, max_bytes=1_000_000, max_pixels=50_000_000)
    assert caught.value.code == "too_many_bytes"
    assert "1 MB" in str(caught.value)
    assert endless.given == 1_000_001


class Endless(BytesIO):
    given = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None and size >= 0, "asked for all of an endless file"
        self.given += size
        return b"\xff" * size


def test_a_file_that_is_gone_is_named_so(tmp_path: Path) -> None:
    assert error_of(tmp_path / "gone.jpg").code == "missing"


@pytest.mark.parametrize("size", [(10_001, 5_000), (20_000, 20_000), (2_000_000_000, 1)])
def test_too_many_pixels_are_told_from_the_header(size: tuple[int, int]) -> None:
    problem = error_of(png_of(*size))
    assert problem.code in ("too_many_pixels", "too_small")
    if size[1] > 1:
        assert "50 MP" in str(problem)


def test_a_photo_of_exactly_the_limit_is_read() -> None:
    assert read_photo(encoded(scene(), "PNG"), max_bytes=10_000, max_pixels=2400).size == (60, 40)
    assert error_of(encoded(scene(), "PNG"), max_pixels=2399).code == "too_many_pixels"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "GIF"])
def test_a_hundred_megapixels_take_no_memory(format: str, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    size = (12_000, 10_000) if format == "JPEG" else (10_100, 10_000)
    Image.new("1" if format in ("PNG", "BMP", "GIF") else "L", size).save(bomb, format)
    code, megabytes = _in_a_fresh_process(bomb)
    assert code == "too_many_pixels"
    assert megabytes < 20 + bomb.stat().st_size / 1e6


def _in_a_fresh_process(path: Path) -> tuple[str, float]:
    """The code of the error and by how much the peak of resident memory grew, in MB."""
    script = f"""
import re
from pathlib import Path
from ml.images import UnreadablePhoto, read_photo

def peak():  # not ru_maxrss, which a child inherits from its parent
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000

before = peak()
try:
    read_photo(Path({str(path)!r}), max_bytes=20_000_000, max_pixels=50_000_000)
    code = "read"
except UnreadablePhoto as problem:
    code = problem.code
print(code, peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    code, megabytes = done.stdout.split()
    return code, float(megabytes)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8))
    data = encoded(noise, "JPEG", progressive=True)
    last_scan = data[data.rindex(b"\xff\xda") : -2]
    assert read_photo(data[:-2] + 20 * last_scan + data[-2:], **LIMITS).size == (96, 64)
    assert error_of(data[:-2] + 200 * last_scan + data[-2:]).code == "too_costly"


def test_a_film_behind_a_jpeg_is_not_taken_for_scans() -> None:
    """Motion photos carry a film after the picture, in which any bytes may stand."""
    assert read_photo(encoded(scene(), "JPEG") + 500 * b"film\xff\xda", **LIMITS).size == (60, 40)


def test_pillows_own_limit_is_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert read_photo(encoded(scene(), "PNG"), **LIMITS).size == (60, 40)
    assert Image.MAX_IMAGE_PIXELS == 1000


def mutations(data: bytes, seed: int, count: int) -> Iterator[bytes]:
    """`data` with bytes changed, cut, put in or blotted out, with a bias to the header."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        mutant = bytearray(data)
        reach = int(random.choice([64, len(data)]))
        at = int(random.integers(min(reach, len(data))))
        match random.integers(4):
            case 0:
                mutant[at] = random.integers(256)
            case 1:
                del mutant[at:]
            case 2:
                mutant[at:at] = random.bytes(8)
            case 3:
                mutant[at : at + 16] = b"\xff" * len(mutant[at : at + 16])
        yield bytes(mutant)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("format", FORMATS)
def test_hostile_bytes_give_a_photo_or_an_error_with_a_code_and_nothing_else(format: str) -> None:
    refused = 0
    for mutant in mutations(encoded(scene(), format), seed=7, count=150):
        try:
            assert read_photo(mutant, max_bytes=100_000, max_pixels=1_000_000).mode == "RGB"
        except UnreadablePhoto as problem:
            refused += 1
            assert str(problem)
    assert refused > 20


@pytest.mark.parametrize(
    "text", ["", "1", "0,0,1", "0,0,1,1,1", "a,b,c,d", "0,0,0,1", "-0.1,0,1,1", "0.5,0,0.6,1", "nan,0,1,1", "0,0,inf,1"]
)
def test_a_crop_outside_the_photo_is_refused(text: str) -> None:
    with pytest.raises(UnreadablePhoto) as caught:
        Crop.parse(text)
    assert caught.value.code == "bad_crop"


def test_a_crop_rounded_by_a_browser_is_forgiven() -> None:
    assert Crop.parse("0.3333,0,0.6672,1").box(300, 100)[2] == 300
