"""Files that are no usable photo, each with the code it must be refused with."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from conftest import photo_of


def _png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header announces a size that its data does not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def _one_pixel() -> bytes:
    file = BytesIO()
    Image.new("RGB", (1, 40)).save(file, "PNG")
    return file.getvalue()


def _hundred_megapixels() -> bytes:
    """100 megapixels in 300 kB: white compresses well."""
    file = BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    return file.getvalue()


AWKWARD: dict[str, tuple[Callable[[], bytes], str]] = {
    "not an image": (lambda: b"Dear shop, here is my photo." * 9, "not_an_image"),
    "truncated": (lambda: photo_of("cut")[:600], "truncated"),
    "empty": (lambda: b"", "empty"),
    "no pixel wide": (lambda: _png_claiming(0, 10), "truncated"),
    "one pixel wide": (_one_pixel, "too_small"),
    "100 megapixels": (_hundred_megapixels, "too_many_pixels"),
    "a decompression bomb": (lambda: _png_claiming(60_000, 60_000), "too_many_pixels"),
    "40 MB": (lambda: bytes(40_000_000), "too_many_bytes"),
}

each_awkward_photo = pytest.mark.parametrize(("make", "code"), AWKWARD.values(), ids=list(AWKWARD))


def upload(data: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")
