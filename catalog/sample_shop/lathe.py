"""Things turned on a wheel or a lathe, seen a little from above: mugs, vases, bottles and lamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalog.sample_shop.drawing import Drawing, Step
from catalog.sample_shop.surfaces import Array, Point, Region, Sheet, curve, darker, ellipse, lighter
from catalog.sample_shop.tables import chosen

TILT = 0.2  # how much of a circle's depth is seen: the camera looks down by 11 degrees


@dataclass
class Turned:
    """A body of revolution on a sheet. across: float [h, w], -1 at its left edge, 1 at its right."""

    region: Region
    slopes: tuple[Array, Array]
    across: Array
    height: Array


def lathe(drawing: Drawing, step: Step) -> None:
    """Spin step["profile"] and lay its paint on it. Steps that follow find the radius and height of its ends as
    numbers: lip, lip_y, foot, foot_y."""
    profile, turn = drawing.points(step["profile"]), drawing.number(step["spin"])
    body = turn_on_lathe(drawing.sheet, profile, drawing.number(step["axis"]), turn, step["tilt"])
    drawing.bodies[step["name"]] = body
    (lip, lip_y), (foot, foot_y) = profile[0][:2], profile[-1][:2]
    drawing.numbers.update({"lip": lip, "lip_y": lip_y, "foot": foot, "foot_y": foot_y})
    slope_x, slope_y = body.slopes
    ribs = chosen(step.get("ribs"), drawing.details)
    if ribs == "ridges":
        slope_y = slope_y + 0.55 * np.sin(body.height * 150)
    elif ribs == "facets":
        turn = drawing.pose.turn
        edges = np.round(np.arcsin(body.across) * 2.6 + turn) / 2.6 - turn / 2.6
        slope_x = np.tan(np.clip(edges, -1.2, 1.2)) * -0.6
    elif ribs == "flutes":
        slope_x = slope_x + 0.25 * np.sin(np.arcsin(body.across) * 26)
    elif ribs == "pleats":
        slope_x = slope_x + 0.5 * np.sin(body.region.u * 230)
    drawing.lay(body.region, step, normals=(slope_x.astype(np.float32), slope_y.astype(np.float32)))


def turn_on_lathe(sheet: Sheet, outline: Sequence[Point], x: float, turn: float, tilt: float) -> Turned:
    """Spin an outline of (radius, y) points, top to bottom, about a vertical axis at x.

    The pattern's u runs around the body (by arc length at the widest), v along it; turn is in radians.
    """
    profile = curve(outline, closed=False)
    order = np.maximum.accumulate(profile[:, 1])
    radii = profile[:, 0]
    steps = np.linspace(order[0], order[-1], 90)
    rings = np.interp(steps, order, radii)
    sides = np.concatenate([np.stack([x - rings, steps], 1), np.stack([x + rings, steps], 1)[::-1]])
    hoops = [ellipse(x, float(y), float(r), float(r) * tilt) for y, r in zip(steps, rings, strict=True)]
    region = sheet.region(sides.astype(np.float32), *hoops)
    table = np.interp(np.linspace(0, 1, 1024), order, radii).astype(np.float32)
    lean = np.gradient(table) * 1024
    offset = region.x - np.float32(x)
    y = region.y.copy()
    for _ in range(4):
        radius = table[np.clip(y * 1024, 0, 1023).astype(np.int32)]
        y = region.y - tilt * np.sqrt(np.maximum(radius**2 - offset**2, 0))
        y = np.clip(y, order[0], order[-1])
    index = np.clip(y * 1024, 0, 1023).astype(np.int32)
    radius = np.maximum(table[index], 1e-3)
    across = np.clip(offset / radius, -0.995, 0.995)
    facing = np.sqrt(1 - across**2)
    rise = np.clip(lean[index], -2.5, 2.5).astype(np.float32)
    region.u = np.float32(radii.max()) * (np.arcsin(across) + np.float32(turn)) + 0.5
    region.v = y
    depth = np.maximum(facing, 0.16)
    return Turned(region, (-across / depth * 0.8, (rise - tilt * facing) / depth * 0.6), across, y)


def ring(drawing: Drawing, step: Step) -> None:
    """Paint a body between two heights, or above one; uneven by a depth and a frequency, as a dip in glaze is."""
    body: Turned = drawing.bodies[step["body"]]
    depth, frequency = step.get("uneven", (0.0, 0.0))
    above, below = drawing.number(step["above"]), drawing.number(step.get("below", 2.0))
    within = (body.height > above + depth * np.sin(body.region.u * frequency)) & (body.height < below)
    drawing.lay(_part_of(body, within), step, normals=body.slopes)


def glaze(drawing: Drawing, step: Step) -> None:
    """The window that every glossy thing in a studio reflects, and a thin edge of light on its other side."""
    body: Turned = drawing.bodies[step["body"]]
    a, y = body.across, body.height
    top, bottom = float(y.min()), float(y.max())
    share = (y - top) / max(bottom - top, 1e-3)
    fade = np.clip(share * 7, 0, 1) * np.clip((0.9 - share) * 5, 0, 1)
    window = np.clip((a + 0.66) * 14, 0, 1) * np.clip((-0.44 - a) * 14, 0, 1)
    edge = np.clip((a - 0.8) * 10, 0, 1) * np.clip((0.95 - a) * 12, 0, 1) * 0.45
    soft = np.exp(-(((a + 0.5) / 0.3) ** 2)) * 0.22
    light = (np.maximum(window, edge) * fade + soft) * drawing.number(step["strength"])
    drawing.sheet.mark(_part_of(body, light.astype(np.float32)), (255, 253, 248))


def glow(drawing: Drawing, step: Step) -> None:
    """The light of a lamp through its shade, strongest at the bulb."""
    body: Turned = drawing.bodies[step["body"]]
    light = np.exp(-((body.across / 0.62) ** 2)) * np.exp(-(((body.height - 0.31) / 0.16) ** 2))
    drawing.sheet.mark(_part_of(body, (0.5 * light).astype(np.float32)), drawing.colour(step["ink"]))


def mouth(drawing: Drawing, step: Step) -> None:
    """The opening of a vessel: its lip, and the shaded inside."""
    sheet, (x, y) = drawing.sheet, drawing.place(step["at"])
    radius, wall = drawing.number(step["radius"]), step["wall"]
    lip = sheet.region(ellipse(x, y, radius, radius * TILT))
    sheet.lay(lip, lighter(drawing.colour(step["rim"]), 0.15), puff=0.006, rounding=0.008, drop=0)
    hole = sheet.region(ellipse(x, y + wall * 0.1, radius - wall, (radius - wall) * TILT))
    depth = (hole.x - (x - radius)) / (2 * radius)
    sheet.lay(hole, darker(drawing.colour(step["inside"]), 0.3), puff=0, drop=0)
    sheet.multiply(hole, (0.72 + 0.4 * depth + (hole.y - y) / radius * 0.9).astype(np.float32))


def _part_of(body: Turned, share: Array) -> Region:
    whole = body.region
    return Region(whole.top, whole.left, whole.alpha * share, whole.x, whole.y, whole.size)
