"""What a product's photo shows at a glance: the main colours of the item, where it lies, and its ground where that is
plain. NumPy and Pillow only, about a millisecond a photo; the thresholds were set by eye on drawn and real photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.colours import COLOURS

Floats = NDArray[np.float32]

SIDE = 64  # pixels of the longest side that are looked at
BORDER = 0.06  # of the shorter side: what lies there is taken for ground
PLAIN = 0.75  # of the border in one colour: a ground without things on it
SECOND_GROUND = 0.2  # of the border: a table's edge, a wall behind it
MAIN = 0.22  # of the item: a smaller part of it gives no colour
MOST_COLOURS = 3
NAMES = list(COLOURS)


@dataclass(frozen=True)
class Look:
    colours: list[str]  # names of COLOURS, the largest part's first; at least one
    focus: list[float]  # x, y, width, height of the item in fractions of the photo
    ground: str  # "#rrggbb" of a plain ground, else nothing


def look_of(photo: Image.Image) -> Look:
    """photo: mode RGB, upright, in any size."""
    scale = SIDE / max(photo.size)
    size = (max(8, round(photo.width * scale)), max(8, round(photo.height * scale)))
    pixels = np.asarray(photo.resize(size, Image.Resampling.BOX, reducing_gap=2.0))
    shades = _shades(pixels)
    colours, names = _table()[0][shades], _table()[1][shades]
    height, width = shades.shape
    is_border = np.ones((height, width), bool)
    depth = max(1, round(BORDER * min(height, width)))
    is_border[depth:-depth, depth:-depth] = False
    border = colours[is_border]
    near = np.linalg.norm(border - np.median(border, axis=0), axis=1) < 0.09
    ground = border[near].mean(axis=0) if near.any() else np.median(border, axis=0)
    grain = float(np.sqrt(((border[near] - ground) ** 2).sum(axis=1).mean())) if near.any() else 0.05
    grounds, others = [ground], border[np.linalg.norm(border - ground, axis=1) >= 0.13]
    if len(others) > SECOND_GROUND * len(border):
        grounds.append(np.median(others, axis=0))
    # A shadow on the ground is darker than it, the item has a colour of its own.
    weights = np.array([0.7, 1.3, 1.3], np.float32)
    distance = np.min([np.linalg.norm((colours - one) * weights, axis=-1) for one in grounds], axis=0)
    is_plain = float(near.mean()) > PLAIN
    stands_out = distance > (max(0.045, 2.5 * grain) if is_plain else 0.1)
    if stands_out.mean() < 0.02:  # an item of its ground's colour
        stands_out = distance >= np.quantile(distance, 0.8)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    aimed = np.float32(1) if is_plain else np.exp(-(x**2 + y**2) / 1.2)  # photographers aim
    rest = 0.006 if is_plain and grain < 0.02 else 0.025
    return Look(
        _main(names, stands_out * aimed**1.5),
        _span(stands_out * aimed, rest),
        _hex(pixels[is_border][near].mean(axis=0)) if is_plain else "",
    )


def _main(names: NDArray[np.uint8], weight: Floats) -> list[str]:
    shares = np.bincount(names.ravel(), weights=weight.ravel(), minlength=len(NAMES)) / weight.sum()
    ordered = np.argsort(-shares)[:MOST_COLOURS]
    return [NAMES[number] for number in ordered if shares[number] >= MAIN] or [NAMES[ordered[0]]]


def _span(weight: Floats, rest: float) -> list[float]:
    """The box that holds `weight` but for its outermost parts, `rest` on each side."""
    spans = []
    for line in (weight.sum(axis=0), weight.sum(axis=1)):
        reached = np.cumsum(line) / line.sum()
        first, last = np.searchsorted(reached, [rest, 1 - rest])
        spans.append((float(first / len(line)), float(min(last + 1, len(line)) / len(line))))
    (left, right), (top, bottom) = spans
    return [round(value, 3) for value in (left, top, right - left, bottom - top)]


def _hex(colour: Floats) -> str:
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in colour)


def _shades(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Each pixel of uint8 [h, w, 3] as a number of 15 bits: the rows of _table()."""
    red, green, blue = (pixels[..., channel].astype(np.int32) >> 3 for channel in range(3))
    return red << 10 | green << 5 | blue


@cache
def _table() -> tuple[Floats, NDArray[np.uint8]]:
    """(Oklab, number of the name) of each shade: float32 [32768, 3], uint8 [32768]."""
    shades = np.arange(1 << 15)
    steps = np.stack([shades >> 10, shades >> 5 & 31, shades & 31], axis=1)
    colours = oklab((steps * 8 + 4).astype(np.float32) / np.float32(255))
    return colours, _named(colours)


def oklab(srgb: Floats) -> Floats:
    """sRGB, 0..1, as lightness and two opponent colours (Ottosson 2020, "A perceptual color space for image
    processing"): float32 [n, 3] both."""
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    cones = light @ np.array([[0.4122, 0.2119, 0.0883], [0.5363, 0.6807, 0.2817], [0.0514, 0.1074, 0.6300]], np.float32)
    return np.cbrt(cones) @ np.array(
        [[0.2105, 1.9780, 0.0259], [0.7936, -2.4286, 0.7828], [-0.0041, 0.4506, -0.8087]], np.float32
    )


def _named(colours: Floats) -> NDArray[np.uint8]:
    """The number of the name that people give each of `colours` (Oklab)."""
    light, chroma = colours[:, 0], np.hypot(colours[:, 1], colours[:, 2])
    hue = np.degrees(np.arctan2(colours[:, 2], colours[:, 1])) % 360
    number = {name: NAMES.index(name) for name in NAMES}

    def between(low: float, high: float) -> NDArray[np.bool_]:
        return (hue >= low) & (hue < high)

    around = [(8, "pink"), (40, "red"), (74, "orange"), (112, "yellow"), (167, "green"), (222, "turquoise"),
              (284, "blue"), (328, "purple")]  # fmt: skip
    names = np.select([hue < end for end, _ in around], [number[name] for _, name in around], number["pink"])
    for which, name in (
        ((hue < 40) & (light > 0.72) & (chroma < 0.16), "pink"),
        (((hue >= 350) | (hue < 8)) & (light < 0.5), "red"),  # wine
        (between(20, 95) & (light < 0.62) & (chroma < 0.115), "brown"),
        (between(40, 85) & (light < 0.56), "brown"),
        (between(95, 112) & (light < 0.62), "green"),  # olive
        (between(45, 112) & (light >= 0.62) & (chroma < 0.08), "beige"),
        (between(45, 95) & (light >= 0.62) & (light < 0.7) & (chroma < 0.1), "brown"),
    ):
        names = np.where(which, number[name], names)
    greys = np.select([light < 0.33, light < 0.82], [number["black"], number["grey"]], number["white"])
    least = np.where(between(40, 112) & (light > 0.9), 0.03, 0.026)  # paper is a little yellow
    names = np.where(chroma < least, greys, names)
    is_dark = (light < 0.22) | ((light < 0.3) & (chroma < 0.05))
    return np.where(is_dark, number["black"], names).astype(np.uint8)
