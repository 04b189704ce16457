"""Shoes, from the side: the toe points left, or right when turned."""

from __future__ import annotations

import numpy as np

from catalog.sample_shop.design import Design, Pose, label, seam, stitches, write
from catalog.sample_shop.materials import cloth
from catalog.sample_shop.surfaces import (
    Array,
    Colour,
    Point,
    Region,
    Sheet,
    box,
    crease,
    curve,
    darker,
    ellipse,
    is_dark,
    lighter,
    points,
    ripple,
)

GRAIN = {"leather": "leather", "suede": "boucle", "canvas": "canvas", "mesh": "knit", "rubber": None}


def draw_sneaker(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    style = design["style"]
    high, slip = style == "high-top", style == "slip-on"
    thick = {"low": 0.0, "medium": 0.02, "chunky": 0.055}[design["sole"]]
    floor, line = 0.73, 0.665 - thick
    grain = GRAIN[design["upper"]]
    main = cloth(design.surface, repeat=0.19, grain=grain, grain_repeat=0.09)
    second = cloth(design.figure, grain="leather", grain_repeat=0.12)
    third = cloth(design.accent, grain="leather", grain_repeat=0.12)
    gloss = 0.14 if design["upper"] == "leather" else 0.0

    def up(y: float) -> float:  # heights of the upper move with the sole below it
        return y - thick

    if high:
        throat: list[Point] = [
            (0.27, up(0.5)),
            (0.4, up(0.42)),
            (0.5, up(0.31)),
            (0.545, up(0.17)),
            (0.56, up(0.09), True),
            (0.62, up(0.1)),
            (0.74, up(0.125)),
            (0.84, up(0.105), True),
            (0.875, up(0.2)),
            (0.88, up(0.36)),
            (0.91, up(0.5)),
        ]
    elif slip:
        throat = [
            (0.24, up(0.51)),
            (0.36, up(0.445)),
            (0.47, up(0.385), True),
            (0.56, up(0.42)),
            (0.68, up(0.43)),
            (0.8, up(0.395)),
            (0.88, up(0.345), True),
            (0.915, up(0.4)),
            (0.915, up(0.52)),
        ]
    else:
        throat = [
            (0.27, up(0.49)),
            (0.4, up(0.42)),
            (0.5, up(0.325)),
            (0.55, up(0.265), True),
            (0.63, up(0.33)),
            (0.71, up(0.375)),
            (0.8, up(0.365)),
            (0.88, up(0.305), True),
            (0.92, up(0.36)),
            (0.91, up(0.5)),
        ]
    outline = curve(
        [(0.085, line + 0.02, True), (0.078, up(0.6)), (0.13, up(0.535)), *throat, (0.93, line + 0.02, True)]
    )
    if not slip:
        tongue = curve(
            [
                (0.4, up(0.43)),
                (0.47, up(0.3)),
                (0.5, up(0.17 if not high else 0.04)),
                (0.545, up(0.145 if not high else 0.02)),
                (0.59, up(0.18 if not high else 0.05)),
                (0.6, up(0.36)),
                (0.5, up(0.5)),
            ]
        )
        sheet.lay(
            sheet.region(tongue), cloth(lighter(design.figure, 0.1), grain="canvas"), puff=0.02, rounding=0.025, drop=0
        )
    inner = sheet.region(
        curve(
            [
                (0.55, up(0.29 if not high else 0.1)),
                (0.7, up(0.345 if not high else 0.085)),
                (0.87, up(0.31 if not high else 0.1)),
                (0.85, up(0.5)),
                (0.6, up(0.5)),
            ]
        )
    )
    sheet.lay(inner, darker(design.accent, 0.3), puff=0.01, rounding=0.02, drop=0)
    body = sheet.region(outline)
    relief = (
        ripple(body, rng, 60, 2.0, 0.003)
        + crease(body, (0.24, up(0.51)), (0.3, up(0.6)), 0.02, 0.005)
        + crease(body, (0.29, up(0.48)), (0.36, up(0.58)), 0.02, 0.005)
    )
    body.u, body.v = body.x + relief, body.y
    sheet.lay(body, main, relief=relief, puff=0.07, rounding=0.11, gloss=gloss, drop=0.01)
    # Panels sewn on: toe, eyelets, heel, side mark.
    thread = lighter(design.figure, 0.4) if is_dark(design.figure) else darker(design.figure, 0.3)
    if design["toe"] == "cap":
        cap = sheet.region(
            curve(
                [
                    (0.06, line + 0.03, True),
                    (0.07, up(0.58)),
                    (0.14, up(0.53)),
                    (0.21, up(0.505), True),
                    (0.235, up(0.57)),
                    (0.22, line + 0.03, True),
                ]
            )
        ).limited_to(body)
        sheet.lay(
            cap,
            (238, 234, 224) if design["upper"] == "canvas" else second,
            puff=0.03,
            rounding=0.04,
            gloss=0.12,
            drop=0.004,
        )
    elif design["toe"] == "mudguard":
        guard = sheet.region(
            curve(
                [
                    (0.05, line + 0.03, True),
                    (0.07, up(0.59)),
                    (0.15, up(0.55)),
                    (0.25, up(0.6)),
                    (0.42, up(0.635)),
                    (0.45, line + 0.03, True),
                ]
            )
        ).limited_to(body)
        sheet.lay(guard, second, puff=0.02, rounding=0.03, drop=0.004)
        stitches(
            sheet, curve([(0.1, up(0.56)), (0.15, up(0.555)), (0.25, up(0.607)), (0.42, up(0.643))], False), thread
        )
    heel = sheet.region(
        curve(
            [
                (0.95, line + 0.03, True),
                (0.95, up(0.3)),
                (0.86, up(0.33), True),
                (0.83, up(0.47)),
                (0.77, line + 0.03, True),
            ]
        )
    ).limited_to(body)
    sheet.lay(heel, third, puff=0.02, rounding=0.03, drop=0.004, gloss=gloss)
    stitches(sheet, curve([(0.853, up(0.34)), (0.823, up(0.47)), (0.765, line + 0.02)], False), thread)
    _side_mark(sheet, design, up, body)
    if not slip:
        rows = 8 if high else 5
        tops = np.linspace(0, 1, rows)
        ends = ((0.325, up(0.475)), (0.54, up(0.15 if high else 0.295)))
        stay = curve(
            [
                (0.29, up(0.49), True),
                (0.41, up(0.43)),
                (0.5, up(0.33)),
                (0.535 if not high else 0.55, up(0.27 if not high else 0.1), True),
                (0.6, up(0.33 if not high else 0.12), True),
                (0.56, up(0.43)),
                (0.44, up(0.52)),
                (0.35, up(0.555)),
            ]
        )
        sheet.lay(sheet.region(stay).limited_to(body), second, puff=0.012, rounding=0.018, drop=0.005)
        stitches(sheet, stay[int(len(stay) * 0.62) : int(len(stay) * 0.95)], thread)
        lace = (244, 242, 236) if design["laces"] == "white" else design.accent
        bend = curve(
            [ends[0], (0.43, up(0.415)), (0.505, up(0.33)), *([(0.535, up(0.22))] if high else []), ends[1]], False
        )
        places = np.stack([np.interp(tops, np.linspace(0, 1, len(bend)), bend[:, k]) for k in (0, 1)], 1)
        for px, py in places.tolist():
            low = (px + 0.05, py + 0.045)
            sheet.mark(sheet.region(ellipse(low[0], low[1], 0.008, 0.008)), darker(design.figure, 0.6))
            sheet.lay(
                sheet.strokes(points([[px - 0.018, py - 0.02], [px + 0.02, py + 0.004], low]), width=0.019),
                lace,
                puff=0.008,
                rounding=0.009,
                drop=0.005,
            )
        px, py = places[-1].tolist()
        for loop in (
            [(px + 0.01, py), (px - 0.06, py + 0.01), (px - 0.075, py + 0.06), (px + 0.005, py + 0.015)],
            [(px + 0.01, py), (px + 0.05, py + 0.05), (px + 0.03, py + 0.1), (px + 0.005, py + 0.02)],
        ):
            sheet.lay(
                sheet.strokes(curve([(float(a), float(b)) for a, b in loop], False), width=0.013),
                lace,
                puff=0.006,
                rounding=0.007,
                drop=0.006,
            )
    else:
        gore = sheet.region(curve([(0.5, up(0.4)), (0.585, up(0.43)), (0.57, up(0.52)), (0.5, up(0.5))])).limited_to(
            body
        )
        sheet.lay(gore, cloth(design.accent, grain="rib", grain_repeat=0.08), puff=0.006, rounding=0.01, drop=0.003)
    sheet.lay(
        sheet.strokes(
            curve([(0.56, up(0.28)), (0.63, up(0.335)), (0.71, up(0.378)), (0.8, up(0.368)), (0.875, up(0.31))], False)
            if not (high or slip)
            else curve([(0.57, up(0.095)), (0.65, up(0.107)), (0.74, up(0.127)), (0.838, up(0.11))], False)
            if high
            else curve(
                [(0.475, up(0.39)), (0.56, up(0.422)), (0.68, up(0.432)), (0.8, up(0.398)), (0.875, up(0.35))], False
            ),
            width=0.022,
        ),
        third,
        puff=0.012,
        rounding=0.01,
        drop=0.004,
    )
    _sole(sheet, design, line, floor, thick)
    write(
        sheet,
        design.brand.lower(),
        0.855,
        up(0.52),
        0.017,
        (240, 236, 226) if is_dark(design.accent) else darker(design.accent, 0.6),
        0.9,
        lean=-74,
    )
    return sheet


def _side_mark(sheet: Sheet, design: Design, up: object, body: Region) -> None:
    place = up if callable(up) else float
    mark = design["side mark"]
    paths: list[Array] = {
        "two bars": [curve([(0.5 + d, place(0.47)), (0.57 + d, place(0.66))], False) for d in (0.03, 0.09)],
        "wave": [
            curve(
                [(0.44, place(0.6)), (0.53, place(0.53)), (0.61, place(0.59)), (0.7, place(0.53)), (0.78, place(0.5))],
                False,
            )
        ],
        "zigzag": [
            curve(
                [
                    (0.45, place(0.58), True),
                    (0.53, place(0.52), True),
                    (0.59, place(0.6), True),
                    (0.67, place(0.5), True),
                    (0.73, place(0.58), True),
                ],
                False,
            )
        ],
        "ring": [ellipse(0.65, place(0.54), 0.05, 0.05)],
        "none": [],
    }[mark]
    if not paths:
        return
    strip = sheet.strokes(*paths, width=0.03 if mark != "ring" else 0.018, round_ends=False).limited_to(body)
    sheet.lay(strip, cloth(design.accent, grain="leather"), puff=0.006, rounding=0.008, drop=0.004)


def _sole(sheet: Sheet, design: Design, line: float, floor: float, thick: float) -> None:
    colour: Colour = {"white": (244, 242, 236), "gum": (190, 138, 88), "black": (44, 43, 46), "colour": design.figure}[
        design["sole colour"]
    ]
    sole = sheet.region(
        curve(
            [
                (0.062, line, True),
                (0.2, line + 0.003),
                (0.5, line + 0.012),
                (0.8, line + 0.003),
                (0.945, line - 0.012, True),
                (0.955, line + 0.03),
                (0.93, floor, True),
                (0.5, floor + 0.003),
                (0.2, floor),
                (0.1, floor - 0.014),
                (0.062, line + 0.035),
            ]
        )
    )
    relief = np.zeros_like(sole.x)
    if thick > 0.03:
        relief = (0.004 * np.sin(sole.x * 130) * (sole.y > line + 0.055)).astype(np.float32)
    sheet.lay(sole, colour, puff=0.02, rounding=0.025, relief=relief, drop=0.006)
    stripe = curve(
        [(0.066, line + 0.028), (0.2, line + 0.03), (0.5, line + 0.038), (0.8, line + 0.03), (0.95, line + 0.018)],
        False,
    )
    sheet.mark(
        sheet.strokes(stripe, width=0.006),
        design.accent if design["sole colour"] != "colour" else lighter(colour, 0.5),
        0.9,
    )
    tread = sheet.region(
        curve(
            [
                (0.1, floor - 0.012, True),
                (0.2, floor - 0.006),
                (0.93, floor - 0.006, True),
                (0.925, floor + 0.008, True),
                (0.2, floor + 0.008),
                (0.12, floor, True),
            ]
        )
    )
    sheet.lay(
        tread,
        darker(colour, 0.25) if design["sole colour"] != "white" else (196, 152, 104),
        puff=0.004,
        rounding=0.006,
        drop=0,
    )


def draw_boot(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    style = design["style"]
    top = {
        "chelsea": 0.27,
        "hiking": 0.25,
        "ankle": 0.24,
        "knee": 0.05,
        "rain": 0.1,
        "western": 0.1,
        "desert": 0.33,
        "fur-lined": 0.22,
    }[style]
    heel = {"flat": 0.03, "block": 0.085, "stacked": 0.06, "lug": 0.035}[design["heel"]]
    floor = 0.9
    back = floor - heel  # where the heel meets the boot
    front = floor - 0.03
    lean = 0.03 if style == "western" else 0.0
    left = 0.515 if style != "knee" else 0.53
    upper: list[Point] = [
        (0.1, front, True),
        (0.095, front - 0.06),
        (0.15, front - 0.115),
        (0.3, front - 0.16),
        (0.44, front - 0.26),
        (0.49, front - 0.38 if top < 0.4 else front - 0.3),
        (left - lean, (top + 0.5) / 2),
        (left - lean - 0.012, top + 0.01, True),
    ]
    if style == "western":
        upper += [(0.6, top + 0.03), (0.68, top - 0.02), (0.77, top + 0.03), (0.885, top + 0.005, True)]
    else:
        upper += [(0.68, top + 0.012), (0.855, top, True)]
    upper += [
        (0.86, (top + 0.55) / 2),
        (0.835, back - 0.26),
        (0.865, back - 0.1),
        (0.865, back, True),
        (0.62, back + 0.0),
        (0.45, front - 0.005),
    ]
    grain = GRAIN[design["upper"]]
    gloss = {"leather": 0.24, "rubber": 0.4, "suede": 0.0, "canvas": 0.0, "mesh": 0.0}[design["upper"]]
    paint = cloth(design.surface, repeat=0.2, grain=grain, grain_repeat=0.12)
    trim = cloth(design.figure, grain="leather", grain_repeat=0.12)
    inside = sheet.region(ellipse(0.685, top + 0.005, 0.17, 0.022))
    sheet.lay(inside, darker(design.accent, 0.25), puff=0.0, drop=0)
    if design["pull tab"] == "yes":
        tab = curve([(0.79, top + 0.05), (0.795, top - 0.045), (0.825, top - 0.045), (0.83, top + 0.05)], False)
        sheet.lay(
            sheet.strokes(tab, width=0.018),
            cloth(design.accent, grain="rib", grain_repeat=0.06),
            puff=0.006,
            rounding=0.008,
        )
    body = sheet.region(curve(upper))
    relief = ripple(body, rng, 80, 2.0, 0.003)
    for k in range(5):
        y = back - 0.2 - 0.045 * k
        relief = relief + crease(body, (0.47 + 0.005 * k, y), (0.66, y + rng.uniform(-0.02, 0.05)), 0.016, 0.006)
        relief = relief + crease(body, (0.85, y + 0.02), (0.7, y + rng.uniform(0, 0.06)), 0.016, 0.005)
    relief = relief + crease(body, (0.3, front - 0.16), (0.36, front - 0.05), 0.018, 0.006)
    body.u, body.v = body.x + relief, body.y
    sheet.lay(body, paint, relief=relief, puff=0.085, rounding=0.12, gloss=gloss, shine=14)
    thread = lighter(design.ground, 0.5) if is_dark(design.ground) else darker(design.ground, 0.4)
    if style == "chelsea":
        gore = sheet.region(
            curve(
                [
                    (0.6, top + 0.01, True),
                    (0.77, top + 0.008, True),
                    (0.745, top + 0.2),
                    (0.685, top + 0.31),
                    (0.625, top + 0.2),
                ]
            )
        ).limited_to(body)
        sheet.lay(gore, cloth(design.accent, grain="rib", grain_repeat=0.07), puff=0.008, rounding=0.012, drop=0.004)
    elif style in ("hiking", "desert"):
        panel = sheet.region(
            curve(
                [
                    (0.31, front - 0.155, True),
                    (0.45, front - 0.26),
                    (0.5, front - 0.38),
                    (left - 0.012, top, True),
                    (0.6, top, True),
                    (0.585, front - 0.36),
                    (0.53, front - 0.22),
                    (0.4, front - 0.1),
                ]
            )
        ).limited_to(body)
        sheet.lay(panel, trim, puff=0.012, rounding=0.02, drop=0.005)
        count = 7 if style == "hiking" else 3
        for k in range(count):
            t = k / 6 if style == "hiking" else k / 4 + 0.25
            y = front - 0.2 - t * (front - 0.24 - top)
            x = float(np.interp(y, [top, front - 0.38, front - 0.26, front - 0.16], [left, 0.5, 0.455, 0.35]))
            sheet.lay(
                sheet.region(ellipse(x + 0.065, y + 0.02, 0.011, 0.011)),
                (190, 168, 118),
                puff=0.005,
                rounding=0.006,
                gloss=0.3,
            )
            sheet.lay(
                sheet.strokes(points([[x - 0.01, y - 0.012], [x + 0.065, y + 0.02]]), width=0.016),
                design.accent,
                puff=0.007,
                rounding=0.008,
                drop=0.005,
            )
        if style == "hiking":
            sheet.lay(
                sheet.region(
                    curve(
                        [
                            (0.49, top - 0.02),
                            (0.68, top - 0.025),
                            (0.87, top - 0.02),
                            (0.875, top + 0.05),
                            (0.68, top + 0.06),
                            (0.5, top + 0.05),
                        ]
                    )
                ),
                cloth(design.accent, grain="leather"),
                puff=0.02,
                rounding=0.025,
            )
    elif style == "rain":
        band = sheet.region(box(0.48, top, 0.9, top + 0.045, 0.004)).limited_to(body)
        sheet.lay(band, design.accent, puff=0.006, rounding=0.01, gloss=0.2)
        strap = sheet.region(box(0.75, top + 0.08, 0.9, top + 0.11, 0.004)).limited_to(body)
        sheet.lay(strap, design.accent, puff=0.006, rounding=0.01)
        sheet.lay(
            sheet.region(
                box(0.77, top + 0.07, 0.805, top + 0.12, 0.004),
                holes=[box(0.778, top + 0.08, 0.797, top + 0.11, 0.002)],
            ),
            (206, 200, 186),
            puff=0.005,
            rounding=0.005,
            gloss=0.3,
        )
    elif style == "western":
        for k in range(3):
            s = 0.03 * k
            swirl = curve(
                [
                    (0.57 + s, top + 0.12 + s),
                    (0.64, top + 0.07 + s * 1.4),
                    (0.69, top + 0.2 + s),
                    (0.74, top + 0.07 + s * 1.4),
                    (0.81 - s, top + 0.12 + s),
                    (0.76 - s * 0.5, top + 0.3),
                    (0.69, top + 0.38 - s),
                    (0.62 + s * 0.5, top + 0.3),
                ]
            )
            stitches(sheet, swirl, design.accent if k % 2 else design.figure, 0.011, 0.005)
        stitches(
            sheet,
            curve([(0.18, front - 0.08), (0.28, front - 0.12), (0.36, front - 0.07), (0.28, front - 0.05)], False),
            design.accent,
            0.011,
            0.005,
        )
    elif style == "ankle":
        zipper = curve([(0.68, top + 0.03), (0.675, back - 0.2), (0.66, back - 0.06)], False)
        sheet.lay(sheet.strokes(zipper, width=0.012), (200, 190, 168), puff=0.004, rounding=0.005)
        sheet.lay(
            sheet.strokes(
                curve([(0.5, back - 0.23), (0.67, back - 0.2), (0.84, back - 0.24)], False), width=0.034
            ).limited_to(body),
            trim,
            puff=0.008,
            rounding=0.012,
            drop=0.006,
        )
        sheet.lay(
            sheet.region(ellipse(0.6, back - 0.215, 0.026, 0.03), holes=[ellipse(0.6, back - 0.215, 0.014, 0.018)]),
            (212, 184, 116),
            puff=0.006,
            rounding=0.005,
            gloss=0.4,
        )
    elif style == "knee":
        seam(sheet, curve([(0.69, top + 0.01), (0.7, 0.4), (0.68, back - 0.1)], False), design.ground, 0.004)
        sheet.lay(
            sheet.strokes(
                curve([(0.53, top + 0.075), (0.7, top + 0.085), (0.86, top + 0.07)], False), width=0.03
            ).limited_to(body),
            trim,
            puff=0.008,
            rounding=0.012,
        )
        sheet.lay(
            sheet.region(
                box(0.76, top + 0.055, 0.8, top + 0.105, 0.005),
                holes=[box(0.769, top + 0.065, 0.791, top + 0.095, 0.003)],
            ),
            (212, 184, 116),
            puff=0.006,
            rounding=0.005,
            gloss=0.4,
        )
    elif style == "fur-lined":
        fleece = sheet.region(
            curve(
                [
                    (0.485, top - 0.02),
                    (0.6, top - 0.035),
                    (0.74, top - 0.025),
                    (0.875, top - 0.03),
                    (0.885, top + 0.07),
                    (0.74, top + 0.085),
                    (0.6, top + 0.08),
                    (0.49, top + 0.075),
                ]
            )
        )
        sheet.lay(fleece, cloth(design.accent, grain="boucle", grain_repeat=0.11), puff=0.03, rounding=0.03, drop=0.012)
    seam_line = curve([(0.86, back - 0.15), (0.7, back - 0.12), (0.6, back - 0.02)], False)
    seam(sheet, seam_line, design.ground)
    stitches(sheet, seam_line + points([0, 0.011]), thread)
    label(
        sheet,
        design.brand,
        0.7,
        top + (0.16 if style in ("knee", "fur-lined", "rain") else 0.1 if style != "western" else 0.47),
        0.085,
        design.accent if style != "chelsea" else design.figure,
        design.ground,
    )
    _boot_sole(sheet, design, front, back, floor)
    return sheet


def _boot_sole(sheet: Sheet, design: Design, front: float, back: float, floor: float) -> None:
    colour: Colour = {"black": (40, 38, 40), "gum": (186, 136, 88), "wood": (112, 74, 48), "colour": design.accent}[
        design["sole colour"]
    ]
    if design["heel"] in ("block", "stacked"):
        block = sheet.region(
            curve(
                [
                    (0.66, back - 0.01, True),
                    (0.872, back - 0.01, True),
                    (0.862, floor + 0.01, True),
                    (0.69, floor + 0.01, True),
                ]
            )
        )
        lines = (0.002 * np.sin(block.y * 420)).astype(np.float32) if design["heel"] == "stacked" else None
        sheet.lay(block, colour, puff=0.02, rounding=0.03, relief=lines, gloss=0.08)
        curved = curve(
            [
                (0.085, front - 0.012, True),
                (0.3, front - 0.002),
                (0.5, front - 0.01),
                (0.64, back - 0.008),
                (0.873, back - 0.014, True),
                (0.873, back + 0.012, True),
                (0.64, back + 0.02),
                (0.46, floor + 0.004),
                (0.3, floor + 0.012),
                (0.13, floor + 0.006),
                (0.085, front + 0.01),
            ]
        )
        sheet.lay(sheet.region(curved), colour, puff=0.012, rounding=0.014, drop=0.004)
        return
    sole = sheet.region(
        curve(
            [
                (0.082, front - 0.016, True),
                (0.3, front - 0.008),
                (0.6, back - 0.012),
                (0.88, back - 0.014, True),
                (0.882, floor + 0.01, True),
                (0.3, floor + 0.012),
                (0.13, floor + 0.004),
            ]
        )
    )
    sheet.lay(sole, colour, puff=0.016, rounding=0.02, drop=0.005)
    if design["heel"] == "lug":
        for k in range(13):
            x = 0.13 + k * 0.059
            sheet.lay(
                sheet.region(box(x, floor - 0.004, x + 0.038, floor + 0.024, 0.005)),
                darker(colour, 0.15),
                puff=0.006,
                rounding=0.008,
                drop=0,
            )
    welt = curve([(0.09, front - 0.018), (0.3, front - 0.011), (0.6, back - 0.016), (0.875, back - 0.018)], False)
    stitches(sheet, welt + points([0, 0.012]), lighter(colour, 0.5), 0.012, 0.004)
