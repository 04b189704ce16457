"""What one carries or wears besides clothes: handbags, backpacks, hats and watches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catalog.sample_shop.design import Design, Pose, label, seam, stitches, write
from catalog.sample_shop.materials import cloth
from catalog.sample_shop.surfaces import (
    Array,
    Colour,
    Point,
    Sheet,
    box,
    crease,
    curve,
    darker,
    ellipse,
    flipped,
    is_dark,
    lighter,
    mirrored,
    mix,
    points,
    ripple,
)

METALS: dict[str, Colour] = {
    "gold": (212, 178, 104),
    "silver": (196, 199, 204),
    "rose gold": (218, 164, 142),
    "black": (50, 50, 54),
}


def draw_handbag(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    style = design["style"]
    metal = METALS[design["hardware"]]
    grain = {"leather": "leather", "canvas": "canvas", "suede": "boucle", "raffia": "knit"}[design["material"]]
    gloss = 0.16 if design["material"] == "leather" else 0.0
    paint = cloth(design.surface, repeat=0.2, grain=grain, grain_repeat=0.13)
    trim = cloth(design.accent, grain="leather", grain_repeat=0.13)
    sway = 0.03 * pose.turn
    outlines: dict[str, list[Point]] = {
        "tote": [(0.5, 0.42), (0.2, 0.41, True), (0.215, 0.7), (0.24, 0.9, True), (0.5, 0.91)],
        "bucket": [(0.5, 0.37), (0.27, 0.36, True), (0.24, 0.6), (0.25, 0.82), (0.29, 0.9), (0.5, 0.92)],
        "satchel": [(0.5, 0.45), (0.2, 0.45), (0.165, 0.48), (0.16, 0.85), (0.19, 0.9), (0.5, 0.905)],
        "crossbody": [(0.5, 0.5), (0.25, 0.5), (0.22, 0.54), (0.215, 0.8), (0.27, 0.88), (0.5, 0.89)],
        "hobo": [(0.5, 0.6), (0.36, 0.55), (0.2, 0.42), (0.13, 0.5), (0.14, 0.72), (0.28, 0.87), (0.5, 0.9)],
        "top-handle": [(0.5, 0.44), (0.31, 0.44, True), (0.24, 0.65), (0.18, 0.88, True), (0.5, 0.9)],
        "basket": [(0.5, 0.44), (0.17, 0.43, True), (0.2, 0.68), (0.27, 0.88), (0.5, 0.91)],
    }
    handles: dict[str, list[list[Point]]] = {
        "tote": [[(0.35, 0.5), (0.36 + sway, 0.22), (0.5 + sway, 0.1), (0.64 + sway, 0.22), (0.65, 0.5)]],
        "bucket": [[(0.28, 0.4), (0.3 + sway, 0.2), (0.5 + sway, 0.08), (0.7 + sway, 0.2), (0.72, 0.4)]],
        "satchel": [[(0.38, 0.46), (0.4, 0.35), (0.5, 0.31), (0.6, 0.35), (0.62, 0.46)]],
        "crossbody": [
            [
                (0.235, 0.53),
                (0.26 + sway, 0.25),
                (0.45 + sway, 0.06),
                (0.62 + sway, 0.1),
                (0.72 + sway, 0.28),
                (0.765, 0.53),
            ]
        ],
        "hobo": [[(0.2, 0.44), (0.28 + sway, 0.2), (0.5 + sway, 0.1), (0.72 + sway, 0.2), (0.8, 0.44)]],
        "top-handle": [[(0.37, 0.46), (0.38, 0.27), (0.5, 0.2), (0.62, 0.27), (0.63, 0.46)]],
        "basket": [[(0.3, 0.46), (0.34, 0.22), (0.5, 0.13), (0.66, 0.22), (0.7, 0.46)]],
    }
    width = {"crossbody": 0.018, "hobo": 0.04}.get(style, 0.03)
    chain = design["strap"] == "chain"
    for path in handles[style]:
        behind = curve([(p[0] + 0.02, p[1] - 0.015) for p in path], False)
        for line, tone in ((behind, 0.3), (curve(path, False), 0.0)):
            if line is behind and style in ("crossbody", "hobo", "satchel", "bucket"):
                continue
            _strap(sheet, line, width, metal if chain else darker(design.accent, tone), chain)
    if style in ("tote", "basket", "bucket"):
        inside = sheet.region(
            ellipse(0.5, 0.415 if style != "bucket" else 0.365, 0.3 if style != "bucket" else 0.23, 0.03)
        )
        sheet.lay(inside, darker(design.figure, 0.4), puff=0, drop=0)
    body = sheet.region(curve(mirrored(outlines[style])))
    relief = ripple(body, rng, 30, 1.8, 0.004)
    if style in ("tote", "bucket", "hobo"):
        for _ in range(5):
            x = rng.uniform(0.28, 0.72)
            relief = relief + crease(body, (x, 0.44), (x + rng.uniform(-0.1, 0.1), 0.72), 0.03, 0.007)
    if style == "basket":
        relief = relief + (0.004 * np.sin(body.y * 160) * np.sin(body.x * 80)).astype(np.float32)
    body.u, body.v = body.x + relief * 0.6, body.y + relief * 0.4
    sheet.lay(
        body, paint, relief=relief.astype(np.float32), puff=0.06, rounding=0.09, gloss=gloss, shine=12, drop=0.012
    )
    thread = lighter(design.accent, 0.4) if is_dark(design.accent) else darker(design.accent, 0.35)
    if style in ("satchel", "crossbody"):
        low = 0.72 if style == "satchel" else 0.7
        edge = 0.155 if style == "satchel" else 0.21
        flap: list[Point] = [
            (0.5, 0.44 if style == "satchel" else 0.488),
            (edge + 0.04, 0.44 if style == "satchel" else 0.49),
            (edge, 0.5 if style == "satchel" else 0.53),
            (edge + 0.006, low - 0.06),
            (0.3, low - 0.012),
            (0.5, low + 0.02),
        ]
        front = sheet.region(curve(mirrored(flap)))
        sheet.lay(
            front,
            paint if design["trim"] == "same" else trim,
            puff=0.03,
            rounding=0.05,
            gloss=gloss,
            shine=12,
            drop=0.016,
        )
        stitches(
            sheet,
            curve(
                [
                    (edge + 0.02, 0.53),
                    (edge + 0.025, low - 0.07),
                    (0.3, low - 0.032),
                    (0.5, low),
                    (0.7, low - 0.032),
                    (0.975 - edge, low - 0.07),
                    (0.98 - edge, 0.53),
                ],
                False,
            ),
            thread,
        )
        if style == "satchel":
            for x in (0.32, 0.68):
                sheet.lay(
                    sheet.region(box(x - 0.022, 0.45, x + 0.022, 0.79, 0.01)),
                    trim,
                    puff=0.008,
                    rounding=0.012,
                    drop=0.008,
                )
                _buckle(sheet, x, 0.71, 0.033, metal)
        else:
            _clasp(sheet, design["clasp"], 0.5, low - 0.005, metal)
    elif style == "bucket":
        for x in np.linspace(0.3, 0.7, 7).tolist():
            sheet.lay(
                sheet.region(ellipse(x, 0.425, 0.012, 0.012), holes=[ellipse(x, 0.425, 0.005, 0.005)]),
                metal,
                puff=0.004,
                rounding=0.004,
                gloss=0.3,
            )
        sheet.lay(
            sheet.strokes(curve([(0.27, 0.425), (0.5, 0.437), (0.73, 0.425)], False), width=0.012),
            trim,
            puff=0.005,
            rounding=0.006,
        )
        for end in ((0.45, 0.62), (0.56, 0.6)):
            sheet.lay(
                sheet.strokes(curve([(0.5, 0.435), (0.5 + (end[0] - 0.5) * 0.4, 0.52), end], False), width=0.012),
                trim,
                puff=0.005,
                rounding=0.006,
            )
            sheet.lay(
                sheet.region(box(end[0] - 0.013, end[1], end[0] + 0.013, end[1] + 0.06, 0.004)),
                trim,
                puff=0.006,
                rounding=0.01,
            )
    elif style == "top-handle":
        sheet.lay(
            sheet.region(curve(mirrored([(0.5, 0.435), (0.31, 0.435, True), (0.285, 0.52), (0.4, 0.6), (0.5, 0.66)]))),
            trim if design["trim"] == "contrast" else paint,
            puff=0.03,
            rounding=0.04,
            gloss=gloss,
            drop=0.014,
        )
        _clasp(sheet, design["clasp"], 0.5, 0.635, metal)
    elif style == "hobo":
        zipper = curve([(0.22, 0.46), (0.36, 0.575), (0.5, 0.62), (0.64, 0.575), (0.78, 0.46)], False)
        sheet.lay(sheet.strokes(zipper, width=0.012), metal, puff=0.004, rounding=0.005, gloss=0.3)
        stitches(sheet, zipper + points([0, 0.025]), thread)
        _tassel(sheet, 0.76, 0.5, design.accent)
    else:
        if design["trim"] == "contrast":
            base = sheet.region(box(0.1, 0.76, 0.9, 0.95, 0.01)).limited_to(body)
            sheet.lay(base, trim, puff=0.01, rounding=0.02, gloss=gloss, drop=0.005)
        for x in (0.35, 0.65):
            if style == "tote":
                sheet.lay(
                    sheet.region(box(x - 0.026, 0.46, x + 0.026, 0.55, 0.006)),
                    trim,
                    puff=0.006,
                    rounding=0.01,
                    drop=0.006,
                )
                sheet.lay(sheet.region(ellipse(x, 0.525, 0.008, 0.008)), metal, puff=0.004, rounding=0.004, gloss=0.4)
        sheet.lay(
            sheet.strokes(curve([(0.205, 0.42), (0.5, 0.432), (0.795, 0.42)], False), width=0.018),
            trim,
            puff=0.006,
            rounding=0.008,
        )
    y = {
        "tote": 0.64,
        "basket": 0.6,
        "bucket": 0.76,
        "satchel": 0.83,
        "crossbody": 0.79,
        "hobo": 0.74,
        "top-handle": 0.78,
    }[style]
    if design["logo"] == "stamped":
        write(
            sheet, design.brand.upper(), 0.5, y, 0.026, metal if design["hardware"] != "black" else design.accent, 0.95
        )
    else:
        label(
            sheet,
            design.brand,
            0.5,
            y,
            0.12,
            design.accent,
            lighter(design.ground, 0.6) if is_dark(design.accent) else darker(design.ground, 0.5),
        )
    return sheet


def _strap(sheet: Sheet, path: Array, width: float, colour: Colour, chain: bool) -> None:
    if not chain:
        sheet.lay(
            sheet.strokes(path, width=width),
            cloth(colour, grain="leather"),
            puff=width * 0.45,
            rounding=width * 0.45,
            gloss=0.12,
        )
        return
    steps = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    for k, at in enumerate(np.arange(0, float(steps[-1]), 0.024)):
        x, y = float(np.interp(at, steps, path[:, 0])), float(np.interp(at, steps, path[:, 1]))
        rx, ry = (0.014, 0.008) if k % 2 else (0.008, 0.014)
        sheet.lay(
            sheet.region(ellipse(x, y, rx, ry), holes=[ellipse(x, y, rx * 0.45, ry * 0.45)]),
            colour,
            puff=0.005,
            rounding=0.005,
            gloss=0.4,
            drop=0.004,
        )


def _buckle(sheet: Sheet, x: float, y: float, half: float, metal: Colour) -> None:
    ring = sheet.region(
        box(x - half, y - half * 0.8, x + half, y + half * 0.8, 0.006),
        holes=[box(x - half * 0.62, y - half * 0.45, x + half * 0.62, y + half * 0.45, 0.003)],
    )
    sheet.lay(ring, metal, puff=0.008, rounding=0.006, gloss=0.45, drop=0.006)
    sheet.lay(
        sheet.strokes(points([[x, y - half * 0.6], [x, y + half * 0.6]]), width=half * 0.18),
        metal,
        puff=0.004,
        rounding=0.004,
        gloss=0.4,
    )


def _clasp(sheet: Sheet, kind: str, x: float, y: float, metal: Colour) -> None:
    if kind == "ring":
        sheet.lay(
            sheet.region(ellipse(x, y, 0.038, 0.038), holes=[ellipse(x, y, 0.022, 0.022)]),
            metal,
            puff=0.01,
            rounding=0.008,
            gloss=0.5,
        )
    elif kind == "bar":
        sheet.lay(
            sheet.region(box(x - 0.06, y - 0.012, x + 0.06, y + 0.012, 0.01)),
            metal,
            puff=0.01,
            rounding=0.01,
            gloss=0.5,
        )
    elif kind == "twist":
        sheet.lay(sheet.region(ellipse(x, y, 0.042, 0.024)), metal, puff=0.008, rounding=0.012, gloss=0.4)
        sheet.lay(
            sheet.region(box(x - 0.007, y - 0.024, x + 0.007, y + 0.024, 0.006)),
            lighter(metal, 0.2),
            puff=0.008,
            rounding=0.007,
            gloss=0.5,
        )
    else:
        for dx in (-0.014, 0.014):
            sheet.lay(
                sheet.region(ellipse(x + dx, y - 0.006, 0.015, 0.015)), metal, puff=0.012, rounding=0.012, gloss=0.6
            )


def _tassel(sheet: Sheet, x: float, y: float, colour: Colour) -> None:
    body = sheet.region(
        curve([(x - 0.012, y, True), (x + 0.012, y, True), (x + 0.022, y + 0.13, True), (x - 0.022, y + 0.13, True)])
    )
    sheet.lay(body, colour, puff=0.01, rounding=0.012, relief=(0.002 * np.sin(body.x * 900)).astype(np.float32))
    sheet.lay(sheet.region(ellipse(x, y, 0.016, 0.016)), darker(colour, 0.1), puff=0.01, rounding=0.01)


def draw_backpack(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    style = design["style"]
    metal = METALS[design["hardware"]]
    grain = {"nylon": "twill", "canvas": "canvas", "leather": "leather", "corduroy": "corduroy"}[design["material"]]
    gloss = 0.14 if design["material"] == "leather" else 0.03
    paint = cloth(design.surface, repeat=0.2, grain=grain, grain_repeat=0.13)
    trim = cloth(design.accent, grain="leather", grain_repeat=0.12)
    thread = lighter(design.ground, 0.4) if is_dark(design.ground) else darker(design.ground, 0.35)
    for side in (-1, 1):
        strap = curve(
            [
                (0.5 + side * 0.1, 0.17),
                (0.5 + side * 0.33, 0.3),
                (0.5 + side * (0.37 + 0.02 * pose.turn), 0.55),
                (0.5 + side * 0.25, 0.86),
            ],
            False,
        )
        sheet.lay(
            sheet.strokes(strap, width=0.05),
            cloth(darker(design.accent, 0.15), grain="canvas"),
            puff=0.02,
            rounding=0.022,
        )
    grip = curve([(0.43, 0.16), (0.44, 0.07), (0.5, 0.05), (0.56, 0.07), (0.57, 0.16)], False)
    sheet.lay(sheet.strokes(grip, width=0.028), trim, puff=0.012, rounding=0.012)
    outlines: dict[str, list[Point]] = {
        "classic": [(0.5, 0.115), (0.36, 0.13), (0.255, 0.25), (0.23, 0.55), (0.235, 0.86), (0.28, 0.925), (0.5, 0.93)],
        "square": [(0.5, 0.13), (0.29, 0.13), (0.245, 0.17), (0.24, 0.6), (0.24, 0.89), (0.275, 0.925), (0.5, 0.93)],
        "rolltop": [
            (0.5, 0.13),
            (0.27, 0.13, True),
            (0.265, 0.3),
            (0.24, 0.6),
            (0.24, 0.89),
            (0.28, 0.93),
            (0.5, 0.93),
        ],
        "drawstring": [
            (0.5, 0.22),
            (0.38, 0.19, True),
            (0.3, 0.25),
            (0.235, 0.45),
            (0.22, 0.8),
            (0.27, 0.92),
            (0.5, 0.93),
        ],
        "flap": [(0.5, 0.16), (0.33, 0.16), (0.25, 0.25), (0.225, 0.55), (0.23, 0.87), (0.28, 0.925), (0.5, 0.93)],
    }
    body = sheet.region(curve(mirrored(outlines[style])))
    relief = ripple(body, rng, 40, 1.6, 0.004)
    for _ in range(5):
        x, y = rng.uniform(0.3, 0.7), rng.uniform(0.2, 0.5)
        relief = relief + crease(body, (x, y), (x + rng.uniform(-0.15, 0.15), y + 0.14), 0.025, 0.006)
    body.u, body.v = body.x + relief * 0.6, body.y
    sheet.lay(body, paint, relief=relief, puff=0.075, rounding=0.11, gloss=gloss, shine=12, drop=0.014)
    if style in ("classic", "square"):
        arc = (
            curve(
                [(0.265, 0.46), (0.28, 0.29), (0.36, 0.185), (0.5, 0.165), (0.64, 0.185), (0.72, 0.29), (0.735, 0.46)],
                False,
            )
            if style == "classic"
            else curve([(0.262, 0.46), (0.262, 0.2), (0.3, 0.165), (0.7, 0.165), (0.738, 0.2), (0.738, 0.46)], False)
        )
        sheet.lay(sheet.strokes(arc, width=0.015), darker(design.accent, 0.2), puff=0.005, rounding=0.007)
        stitches(sheet, arc + points([0, 0.014]), thread)
        for end in (arc[8], arc[-9]):
            sheet.lay(
                sheet.strokes(np.stack([end, end + points([0.004, 0.055])]), width=0.013),
                trim,
                puff=0.006,
                rounding=0.006,
            )
    elif style == "rolltop":
        for k, y in enumerate((0.11, 0.155)):
            roll = sheet.region(box(0.26 - 0.006 * k, y, 0.74 + 0.006 * k, y + 0.06, 0.025))
            sheet.lay(roll, paint, puff=0.03, rounding=0.025, gloss=gloss, drop=0.01)
        sheet.lay(sheet.region(box(0.482, 0.12, 0.518, 0.52, 0.008)), trim, puff=0.008, rounding=0.012, drop=0.01)
        _buckle(sheet, 0.5, 0.43, 0.032, metal)
    elif style == "drawstring":
        for k in range(12):
            x = 0.37 + 0.0236 * k
            sheet.mark(
                sheet.strokes(curve([(x, 0.2), (0.5 + (x - 0.5) * 1.25, 0.3)], False), width=0.006),
                darker(design.ground, 0.45),
                0.35,
            )
        sheet.lay(
            sheet.strokes(curve([(0.355, 0.235), (0.5, 0.262), (0.645, 0.235)], False), width=0.014),
            trim,
            puff=0.006,
            rounding=0.007,
        )
    if style in ("flap", "drawstring"):
        low = 0.46 if style == "flap" else 0.43
        flap = sheet.region(
            curve(
                mirrored(
                    [(0.5, 0.145), (0.34, 0.15), (0.245, 0.24), (0.235, low - 0.04), (0.3, low), (0.5, low + 0.03)]
                )
            )
        )
        sheet.lay(
            flap,
            trim if design["trim"] == "contrast" else paint,
            puff=0.05,
            rounding=0.06,
            gloss=gloss,
            shine=12,
            drop=0.016,
        )
        for x in (0.38, 0.62) if style == "flap" else (0.5,):
            sheet.lay(
                sheet.region(box(x - 0.018, low - 0.05, x + 0.018, low + 0.13, 0.008)),
                trim if design["trim"] == "same" else cloth(darker(design.accent, 0.4), grain="leather"),
                puff=0.008,
                rounding=0.01,
                drop=0.008,
            )
            _buckle(sheet, x, low + 0.07, 0.028, metal)
    pockets: dict[str, Sequence[Point]] = {
        "round": [(0.5, 0.57), (0.36, 0.575), (0.29, 0.63), (0.285, 0.84), (0.32, 0.885), (0.5, 0.89)],
        "square": [(0.5, 0.58), (0.29, 0.58, True), (0.285, 0.87, True), (0.5, 0.885)],
        "two": [(0.5, 0.62), (0.3, 0.615, True), (0.295, 0.87), (0.5, 0.885)],
    }
    pocket = pockets[design["pocket"]]
    front = sheet.region(curve(mirrored(pocket)))
    sheet.lay(
        front,
        trim
        if design["trim"] == "contrast" and style in ("classic", "square", "rolltop")
        else cloth(design.surface, repeat=0.2, grain=grain, shift=(0.02, 0.03)),
        puff=0.04,
        rounding=0.05,
        gloss=gloss,
        drop=0.014,
    )
    if design["pocket"] == "two":
        seam(sheet, points([[0.5, 0.62], [0.5, 0.885]]), design.ground, 0.008)
    else:
        zipper = curve([(0.305, 0.66), (0.36, 0.62), (0.5, 0.612), (0.64, 0.62), (0.695, 0.66)], False)
        sheet.lay(sheet.strokes(zipper, width=0.012), metal, puff=0.004, rounding=0.005, gloss=0.2)
        sheet.lay(sheet.strokes(points([[0.68, 0.65], [0.69, 0.71]]), width=0.013), trim, puff=0.006, rounding=0.006)
    label(
        sheet,
        design.brand,
        0.5,
        0.76,
        0.13,
        lighter(design.figure, 0.1),
        darker(design.ground, 0.5) if not is_dark(design.figure) else (244, 240, 232),
    )
    return sheet


def draw_hat(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    style = design["style"]
    grain = {
        "wool": "boucle",
        "cotton": "twill",
        "straw": "canvas",
        "knit": "rib",
        "felt": "jersey",
        "corduroy": "corduroy",
    }[design["material"]]
    paint = cloth(design.surface, repeat=0.19, grain=grain, grain_repeat=0.13)
    trim = cloth(design.accent, grain="rib", grain_repeat=0.09)
    side = 1 if pose.turn >= 0 else -1

    def facing(outline: Array) -> Array:
        return outline if side > 0 else flipped(outline)

    if style == "cap":
        crown = sheet.region(
            facing(
                curve(
                    [
                        (0.28, 0.6, True),
                        (0.265, 0.45),
                        (0.34, 0.3),
                        (0.5, 0.25),
                        (0.66, 0.29),
                        (0.75, 0.42),
                        (0.77, 0.6, True),
                        (0.5, 0.63),
                    ]
                )
            )
        )
        sheet.lay(crown, paint, puff=0.13, rounding=0.16, relief=ripple(crown, rng, 20, 1.5, 0.003))
        thread = lighter(design.ground, 0.4) if is_dark(design.ground) else darker(design.ground, 0.3)
        for path in (
            [(0.5, 0.25), (0.47, 0.4), (0.46, 0.61)],
            [(0.5, 0.25), (0.65, 0.38), (0.68, 0.61)],
            [(0.5, 0.25), (0.36, 0.36), (0.31, 0.6)],
        ):
            line = facing(curve([(a, b) for a, b in path], False))
            seam(sheet, line, design.ground)
            stitches(sheet, line + points([0.009, 0]), thread)
        sheet.lay(sheet.region(ellipse(0.5, 0.25, 0.026, 0.016)), design.accent, puff=0.012, rounding=0.012)
        peak = sheet.region(
            facing(
                curve(
                    [
                        (0.27, 0.575, True),
                        (0.45, 0.615),
                        (0.57, 0.63, True),
                        (0.5, 0.69),
                        (0.3, 0.72),
                        (0.14, 0.7),
                        (0.11, 0.66),
                        (0.18, 0.6),
                    ]
                )
            )
        )
        sheet.lay(peak, trim if design["trim"] == "contrast" else paint, puff=0.05, rounding=0.06, drop=0.01)
        for k in range(3):
            stitches(
                sheet,
                facing(
                    curve(
                        [(0.15 + 0.03 * k, 0.665 - 0.012 * k), (0.3, 0.7 - 0.02 * k), (0.48, 0.68 - 0.018 * k)], False
                    )
                ),
                thread,
            )
        x = 0.4 if side > 0 else 0.6
        _hat_badge(sheet, design, x, 0.46)
    elif style == "beanie":
        dome = sheet.region(curve(mirrored([(0.5, 0.2), (0.36, 0.24), (0.27, 0.4), (0.26, 0.62, True), (0.5, 0.65)])))
        dome.u = (dome.x - 0.5) / np.sqrt(np.clip((dome.y - 0.1) * 1.8, 0.15, 1)) + 0.5
        sheet.lay(dome, paint, puff=0.12, rounding=0.15, relief=ripple(dome, rng, 30, 2, 0.005))
        if design["top"] == "trimmed":
            for _ in range(26):
                a, r = rng.uniform(0, 6.28), rng.uniform(0, 0.05)
                px, py = 0.5 + r * np.cos(a), 0.16 + r * np.sin(a)
                sheet.lay(
                    sheet.region(ellipse(float(px), float(py), 0.03, 0.03)),
                    mix(design.accent, (255, 255, 255), float(rng.uniform(0, 0.25))),
                    puff=0.012,
                    rounding=0.02,
                    drop=0.005,
                )
        cuff = sheet.region(
            curve(mirrored([(0.5, 0.565), (0.25, 0.545, True), (0.24, 0.62), (0.255, 0.7, True), (0.5, 0.725)]))
        )
        cuff.u = np.arcsin(np.clip((cuff.x - 0.5) / 0.262, -0.97, 0.97)) * 0.22
        sheet.lay(
            cuff,
            cloth(design.accent if design["trim"] == "contrast" else design.ground, grain="rib", grain_repeat=0.12),
            puff=0.06,
            rounding=0.07,
            drop=0.014,
        )
        label(sheet, design.brand, 0.6, 0.645, 0.1, design.figure, design.ground)
    elif style == "beret":
        disc = sheet.region(
            facing(
                curve(
                    [
                        (0.16, 0.5),
                        (0.28, 0.35),
                        (0.5, 0.29),
                        (0.74, 0.35),
                        (0.84, 0.52),
                        (0.74, 0.62),
                        (0.5, 0.63),
                        (0.26, 0.6),
                    ]
                )
            )
        )
        sheet.lay(disc, paint, puff=0.1, rounding=0.11, relief=ripple(disc, rng, 20, 2, 0.006))
        band = sheet.region(
            facing(
                curve(
                    [
                        (0.3, 0.59, True),
                        (0.5, 0.615),
                        (0.72, 0.6, True),
                        (0.7, 0.66, True),
                        (0.5, 0.68),
                        (0.32, 0.65, True),
                    ]
                )
            )
        )
        sheet.lay(band, trim, puff=0.02, rounding=0.025)
        sheet.lay(
            sheet.strokes(facing(curve([(0.5, 0.3), (0.505, 0.265), (0.515, 0.245)], False)), width=0.016),
            design.ground,
            puff=0.008,
            rounding=0.008,
        )
        _hat_badge(sheet, design, 0.36 if side > 0 else 0.64, 0.51)
    else:
        wide, crown_top, half = {
            "bucket": (0.3, 0.3, 0.19),
            "fedora": (0.4, 0.27, 0.18),
            "sun": (0.45, 0.31, 0.18),
            "boater": (0.38, 0.36, 0.19),
        }[style]
        low = 0.6 if style != "boater" else 0.58
        dip = 0.075 if style != "bucket" else 0.11
        if style == "bucket":
            brim_outline = curve(
                mirrored(
                    [
                        (0.5, low - 0.03),
                        (0.5 - half, low - 0.05, True),
                        (0.5 - wide + 0.02, low + 0.07),
                        (0.5 - wide, low + 0.1, True),
                        (0.4, low + 0.15),
                        (0.5, low + 0.155),
                    ]
                )
            )
        else:
            brim_outline = ellipse(0.5, low + 0.02, wide, dip)
        brim = sheet.region(brim_outline)
        wave = ripple(brim, rng, 10, 1.6, 0.008 if style == "sun" else 0.003)
        if design["material"] == "straw":
            rings = np.sqrt(((brim.x - 0.5) / wide) ** 2 + ((brim.y - low - 0.02) / dip) ** 2)
            wave = wave + (0.0016 * np.sin(rings * 70)).astype(np.float32)
        sheet.lay(brim, paint, puff=0.03, rounding=0.04, relief=wave)
        tops: dict[str, Sequence[Point]] = {
            "bucket": [
                (0.5, crown_top),
                (0.5 - half + 0.05, crown_top + 0.01),
                (0.5 - half + 0.02, 0.4),
                (0.5 - half, low - 0.02, True),
                (0.5, low + 0.025),
            ],
            "fedora": [
                (0.5, crown_top + 0.035),
                (0.43, crown_top),
                (0.36, crown_top + 0.03),
                (0.5 - half, low, True),
                (0.5, low + 0.05),
            ],
            "sun": [(0.5, crown_top), (0.36, crown_top + 0.05), (0.5 - half, low, True), (0.5, low + 0.045)],
            "boater": [
                (0.5, crown_top),
                (0.5 - half + 0.012, crown_top + 0.005, True),
                (0.5 - half, low, True),
                (0.5, low + 0.045),
            ],
        }
        top = tops[style]
        crown = sheet.region(curve(mirrored(top)))
        relief = ripple(crown, rng, 25, 1.5, 0.004)
        if style == "fedora":
            relief = (
                relief
                + crease(crown, (0.44, crown_top), (0.42, 0.48), 0.03, -0.02)
                + crease(crown, (0.56, crown_top), (0.58, 0.48), 0.03, -0.02)
            )
        if design["material"] == "straw":
            relief = relief + (0.0016 * np.sin(crown.y * 220 - 12 * (crown.x - 0.5) ** 2)).astype(np.float32)
        sheet.lay(crown, paint, puff=0.1, rounding=0.13, relief=relief, drop=0.016)
        if style != "bucket":
            band = sheet.region(
                curve(
                    mirrored(
                        [
                            (0.5, low - 0.035),
                            (0.5 - half + 0.004, low - 0.085, True),
                            (0.5 - half - 0.003, low - 0.005, True),
                            (0.5, low + 0.048),
                        ]
                    )
                )
            )
            sheet.lay(band, trim, puff=0.02, rounding=0.03, drop=0.004)
            if design["top"] == "trimmed":
                x = 0.5 - half * side * 0.75
                for dx in (-0.05, 0.05):
                    sheet.lay(
                        sheet.region(
                            curve(
                                [
                                    (x, low - 0.02, True),
                                    (x + dx, low - 0.055),
                                    (x + dx * 1.2, low - 0.01),
                                    (x + dx, low + 0.03),
                                ]
                            )
                        ),
                        trim,
                        puff=0.02,
                        rounding=0.02,
                    )
                sheet.lay(sheet.region(ellipse(x, low - 0.015, 0.014, 0.02)), trim, puff=0.012, rounding=0.012)
            label(sheet, design.brand, 0.5 + 0.09 * side, low - 0.008, 0.075, design.ground, design.accent)
        else:
            for k in range(4):
                y = low + 0.02 + 0.03 * k
                stitches(
                    sheet,
                    curve(
                        [
                            (0.5 - half - 0.03 - 0.02 * k, y - 0.03),
                            (0.5, y + 0.03),
                            (0.5 + half + 0.03 + 0.02 * k, y - 0.03),
                        ],
                        False,
                    ),
                    darker(design.ground, 0.35),
                )
            _hat_badge(sheet, design, 0.5, 0.47)
    return sheet


def _hat_badge(sheet: Sheet, design: Design, x: float, y: float) -> None:
    if design["badge"] == "round":
        sheet.lay(sheet.region(ellipse(x, y, 0.06, 0.06)), design.accent, puff=0.006, rounding=0.008)
        write(sheet, design.brand[:1], x, y, 0.06, design.ground)
    elif design["badge"] == "label":
        label(sheet, design.brand, x, y, 0.13, design.accent, design.ground)
    else:
        write(sheet, design.brand.upper(), x, y, 0.04, design.accent)


def draw_watch(design: Design, pose: Pose, size: int) -> Sheet:
    sheet = Sheet(size)
    metal = METALS[design["case"]]
    strap = design["strap"]
    half = 0.082
    ends = ((0.05, 0.36), (0.64, 0.95))
    for top, bottom in ends:
        near, far = (bottom, top) if bottom < 0.5 else (top, bottom)
        outline = curve(
            [
                (0.5 - half, near, True),
                (0.5 - half * 0.86, far, True),
                (0.5 + half * 0.86, far, True),
                (0.5 + half, near, True),
            ]
        )
        region = sheet.region(outline)
        if strap == "steel links" or strap == "mesh":
            relief = 0.004 * np.abs(np.sin(region.y * (72 if strap == "steel links" else 260)))
            if strap == "steel links":
                relief = relief + 0.004 * (np.abs(region.x - 0.5) < 0.035)
            sheet.lay(region, metal, relief=relief.astype(np.float32), puff=0.02, rounding=0.025, gloss=0.3)
        elif strap == "nylon":
            surface = region.x.copy()
            sheet.lay(region, cloth(design.ground, grain="canvas", grain_repeat=0.06), puff=0.012, rounding=0.02)
            for lo, hi, colour in (
                (0.475, 0.525, design.figure),
                (0.455, 0.465, design.accent),
                (0.535, 0.545, design.accent),
            ):
                stripe = sheet.region(outline)
                stripe.alpha = stripe.alpha * ((surface > lo) & (surface < hi))
                sheet.mark(stripe, colour, 0.85)
        else:
            grain = {"leather": "leather", "suede": "boucle", "silicone": None}[strap]
            sheet.lay(
                region,
                cloth(design.surface, repeat=0.15, grain=grain, grain_repeat=0.1),
                puff=0.03,
                rounding=0.035,
                gloss=0.1 if strap == "leather" else 0.04,
            )
            if strap == "leather":
                thread = lighter(design.ground, 0.55) if is_dark(design.ground) else darker(design.ground, 0.4)
                for x in (-0.82, 0.82):
                    stitches(
                        sheet, points([[0.5 + x * half, near], [0.5 + x * half * 0.86, far]]), thread, 0.012, 0.004
                    )
            if bottom > 0.5:
                for k in range(5):
                    sheet.mark(sheet.region(ellipse(0.5, 0.76 + 0.035 * k, 0.008, 0.008)), darker(design.ground, 0.6))
    if strap in ("leather", "suede", "nylon", "silicone"):
        _buckle(sheet, 0.5, 0.06, 0.09, metal)
    shape = design["shape"]
    r = {"round": 0.2, "square": 0.18, "rectangular": 0.16, "cushion": 0.19, "octagonal": 0.2}[shape]

    def face(scale: float) -> Array:
        k = r * scale
        if shape == "round":
            return ellipse(0.5, 0.5, k, k)
        if shape == "square":
            return box(0.5 - k, 0.5 - k, 0.5 + k, 0.5 + k, 0.035 * scale)
        if shape == "rectangular":
            return box(0.5 - k * 0.9, 0.5 - k * 1.25, 0.5 + k * 0.9, 0.5 + k * 1.25, 0.02)
        if shape == "cushion":
            return box(0.5 - k, 0.5 - k, 0.5 + k, 0.5 + k, 0.1 * scale)
        a = np.radians(np.arange(8) * 45 + 22.5)
        return np.stack([0.5 + 1.07 * k * np.cos(a), 0.5 + 1.07 * k * np.sin(a)], 1).astype(np.float32)

    sheet.lay(
        sheet.region(box(0.5 + r * 0.9, 0.475, 0.53 + r, 0.525, 0.008)), metal, puff=0.012, rounding=0.012, gloss=0.4
    )
    sheet.lay(sheet.region(face(1.0)), metal, puff=0.03, rounding=0.02, gloss=0.45, shine=14, drop=0.016)
    sheet.lay(sheet.region(face(0.9)), darker(metal, 0.2), puff=-0.008, rounding=0.008, drop=0)
    dial = sheet.region(face(0.84))
    colour = {
        "white": (246, 244, 238),
        "black": (34, 34, 38),
        "colour": design.ground if strap in ("steel links", "mesh") else design.figure,
        "cream": (238, 226, 196),
    }[design["dial"]]
    glow = np.hypot(dial.x - 0.5, dial.y - 0.5) / r
    sheet.lay(dial, colour, puff=0, drop=0)
    sheet.multiply(dial, (1.08 - 0.22 * glow).astype(np.float32))
    ink = (240, 236, 226) if is_dark(colour) else (44, 42, 46)
    marks = design["markers"]
    for k in range(12):
        a = np.radians(k * 30)
        c, s = float(np.sin(a)), float(-np.cos(a))
        reach = 0.7 * r * (1.15 if shape == "rectangular" and k % 6 == 0 else 1)
        if marks == "numerals" or (marks == "quarters" and k % 3 == 0):
            write(sheet, str(k or 12), 0.5 + c * reach * 0.95, 0.5 + s * reach * 0.95, 0.034, ink)
        elif marks == "dots":
            sheet.mark(
                sheet.region(ellipse(0.5 + c * reach, 0.5 + s * reach, 0.009, 0.009)),
                design.accent if k % 3 == 0 else ink,
            )
        else:
            long = 0.8 if k % 3 == 0 else 0.88
            sheet.mark(
                sheet.strokes(
                    points(
                        [
                            [0.5 + c * reach * long, 0.5 + s * reach * long],
                            [0.5 + c * reach * 1.05, 0.5 + s * reach * 1.05],
                        ]
                    ),
                    width=0.009,
                ),
                ink,
            )
    if design["complication"] == "chronograph":
        for dx, dy in ((-0.075, 0.0), (0.075, 0.0), (0.0, 0.075)):
            sheet.mark(sheet.region(ellipse(0.5 + dx, 0.5 + dy, 0.036, 0.036)), mix(colour, ink, 0.2))
            sheet.mark(
                sheet.strokes(points([[0.5 + dx, 0.5 + dy], [0.515 + dx, 0.475 + dy]]), width=0.004), design.accent
            )
    elif design["complication"] == "date":
        sheet.mark(sheet.region(box(0.5 + r * 0.42, 0.482, 0.5 + r * 0.42 + 0.042, 0.518, 0.003)), (252, 250, 244))
        write(sheet, "18", 0.5 + r * 0.42 + 0.021, 0.5, 0.02, (40, 40, 44))
    elif design["complication"] == "moon":
        sheet.mark(sheet.region(ellipse(0.5, 0.575, 0.045, 0.045, 180, 360)), (36, 52, 96))
        sheet.mark(sheet.region(ellipse(0.505, 0.557, 0.014, 0.014)), (240, 220, 150))
    write(sheet, design.brand.upper(), 0.5, 0.5 - 0.4 * r, 0.019, ink)
    for angle, length, width in ((304, 0.44, 0.015), (56, 0.64, 0.011)):
        a = np.radians(angle)
        hand = points([[0.5, 0.5], [0.5 + length * r * np.sin(a), 0.5 - length * r * np.cos(a)]])
        sheet.lay(
            sheet.strokes(hand, width=width),
            metal if not is_dark(colour) or design["case"] != "black" else (236, 232, 224),
            puff=0.004,
            rounding=0.005,
            gloss=0.2,
            drop=0.005,
        )
    second = points([[0.5 - 0.02, 0.5 + 0.04], [0.5 + 0.22 * r, 0.5 - 0.68 * r]])
    sheet.lay(sheet.strokes(second, width=0.005), design.accent, puff=0, drop=0.004)
    sheet.lay(sheet.region(ellipse(0.5, 0.5, 0.012, 0.012)), metal, puff=0.006, rounding=0.007, gloss=0.3)
    shard = sheet.region(
        points(
            [
                [0.5 - r, 0.5 - r * 0.2],
                [0.5 + r * 0.1, 0.5 - r * 1.3],
                [0.5 + r * 0.45, 0.5 - r * 1.3],
                [0.5 - r, 0.5 + r * 0.3],
            ]
        )
    ).limited_to(sheet.region(face(0.84)))
    sheet.mark(shard, (255, 255, 255), 0.1)
    return sheet
