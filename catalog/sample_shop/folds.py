"""Folds and textures in relief: what the "folds" of a part are, and how a pattern is wrapped around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.sample_shop.surfaces import Array, Region, crease, ripple
from catalog.sample_shop.tables import chosen, is_table

if TYPE_CHECKING:
    from catalog.sample_shop.drawing import Drawing, Step


def relief_of(drawing: Drawing, region: Region, folds: list[Step]) -> Any:
    """Folds in a region, float32 [h, w], one added to another; they may be chosen and repeated as steps are."""
    return sum(_each(drawing, region, folds))


def _each(drawing: Drawing, region: Region, folds: list[Step]) -> Iterator[Array]:
    for fold in folds:
        if is_table(fold):
            yield from _each(drawing, region, chosen(fold, drawing.details) or [])
        elif "let" in fold:
            drawing.draw([fold])
        elif "each" in fold:
            for _ in drawing.each(fold):
                yield from _each(drawing, region, fold["folds"])
        else:
            [(kind, text)] = fold.items()
            yield FOLDS[kind](drawing, region, chosen(text, drawing.details))


def _ripple(drawing: Drawing, region: Region, text: str) -> Array:
    return ripple(region, drawing.rng, *drawing.values(text))


def _crease(drawing: Drawing, region: Region, text: str) -> Array:
    return crease(region, *drawing.values(text))


def _wave(drawing: Drawing, region: Region, text: str) -> Array:
    axis, *wave = text.split()
    frequency, depth = map(drawing.number, wave)
    return (depth * np.sin((region.x if axis == "x" else region.y) * frequency)).astype(np.float32)


def _grooves(drawing: Drawing, region: Region, text: str) -> Array:
    """Upright, below a height."""
    top, frequency, depth = drawing.values(text)
    return (depth * np.sin(region.x * frequency) * (region.y > top)).astype(np.float32)


def _weave(drawing: Drawing, region: Region, text: str) -> Array:
    down, across, depth = drawing.values(text)
    return (depth * np.sin(region.y * down) * np.sin(region.x * across)).astype(np.float32)


def _rings(drawing: Drawing, region: Region, text: str) -> Array:
    """Straw, sewn around a brim."""
    wide, level, dip, frequency, depth = drawing.values(text)
    rings = np.sqrt(((region.x - 0.5) / wide) ** 2 + ((region.y - level - 0.02) / dip) ** 2)
    return (depth * np.sin(rings * frequency)).astype(np.float32)


def _arcs(drawing: Drawing, region: Region, text: str) -> Array:
    """Straw, sewn around a crown."""
    frequency, bow, depth = drawing.values(text)
    return (depth * np.sin(region.y * frequency - bow * (region.x - 0.5) ** 2)).astype(np.float32)


def _links(drawing: Drawing, region: Region, text: str) -> Array:
    """Rows across, and a raised column in the middle."""
    frequency, column, depth = drawing.values(text)
    relief = depth * np.abs(np.sin(region.y * frequency))
    return (relief + depth * (np.abs(region.x - 0.5) < column)).astype(np.float32)


def _ironed(drawing: Drawing, region: Region, text: str) -> Array:
    """A crease ironed in, below a height."""
    x, width, top, depth = drawing.values(text)
    return depth * np.exp(-(((region.x - x) / width) ** 2)) * (region.y > top)


def _dent(drawing: Drawing, region: Region, text: str) -> Array:
    x, y, spread, depth = drawing.values(text)
    return -(depth * np.exp(-((region.x - x) ** 2 + (region.y - y) ** 2) / spread)).astype(np.float32)


def _puckers(drawing: Drawing, region: Region, text: str) -> Array:
    """Small folds that run out from the middle."""
    count, spread, depth = drawing.values(text)
    dx, dy = region.x - 0.5, region.y - 0.5
    rays = depth * np.cos(np.arctan2(dy, dx) * count)
    return (rays * np.exp(-(dx**2 + dy**2) / spread)).astype(np.float32)


def _channels(drawing: Drawing, region: Region, text: str) -> Array:
    frequency, power, depth = drawing.values(text)
    return (depth * np.abs(np.sin((region.x - 0.5) * frequency)) ** power).astype(np.float32)


def _dome(region: Region) -> None:
    region.u = (region.x - 0.5) / np.sqrt(np.clip((region.y - 0.1) * 1.8, 0.15, 1)) + 0.5


def _cuff(region: Region) -> None:
    region.u = np.arcsin(np.clip((region.x - 0.5) / 0.262, -0.97, 0.97)) * 0.22


def _leg(region: Region) -> None:
    region.v = region.y * 0.4


FOLDS: dict[str, Callable[[Drawing, Region, str], Array]] = {
    "ripple": _ripple,
    "crease": _crease,
    "wave": _wave,
    "grooves": _grooves,
    "weave": _weave,
    "rings": _rings,
    "arcs": _arcs,
    "links": _links,
    "ironed": _ironed,
    "dent": _dent,
    "puckers": _puckers,
    "channels": _channels,
}
WRAPS: dict[str, Callable[[Region], None]] = {
    "dome": _dome,
    "cuff": _cuff,
    "leg": _leg,
}  # how a pattern goes round a part
