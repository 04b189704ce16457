"""Proposes boxes around the likely items in a photo. NumPy and Pillow only, about 10 ms per photo, without a network.

The background is what can be reached from the photo's border without crossing an edge; items are the rest. The edge
threshold depends on the background, plain or grainy: two thresholds are tried. Measured by `bench_objects`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ml.images import Crop
from ml.localisation import otsu, saliency

Mask = NDArray[np.bool_]

SIDE = 160  # pixels of the longest side for edge detection; enough to separate a picture from text below it
EDGES = (12, 24)  # thresholds: difference of a channel, of 255, over two pixels
BORDER_SHARE = 0.04  # of the border's pixels; a shorter stretch may be an item that the photo cuts off
SMALLEST, LARGEST = 0.015, 0.85  # area of a box as a share of the photo
LONGEST = 5  # aspect ratio of a box; longer ones are shelf boards or lines of text
MARGIN = 0.04  # of the box's sides, added on each side
FAINT = 0.3  # of the best box's weight; lighter boxes are dropped


@dataclass(frozen=True)
class Box:
    """In fractions of the photo."""

    left: float
    top: float
    right: float
    bottom: float
    weight: float = 0.0

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)

    def shared(self, other: Box) -> float:
        """Area of the intersection."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: Box) -> float:
        return (shared := self.shared(other)) / (self.area + other.area - shared)

    def inside(self, other: Box) -> float:
        """Share of this box that lies inside the other."""
        return self.shared(other) / self.area

    def crop(self) -> Crop:
        """With a margin."""
        dx, dy = MARGIN * (self.right - self.left), MARGIN * (self.bottom - self.top)
        left, top = max(0.0, self.left - dx), max(0.0, self.top - dy)
        return Crop(left, top, min(1.0, self.right + dx) - left, min(1.0, self.bottom + dy) - top)


def propose_boxes(photo: Image.Image, *, limit: int = 5) -> list[Crop]:
    """At most `limit` boxes around the likely items of `photo` (mode RGB, upright), best first; empty if no item is
    distinct, as in a close-up that fills the photo.
    """
    boxes = [box for strength in EDGES for box in _boxes(_standing(_edges(photo), strength), photo.size)]
    if not boxes:  # a busy ground, full of edges
        boxes = salient_boxes(photo)
    weighed = [(box.weight * (GROUP if _is_group(box, boxes) else 1), box) for box in boxes]
    chosen: list[tuple[float, Box]] = []
    for weight, box in sorted(weighed, key=lambda pair: -pair[0]):
        if all(box.iou(other) < 0.5 and box.inside(other) < 0.75 for _weight, other in chosen):
            chosen.append((weight, box))
    return [box.crop() for weight, box in chosen[:limit] if weight > FAINT * chosen[0][0]]


def salient_boxes(photo: Image.Image) -> list[Box]:
    """Boxes around regions whose colour differs from the photo's border."""
    heat = saliency(photo)
    return _boxes(heat > otsu(heat), photo.size)


GROUP = 0.4  # weight factor of a box around several items


def _is_group(box: Box, boxes: list[Box]) -> bool:
    """Whether two or more disjoint other boxes cover a good part of it."""
    parts: list[Box] = []
    for other in sorted(boxes, key=lambda other: -other.area):
        is_part = other.inside(box) > 0.9 and other.iou(box) < 0.6 and other.area > 0.12 * box.area
        if is_part and all(other.inside(part) < 0.2 for part in parts):
            parts.append(other)
    return len(parts) > 1


def _boxes(mask: Mask, size: tuple[int, int]) -> list[Box]:
    """One box for each region of `mask` that may be an item; its weight grows with size, fill ratio and closeness to
    the centre.

    size: (width, height) of the photo.
    """
    height, width = mask.shape
    found = []
    for region in _regions(mask):
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        left, top = float(columns[0]) / width, float(rows[0]) / height
        right, bottom = float(columns[-1] + 1) / width, float(rows[-1] + 1) / height
        box = Box(left, top, right, bottom)
        shape = (right - left) * size[0] / ((bottom - top) * size[1])
        if not (SMALLEST <= box.area <= LARGEST and 1 / LONGEST < shape < LONGEST):
            continue
        fill = float(region.mean()) / box.area
        centre = np.exp(
            -((left + right - 1) ** 2 + (top + bottom - 1) ** 2) / 4
        )  # centre prior: shoppers aim at the item
        weight = float(np.sqrt(box.area) * (0.4 + 0.6 * fill) * centre)
        found.append(Box(left, top, right, bottom, weight))
    return found


def _edges(photo: Image.Image) -> NDArray[np.float32]:
    """The largest difference of a channel between opposite neighbours: float32 [h, w], the longest side SIDE."""
    scale = SIDE / max(photo.size)
    size = (max(8, round(photo.width * scale)), max(8, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    colours = np.pad(np.asarray(small.convert("YCbCr"), np.float32), ((1, 1), (1, 1), (0, 0)), mode="edge")
    across = np.abs(colours[1:-1, 2:] - colours[1:-1, :-2]).max(axis=2)
    down = np.abs(colours[2:, 1:-1] - colours[:-2, 1:-1]).max(axis=2)
    return np.maximum(across, down)


def _standing(edges: NDArray[np.float32], strength: float) -> Mask:
    """Mask of what cannot be reached from the border without crossing an edge of this strength;
    thin lines are removed.
    """
    numbers = _numbered(edges < strength)
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    ground, lengths = np.unique(border[border > 0], return_counts=True)
    standing = ~np.isin(numbers, ground[lengths >= BORDER_SHARE * len(border)])
    opened = Image.fromarray(np.uint8(255 * standing)).filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    return np.asarray(opened) > 0


def _regions(mask: Mask) -> Iterator[Mask]:
    numbers = _numbered(mask)
    for number in range(1, int(numbers.max()) + 1):
        region = numbers == number
        if region.any():
            yield region


def _numbered(mask: Mask) -> NDArray[np.int32]:
    """Labels of the 4-connected regions, 0 outside: run-length labelling with union-find."""
    numbers = np.zeros(mask.shape, np.int32)
    parents = [0]

    def root(number: int) -> int:
        while parents[number] != number:
            number = parents[number]
        return number

    steps = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    above: list[tuple[int, int, int]] = []  # (start, end, number) of the runs in the row before
    for row, step in enumerate(steps):
        runs = []
        for start, end in zip(np.flatnonzero(step == 1).tolist(), np.flatnonzero(step == -1).tolist(), strict=True):
            touching = {root(number) for other, other_end, number in above if other < end and other_end > start}
            number = min(touching, default=len(parents))
            if not touching:
                parents.append(number)
            for joined in touching:
                parents[joined] = number
            numbers[row, start:end] = number
            runs.append((start, end, number))
        above = runs
    return np.asarray([root(number) for number in range(len(parents))], np.int32)[numbers]
