"""Photos for benchmarks: an ordinary one, and those that cost a decoder the most time or memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageFilter

from catalog.benchmarks import hostile_photos as small_files
from catalog.benchmarks.pictures import encoded


def ordinary_photo() -> bytes:
    """A 1024 x 768 JPEG with as much detail as a photo has: smoothed noise at several scales, about 150 kB."""
    random = np.random.default_rng(0)
    layers = [
        Image.fromarray(random.integers(256, size=(768 // scale, 1024 // scale, 3), dtype=np.uint8)).resize((1024, 768))
        for scale in (192, 48, 12, 4)
    ]
    photo = layers[0]
    for layer in layers[1:]:
        photo = Image.blend(photo, layer, 0.35)
    return encoded(photo.filter(ImageFilter.GaussianBlur(0.7)), "JPEG", quality=85)


def hostile_photos(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    """(name, file): files made to cost much, large photos of each format, animations, and the files of `folder`."""
    for name, data, _code in small_files.hostile_photos():
        yield name, data
    yield from _large_photos()
    yield from _animations()
    yield "tiff, 2,000 directories", _tiff(2000)
    for path in sorted(folder.iterdir()) if folder else []:
        yield path.name, path.read_bytes()


def _large_photos() -> Iterator[tuple[str, bytes]]:
    ground = Image.radial_gradient("L").convert("RGB")
    most = ground.resize((10_480, 10_480))  # 110 MP
    yield "jpeg, 110 MP", encoded(most, "JPEG")
    yield "jpeg, 110 MP, CMYK", encoded(most.convert("CMYK"), "JPEG", quality=40)
    phone = ground.resize((8160, 6144))
    yield "jpeg, 50.1 MP of a phone", encoded(phone, "JPEG")
    yield "jpeg, 50.1 MP, progressive", encoded(phone, "JPEG", progressive=True)
    large = ground.resize((8000, 6000))
    yield "png, 48 MP", encoded(large, "PNG", compress_level=1)
    yield "png, 48 MP, RGBA", encoded(large.convert("RGBA"), "PNG", compress_level=1)
    medium = ground.resize((6000, 4000))
    deep = Image.fromarray(np.asarray(medium.convert("L")).astype(np.uint16) * 257)
    yield "png, 24 MP, 16 bits", encoded(deep, "PNG", compress_level=1)
    yield "webp, 24 MP", encoded(medium, "WEBP", method=0)
    yield "webp, 24 MP, lossless", encoded(medium, "WEBP", lossless=True, method=0, quality=0)
    yield "gif, 24 MP", encoded(medium.convert("P"), "GIF")
    yield "avif, 24 MP", encoded(medium, "AVIF", speed=10)
    yield "bmp, 6 MP", encoded(ground.resize((3000, 2000)), "BMP")
    pillow_heif.register_heif_opener()
    yield "heic, 12 MP", encoded(ground.resize((4000, 3000)), "HEIF")


def _animations() -> Iterator[tuple[str, bytes]]:
    frames = [Image.new("L", (64, 64), number * 37 % 256).convert("RGB") for number in range(2000)]
    for format, options in (("GIF", {}), ("WEBP", {"method": 0}), ("PNG", {}), ("AVIF", {"speed": 10})):
        shown = frames[:300] if format == "AVIF" else frames
        animation = encoded(shown[0], format, save_all=True, append_images=shown[1:], duration=20, **options)
        yield f"{format.lower()}, an animation of {len(shown):,} frames", animation


def _tiff(directories: int) -> bytes:
    pages = [Image.new("L", (8, 8))] * directories
    return encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
