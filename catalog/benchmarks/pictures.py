"""Building blocks of image files that tests and benchmarks write."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

SIZE = (64, 48)
PATCHES = ((200, 40, 40), (40, 160, 60), (40, 60, 200), (230, 200, 40))  # top left, top right, bottom left and right


def patches(size: tuple[int, int] = SIZE, colours: tuple[tuple[int, ...], ...] = PATCHES) -> Image.Image:
    """An RGB image whose four quarters have one colour each."""
    width, height = size
    picture = Image.new("RGB", size, colours[0])
    picture.paste(colours[1], (width // 2, 0, width, height // 2))
    picture.paste(colours[2], (0, height // 2, width // 2, height))
    picture.paste(colours[3], (width // 2, height // 2, width, height))
    return picture


def encoded(picture: Image.Image, format: str, **options: Any) -> bytes:
    """The file that Pillow writes; `options` are those of its encoder."""
    file = BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file, with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
