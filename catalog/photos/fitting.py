"""Upright pictures at the sizes that are needed of them: the network's square, and small JPEGs."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image

from catalog.photos.crop import WHOLE, Crop

WHITE = (255, 255, 255)


def fitted_square(photo: Image.Image, size: int, crop: Crop = WHOLE) -> Image.Image:
    """`photo` (mode RGB) or its `crop`, its proportions kept, centred on a white square of `size` pixels a side.

    Bicubic with Pillow's anti-aliasing; before a strong reduction, a box filter to three times the size does the bulk,
    as close to the plain filter as makes no difference and faster.
    """
    box = crop.box(*photo.size)
    x, y, width, height = place_in_square(box[2] - box[0], box[3] - box[1], size)
    small = photo.resize((width, height), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    square = Image.new("RGB", (size, size), WHITE)
    square.paste(small, (x, y))
    return square


def place_in_square(width: float, height: float, size: int) -> tuple[int, int, int, int]:
    """(x, y, width, height) in whole pixels: the largest box of these proportions, centred in a square."""
    scale = size / max(width, height)
    fitted_width, fitted_height = max(1, round(width * scale)), max(1, round(height * scale))
    return (size - fitted_width) // 2, (size - fitted_height) // 2, fitted_width, fitted_height


def square_around(width: int, height: int, focus: Sequence[float], *, plain_ground: bool) -> tuple[float, float, float]:
    """(left, top, side), in pixels of a photo, of the square that cards show: the item with some ground around it.

    focus: x, y, width, height of the item in fractions. On a plain ground the square may reach beyond the photo, so
    that nothing is cut off a long item: the ground goes on there.
    """
    x, y, focus_width, focus_height = focus
    item = ROOM * max(focus_width * width, focus_height * height)
    side = max(CLOSEST * min(width, height), min(item, max(width, height) if plain_ground else min(width, height)))
    left = _kept_inside((x + focus_width / 2) * width - side / 2, side, width)
    top = _kept_inside((y + focus_height / 2) * height - side / 2, side, height)
    return left, top, side


ROOM = 1.25  # times the item's longer side: so much of a card
CLOSEST = 0.75  # of the photo's shorter side: the item's place is a guess, and what was cut off cannot be seen


def _kept_inside(start: float, side: float, length: int) -> float:
    """`start` moved so that the stretch lies inside the photo; centred where it is longer."""
    return (length - side) / 2 if side >= length else min(max(start, 0.0), length - side)


def shrink_photo(photo: Image.Image, longest_side: int, quality: int = 80) -> bytes:
    """`photo` (mode RGB) as a JPEG without metadata, no side above `longest_side` pixels; never enlarged."""
    scale = min(1.0, longest_side / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)  # as good to look at, in half the time
    small.info.clear()
    file = BytesIO()
    small.save(file, "JPEG", quality=quality)
    return file.getvalue()
