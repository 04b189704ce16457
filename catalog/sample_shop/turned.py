"""Things turned on a wheel or a lathe: mugs, vases, bottles and lamps, seen a little from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catalog.sample_shop.design import Design, Pose, label, write
from catalog.sample_shop.materials import cloth
from catalog.sample_shop.surfaces import (
    Array,
    Colour,
    Point,
    Region,
    Sheet,
    box,
    curve,
    darker,
    ellipse,
    is_dark,
    lighter,
    mix,
    points,
)

TILT = 0.2  # how much of a circle's depth is seen: the camera looks down by 11 degrees
WOOD: dict[str, Colour] = {
    "oak": (202, 164, 116),
    "walnut": (120, 80, 54),
    "ash": (226, 204, 170),
    "black-stained": (52, 48, 48),
}


@dataclass
class Turned:
    """A body of revolution on a sheet. across: float [h, w], -1 at its left edge, 1 at its right."""

    region: Region
    slopes: tuple[Array, Array]
    across: Array
    height: Array


def turn_on_lathe(sheet: Sheet, outline: Sequence[Point], x: float, turn: float, tilt: float = TILT) -> Turned:
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


def glaze(sheet: Sheet, body: Turned, strength: float) -> None:
    """The window that every glossy thing in a studio reflects, and a thin edge of light on its other side."""
    a, y = body.across, body.height
    top, bottom = float(y.min()), float(y.max())
    share = (y - top) / max(bottom - top, 1e-3)
    fade = np.clip(share * 7, 0, 1) * np.clip((0.9 - share) * 5, 0, 1)
    window = np.clip((a + 0.66) * 14, 0, 1) * np.clip((-0.44 - a) * 14, 0, 1)
    edge = np.clip((a - 0.8) * 10, 0, 1) * np.clip((0.95 - a) * 12, 0, 1) * 0.45
    soft = np.exp(-(((a + 0.5) / 0.3) ** 2)) * 0.22
    light = (np.maximum(window, edge) * fade + soft) * strength
    lit = Region(body.region.top, body.region.left, body.region.alpha * light.astype(np.float32), a, y, sheet.size)
    sheet.mark(lit, (255, 253, 248))


def mouth(
    sheet: Sheet, x: float, y: float, radius: float, wall: float, rim: Colour, inside: Colour, tilt: float = TILT
) -> None:
    """The opening of a vessel: its lip, and the shaded inside."""
    sheet.lay(
        sheet.region(ellipse(x, y, radius, radius * tilt)), lighter(rim, 0.15), puff=0.006, rounding=0.008, drop=0
    )
    hole = sheet.region(ellipse(x, y + wall * 0.1, radius - wall, (radius - wall) * tilt))
    depth = (hole.x - (x - radius)) / (2 * radius)
    sheet.lay(hole, darker(inside, 0.3), puff=0, drop=0)
    sheet.multiply(hole, (0.72 + 0.4 * depth + (hole.y - y) / radius * 0.9).astype(np.float32))


def draw_mug(design: Design, pose: Pose, size: int) -> Sheet:
    sheet = Sheet(size)
    shape = design["shape"]
    top, radius = {
        "straight": (0.22, 0.235),
        "rounded": (0.25, 0.25),
        "tapered": (0.2, 0.25),
        "footed": (0.26, 0.23),
        "tall": (0.12, 0.2),
        "enamel": (0.24, 0.245),
    }[shape]
    outlines: dict[str, Sequence[Point]] = {
        "straight": [(radius, top), (radius, 0.5), (radius, 0.78), (radius - 0.03, 0.82)],
        "rounded": [
            (radius - 0.03, top),
            (radius, 0.42),
            (radius - 0.005, 0.6),
            (radius - 0.07, 0.78),
            (radius - 0.12, 0.82),
        ],
        "tapered": [(radius, top), (radius - 0.035, 0.5), (radius - 0.085, 0.8), (radius - 0.1, 0.82)],
        "footed": [(radius, top), (radius, 0.5), (radius - 0.05, 0.68), (0.1, 0.75), (0.115, 0.8), (0.135, 0.83)],
        "tall": [(radius, top), (radius - 0.01, 0.5), (radius, 0.8), (radius - 0.02, 0.83)],
        "enamel": [
            (radius + 0.01, top),
            (radius, top + 0.03),
            (radius, 0.55),
            (radius - 0.005, 0.77),
            (radius - 0.03, 0.81),
        ],
    }
    outline = outlines[shape]
    x = 0.46 if pose.turn > -0.3 else 0.54
    side = 1 if pose.turn > -0.3 else -1
    handle = design.accent if design["handle colour"] == "contrast" else design.ground
    reach = 0.17 * (1 - 0.35 * abs(pose.turn))
    edge = x + side * (radius - 0.03)
    low, high = top + 0.09, min(0.7, top + 0.42)
    paths: dict[str, list[Point]] = {
        "C": [
            (edge, low),
            (edge + side * reach * 0.8, low - 0.005),
            (edge + side * reach, (low + high) / 2),
            (edge + side * reach * 0.7, high - 0.02),
            (edge, high),
        ],
        "D": [(edge, low), (edge + side * reach, low, True), (edge + side * reach, low + 0.2), (edge, high)],
        "ring": [tuple(p) for p in ellipse(edge + side * 0.055, (low + high) / 2, 0.088, 0.1)[::8].tolist()],
        "ear": [
            (edge, low + 0.02),
            (edge + side * reach, low - 0.03),
            (edge + side * reach * 1.05, low + 0.09),
            (edge + side * 0.06, high - 0.04),
            (edge - side * 0.02, high),
        ],
    }
    path = curve(paths[design["handle"]], closed=design["handle"] == "ring")
    if design["handle"] == "ring":
        path = np.concatenate([path, path[:3]])
    sheet.lay(sheet.strokes(path, width=0.05), handle, puff=0.03, rounding=0.022, gloss=0.35)
    turn = pose.turn * 1.1
    body = turn_on_lathe(sheet, outline, x, turn)
    grain = "speckle" if design["glaze"] == "speckled" else None
    surface = cloth(design.surface, repeat=0.2, grain=grain, grain_repeat=0.3)
    sheet.lay(body.region, surface, normals=body.slopes, drop=0.012)
    if design["glaze"] == "dipped":
        dip = Turned(
            Region(
                body.region.top,
                body.region.left,
                body.region.alpha * (body.height > 0.6 + 0.012 * np.sin(body.region.u * 30)),
                body.region.x,
                body.region.y,
                size,
            ),
            body.slopes,
            body.across,
            body.height,
        )
        sheet.lay(
            dip.region,
            design.accent if design["handle colour"] == "contrast" else design.figure,
            normals=body.slopes,
            drop=0,
        )
    glaze(sheet, body, 0.2 if design["glaze"] == "matt" else 0.6)
    rim = design.accent if shape == "enamel" else design.ground
    mouth(
        sheet,
        x,
        top,
        radius + (0.01 if shape == "enamel" else -0.03 if shape == "rounded" else 0),
        0.016,
        rim,
        lighter(design.ground, 0.6),
    )
    if design.pattern == "plain" and design["glaze"] != "dipped":
        offset = -0.2 * turn
        _emblem(sheet, design, x + offset, (top + 0.8) / 2 + 0.03, 0.075, abs(turn))
    write(
        sheet,
        design.brand.lower(),
        x - 0.1 * turn,
        0.765 if shape != "footed" else 0.63,
        0.022,
        _ink(design.ground),
        0.75,
    )
    return sheet


def draw_vase(design: Design, pose: Pose, size: int) -> Sheet:
    sheet = Sheet(size)
    shape = design["shape"]
    outlines: dict[str, Sequence[Point]] = {
        "bottle": [(0.06, 0.12), (0.05, 0.2), (0.052, 0.36), (0.17, 0.54), (0.2, 0.7), (0.17, 0.84), (0.11, 0.89)],
        "amphora": [(0.11, 0.16), (0.085, 0.22), (0.1, 0.28), (0.22, 0.42), (0.215, 0.56), (0.12, 0.8), (0.1, 0.89)],
        "cylinder": [(0.15, 0.16), (0.148, 0.3), (0.15, 0.6), (0.148, 0.86), (0.13, 0.89)],
        "sphere": [(0.09, 0.26), (0.085, 0.31), (0.17, 0.39), (0.25, 0.55), (0.25, 0.65), (0.18, 0.82), (0.1, 0.89)],
        "gourd": [
            (0.075, 0.14),
            (0.09, 0.22),
            (0.145, 0.3),
            (0.12, 0.42),
            (0.11, 0.46),
            (0.21, 0.62),
            (0.215, 0.72),
            (0.13, 0.88),
        ],
        "trumpet": [(0.2, 0.13), (0.13, 0.24), (0.08, 0.45), (0.1, 0.64), (0.15, 0.76), (0.12, 0.88)],
        "ridged": [(0.1, 0.16), (0.12, 0.24), (0.19, 0.38), (0.2, 0.6), (0.16, 0.8), (0.12, 0.89)],
        "facet": [(0.1, 0.15), (0.09, 0.25), (0.19, 0.5, True), (0.11, 0.89)],
    }
    outline = outlines[shape]
    handles = design["handles"]
    if handles != "none":
        mid = 0.3 if shape in ("amphora", "bottle", "gourd") else 0.4
        for sign in (-1, 1) if handles == "two" else ((1 if pose.turn > -0.3 else -1),):
            near = 0.07
            path = curve(
                [
                    (0.5 + sign * near, mid - 0.08),
                    (0.5 + sign * 0.2, mid - 0.06),
                    (0.5 + sign * 0.215, mid + 0.06),
                    (0.5 + sign * 0.15, mid + 0.17),
                ],
                False,
            )
            sheet.lay(sheet.strokes(path, width=0.034), design.ground, puff=0.02, rounding=0.015, gloss=0.2)
    body = turn_on_lathe(sheet, outline, 0.5, pose.turn * 1.2)
    slope_x, slope_y = body.slopes
    if shape == "ridged":
        slope_y = slope_y + 0.55 * np.sin(body.height * 150)
    if shape == "facet":
        edges = np.round(np.arcsin(body.across) * 2.6 + pose.turn) / 2.6 - pose.turn / 2.6
        slope_x = np.tan(np.clip(edges, -1.2, 1.2)) * -0.6
    finish = design["finish"]
    grain = {"speckled": "speckle", "matt": "leather", "gloss": None, "raw": "canvas"}[finish]
    sheet.lay(
        body.region,
        cloth(design.surface, repeat=0.2, grain=grain, grain_repeat=0.3),
        normals=(slope_x.astype(np.float32), slope_y.astype(np.float32)),
    )
    if design["band"] != "none":
        low, high = {"base": (0.7, 1.0), "neck": (0.0, 0.36), "belt": (0.5, 0.62)}[design["band"]]
        ring = Region(
            body.region.top,
            body.region.left,
            body.region.alpha * ((body.height > low) & (body.height < high)),
            body.region.x,
            body.region.y,
            size,
        )
        sheet.lay(ring, cloth(design.accent, grain=grain, grain_repeat=0.3), normals=body.slopes, drop=0)
    glaze(sheet, body, {"gloss": 0.7, "speckled": 0.35, "matt": 0.15, "raw": 0.05}[finish])
    first = outline[0]
    mouth(
        sheet,
        0.5,
        first[1],
        first[0],
        0.014,
        design.accent if design["band"] == "neck" else design.ground,
        design.ground,
    )
    if pose.turn > -0.5:
        write(
            sheet,
            design.brand.lower(),
            0.5 - 0.09 * pose.turn,
            0.845,
            0.018,
            _ink(design.accent if design["band"] == "base" else design.ground),
            0.6,
        )
    return sheet


def draw_bottle(design: Design, pose: Pose, size: int) -> Sheet:
    sheet = Sheet(size)
    shape, cap = design["shape"], design["cap"]
    shoulder = {"classic": 0.3, "slim": 0.26, "wide-mouth": 0.27, "tapered": 0.3}[shape]
    radius = {"classic": 0.125, "slim": 0.1, "wide-mouth": 0.15, "tapered": 0.135}[shape]
    neck = {"classic": 0.06, "slim": 0.06, "wide-mouth": 0.115, "tapered": 0.055}[shape]
    bottom = radius if shape != "tapered" else radius + 0.02
    outline: list[Point] = [
        (neck, 0.2),
        (neck, 0.235),
        (radius - 0.015, shoulder + 0.03),
        (radius, shoulder + 0.08),
        (radius, 0.6),
        (bottom, 0.86),
        (bottom - 0.012, 0.885),
    ]
    if shape == "tapered":
        outline[2:5] = [(0.085, shoulder + 0.02), (0.115, shoulder + 0.16), (radius, 0.6)]
    body = turn_on_lathe(sheet, outline, 0.5, pose.turn * 1.3, 0.16)
    finish = design["finish"]
    surface = cloth(
        design.surface, repeat=0.17, grain="leather" if finish == "powder-coated" else None, grain_repeat=0.12
    )
    sheet.lay(body.region, surface, normals=body.slopes)
    steel = (190, 194, 198)
    if design["base"] != "none":
        colour = steel if design["base"] == "steel" else design.accent
        ring = Region(
            body.region.top,
            body.region.left,
            body.region.alpha * (body.height > 0.815),
            body.region.x,
            body.region.y,
            size,
        )
        sheet.lay(ring, colour, normals=body.slopes, drop=0)
    glaze(sheet, body, 0.65 if finish == "gloss" else 0.3)
    collar = turn_on_lathe(sheet, [(neck + 0.004, 0.2), (neck + 0.004, 0.225)], 0.5, 0, 0.16)
    sheet.lay(collar.region, steel, normals=collar.slopes, gloss=0.3)
    lid = WOOD["oak"] if cap == "bamboo" else steel if cap == "steel" else design.accent
    tall = {"bamboo": 0.14, "steel": 0.15, "loop": 0.135, "sport": 0.15}[cap]
    if cap in ("loop",):
        sheet.lay(
            sheet.strokes(
                curve(
                    [
                        (0.5 - neck, 0.15),
                        (0.5 - neck * 0.9, 0.06),
                        (0.5, 0.035),
                        (0.5 + neck * 0.9, 0.06),
                        (0.5 + neck, 0.15),
                    ],
                    False,
                ),
                width=0.026,
            ),
            lid,
            puff=0.014,
            rounding=0.012,
            gloss=0.15,
        )
    top = turn_on_lathe(sheet, [(neck + 0.006, tall), (neck + 0.01, tall + 0.02), (neck + 0.01, 0.205)], 0.5, 0, 0.16)
    lines = 0.25 * np.sin(np.arcsin(top.across) * 26) if cap in ("steel", "loop") else 0.0
    sheet.lay(
        top.region,
        cloth(lid, grain="wood" if cap == "bamboo" else None, grain_repeat=0.12),
        normals=((top.slopes[0] + lines).astype(np.float32), top.slopes[1]),
    )
    glaze(sheet, top, 0.4)
    sheet.lay(
        sheet.region(ellipse(0.5, tall, neck + 0.005, (neck + 0.005) * 0.16)),
        lighter(lid, 0.2),
        puff=0.004,
        rounding=0.006,
        drop=0,
    )
    if cap == "sport":
        spout = turn_on_lathe(sheet, [(0.024, 0.075), (0.026, 0.11), (0.032, tall + 0.004)], 0.5, 0, 0.2)
        sheet.lay(spout.region, lighter(design.ground, 0.5), normals=spout.slopes)
    if design["grip"] == "band":
        band = turn_on_lathe(sheet, [(radius + 0.004, 0.44), (radius + 0.004, 0.53)], 0.5, 0, 0.16)
        sheet.lay(band.region, cloth(design.accent, grain="rib", grain_repeat=0.08), normals=band.slopes)
    x = 0.5 - 0.05 * pose.turn
    if design.pattern == "plain":
        _emblem(sheet, design, x, 0.64, 0.05, abs(pose.turn))
    if design.pattern == "plain" or design["grip"] != "band":
        label_y = 0.75 if design.pattern == "plain" else 0.48
        if design.pattern != "plain":
            label(sheet, design.brand, x, label_y, 0.11, design.ground, _ink(design.ground))
        else:
            write(sheet, design.brand.upper(), x, label_y, 0.022, _ink(design.ground), 0.9)
    return sheet


def draw_lamp(design: Design, pose: Pose, size: int) -> Sheet:
    sheet = Sheet(size)
    base, shade = design["base"], design["shade"]
    brass, wood = (200, 164, 92), WOOD.get(design["base material"], WOOD["walnut"])
    material = design["base material"]
    colour = {"brass": brass, "black metal": (52, 52, 54), "ceramic": design.accent, "marble": (226, 224, 220)}.get(
        material, wood
    )
    grain = "wood" if material in WOOD else "speckle" if material == "ceramic" else None
    shine = 0.6 if material in ("brass", "ceramic") else 0.25
    outlines: dict[str, list[Point]] = {
        "column": [(0.018, 0.4), (0.018, 0.84), (0.02, 0.865, True), (0.12, 0.87), (0.122, 0.9)],
        "gourd": [(0.022, 0.45), (0.03, 0.5), (0.09, 0.56), (0.065, 0.66), (0.14, 0.77), (0.13, 0.86), (0.09, 0.9)],
        "sphere": [(0.02, 0.46), (0.025, 0.55), (0.1, 0.61), (0.145, 0.72), (0.12, 0.83), (0.08, 0.9)],
        "cone": [(0.02, 0.42), (0.04, 0.55), (0.12, 0.87), (0.115, 0.9)],
        "candlestick": [
            (0.02, 0.42),
            (0.03, 0.5),
            (0.02, 0.56),
            (0.055, 0.62),
            (0.025, 0.68),
            (0.035, 0.78),
            (0.03, 0.83),
            (0.11, 0.88),
            (0.11, 0.9),
        ],
    }
    if base == "tripod":
        for x in (0.31, 0.69, 0.52):
            leg = curve([(0.5, 0.42), (x, 0.9)], False)
            sheet.lay(
                sheet.strokes(leg, width=0.03),
                cloth(colour, grain=grain, angle=90),
                puff=0.016,
                rounding=0.013,
                gloss=shine * 0.3,
            )
    else:
        body = turn_on_lathe(sheet, outlines[base], 0.5, pose.turn)
        sheet.lay(body.region, cloth(colour, grain=grain, grain_repeat=0.35), normals=body.slopes)
        glaze(sheet, body, shine)
    rod = turn_on_lathe(sheet, [(0.011, 0.3), (0.011, 0.48)], 0.5, 0)
    sheet.lay(rod.region, brass, normals=rod.slopes, gloss=0.2)
    cord = curve([(0.54, 0.895), (0.66, 0.915), (0.76, 0.9), (0.88, 0.925), (0.99, 0.905)], False)
    if pose.seed % 2 == 0:
        sheet.lay(sheet.strokes(cord, width=0.009), (70, 64, 60), puff=0.004, rounding=0.004)
    forms: dict[str, list[Point]] = {
        "drum": [(0.205, 0.12), (0.215, 0.42)],
        "empire": [(0.11, 0.1), (0.25, 0.44)],
        "coolie": [(0.07, 0.13), (0.3, 0.42)],
        "dome": [(0.04, 0.13), (0.15, 0.17), (0.23, 0.29), (0.245, 0.42)],
        "bell": [(0.1, 0.1), (0.12, 0.22), (0.18, 0.36), (0.26, 0.44)],
        "globe": [(0.06, 0.1), (0.15, 0.14), (0.195, 0.26), (0.15, 0.39), (0.06, 0.43)],
    }
    form = forms[shade]
    hood = turn_on_lathe(sheet, form, 0.5, pose.turn * 1.2, 0.13)
    slope_x = hood.slopes[0]
    if design["shade finish"] == "pleated":
        slope_x = slope_x + 0.5 * np.sin(hood.region.u * 230)
    texture = None if shade == "globe" else "canvas"
    sheet.lay(
        hood.region,
        cloth(design.surface, repeat=0.16, grain=texture),
        normals=(slope_x.astype(np.float32), hood.slopes[1]),
        drop=0.014,
        contrast=0.75,
    )
    # The lamp is lit: warm light through the shade, strongest at the bulb.
    glow = np.exp(-((hood.across / 0.62) ** 2)) * np.exp(-(((hood.height - 0.31) / 0.16) ** 2))
    warm = Region(
        hood.region.top,
        hood.region.left,
        hood.region.alpha * (0.5 * glow).astype(np.float32),
        hood.region.x,
        hood.region.y,
        size,
    )
    sheet.mark(warm, mix(lighter(design.ground, 0.5), (255, 236, 190), 0.6))
    first, last = form[0], form[-1]
    if shade != "globe":
        sheet.lay(sheet.region(ellipse(0.5, first[1], first[0], first[0] * 0.13)), (255, 240, 206), puff=0, drop=0)
        for ring in (first, last):
            edge = ellipse(0.5, ring[1], ring[0], ring[0] * 0.13, 0, 180)
            sheet.lay(
                sheet.strokes(edge, width=0.01),
                design.accent if design["shade finish"] == "trimmed" else darker(design.ground, 0.12),
                puff=0.004,
                rounding=0.005,
                drop=0,
            )
    if design["shade finish"] == "fringed":
        t = np.linspace(8, 172, 60)
        threads = [
            points(
                [
                    [0.5 + last[0] * np.cos(np.radians(a)), last[1] + 0.13 * last[0] * np.sin(np.radians(a))],
                    [0.5 + last[0] * np.cos(np.radians(a)), last[1] + 0.05 + 0.13 * last[0] * np.sin(np.radians(a))],
                ]
            )
            for a in t
        ]
        sheet.lay(sheet.strokes(*threads, width=0.006), design.accent, puff=0.002, rounding=0.004)
    label(
        sheet, design.brand, 0.5 + 0.3 * last[0] - 0.04 * pose.turn, last[1] - 0.03, 0.05, design.accent, design.ground
    )
    return sheet


def _emblem(sheet: Sheet, design: Design, x: float, y: float, size: float, turned: float) -> None:
    """The small picture on a plain piece: one of six, chosen by its maker's mark."""
    ink, other = design.figure, design.accent
    narrow = size * (1 - 0.25 * turned)
    motif = design["emblem"]
    if motif == "sun":
        sheet.mark(sheet.region(ellipse(x, y, narrow * 0.55, size * 0.55)), ink)
        rays = [
            points(
                [
                    [x + narrow * 0.72 * np.cos(a), y + size * 0.72 * np.sin(a)],
                    [x + narrow * np.cos(a), y + size * np.sin(a)],
                ]
            )
            for a in np.linspace(0, 2 * np.pi, 12, endpoint=False)
        ]
        sheet.mark(sheet.strokes(*rays, width=size * 0.12), other)
    elif motif == "rings":
        for k, colour in ((1.0, ink), (0.74, design.ground), (0.5, other), (0.26, design.ground)):
            sheet.mark(sheet.region(ellipse(x, y, narrow * k, size * k)), colour)
    elif motif == "heart":
        heart = curve(
            [
                (x, y - size * 0.4, True),
                (x + narrow * 0.5, y - size * 0.8),
                (x + narrow, y - size * 0.3),
                (x, y + size * 0.9, True),
                (x - narrow, y - size * 0.3),
                (x - narrow * 0.5, y - size * 0.8),
            ]
        )
        sheet.mark(sheet.region(heart), ink)
    elif motif == "leaf":
        for angle in (-50, 0, 50):
            a = np.radians(angle)
            tip = (x + narrow * 1.1 * np.sin(a), y + size * 0.5 - size * 1.3 * np.cos(a))
            mid = ((x + tip[0]) / 2, (y + size * 0.5 + tip[1]) / 2)
            across = (np.cos(a) * narrow * 0.25, np.sin(a) * size * 0.25)
            petal = curve(
                [
                    (x, y + size * 0.5, True),
                    (mid[0] + across[0], mid[1] + across[1]),
                    (*tip, True),
                    (mid[0] - across[0], mid[1] - across[1]),
                ]
            )
            sheet.mark(sheet.region(petal), ink if angle else other)
    elif motif == "fish":
        body = curve(
            [
                (x - narrow, y, True),
                (x - narrow * 0.2, y - size * 0.5),
                (x + narrow * 0.6, y),
                (x - narrow * 0.2, y + size * 0.5),
            ]
        )
        tail = points([[x + narrow * 0.4, y], [x + narrow, y - size * 0.45], [x + narrow, y + size * 0.45]])
        sheet.mark(sheet.region(tail), other)
        sheet.mark(sheet.region(body), ink)
        sheet.mark(sheet.region(ellipse(x - narrow * 0.55, y - size * 0.08, size * 0.09, size * 0.09)), design.ground)
    else:
        for k in range(3):
            band = box(
                x - narrow,
                y - size * 0.7 + k * size * 0.55,
                x + narrow,
                y - size * 0.7 + k * size * 0.55 + size * 0.3,
                0.004,
            )
            sheet.mark(sheet.region(band), ink if k != 1 else other)


def _ink(ground: Colour) -> Colour:
    return (246, 242, 232) if is_dark(ground) else darker(ground, 0.65)
