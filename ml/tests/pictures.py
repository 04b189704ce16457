"""Small pictures whose turns, mirrors and swapped channels show."""

from io import BytesIO
from typing import Any

from PIL import Image

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}
RED, GREEN, BLUE = (220, 30, 40), (30, 180, 60), (30, 60, 200)


def scene(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red left half, green upper right, blue lower right: shows turns, mirrors and swapped channels."""
    width, height = size
    photo = Image.new("RGB", size, RED)
    photo.paste(GREEN, (width // 2, 0, width, height // 2))
    photo.paste(BLUE, (width // 2, height // 2, width, height))
    return photo


def encoded(photo: Image.Image, format: str, **options: Any) -> bytes:
    file = BytesIO()
    photo.save(file, format, **options)
    return file.getvalue()
