"""A sheet on which soft, lit parts are laid one over another: the drawing engine of the sample shop.

Coordinates are fractions of the sheet's side, x to the right and y down. Light falls from the upper left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw

Array = NDArray[np.floating[Any]]  # float32 wherever it is as large as a picture
Colour = tuple[int, int, int]
Point = tuple[float, ...]  # x, y, and True for a sharp corner
Paint = Callable[["Region"], Array]

LIGHT = np.array([-0.42, -0.58, 0.70], np.float32)
EDGE_SAMPLES = 3  # edges are drawn this much finer, so that they come out smooth


@dataclass
class Region:
    """Where a part lies: its coverage and the coordinates of its pixels.

    alpha, x, y, u, v: float32 [h, w]; u and v place the pattern, and follow x and y unless told otherwise.
    """

    top: int
    left: int
    alpha: Array
    x: Array
    y: Array
    size: int
    u: Array = field(init=False)
    v: Array = field(init=False)

    def __post_init__(self) -> None:
        self.u, self.v = self.x, self.y

    def limited_to(self, other: Region) -> Region:
        """Keep only what lies on the other region."""
        whole = np.zeros((self.size, self.size), np.float32)
        other.on(whole)[:] = other.alpha
        self.alpha = self.alpha * self.on(whole)
        return self

    def on(self, canvas: Array) -> Array:
        height, width = self.alpha.shape
        return canvas[self.top : self.top + height, self.left : self.left + width]


class Sheet:
    """rgb: float32 [size, size, 3] in 0..1, alpha: float32 [size, size]."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.rgb = np.zeros((size, size, 3), np.float32)
        self.alpha = np.zeros((size, size), np.float32)

    def region(self, *outlines: Array, holes: Sequence[Array] = (), pad: float = 0.0) -> Region:
        """The inside of closed outlines, each float [n, 2]."""
        left, top, right, bottom = self._bounds(outlines, pad)
        mask, draw = self._mask(left, top, right, bottom)
        for fill, shapes in ((255, outlines), (0, holes)):
            for outline in shapes:
                draw.polygon(self._pixels(outline, left, top), fill=fill)
        return self._finish(mask, left, top)

    def strokes(self, *paths: Array, width: float, round_ends: bool = True) -> Region:
        """Lines of one width along paths, each float [n, 2]."""
        left, top, right, bottom = self._bounds(paths, width)
        mask, draw = self._mask(left, top, right, bottom)
        thick = max(1, round(width * self.size * EDGE_SAMPLES))
        for path in paths:
            pixels = self._pixels(path, left, top)
            draw.line(pixels, fill=255, width=thick, joint="curve")
            for x, y in (pixels[0], pixels[-1]) if round_ends and thick > 3 else ():
                draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=255)
        return self._finish(mask, left, top)

    def lay(
        self,
        region: Region,
        paint: Paint | Colour,
        *,
        puff: float = 0.012,
        rounding: float = 0.02,
        relief: Array | None = None,
        normals: tuple[Array, Array] | None = None,
        gloss: float = 0.0,
        shine: float = 24.0,
        drop: float = 0.008,
        shade_below: float = 0.35,
        opacity: float = 1.0,
        contrast: float = 1.0,
    ) -> None:
        """Light a part and lay it over what is there.

        puff is how far it swells over `rounding` from its edge; relief (float [h, w]) adds folds; normals give
        the slopes outright; drop is how far it stands off what lies below, which darkens there.
        """
        if not region.alpha.any():
            return
        if shade_below and drop:
            self._shade(region, drop, shade_below)
        if normals is None:
            height = puff * swell(region.alpha, rounding * self.size) if puff else np.zeros_like(region.alpha)
            if relief is not None:
                height = height + relief
            slope_y, slope_x = np.gradient(height * np.float32(self.size))
        else:
            slope_x, slope_y = normals
        if isinstance(paint, tuple):
            albedo: Array = np.broadcast_to(unit(paint), (*region.alpha.shape, 3))
        else:
            albedo = paint(region)
        colour = lit(albedo, slope_x, slope_y, gloss, shine, contrast)
        cover = (region.alpha * np.float32(opacity))[..., None]
        rgb, alpha = region.on(self.rgb), region.on(self.alpha)
        rgb += (colour - rgb) * cover
        alpha += (1 - alpha) * cover[..., 0]

    def mark(self, region: Region, colour: Colour, opacity: float = 1.0) -> None:
        """Flat ink: stitches, prints, logos. It keeps the light of what it is printed on where it is faint."""
        rgb = region.on(self.rgb)
        rgb += (unit(colour) - rgb) * (region.alpha * np.float32(opacity))[..., None]

    def multiply(self, region: Region, factor: Array) -> None:
        """Darken or lighten what is there. factor: float [h, w]."""
        rgb = region.on(self.rgb)
        rgb *= 1 + (factor[..., None] - 1) * region.alpha[..., None]

    def everywhere(self) -> Region:
        """A region that covers the whole sheet."""
        axis = (np.arange(self.size, dtype=np.float32) + 0.5) / self.size
        x, y = np.meshgrid(axis, axis)
        return Region(0, 0, np.ones_like(x), x, y, self.size)

    def image(self) -> Image.Image:
        """RGBA, not premultiplied."""
        # Colours were blended over black while coverage grew: undo that at the edges.
        whole = self.rgb / np.maximum(self.alpha, 1e-3)[..., None]
        pixels = np.concatenate([np.clip(whole, 0, 1), self.alpha[..., None]], axis=2)
        return Image.fromarray((pixels * 255 + 0.5).astype(np.uint8), "RGBA")

    def _shade(self, region: Region, drop: float, strength: float) -> None:
        margin = int(drop * self.size * 3) + 2
        top, left = max(region.top - margin, 0), max(region.left - margin, 0)
        bottom = min(region.top + region.alpha.shape[0] + margin, self.size)
        right = min(region.left + region.alpha.shape[1] + margin, self.size)
        padded = np.zeros((bottom - top, right - left), np.float32)
        padded[
            region.top - top : region.top - top + region.alpha.shape[0],
            region.left - left : region.left - left + region.alpha.shape[1],
        ] = region.alpha
        shift = max(1, int(drop * self.size * 0.7))
        padded = np.roll(padded, (shift, shift // 2), (0, 1))
        padded[:shift] = 0
        shadow = soften(padded, drop * self.size)
        self.rgb[top:bottom, left:right] *= 1 - strength * shadow[..., None]

    def _bounds(self, outlines: Sequence[Array], pad: float) -> tuple[int, int, int, int]:
        points = np.concatenate(outlines)
        low = np.floor((points.min(0) - pad) * self.size).astype(int) - 2
        high = np.ceil((points.max(0) + pad) * self.size).astype(int) + 2
        left, top = np.clip(low, 0, self.size - 4)
        right, bottom = np.clip(high, 4, self.size)
        return int(left), int(top), max(int(right), int(left) + 4), max(int(bottom), int(top) + 4)

    def _mask(self, left: int, top: int, right: int, bottom: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        mask = Image.new("L", ((right - left) * EDGE_SAMPLES, (bottom - top) * EDGE_SAMPLES))
        return mask, ImageDraw.Draw(mask)

    def _pixels(self, outline: Array, left: int, top: int) -> list[tuple[float, float]]:
        moved = (np.asarray(outline) * self.size - (left, top)) * EDGE_SAMPLES
        return [(x, y) for x, y in moved.tolist()]

    def _finish(self, mask: Image.Image, left: int, top: int) -> Region:
        alpha = np.asarray(mask.reduce(EDGE_SAMPLES), np.float32) / 255
        height, width = alpha.shape
        xs = (np.arange(left, left + width, dtype=np.float32) + 0.5) / self.size
        ys = (np.arange(top, top + height, dtype=np.float32) + 0.5) / self.size
        x, y = np.meshgrid(xs, ys)
        return Region(top, left, alpha, x, y, self.size)


def unit(colour: Colour) -> Array:
    """8-bit RGB -> float32 [3] in 0..1."""
    return np.array(colour, np.float32) / 255


def from_hex(hexadecimal: str) -> Colour:
    """#rrggbb as an 8-bit RGB colour."""
    red, green, blue = bytes.fromhex(hexadecimal[1:])
    return red, green, blue


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """A colour `share` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def darker(colour: Colour, share: float = 0.3) -> Colour:
    return mix(colour, (24, 18, 22), share)


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    return mix(colour, (255, 252, 246), share)


def is_dark(colour: Colour) -> bool:
    return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2] < 128


def lit(albedo: Array, slope_x: Array, slope_y: Array, gloss: float, shine: float, contrast: float) -> Array:
    """Light a coloured surface from its slopes: a soft key light, a sky, a touch of reflected warmth."""
    length = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    facing = (-slope_x * LIGHT[0] - slope_y * LIGHT[1] + LIGHT[2]) * length
    shade = 1 + contrast * (np.clip(facing, -0.2, 1) - LIGHT[2]) * 0.85
    shade = np.clip(shade, 0.3, 1.3)[..., None]
    # Shadows cool a little and keep their colour: paint in the shade is not black.
    tint = np.array([1.06, 1.0, 0.93], np.float32)
    colour = albedo * shade**tint
    if gloss:
        half = LIGHT + np.array([0, 0, 1], np.float32)
        half = half / np.linalg.norm(half)
        reflected = np.clip((-slope_x * half[0] - slope_y * half[1] + half[2]) * length, 0, 1)
        colour = colour + gloss * (reflected**shine)[..., None]
    return np.clip(colour, 0, 1)


def soften(values: Array, radius: float) -> Array:
    """A smooth blur, radius in pixels, of float32 [h, w]; done small where the radius allows."""
    shrink = max(1, int(radius / 3))
    height, width = values.shape
    small = values
    if shrink > 1:
        size = (max(2, -(-width // shrink)), max(2, -(-height // shrink)))
        small = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BOX))
    reach = max(1, round(radius / shrink * 0.75))
    for axis in (0, 1):
        for _ in range(2):
            small = _box(small, reach, axis)
    if shrink == 1:
        return small
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def _box(values: Array, reach: int, axis: int) -> Array:
    pad = [(0, 0), (0, 0)]
    pad[axis] = (reach + 1, reach)
    total = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float32)
    count = values.shape[axis]
    window = 2 * reach + 1
    if axis == 0:
        return (total[window : window + count] - total[:count]) / np.float32(window)
    return (total[:, window : window + count] - total[:, :count]) / np.float32(window)


def swell(alpha: Array, radius: float) -> Array:
    """A cushion-like height over a mask, 0..1: steep at the edge, level inside."""
    margin = int(radius) + 2
    padded = np.pad(alpha, margin)
    height = 0.65 * soften(padded, radius) + 0.35 * soften(padded, radius / 3)
    return height[margin:-margin, margin:-margin]


def points(places: ArrayLike) -> Array:
    """Plain numbers as float32: a path of straight lines, or a shift."""
    return np.asarray(places, np.float32)


STEPS = 10


def curve(places: Sequence[Point], closed: bool = True) -> Array:
    """A smooth line through points (Catmull-Rom), float [n, 2]; three-element points are corners."""
    where = np.array([point[:2] for point in places], np.float32)
    corners = [index for index, point in enumerate(places) if len(point) == 3]
    if not closed:
        corners = sorted({0, *corners, len(places) - 1})
    elif corners:
        where = np.roll(where, -corners[0], axis=0)
        where = np.concatenate([where, where[:1]])
        corners = [corner - corners[0] for corner in corners] + [len(where) - 1]
    else:
        return _spline(np.concatenate([where[-1:], where, where[:2]]))
    runs = [where[a : b + 1] for a, b in pairwise(corners)]
    smooth = [_spline(np.concatenate([run[:1], run, run[-1:]])) for run in runs]
    return np.concatenate([*smooth, where[-1:]])


def _spline(p: Array) -> Array:
    t = np.linspace(0, 1, STEPS, endpoint=False, dtype=np.float32)[None, :, None]
    p0, p1, p2, p3 = (p[i : len(p) - 3 + i, None] for i in range(4))
    smooth = 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return smooth.reshape(-1, 2).astype(np.float32)


def mirrored(left: Sequence[Point], middle: float = 0.5) -> list[Point]:
    """A left half, given top to bottom, and its reflection: a whole outline."""
    right: list[Point] = []
    for point in reversed(left):
        if abs(point[0] - middle) < 1e-6:
            continue
        x = 2 * middle - point[0]
        right.append((x, point[1], True) if len(point) == 3 else (x, point[1]))
    return [*left, *right]


def flipped(outline: Array, middle: float = 0.5) -> Array:
    return np.stack([2 * middle - outline[:, 0], outline[:, 1]], 1)


def ellipse(x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360) -> Array:
    """Points on an ellipse; angles in degrees, clockwise from the right."""
    angle = np.radians(np.linspace(start, end, 72, dtype=np.float32))
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], 1).astype(np.float32)


def box(left: float, top: float, right: float, bottom: float, corner: float = 0.01) -> Array:
    """A rectangle with rounded corners."""
    corner = min(corner, (right - left) / 2, (bottom - top) / 2)
    parts = [
        ellipse(right - corner, bottom - corner, corner, corner, 0, 90)[::6],
        ellipse(left + corner, bottom - corner, corner, corner, 90, 180)[::6],
        ellipse(left + corner, top + corner, corner, corner, 180, 270)[::6],
        ellipse(right - corner, top + corner, corner, corner, 270, 360)[::6],
    ]
    return np.concatenate(parts)


def between(one: Array, other: Array, share: float) -> Array:
    """A path part of the way from one to another; both float [n, 2] with equal n."""
    return (one + (other - one) * np.float32(share)).astype(np.float32)


def crease(region: Region, start: tuple[float, float], end: tuple[float, float], width: float, depth: float) -> Array:
    """A fold from start to end that fades along its way. float [h, w], to be used as relief."""
    x0, y0, dx, dy = float(start[0]), float(start[1]), float(end[0] - start[0]), float(end[1] - start[1])
    length = float(np.hypot(dx, dy)) + 1e-6
    x, y = region.x[::2, ::2] - x0, region.y[::2, ::2] - y0
    along = (x * dx + y * dy) / length**2
    across = (x * dy - y * dx) / length
    way = np.clip(along, 0, 1)
    across = across - 0.48 * length * way * (1 - way)
    spread = width * (0.35 + np.clip(along, 0, 1.3))
    fade = np.clip(1.15 - along, 0, 1) * np.clip(along * 4 + 1, 0, 1)
    return _enlarged(float(depth) * fade * np.exp(-((across / spread) ** 2)), region)


def ripple(region: Region, rng: np.random.Generator, angle: float, per_side: float, depth: float) -> Array:
    """Broad uneven waves across `angle` (degrees), about per_side of them over the sheet: hanging cloth."""
    cos, sin = float(np.cos(np.radians(angle))), float(np.sin(np.radians(angle)))
    x, y = region.x[::4, ::4], region.y[::4, ::4]
    across, along = x * cos + y * sin, y * cos - x * sin
    phase = rng.uniform(0, 2 * np.pi, 4).tolist()
    bend = 0.7 * np.sin(along * 5 + phase[0]) + 0.4 * np.sin(along * 11 + across * 7 + phase[1])
    wave = np.sin(2 * np.pi * per_side * across + bend + phase[2])
    strength = 0.6 + 0.4 * np.sin(2 * np.pi * per_side * 0.37 * across + 3 * along + phase[3])
    return _enlarged(depth * wave * strength, region)


def _enlarged(values: Array, region: Region) -> Array:
    height, width = region.alpha.shape
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC))
