"""Colours, and the patterns and textures that parts are made of.

A pattern is a square tile that repeats: float32 [t, t, 3] in 0..1, sampled along a region's u and v.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from catalog.sample_shop.surfaces import Array, Colour, Paint, Region, darker, from_hex, lighter, mix, unit
from catalog.sample_shop.tables import load

COLOURS: dict[str, Colour] = {name: from_hex(entry["rgb"]) for name, entry in load("colours").items()}
# What goes with a ground colour: the figure of its pattern, and an accent for logos and trims.
COMPANIONS: dict[str, tuple[str, str]] = {
    name: (entry["figure"], entry["accent"]) for name, entry in load("colours").items()
}

TILE = 240


class _Repeat:
    """A Pillow canvas whose drawings wrap around its edges; coordinates are fractions of the tile."""

    def __init__(self, ground: Colour) -> None:
        self.side = TILE * 2
        self.image = Image.new("RGB", (self.side, self.side), ground)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                moved = [((x + dx) * self.side, (y + dy) * self.side) for x, y in points]
                self.draw.polygon(moved, fill=fill)

    def disc(self, x: float, y: float, rx: float, ry: float, fill: Colour, angle: float = 0.0) -> None:
        t = np.linspace(0, 2 * np.pi, 40)
        a = np.radians(angle)
        px, py = rx * np.cos(t), ry * np.sin(t)
        xs, ys = x + px * np.cos(a) - py * np.sin(a), y + px * np.sin(a) + py * np.cos(a)
        self.polygon([(float(a), float(b)) for a, b in zip(xs, ys, strict=True)], fill)

    def line(self, points: list[tuple[float, float]], fill: Colour, width: float) -> None:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                moved = [((x + dx) * self.side, (y + dy) * self.side) for x, y in points]
                self.draw.line(moved, fill=fill, width=max(1, int(width * self.side)), joint="curve")

    def tile(self) -> Array:
        return np.asarray(self.image.reduce(2), np.float32) / 255


@lru_cache(maxsize=64)
def tile(pattern: str, ground: Colour, figure: Colour, accent: Colour, seed: int) -> Array:
    """One repeat of a named pattern. float32 [TILE, TILE, 3]. Unknown names raise KeyError."""
    canvas = _Repeat(ground)
    PATTERNS[pattern](canvas, ground, figure, accent, np.random.default_rng(seed))
    return canvas.tile()


def _plain(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    del c, ground, figure, accent, rng


def _breton(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(4):
        c.polygon([(0, k / 4), (1, k / 4), (1, k / 4 + 0.085), (0, k / 4 + 0.085)], figure)


def _block_stripe(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for top, height, colour in ((0.0, 0.34, figure), (0.5, 0.08, accent), (0.7, 0.08, figure)):
        c.polygon([(0, top), (1, top), (1, top + height), (0, top + height)], colour)


def _pinstripe(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(6):
        c.polygon([(k / 6, 0), (k / 6 + 0.028, 0), (k / 6 + 0.028, 1), (k / 6, 1)], figure)


def _gingham(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    half = mix(ground, figure, 0.5)
    for k in range(3):
        a, b = k / 3, k / 3 + 1 / 6
        c.polygon([(a, 0), (b, 0), (b, 1), (a, 1)], half)
        c.polygon([(0, a), (1, a), (1, b), (0, b)], half)
    for k in range(3):
        for j in range(3):
            a, b, d, e = k / 3, k / 3 + 1 / 6, j / 3, j / 3 + 1 / 6
            c.polygon([(a, d), (b, d), (b, e), (a, e)], figure)


def _tartan(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    bands = (
        (0.06, 0.34, mix(ground, figure, 0.55)),
        (0.46, 0.5, accent),
        (0.62, 0.72, mix(ground, figure, 0.8)),
    )
    base = np.broadcast_to(np.array(ground, np.float32), (c.side, c.side, 3)).copy()
    for low, high, colour in bands:
        a, b = int(low * c.side), int(high * c.side)
        base[:, a:b] = base[:, a:b] * 0.5 + np.array(colour, np.float32) * 0.5
        base[a:b] = base[a:b] * 0.5 + np.array(colour, np.float32) * 0.5
    c.image.paste(Image.fromarray(base.astype(np.uint8)))


def _windowpane(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(2):
        a = k / 2 + 0.1
        c.polygon([(a, 0), (a + 0.022, 0), (a + 0.022, 1), (a, 1)], figure)
        c.polygon([(0, a), (1, a), (1, a + 0.022), (0, a + 0.022)], figure)


def _dots(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(4):
        for j in range(4):
            c.disc((k + 0.5 * (j % 2)) / 4 + 0.06, j / 4 + 0.1, 0.058, 0.058, figure)


def _confetti(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(5):
        for j in range(5):
            x, y = (k + rng.uniform(0.1, 0.9)) / 5, (j + rng.uniform(0.1, 0.9)) / 5
            colour = (figure, accent, mix(ground, figure, 0.5))[int(rng.integers(3))]
            c.disc(x, y, rng.uniform(0.035, 0.06), 0.02, colour, rng.uniform(0, 180))


def _floral(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    leaf = mix(mix(ground, figure, 0.45), (70, 120, 80), 0.35)
    for k in range(3):
        for j in range(3):
            x = (k + 0.5 * (j % 2) + rng.uniform(0.3, 0.6)) / 3
            y, size = (j + rng.uniform(0.35, 0.6)) / 3, rng.uniform(0.055, 0.085)
            turn = rng.uniform(0, 360)
            for side in (70, 200, 310):
                a = np.radians(turn + side)
                c.disc(
                    x + 2.1 * size * np.cos(a),
                    y + 2.1 * size * np.sin(a),
                    size,
                    size * 0.36,
                    leaf,
                    turn + side,
                )
            petals = figure if (k + j) % 3 else accent
            for p in range(5):
                a = np.radians(turn + p * 72)
                c.disc(x + size * np.cos(a), y + size * np.sin(a), size * 0.85, size * 0.6, petals, turn + p * 72)
            c.disc(x, y, size * 0.45, size * 0.45, lighter(accent, 0.3) if petals == figure else figure)


def _sprig(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for x, y, turn in ((0.25, 0.25, -65), (0.75, 0.75, -115), (0.78, 0.2, -80), (0.25, 0.75, -100)):
        a = np.radians(turn)
        tip = (x + 0.17 * np.cos(a), y + 0.17 * np.sin(a))
        c.line([(x - 0.1 * np.cos(a), y - 0.1 * np.sin(a)), tip], figure, 0.012)
        for step in (-0.05, 0.03, 0.11):
            for side in (-48, 48):
                b = np.radians(turn + side)
                px, py = x + step * np.cos(a), y + step * np.sin(a)
                c.disc(px + 0.05 * np.cos(b), py + 0.05 * np.sin(b), 0.048, 0.018, figure, turn + side)
        c.disc(*tip, 0.026, 0.026, accent)


def _chevron(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(3):
        colour = figure if k != 1 else accent
        y = k / 3
        for half in range(2):
            x = half / 2
            for px, peak in ((x, 0.0), (x + 0.25, 1.0)):
                y0, y1 = (y + 0.14, y) if not peak else (y, y + 0.14)
                c.polygon([(px, y0), (px + 0.25, y1), (px + 0.25, y1 + 0.13), (px, y0 + 0.13)], colour)


def _triangles(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    shades = (figure, accent, mix(ground, figure, 0.4), ground, ground)
    for k in range(4):
        for j in range(4):
            x, y, s = k / 4, j / 4, 0.25
            colour = shades[int(rng.integers(len(shades)))]
            turn = int(rng.integers(4))
            corners = [(x, y), (x + s, y), (x + s, y + s), (x, y + s)]
            del corners[turn]
            c.polygon(corners, colour)


def _terrazzo(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(5):
        for j in range(5):
            x, y = (k + rng.uniform(0.2, 0.8)) / 5, (j + rng.uniform(0.2, 0.8)) / 5
            angles = np.sort(rng.uniform(0, 2 * np.pi, 5))
            radius = rng.uniform(0.035, 0.085)
            colour = (figure, accent, lighter(figure, 0.5), darker(ground, 0.18))[int(rng.integers(4))]
            c.polygon([(x + radius * np.cos(a), y + radius * 0.8 * np.sin(a)) for a in angles], colour)


def _scallops(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for j in range(5):
        for k in range(4):
            x, y = (k + 0.5 * (j % 2)) / 4, j / 4
            if j == 4:
                continue
            for radius, colour in ((0.125, figure), (0.1, ground), (0.065, accent), (0.04, ground)):
                c.disc(x + 0.125, y + 0.02, radius, radius * 1.05, colour)


def _waves(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    x = np.linspace(-0.05, 1.05, 60)
    for j in range(5):
        y = j / 5 + 0.05 * np.sin(2 * np.pi * 2 * x + j % 2 * np.pi)
        path = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
        c.line(path, figure if j % 5 != 2 else accent, 0.045)


def _houndstooth(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    tooth = [(0, 0.5), (0.25, 0.5), (0.5, 0.25), (0.5, 0.5), (0.75, 0.5), (0.5, 0.75), (0.5, 1), (0.25, 1)]
    tooth += [(0.25, 1.0), (0.5, 0.75), (0.25, 0.75), (0.0, 1.0), (0.0, 0.75)]
    for k in range(4):
        for j in range(4):
            c.polygon([((k + 0.0) / 4 + x / 4, j / 4 + y / 4) for x, y in tooth], figure)
            c.polygon([(k / 4, j / 4), (k / 4 + 0.07, j / 4), (k / 4, j / 4 + 0.07)], figure)


def _herringbone(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    tone = mix(ground, figure, 0.55)
    for column in range(4):
        for k in range(10):
            x, y = column / 4, k / 10
            rise = 0.12 if column % 2 else -0.12
            c.polygon([(x, y), (x + 0.25, y + rise), (x + 0.25, y + rise + 0.045), (x, y + 0.045)], tone)


def _leopard(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(4):
        for j in range(4):
            x, y = (k + 0.5 * (j % 2) + rng.uniform(0.2, 0.5)) / 4, (j + rng.uniform(0.3, 0.6)) / 4
            turn, size = rng.uniform(0, 180), rng.uniform(0.05, 0.068)
            c.disc(x, y, size, size * 0.75, darker(figure, 0.2), turn)
            c.disc(x + 0.008, y - 0.006, size * 0.6, size * 0.42, mix(ground, figure, 0.35), turn)
            c.disc(x + size * 0.8, y + size * 0.3, size * 0.4, size * 0.3, mix(ground, figure, 0.1), turn)


def _fair_isle(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    s = 1 / 24

    def cell(k: int, j: int, colour: Colour) -> None:
        c.polygon([(k * s, j * s), (k * s + s, j * s), (k * s + s, j * s + s), (k * s, j * s + s)], colour)

    for k in range(24):
        for row in (0, 11):
            if k % 2:
                cell(k, row, accent)
        for j in range(3, 9):
            if abs(k % 12 - 6) + abs(j - 6) in (0, 2, 3):
                cell(k, j, figure)
        for j in range(13, 23):
            if abs(k % 8 - 4) == abs(j - 18) or (abs(k % 8 - 4) + abs(j - 18)) == 1:
                cell(k, j, figure)
        if k % 8 == 0:
            cell(k, 18, accent)


def _stars(c: _Repeat, ground: Colour, figure: Colour, accent: Colour, rng: np.random.Generator) -> None:
    for k in range(3):
        for j in range(3):
            x, y = (k + 0.5 * (j % 2) + 0.3) / 3, (j + 0.5) / 3
            size, turn = rng.uniform(0.06, 0.09), rng.uniform(0, 72)
            points = []
            for p in range(10):
                a, r = np.radians(turn + p * 36), size if p % 2 == 0 else size * 0.42
                points.append((x + r * np.cos(a), y + r * np.sin(a)))
            c.polygon(points, figure if (k + j) % 2 else accent)


PATTERNS = {
    "plain": _plain,
    "breton stripe": _breton,
    "block stripe": _block_stripe,
    "pinstripe": _pinstripe,
    "gingham": _gingham,
    "tartan": _tartan,
    "windowpane": _windowpane,
    "polka dot": _dots,
    "confetti": _confetti,
    "floral": _floral,
    "sprig": _sprig,
    "chevron": _chevron,
    "triangle": _triangles,
    "terrazzo": _terrazzo,
    "scallop": _scallops,
    "wave": _waves,
    "houndstooth": _houndstooth,
    "herringbone": _herringbone,
    "leopard": _leopard,
    "fair isle": _fair_isle,
    "star": _stars,
}


@lru_cache(maxsize=16)
def texture(name: str) -> Array:
    """How a material catches light: a factor around 1, float32 [t, t], repeating."""
    side = 192
    axis = np.arange(side, dtype=np.float32) / side
    x, y = np.meshgrid(axis, axis)
    rng = np.random.default_rng(len(name) * 7 + ord(name[0]))
    grain = rng.normal(0, 1, (side, side)).astype(np.float32)
    if name == "knit":
        column = np.abs((x * 12) % 1 - 0.5)
        stitch = np.sin(2 * np.pi * (y * 14 + column * 0.9))
        return (1 + 0.10 * stitch - 0.34 * (column < 0.07) + 0.02 * grain).astype(np.float32)
    if name == "cable":
        lane = (x * 3) % 1
        twist = np.sin(2 * np.pi * (y * 4)) * 0.2
        one = np.exp(-(((lane - 0.5 - twist) / 0.13) ** 2))
        two = np.exp(-(((lane - 0.5 + twist) / 0.13) ** 2))
        stitch = 0.05 * np.sin(2 * np.pi * (y * 22 + np.abs((x * 18) % 1 - 0.5)))
        return (0.84 + 0.2 * np.maximum(one, two) + stitch - 0.1 * (np.abs(lane - 0.02) < 0.05)).astype(np.float32)
    if name == "rib":
        return (0.97 + 0.11 * np.sin(2 * np.pi * x * 14) + 0.02 * grain).astype(np.float32)
    if name == "corduroy":
        return (0.97 + 0.09 * np.sin(2 * np.pi * x * 16) + 0.03 * grain).astype(np.float32)
    if name == "twill":
        return (1 + 0.05 * np.sin(2 * np.pi * (x * 24 + y * 24)) + 0.05 * grain).astype(np.float32)
    if name == "canvas":
        weave = np.sin(2 * np.pi * x * 40) * np.sin(2 * np.pi * y * 40)
        return (1 + 0.05 * weave + 0.035 * grain).astype(np.float32)
    if name == "leather":
        cells = np.asarray(Image.fromarray(grain).resize((48, 48), Image.Resampling.BOX))
        cells = np.asarray(Image.fromarray(cells).resize((side, side), Image.Resampling.BICUBIC))
        return (1 + 0.035 * np.clip(cells * 3, -1.5, 1.5) + 0.012 * grain).astype(np.float32)
    if name == "wood":
        bend = 0.05 * np.sin(2 * np.pi * y) + 0.02 * np.sin(4 * np.pi * y + 2 * np.pi * x)
        rings = np.sin(2 * np.pi * (x + bend) * 7) + 0.6 * np.sin(2 * np.pi * (x + bend * 2) * 17)
        streaks = np.asarray(Image.fromarray(grain).resize((side, 12), Image.Resampling.BOX))
        streaks = np.asarray(Image.fromarray(streaks).resize((side, side), Image.Resampling.BICUBIC))
        return (1 + 0.045 * rings + 0.07 * streaks).astype(np.float32)
    if name == "boucle":
        curls = np.asarray(Image.fromarray(grain).resize((64, 64), Image.Resampling.BOX))
        curls = np.asarray(Image.fromarray(curls).resize((side, side), Image.Resampling.BICUBIC))
        return (1 + 0.14 * np.clip(curls * 2.4, -1, 1)).astype(np.float32)
    if name == "speckle":
        specks = (rng.random((side, side)) < 0.006).astype(np.float32)
        specks = np.maximum(specks, np.roll(specks, 1, 0)) + 0.6 * np.roll(specks, 1, 1)
        return (1 - 0.45 * np.clip(specks, 0, 1) + 0.012 * grain).astype(np.float32)
    if name == "jersey":
        return (1 + 0.025 * grain + 0.015 * np.sin(2 * np.pi * x * 48)).astype(np.float32)
    raise KeyError(name)


def cloth(
    pattern: Array | Colour,
    *,
    repeat: float = 0.2,
    angle: float = 0.0,
    grain: str | None = "jersey",
    grain_repeat: float = 0.14,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Paint:
    """A paint from a pattern tile (or one colour) and a material's grain; repeats are fractions of the sheet."""

    def paint(region: Region) -> Array:
        a = np.radians(angle)
        u = (region.u - shift[0]) * np.float32(np.cos(a)) + (region.v - shift[1]) * np.float32(np.sin(a))
        v = -(region.u - shift[0]) * np.float32(np.sin(a)) + (region.v - shift[1]) * np.float32(np.cos(a))
        if isinstance(pattern, tuple):
            colour: Array = np.broadcast_to(unit(pattern), (*u.shape, 3))
        else:
            colour = sample(scaled(pattern, repeat * region.size), u / repeat, v / repeat)
        if grain is None:
            return colour
        factor = sample(scaled(texture(grain), grain_repeat * region.size), u / grain_repeat, v / grain_repeat)
        return colour * factor[..., None]

    return paint


def scaled(values: Array, pixels: float) -> Array:
    """A tile shrunk to the size it will be seen at, so that it does not shimmer."""
    side = int(max(8, min(values.shape[0], round(pixels))))
    if side == values.shape[0]:
        return values
    if values.ndim == 2:
        return np.asarray(Image.fromarray(values).resize((side, side), Image.Resampling.BOX))
    image = Image.fromarray((values * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BOX)
    return np.asarray(image, np.float32) / 255


def sample(values: Array, u: Array, v: Array) -> Array:
    """Bilinear look-up in a repeating tile; one unit of u or v is one repeat."""
    side = values.shape[0]
    px, py = u * side, v * side
    x0, y0 = np.floor(px), np.floor(py)
    fx, fy = px - x0, py - y0
    left, top = x0.astype(np.int32) % side, y0.astype(np.int32) % side
    right, bottom = (left + 1) % side, (top + 1) % side
    flat = values.reshape(side * side, -1)
    top, bottom = top * side, bottom * side
    if values.ndim == 3:
        fx, fy = fx[..., None], fy[..., None]
    else:
        flat = flat[:, 0]
    above = flat[top + left] * (1 - fx) + flat[top + right] * fx
    below = flat[bottom + left] * (1 - fx) + flat[bottom + right] * fx
    return (above * (1 - fy) + below * fy).astype(np.float32)


@lru_cache(maxsize=64)
def lettering(text: str, height: int) -> Array:
    """A word as coverage, float32 [h, w], cut close; Pillow's own typeface, so that every machine draws the same."""
    font = ImageFont.load_default(size=height * 2)
    left, top, right, bottom = font.getbbox(text, stroke_width=height // 14)
    image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(image).text((4 - left, 4 - top), text, fill=255, font=font, stroke_width=height // 14)
    return np.asarray(image.reduce(2), np.float32) / 255
