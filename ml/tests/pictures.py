"""Small pictures whose turns, mirrors and swapped channels show."""

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

LIMITS: dict[str, Any] = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}
RED, GREEN, BLUE = (220, 30, 40), (30, 180, 60), (30, 60, 200)


def scene(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red left half, green upper right, blue lower right: shows turns, mirrors and swapped channels."""
    width, height = size
    photo = Image.new("RGB", size, RED)
    photo.paste(GREEN, (width // 2, 0, width, height // 2))
    photo.paste(BLUE, (width // 2, height // 2, width, height))
    return photo


def on_table(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Red ellipses, one in each box (left, top, right, bottom; pixels), on a table with grain."""
    grain = np.random.default_rng(0).normal(0, 6, (size[1], size[0], 1)) + np.array([170, 140, 100])
    photo = Image.fromarray(grain.clip(0, 255).astype(np.uint8))
    for box in boxes:
        ImageDraw.Draw(photo).ellipse(box, fill=(190, 30, 40))
    return photo
