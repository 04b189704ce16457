"""What makes one product different from its neighbours, and the marks its maker leaves on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from catalog.sample_shop.materials import COLOURS, lettering, tile
from catalog.sample_shop.surfaces import Array, Colour, Region, Sheet, box, darker


@dataclass(frozen=True)
class Design:
    """colours are names in COLOURS: ground, figure, accent. details are a category's own choices."""

    kind: str
    brand: str
    colours: tuple[str, str, str]
    pattern: str
    details: dict[str, str]
    seed: int

    def __getitem__(self, detail: str) -> str:
        return self.details[detail]

    @property
    def ground(self) -> Colour:
        return COLOURS[self.colours[0]]

    @property
    def figure(self) -> Colour:
        return COLOURS[self.colours[1]]

    @property
    def accent(self) -> Colour:
        return COLOURS[self.colours[2]]

    @property
    def surface(self) -> Array | Colour:
        """The pattern tile, or the one colour of a plain product."""
        if self.pattern == "plain":
            return self.ground
        return tile(self.pattern, self.ground, self.figure, self.accent, self.seed % 997)


@dataclass(frozen=True)
class Pose:
    """How a product lies or stands: turn in -1..1, and a seed for the fall of its folds."""

    turn: float = 0.0
    seed: int = 0

    def rng(self, design: Design) -> np.random.Generator:
        return np.random.default_rng([design.seed, self.seed])


def write(
    sheet: Sheet, text: str, x: float, y: float, height: float, colour: Colour, opacity: float = 1.0, lean: float = 0.0
) -> None:
    """Print a word, its middle at x, y; lean in degrees, clockwise."""
    coverage = lettering(text, max(8, round(height * sheet.size)))
    if lean:
        turned = Image.fromarray((coverage * 255).astype(np.uint8)).rotate(-lean, Image.Resampling.BICUBIC, expand=True)
        coverage = np.asarray(turned, np.float32) / 255
    rows, columns = coverage.shape
    top, left = int(y * sheet.size - rows / 2), int(x * sheet.size - columns / 2)
    if top < 0 or left < 0 or top + rows > sheet.size or left + columns > sheet.size:
        return
    sheet.mark(Region(top, left, coverage, coverage, coverage, sheet.size), colour, opacity)


def label(sheet: Sheet, text: str, x: float, y: float, width: float, ground: Colour, ink: Colour) -> None:
    """A sewn or glued label with the maker's name, its middle at x, y."""
    height = width * 0.36
    tag = sheet.region(box(x - width / 2, y - height / 2, x + width / 2, y + height / 2, height * 0.12))
    sheet.lay(tag, ground, puff=0.003, rounding=0.006, drop=0.003)
    write(sheet, text, x, y, min(height * 0.5, 1.35 * width / max(len(text), 4)), ink)


def stitches(sheet: Sheet, path: Array, colour: Colour, length: float = 0.009, width: float = 0.0032) -> None:
    """A dashed seam along a path, float [n, 2]."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    travelled = np.concatenate([[0], np.cumsum(steps)])
    marks = np.arange(0, travelled[-1] - length * 0.6, length)
    starts = np.stack([np.interp(marks, travelled, path[:, k]) for k in (0, 1)], 1)
    ends = np.stack([np.interp(marks + length * 0.6, travelled, path[:, k]) for k in (0, 1)], 1)
    if not len(marks):
        return
    dashes = [np.stack([a, b]).astype(np.float32) for a, b in zip(starts, ends, strict=True)]
    sheet.mark(sheet.strokes(*dashes, width=width, round_ends=False), colour, 0.8)


def seam(sheet: Sheet, path: Array, ground: Colour, width: float = 0.003, depth: float = 0.4) -> None:
    """A dark line where two pieces meet."""
    sheet.mark(sheet.strokes(path, width=width), darker(ground, depth), 0.7)
