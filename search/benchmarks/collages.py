"""Collages of catalogue photos, and phone screenshots of one, with the box of each item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from ml.objects import Box

GRID = {2: (2, 1), 3: (2, 2), 4: (2, 2)}  # columns, rows, of a canvas that is wider than high
DIFFERS = 40  # of 255; a pixel this far from the photo's background belongs to the item
BESIDE = 0.01  # share of differing pixels in a row or column that is still background


@dataclass(frozen=True)
class Placed:
    """The box of a photo on the canvas, and the box of the item inside it; finding either one is correct."""

    photo: Box
    item: Box

    def is_boxed_by(self, box: Box) -> bool:
        return max(box.iou(self.photo), box.iou(self.item)) >= 0.5


def collage(random: np.random.Generator, photos: list[Image.Image]) -> tuple[Image.Image, list[Placed]]:
    """2 to 4 photos without overlap on a plain, shaded or grainy canvas of 800 x 600 pixels or 600 x 800."""
    upright = random.random() < 0.5
    width, height = (600, 800) if upright else (800, 600)
    columns, rows = GRID[len(photos)][::-1] if upright else GRID[len(photos)]
    cells = [(column, row) for row in range(rows) for column in range(columns)]
    canvas = _ground(random, (width, height))
    placed = []
    for photo, cell in zip(photos, random.permutation(cells).tolist(), strict=False):
        wide, high = width / columns, height / rows
        scale = random.uniform(0.6, 0.92) * min(wide / photo.width, high / photo.height)
        small = photo.resize((max(8, round(photo.width * scale)), max(8, round(photo.height * scale))))
        left = round(cell[0] * wide + random.uniform(0.02, 0.98) * (wide - small.width))
        top = round(cell[1] * high + random.uniform(0.02, 0.98) * (high - small.height))
        canvas.paste(small, (left, top))
        placed.append(_placed(small, left, top, canvas.size))
    return canvas, placed


def screenshot(random: np.random.Generator, photo: Image.Image) -> tuple[Image.Image, list[Placed]]:
    """A shop's page on a phone, light or dark: status bar, photo, lines of text, a button."""
    dark = random.random() < 0.4
    ground, ink = ((20, 20, 22), (230, 230, 230)) if dark else ((255, 255, 255), (30, 30, 30))
    screen = Image.new("RGB", (420, 900), ground)
    draw = ImageDraw.Draw(screen)
    for x in (16, 340, 370, 395):
        draw.rectangle((x, 12, x + 18, 22), fill=ink)
    draw.rectangle((16, 50, 180, 66), fill=ink)
    edge, top = int(random.choice([0, 16])), int(random.integers(90, 200))
    wide = screen.width - 2 * edge
    small = photo.resize((wide, round(photo.height * wide / photo.width)))
    small = small.crop((0, 0, wide, min(small.height, 480)))
    screen.paste(small, (edge, top))
    for line in range(top + small.height + 24, 780, 26):
        draw.rectangle((16, line, int(random.integers(150, 400)), line + 10), fill=ink)
    draw.rounded_rectangle((16, 810, screen.width - 16, 856), 20, fill=(200, 60, 40))
    return screen, [_placed(small, edge, top, screen.size)]


def _ground(random: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    width, height = size
    kind = random.integers(4)
    pixels = np.ones((height, width, 3)) * (255 if kind == 0 else random.integers(120, 250, 3))
    if kind == 2:
        pixels = pixels + np.linspace(-40, 40, height)[:, None, None] * random.choice([-1, 1])
        pixels = pixels + np.linspace(-20, 20, width)[None, :, None]
    if kind == 3:
        coarse = Image.fromarray(random.normal(0, 14, (height // 6 + 1, width // 6 + 1)).astype(np.float32))
        grain = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))[..., None]
        pixels = pixels + grain + random.normal(0, 5, (height, width, 1))
    return Image.fromarray(np.uint8(pixels.clip(0, 255)))


def _placed(photo: Image.Image, left: int, top: int, canvas: tuple[int, int]) -> Placed:
    pixels = np.asarray(photo, np.int16)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    differs = np.abs(pixels - np.median(border, axis=0)).max(axis=2) > DIFFERS
    rows, columns = (np.flatnonzero(differs.mean(axis=axis) > BESIDE) for axis in (1, 0))
    whole = (0, 0, photo.width, photo.height)
    item = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) if len(rows) and len(columns) else whole
    return Placed(*(_box(box, left, top, canvas) for box in (whole, item)))


def _box(box: tuple[int, int, int, int], left: int, top: int, canvas: tuple[int, int]) -> Box:
    width, height = canvas
    return Box((left + box[0]) / width, (top + box[1]) / height, (left + box[2]) / width, (top + box[3]) / height)
