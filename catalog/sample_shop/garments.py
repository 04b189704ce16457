"""Clothes: T-shirts, knitwear, jackets, dresses, trousers and skirts, laid flat or hung, seen from the front."""

from __future__ import annotations

import numpy as np

from catalog.sample_shop.design import Design, Pose, label, seam, stitches, write
from catalog.sample_shop.materials import cloth
from catalog.sample_shop.surfaces import (
    Colour,
    Paint,
    Point,
    Region,
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

SHOULDER, ARMPIT = (0.285, 0.165), (0.3, 0.39)


def draw_t_shirt(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    hem = {"regular": 0.9, "boxy": 0.8, "long": 0.95}[design["fit"]]
    half = {"regular": 0.215, "boxy": 0.245, "long": 0.205}[design["fit"]]
    paint = cloth(design.surface, repeat=0.23, grain="jersey")
    neck = _neck_depth(design["neckline"])
    _inside_of_neck(sheet, design.ground, 0.095)
    if design["sleeves"] != "sleeveless":
        length, cuff = {"short": (0.27, 0.17), "cap": (0.16, 0.2), "three-quarter": (0.5, 0.115)}[design["sleeves"]]
        plain = cloth(design.accent, grain="jersey") if design["trim"] == "raglan" else paint
        _sleeves(sheet, rng, plain, length, cuff, spread=38 if length < 0.4 else 22, band=design.ground)
    body = _torso(sheet, neck, hem, half, pointed=design["neckline"] == "V-neck")
    _fold_like_a_top(sheet, body, rng, paint, hem)
    trim = design.accent if design["trim"] in ("contrast", "raglan") else darker(design.ground, 0.08)
    if design["neckline"] == "polo":
        _polo_collar(sheet, trim, design.figure)
    else:
        _neckband(sheet, neck, trim, pointed=design["neckline"] == "V-neck")
    stitches(
        sheet,
        curve([(0.5 - half, hem - 0.025), (0.5, hem - 0.012), (0.5 + half, hem - 0.025)], False),
        _thread(design.ground),
    )
    ink = design.figure if design.pattern == "plain" else design.accent
    if design["print"] == "pocket":
        _pocket(sheet, 0.59, 0.36, 0.12, 0.13, paint, design.ground)
        label(sheet, design.brand[:4], 0.645, 0.44, 0.03, design.accent, design.ground)
    elif design["print"] != "none":
        _print(sheet, design["print"], design, ink)
    else:
        write(sheet, design.brand.lower(), 0.6, 0.34, 0.018, ink)
    return sheet


def draw_knitwear(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    knit = {"stocking stitch": "knit", "cable": "cable", "rib": "rib"}[design["stitch"]]
    repeat = {"knit": 0.14, "cable": 0.21, "rib": 0.3}[knit]
    paint = cloth(design.surface, repeat=0.2, grain=knit, grain_repeat=repeat)
    rib = cloth(design.accent if design["trim"] == "contrast" else design.ground, grain="rib", grain_repeat=0.16)
    neck = _neck_depth(design["neckline"])
    _inside_of_neck(sheet, design.ground, 0.09)
    _sleeves(sheet, rng, paint, 0.62, 0.105, spread=19, band=design.ground, cuff_paint=rib, bulge=0.03)
    body = _torso(sheet, neck, 0.83, 0.225, pointed=design["neckline"] == "V-neck")
    _fold_like_a_top(sheet, body, rng, paint, 0.83, depth=0.6)
    hem = sheet.region(
        curve(
            [
                (0.283, 0.815, True),
                (0.5, 0.828),
                (0.717, 0.815, True),
                (0.705, 0.885, True),
                (0.5, 0.898),
                (0.295, 0.885, True),
            ]
        )
    )
    sheet.lay(hem, rib, puff=0.012, rounding=0.025)
    if design["neckline"] == "cardigan":
        band = curve([(0.405, 0.135), (0.43, 0.24), (0.495, 0.4), (0.5, 0.6), (0.5, 0.888)], False)
        for path in (flipped(band), band):
            sheet.lay(sheet.strokes(path, width=0.036, round_ends=False), rib, puff=0.008, rounding=0.012)
        for k in range(5):
            _button(
                sheet, 0.5, 0.43 + k * 0.1, 0.0125, design.accent if design["trim"] != "contrast" else design.figure
            )
    elif design["neckline"] == "roll neck":
        collar = curve(
            [
                (0.405, 0.165, True),
                (0.41, 0.1),
                (0.408, 0.06, True),
                (0.5, 0.046),
                (0.592, 0.06, True),
                (0.59, 0.1),
                (0.595, 0.165, True),
                (0.5, 0.205),
            ]
        )
        sheet.lay(sheet.region(collar), rib, puff=0.02, rounding=0.035, drop=0.012)
        sheet.mark(
            sheet.strokes(curve([(0.412, 0.112), (0.5, 0.14), (0.588, 0.112)], False), width=0.006),
            darker(design.ground, 0.35),
            0.4,
        )
    else:
        _neckband(sheet, neck, None, pointed=design["neckline"] == "V-neck", paint=rib, width=0.042)
    label(sheet, design.brand, 0.64, 0.775, 0.075, design.accent, design.ground)
    return sheet


def draw_jacket(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    style = design["style"]
    grain = {
        "denim": "twill",
        "bomber": "jersey",
        "puffer": "jersey",
        "blazer": "canvas",
        "parka": "canvas",
        "chore": "twill",
    }[style]
    hem = {"denim": 0.78, "bomber": 0.76, "puffer": 0.82, "blazer": 0.92, "parka": 0.96, "chore": 0.86}[style]
    gloss = 0.1 if style in ("puffer", "bomber") else 0.0
    paint = cloth(design.surface, repeat=0.24, grain=grain)
    trim = cloth(design.accent if style == "bomber" else design.ground, grain="rib", grain_repeat=0.16)
    lining = sheet.region(
        curve([(0.41, 0.1, True), (0.5, 0.085), (0.59, 0.1, True), (0.56, 0.3), (0.5, 0.42), (0.44, 0.3)])
    )
    sheet.lay(lining, mix(design.accent, (60, 50, 50), 0.35), puff=0.0, contrast=0.6)
    label(sheet, design.brand, 0.5, 0.135, 0.075, lighter(design.accent, 0.5), darker(design.ground, 0.5))
    cuff = trim if style in ("bomber", "puffer") else None
    quilt = 0.075 if style == "puffer" else 0.0
    _sleeves(
        sheet,
        rng,
        paint,
        0.63,
        0.12,
        spread=17,
        band=design.ground,
        cuff_paint=cuff,
        bulge=0.03,
        quilt=quilt,
        gloss=gloss,
    )
    open_to = 0.46 if style == "blazer" else 0.22
    left: list[Point] = [
        (0.5, open_to, True),
        (0.44, 0.2),
        (0.415, 0.115, True),
        SHOULDER,
        (0.285, 0.28),
        (*ARMPIT, True),
        (0.295, 0.6),
        (0.275, hem, True),
        (0.5, hem + 0.012, True),
    ]
    if style == "blazer":
        left[-1] = (0.5, hem - 0.05)
    body = sheet.region(curve(mirrored(left)))
    _fold_like_a_top(sheet, body, rng, paint, hem, quilt=quilt, gloss=gloss, depth=0.75)
    if style in ("bomber", "puffer"):
        band = sheet.region(
            curve(
                [
                    (0.277, hem - 0.005, True),
                    (0.5, hem + 0.008),
                    (0.723, hem - 0.005, True),
                    (0.705, hem + 0.06, True),
                    (0.5, hem + 0.072),
                    (0.295, hem + 0.06, True),
                ]
            )
        )
        sheet.lay(band, trim, puff=0.012, rounding=0.02)
        hem += 0.06
    _jacket_front(sheet, design, paint, style, hem, open_to, gloss)
    return sheet


def _jacket_front(
    sheet: Sheet, design: Design, paint: Paint, style: str, hem: float, open_to: float, gloss: float
) -> None:
    thread, metal = _thread(design.ground), (196, 190, 178)
    same = cloth(design.surface, repeat=0.24, grain="canvas", shift=(0.03, 0.05))
    edge = curve([(0.515, open_to), (0.516, 0.6), (0.515, hem)], False)
    seam(sheet, edge, design.ground, 0.004)
    if style == "blazer":
        lapel = [
            (0.415, 0.11, True),
            (0.375, 0.14),
            (0.345, 0.255, True),
            (0.385, 0.275, True),
            (0.37, 0.3, True),
            (0.5, 0.485, True),
            (0.47, 0.33),
            (0.43, 0.2),
        ]
        for outline in (curve(lapel), flipped(curve(lapel))):
            sheet.lay(sheet.region(outline), same, puff=0.008, rounding=0.015, drop=0.01)
        for y in (0.52, 0.62):
            _button(sheet, 0.487, y, 0.014, darker(design.accent, 0.2))
        for x in (0.31, 0.58):
            sheet.lay(sheet.region(box(x, 0.66, x + 0.115, 0.695, 0.006)), same, puff=0.004, rounding=0.01)
        return
    if style in ("bomber", "puffer", "parka"):
        sheet.lay(sheet.strokes(edge, width=0.016, round_ends=False), metal, puff=0.004, rounding=0.006, gloss=0.3)
        stitches(sheet, edge, (110, 104, 96), 0.008, 0.012)
        sheet.lay(
            sheet.region(box(0.508, open_to + 0.02, 0.524, open_to + 0.07, 0.006)),
            design.accent,
            puff=0.004,
            rounding=0.006,
        )
    else:
        stitches(sheet, edge - points([0.022, 0]), thread)
        stitches(sheet, edge + points([0.022, 0]), thread)
        for k in range(5):
            _button(
                sheet, 0.503, 0.27 + k * (hem - 0.33) / 4, 0.012, (198, 152, 92) if style == "denim" else design.accent
            )
    if style == "parka":
        hood = curve(
            mirrored([(0.5, 0.03), (0.4, 0.045), (0.36, 0.13), (0.385, 0.21, True), (0.45, 0.17), (0.5, 0.25, True)])
        )
        opening = curve(mirrored([(0.5, 0.07), (0.435, 0.085), (0.42, 0.14), (0.46, 0.17), (0.5, 0.225)]))
        sheet.lay(
            sheet.region(hood),
            cloth(design.accent, grain="boucle", grain_repeat=0.1),
            puff=0.03,
            rounding=0.03,
            drop=0.014,
        )
        sheet.lay(sheet.region(opening), darker(design.ground, 0.45), puff=-0.02, rounding=0.03, drop=0)
    elif style == "bomber":
        sheet.lay(
            sheet.strokes(
                curve([(0.415, 0.115), (0.44, 0.2), (0.5, 0.235), (0.56, 0.2), (0.585, 0.115)], False),
                width=0.04,
                round_ends=False,
            ),
            cloth(design.accent, grain="rib", grain_repeat=0.16),
            puff=0.01,
            rounding=0.015,
        )
    elif style == "puffer":
        collar = curve(mirrored([(0.5, 0.085), (0.42, 0.07), (0.4, 0.15), (0.44, 0.215), (0.5, 0.235)]))
        sheet.lay(sheet.region(collar), same, puff=0.03, rounding=0.03, gloss=gloss)
    else:
        wing = [
            (0.42, 0.105, True),
            (0.37, 0.15),
            (0.345, 0.225, True),
            (0.43, 0.265, True),
            (0.5, 0.215, True),
            (0.45, 0.18),
        ]
        for outline in (curve(wing), flipped(curve(wing))):
            sheet.lay(sheet.region(outline), same, puff=0.008, rounding=0.014, drop=0.01)
            stitches(sheet, outline[6:30], thread)
    if style == "denim":
        for x in (0.33, 0.56):
            _pocket(sheet, x, 0.33, 0.11, 0.12, same, design.ground, flap=True)
        for x in (0.36, 0.64):
            stitches(sheet, curve([(x, 0.45), (0.5 + (x - 0.5) * 0.75, hem - 0.05)], False), thread)
        stitches(sheet, curve([(0.285, hem - 0.05), (0.5, hem - 0.04), (0.715, hem - 0.05)], False), thread)
    elif style in ("chore", "parka"):
        for x in (0.315, 0.555):
            _pocket(sheet, x, 0.62, 0.135, 0.16, same, design.ground, flap=style == "parka")
        if style == "chore":
            _pocket(sheet, 0.57, 0.34, 0.105, 0.115, same, design.ground)
    elif style == "bomber":
        for sign in (-1, 1):
            seam(sheet, curve([(0.5 + sign * 0.12, 0.55), (0.5 + sign * 0.17, 0.67)], False), design.ground, 0.008)
    label(sheet, design.brand, 0.625, 0.31, 0.06, design.accent, design.ground)


def draw_dress(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    hem = {"mini": 0.78, "midi": 0.9, "maxi": 0.975}[design["length"]]
    flare = {"A-line": 0.25, "shift": 0.155, "tiered": 0.25, "wrap": 0.215}[design["shape"]]
    waist = 0.115 if design["shape"] != "shift" else 0.145
    paint = cloth(design.surface, repeat=0.19, grain="jersey")
    neck = 0.1 if design["neckline"] == "round" else 0.17
    if design["sleeves"] == "strap":
        for x in (0.42, 0.58):
            sheet.lay(
                sheet.strokes(curve([(x, 0.19), (x, 0.06), (0.5 + (x - 0.5) * 0.8, 0.05)], False), width=0.016),
                paint,
                puff=0.003,
                rounding=0.006,
            )
    else:
        _inside_of_neck(sheet, design.ground, 0.075, top=0.06)
        length, cuff, bulge = {"short": (0.17, 0.13, 0.0), "puff": (0.2, 0.09, 0.05), "long": (0.5, 0.075, 0.012)}[
            design["sleeves"]
        ]
        _sleeves(
            sheet,
            rng,
            paint,
            length,
            cuff,
            spread=30 if length < 0.4 else 18,
            band=design.ground,
            shoulder=(0.35, 0.085),
            armpit=(0.375, 0.25),
            bulge=bulge,
        )
    if design["sleeves"] == "strap":
        top: list[Point] = [(0.5, 0.205), (0.44, 0.195), (0.4, 0.16, True), (0.375, 0.25, True)]
    else:
        top = [
            (0.5, 0.055 + neck, True) if design["neckline"] == "V-neck" else (0.5, 0.055 + neck),
            (0.45, 0.1 if neck > 0.12 else 0.13),
            (0.42, 0.055, True),
            (0.35, 0.085),
            (0.365, 0.17),
            (0.375, 0.25, True),
        ]
    bodice = sheet.region(curve(mirrored([*top, (0.5 - waist, 0.41, True), (0.5, 0.42)])))
    swirl = [(0.5, 0.395, True), (0.5 - waist, 0.4, True), (0.5 - flare * 0.75, 0.62), (0.5 - flare, hem, True)]
    waves = np.linspace(0.5 - flare, 0.5 + flare, 11)[1:-1]
    bottom: list[Point] = [(float(x), hem + 0.012 + 0.01 * (-1) ** k) for k, x in enumerate(waves)]
    right: list[Point] = [(1 - p[0], p[1], True) if len(p) == 3 else (1 - p[0], p[1]) for p in reversed(swirl[1:])]
    skirt = sheet.region(curve([*swirl, *bottom, *right]))
    _pleats(sheet, skirt, rng, paint, 0.25, 9 if design["shape"] != "shift" else 4, 0.5)
    if design["shape"] == "tiered":
        for y in (0.58, 0.76):
            reach = waist + (flare - waist) * (y - 0.4) / (hem - 0.4) + 0.008
            tier = curve([(0.5 - reach, y), (0.5, y + 0.014), (0.5 + reach, y)], False)
            sheet.mark(sheet.strokes(tier, width=0.006), darker(design.ground, 0.4), 0.55)
            _gathers(sheet, skirt, y, reach, rng)
    relief = ripple(bodice, rng, 20, 3, 0.003) + crease(bodice, (0.39, 0.25), (0.48, 0.33), 0.025, 0.006)
    sheet.lay(
        bodice,
        paint,
        relief=relief + crease(bodice, (0.61, 0.25), (0.52, 0.33), 0.025, 0.006),
        puff=0.02,
        rounding=0.05,
        drop=0.006,
    )
    if design["shape"] == "wrap":
        sheet.mark(
            sheet.strokes(curve([(0.57, 0.08), (0.52, 0.27), (0.41, 0.4)], False), width=0.004),
            darker(design.ground, 0.45),
            0.7,
        )
        for end in ((0.44, 0.6), (0.385, 0.57)):
            sheet.lay(
                sheet.strokes(curve([(0.4, 0.405), (0.41, 0.5), end], False), width=0.02),
                cloth(design.accent),
                puff=0.004,
                rounding=0.008,
            )
    if design["shape"] != "shift":
        belt = sheet.region(
            curve(
                [
                    (0.5 - waist - 0.003, 0.385, True),
                    (0.5, 0.397),
                    (0.503 + waist, 0.385, True),
                    (0.503 + waist, 0.42, True),
                    (0.5, 0.432),
                    (0.497 - waist, 0.42, True),
                ]
            )
        )
        sheet.lay(belt, cloth(design.accent, grain="canvas"), puff=0.006, rounding=0.012)
    if design["neckline"] == "collar":
        wing = [(0.42, 0.05, True), (0.385, 0.085), (0.4, 0.145), (0.46, 0.165), (0.5, 0.155, True), (0.45, 0.115)]
        for outline in (curve(wing), flipped(curve(wing))):
            sheet.lay(sheet.region(outline), cloth(design.accent), puff=0.006, rounding=0.012, drop=0.008)
        for k in range(3):
            _button(sheet, 0.5, 0.2 + k * 0.06, 0.009, design.accent)
    label(sheet, design.brand, 0.5, hem - 0.03, 0.055, design.accent, design.ground)
    return sheet


def draw_trousers(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    cut = design["cut"]
    hem_out, hem_in = {
        "slim": (0.345, 0.455),
        "straight": (0.315, 0.465),
        "wide": (0.24, 0.475),
        "flared": (0.25, 0.475),
        "cropped": (0.29, 0.47),
    }[cut]
    knee = {"slim": 0.34, "straight": 0.325, "wide": 0.275, "flared": 0.345, "cropped": 0.305}[cut]
    end = 0.84 if cut == "cropped" else 0.965
    grain = {"denim": "twill", "corduroy": "corduroy", "linen": "canvas", "wool": "jersey", "cotton": "twill"}[
        design["fabric"]
    ]
    sway = 0.02 * pose.turn
    for side in (1, -1):
        paint = cloth(design.surface, repeat=0.17, grain=grain, shift=(0.02 * side, 0))
        leg = curve(
            [
                (0.5, 0.06, True),
                (0.345, 0.06, True),
                (0.325, 0.24),
                (knee - sway * side, 0.58),
                (hem_out - sway * side, end, True),
                ((hem_out + hem_in) / 2, end + 0.008),
                (hem_in - sway * side, end, True),
                (0.478, 0.58),
                (0.5, 0.335, True),
            ]
        )
        outline = leg if side == 1 else flipped(leg)
        region = sheet.region(outline)
        middle = 0.5 - side * 0.1
        relief = ripple(region, rng, 70, 2.2, 0.003)
        for y in (0.33, 0.36, 0.4):
            relief = relief + crease(
                region, (0.5 - side * 0.005, y - 0.02), (0.5 - side * 0.13, y + rng.uniform(0.0, 0.06)), 0.02, 0.006
            )
        for _ in range(4):
            y = rng.uniform(0.56, 0.66)
            relief = relief + crease(
                region, (middle - side * 0.06, y), (middle + side * 0.05, y + rng.uniform(-0.03, 0.05)), 0.014, 0.0045
            )
        for _ in range(3):
            y = end - rng.uniform(0.02, 0.12)
            relief = relief + crease(region, (middle - side * 0.08, y), (middle + 0.04, y + 0.02), 0.014, 0.004)
        if design["fabric"] == "wool":
            relief = relief + 0.006 * np.exp(-(((region.x - middle) / 0.008) ** 2)) * (region.y > 0.3)
        sheet.lay(region, paint, relief=relief, puff=0.035, rounding=0.07, drop=0.01, contrast=1.1)
        if cut in ("cropped", "straight") and design["fabric"] in ("denim", "cotton"):
            left, right = sorted((hem_out, hem_in)) if side == 1 else sorted((1 - hem_out, 1 - hem_in))
            turn_up = sheet.region(box(left - 0.006, end - 0.055, right + 0.004, end + 0.006, 0.006))
            sheet.lay(turn_up, cloth(lighter(design.ground, 0.22), grain=grain), puff=0.01, rounding=0.015)
    thread = (214, 160, 90) if design["fabric"] == "denim" else _thread(design.ground)
    band = sheet.region(box(0.34, 0.035, 0.66, 0.082, 0.008))
    sheet.lay(band, cloth(design.surface, repeat=0.17, grain=grain, shift=(0.05, 0.03)), puff=0.008, rounding=0.015)
    if design["waist"] == "drawstring":
        for k in range(16):
            sheet.mark(
                sheet.strokes(curve([(0.35 + k * 0.02, 0.04), (0.348 + k * 0.02, 0.08)], False), width=0.003),
                darker(design.ground, 0.3),
                0.5,
            )
        for x in (0.47, 0.53):
            sheet.lay(
                sheet.strokes(curve([(0.5, 0.07), (x, 0.13), (x + (x - 0.5) * 0.4, 0.2)], False), width=0.009),
                design.accent,
                puff=0.004,
                rounding=0.005,
            )
    else:
        for x in (0.37, 0.44, 0.56, 0.63):
            sheet.lay(
                sheet.region(box(x - 0.006, 0.03, x + 0.006, 0.09, 0.003)),
                cloth(design.ground, grain=grain),
                puff=0.004,
                rounding=0.006,
                drop=0.004,
            )
        _button(sheet, 0.5, 0.058, 0.012, (196, 150, 92) if design["fabric"] == "denim" else design.accent)
        stitches(sheet, curve([(0.505, 0.09), (0.515, 0.2), (0.5, 0.3)], False), thread)
        stitches(sheet, curve([(0.54, 0.09), (0.54, 0.2), (0.505, 0.27)], False), thread)
    for side in (-1, 1):
        pocket = curve([(0.5 + side * 0.08, 0.085), (0.5 + side * 0.1, 0.14), (0.5 + side * 0.172, 0.18)], False)
        seam(sheet, pocket, design.ground)
        stitches(sheet, pocket + points([side * 0.003, 0.01]), thread)
    if design["waist"] == "belt":
        belt = sheet.region(box(0.337, 0.043, 0.663, 0.076, 0.004))
        sheet.lay(belt, cloth((104, 62, 38), grain="leather"), puff=0.005, rounding=0.01, gloss=0.12)
        sheet.lay(
            sheet.region(box(0.475, 0.036, 0.53, 0.083, 0.006), holes=[box(0.487, 0.047, 0.518, 0.072, 0.003)]),
            (206, 178, 112),
            puff=0.006,
            rounding=0.006,
            gloss=0.4,
        )
    label(sheet, design.brand, 0.605, 0.12, 0.06, design.accent, design.ground)
    return sheet


def draw_skirt(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    shape = design["shape"]
    hem = {"mini": 0.68, "knee": 0.82, "midi": 0.95}[design["length"]]
    flare = {"pleated": 0.31, "A-line": 0.29, "pencil": 0.17, "wrap": 0.25, "gathered": 0.34}[shape]
    grain = {"denim": "twill", "corduroy": "corduroy", "cotton": "jersey", "wool": "canvas", "satin": None}[
        design["fabric"]
    ]
    paint = cloth(design.surface, repeat=0.2, grain=grain)
    hips = 0.17 if shape == "pencil" else 0.12 + flare * 0.3
    folds = {"pleated": 15, "A-line": 5, "pencil": 2, "wrap": 5, "gathered": 11}[shape]
    waves = np.linspace(0.5 - flare, 0.5 + flare, folds + 2)[1:-1]
    bottom: list[Point] = [
        (float(x), hem + 0.012 + (0.012 * (-1) ** k if folds > 3 else 0.01)) for k, x in enumerate(waves)
    ]
    left: list[Point] = [(0.5, 0.1, True), (0.355, 0.1, True), (0.5 - hips, 0.26), (0.5 - flare, hem, True)]
    right: list[Point] = [(1 - p[0], p[1], True) if len(p) == 3 else (1 - p[0], p[1]) for p in reversed(left[1:])]
    body = sheet.region(curve([*left, *bottom, *right]))
    gloss = 0.16 if design["fabric"] == "satin" else 0.0
    _pleats(
        sheet, body, rng, paint, 0.02, folds, 1.0 if shape == "pleated" else 0.6, sharp=shape == "pleated", gloss=gloss
    )
    if shape == "wrap":
        edge = curve([(0.6, 0.13), (0.6, 0.4), (0.55, 0.7), (0.5, hem + 0.01)], False)
        flap = sheet.region(
            np.concatenate([edge, points([[0.5 - flare, hem], [0.5 - hips, 0.26], [0.36, 0.12]])]).astype(np.float32)
        ).limited_to(body)
        _pleats(sheet, flap, rng, paint, 0.02, 4, 0.6)
    if shape in ("A-line", "pencil") and design["fabric"] in ("denim", "corduroy"):
        for k in range(int((hem - 0.2) / 0.09)):
            _button(sheet, 0.5, 0.19 + k * 0.09, 0.012, design.accent)
        seam(sheet, curve([(0.535, 0.13), (0.535, hem)], False), design.ground)
        for x in (0.345, 0.55):
            _pocket(sheet, x + 0.005, 0.25, 0.1, 0.11, paint, design.ground)
    band = sheet.region(
        curve(
            [
                (0.353, 0.075, True),
                (0.5, 0.083),
                (0.647, 0.075, True),
                (0.647, 0.128, True),
                (0.5, 0.137),
                (0.353, 0.128, True),
            ]
        )
    )
    sheet.lay(
        band,
        cloth(design.surface if shape != "gathered" else design.accent, repeat=0.2, grain=grain, shift=(0.04, 0.01)),
        puff=0.01,
        rounding=0.016,
    )
    if shape == "wrap":
        for end in ((0.66, 0.3), (0.58, 0.33)):
            sheet.lay(
                sheet.strokes(curve([(0.61, 0.11), (0.63, 0.2), end], False), width=0.018),
                cloth(design.accent),
                puff=0.004,
                rounding=0.008,
            )
    stitches(
        sheet,
        curve([(0.5 - flare + 0.012, hem - 0.022), (0.5, hem - 0.008), (0.488 + flare, hem - 0.022)], False),
        _thread(design.ground),
    )
    label(sheet, design.brand, 0.42, 0.105, 0.06, design.accent, design.ground)
    return sheet


def _thread(ground: Colour) -> Colour:
    return lighter(ground, 0.45) if is_dark(ground) else darker(ground, 0.3)


def _neck_depth(neckline: str) -> float:
    return {
        "crew": 0.06,
        "V-neck": 0.16,
        "scoop": 0.125,
        "polo": 0.07,
        "boat": 0.035,
        "roll neck": 0.05,
        "cardigan": 0.3,
    }.get(neckline, 0.06)


def _inside_of_neck(sheet: Sheet, ground: Colour, reach: float, top: float = 0.105) -> None:
    inside = sheet.region(
        curve(
            [
                (0.5 - reach, top, True),
                (0.5, top + 0.022),
                (0.5 + reach, top, True),
                (0.5 + reach * 0.8, top + 0.2),
                (0.5, top + 0.36),
                (0.5 - reach * 0.8, top + 0.2),
            ]
        )
    )
    sheet.lay(inside, darker(ground, 0.38), puff=0.0)
    back = sheet.strokes(curve([(0.5 - reach, top), (0.5, top + 0.022), (0.5 + reach, top)], False), width=0.02)
    sheet.lay(back, darker(ground, 0.2), puff=0.004, rounding=0.006)


def _torso(sheet: Sheet, neck: float, hem: float, half: float, pointed: bool) -> Region:
    reach = 0.095
    middle: Point = (0.5, 0.105 + neck, True) if pointed or neck > 0.2 else (0.5, 0.105 + neck)
    side = 0.55 if pointed or neck > 0.2 else 0.78
    left: list[Point] = [
        middle,
        (0.5 - reach * 0.62, 0.105 + neck * side),
        (0.5 - reach, 0.105, True),
        SHOULDER,
        (0.288, 0.28),
        (*ARMPIT, True),
        (0.5 - half + 0.006, 0.6),
        (0.5 - half, hem, True),
        (0.5, hem + 0.014),
    ]
    return sheet.region(curve(mirrored(left)))


def _fold_like_a_top(
    sheet: Sheet,
    body: Region,
    rng: np.random.Generator,
    paint: Paint,
    hem: float,
    *,
    quilt: float = 0.0,
    gloss: float = 0.0,
    depth: float = 1.0,
) -> None:
    relief = ripple(body, rng, 25, 2.2, 0.0035 * depth) + ripple(body, rng, -40, 1.7, 0.003 * depth)
    for side in (-1, 1):
        for k in range(3):
            start = (0.5 + side * 0.2, 0.38 + 0.03 * k)
            reach = rng.uniform(0.08, 0.17)
            end = (start[0] - side * reach, start[1] + rng.uniform(-0.02, 0.13) + 0.03 * k)
            relief = relief + crease(body, start, end, 0.028, 0.009 * depth)
        x = 0.5 + side * rng.uniform(0.04, 0.16)
        relief = relief + crease(
            body, (x, hem), (x - side * rng.uniform(0.0, 0.05), hem - rng.uniform(0.16, 0.3)), 0.026, 0.007 * depth
        )
    if quilt:
        relief = relief * 0.5 + 0.016 * np.abs(np.sin(np.pi * (body.y + 0.01 * np.sin(body.x * 9)) / quilt)) ** 0.7
    body.u, body.v = body.x + relief * 0.7, body.y + relief * 0.5
    sheet.lay(
        body,
        paint,
        relief=relief.astype(np.float32),
        puff=0.035,
        rounding=0.075,
        drop=0.012,
        gloss=gloss,
        contrast=1.15,
    )


def _sleeves(
    sheet: Sheet,
    rng: np.random.Generator,
    paint: Paint,
    length: float,
    cuff: float,
    *,
    spread: float,
    band: Colour,
    cuff_paint: Paint | None = None,
    bulge: float = 0.0,
    quilt: float = 0.0,
    gloss: float = 0.0,
    shoulder: tuple[float, float] = SHOULDER,
    armpit: tuple[float, float] = ARMPIT,
) -> None:
    for side in (-1, 1):
        angle = np.radians(spread + rng.uniform(-5, 5))
        out = np.array([-np.sin(angle), np.cos(angle)])
        across = np.array([np.cos(angle), np.sin(angle)])
        top, low = np.array(shoulder), np.array(armpit)
        start = (top + low) / 2
        end = start + out * (length - 0.02) - across * 0.025
        outer, inner = end - across * cuff / 2, end + across * cuff / 2
        half_way = (top * 0.5 + outer * 0.5) - across * (0.02 + bulge)
        half_in = (low * 0.5 + inner * 0.5) + across * bulge * 0.4
        outline_points: list[Point] = [
            (top[0] + 0.03, top[1] - 0.006, True),
            (top[0] - 0.012, top[1] + 0.025),
            (*half_way,),
            (*outer, True),
            (*inner, True),
            (*half_in,),
            (low[0], low[1], True),
            (low[0] + 0.03, low[1] - 0.06, True),
        ]
        outline = curve(outline_points)
        region = sheet.region(outline if side < 0 else flipped(outline))
        x = region.x if side < 0 else 1 - region.x
        along = (x - shoulder[0]) * out[0] + (region.y - shoulder[1]) * out[1]
        around = (x - shoulder[0]) * across[0] + (region.y - shoulder[1]) * across[1]
        relief = ripple(region, rng, 60 if side < 0 else 120, 3.0, 0.003)
        sign = -1 if side < 0 else 1
        for share in np.linspace(0.25, 0.9, 3 if length < 0.4 else 6):
            place = start + out * length * (share + rng.uniform(-0.06, 0.06))
            a, b = place + across * 0.06, place - across * rng.uniform(0.02, 0.06) + out * 0.05
            if sign > 0:
                a, b = np.array([1 - a[0], a[1]]), np.array([1 - b[0], b[1]])
            relief = relief + crease(region, (a[0], a[1]), (b[0], b[1]), 0.02, 0.006)
        if quilt:
            relief = relief * 0.5 + 0.014 * np.abs(np.sin(np.pi * along / quilt)) ** 0.7
        region.u, region.v = around + relief * 0.6, along + relief * 0.4
        sheet.lay(region, paint, relief=relief.astype(np.float32), puff=0.035, rounding=0.05, gloss=gloss, contrast=1.1)
        if cuff_paint is not None:
            tip = end + out * 0.055
            wrist = (
                [*(outer + across * 0.002), True],
                [*(inner - across * 0.002), True],
                [*(tip + across * cuff * 0.38), True],
                [*(tip - across * cuff * 0.38), True],
            )
            ring = curve([tuple(p) for p in wrist])
            sheet.lay(sheet.region(ring if side < 0 else flipped(ring)), cuff_paint, puff=0.012, rounding=0.02)
        elif length < 0.4:
            near = np.stack([outer - out * 0.02, inner - out * 0.02]).astype(np.float32)
            stitches(sheet, near if side < 0 else flipped(near), _thread(band))


def _neckband(
    sheet: Sheet,
    neck: float,
    colour: Colour | None,
    *,
    pointed: bool,
    paint: Paint | None = None,
    width: float = 0.026,
) -> None:
    reach = 0.095
    middle: Point = (0.5, 0.105 + neck, True) if pointed else (0.5, 0.105 + neck)
    side = 0.55 if pointed else 0.78
    path = curve(
        [
            (0.5 - reach, 0.108),
            (0.5 - reach * 0.62, 0.105 + neck * side),
            middle,
            (0.5 + reach * 0.62, 0.105 + neck * side),
            (0.5 + reach, 0.108),
        ],
        False,
    )
    surface = paint if paint is not None else cloth(colour or (0, 0, 0), grain="rib", grain_repeat=0.12)
    sheet.lay(sheet.strokes(path, width=width), surface, puff=0.008, rounding=0.01, drop=0.004)


def _polo_collar(sheet: Sheet, trim: Colour, button: Colour) -> None:
    placket = sheet.region(box(0.478, 0.15, 0.522, 0.35, 0.004))
    sheet.lay(placket, cloth(trim), puff=0.005, rounding=0.01)
    for y in (0.22, 0.27, 0.32):
        _button(sheet, 0.5, y, 0.008, button)
    wing = [
        (0.41, 0.095, True),
        (0.385, 0.13),
        (0.395, 0.2, True),
        (0.455, 0.235, True),
        (0.5, 0.17, True),
        (0.44, 0.14),
    ]
    for outline in (curve(wing), flipped(curve(wing))):
        sheet.lay(
            sheet.region(outline), cloth(trim, grain="rib", grain_repeat=0.12), puff=0.008, rounding=0.014, drop=0.01
        )


def _button(sheet: Sheet, x: float, y: float, radius: float, colour: Colour) -> None:
    sheet.lay(sheet.region(ellipse(x, y, radius, radius)), colour, puff=0.006, rounding=0.007, gloss=0.25, drop=0.005)
    for dx in (-0.3, 0.3):
        sheet.mark(sheet.region(ellipse(x + dx * radius, y, radius * 0.16, radius * 0.16)), darker(colour, 0.6))


def _pocket(
    sheet: Sheet, x: float, y: float, width: float, height: float, paint: Paint, ground: Colour, flap: bool = False
) -> None:
    outline = curve(
        [
            (x, y, True),
            (x + width, y, True),
            (x + width, y + height * 0.8),
            (x + width / 2, y + height, True),
            (x, y + height * 0.8),
        ]
    )
    sheet.lay(sheet.region(outline), paint, puff=0.006, rounding=0.012, drop=0.006)
    stitches(
        sheet, np.stack([[x + 0.006, y + 0.02], [x + width - 0.006, y + 0.02]]).astype(np.float32), _thread(ground)
    )
    if flap:
        cover = curve(
            [
                (x - 0.004, y - 0.006, True),
                (x + width + 0.004, y - 0.006, True),
                (x + width, y + height * 0.28),
                (x + width / 2, y + height * 0.42, True),
                (x, y + height * 0.28),
            ]
        )
        sheet.lay(sheet.region(cover), paint, puff=0.008, rounding=0.014, drop=0.008)
        _button(sheet, x + width / 2, y + height * 0.27, 0.009, (198, 166, 110))


def _pleats(
    sheet: Sheet,
    region: Region,
    rng: np.random.Generator,
    paint: Paint,
    start: float,
    count: int,
    depth: float,
    *,
    sharp: bool = False,
    gloss: float = 0.0,
) -> None:
    """Folds that fan out from the waist; their number and sharpness tell a pleated skirt from a gathered one."""
    apex = -0.25
    fan = (region.x - 0.5) / (region.y - apex) * (1 - apex)
    fan = fan + 0.012 * np.sin(region.y * 9 + rng.uniform(0, 6))
    wave = fan * count * 1.6 + rng.uniform(0, 1)
    if sharp:
        rise = wave % 1
        fold = np.minimum(rise / 0.82, (1 - rise) / 0.18)
    else:
        fold = 0.5 + 0.5 * np.sin(2 * np.pi * wave + 1.2 * np.sin(fan * 13 + rng.uniform(0, 6)))
    grow = np.clip((region.y - start) * 1.6, 0.15, 1)
    relief = (0.17 / count * depth * grow * fold).astype(np.float32) + ripple(region, rng, 15, 1.6, 0.004)
    region.u, region.v = region.x + relief * 0.6, region.y - 0.06 * ((region.x - 0.5) / 0.3) ** 2
    sheet.lay(region, paint, relief=relief, puff=0.03, rounding=0.06, drop=0.01, gloss=gloss, shine=10, contrast=1.1)


def _gathers(sheet: Sheet, skirt: Region, y: float, reach: float, rng: np.random.Generator) -> None:
    fan = np.sin(skirt.x * 160 + 2 * np.sin(skirt.x * 37 + rng.uniform(0, 6)))
    below = np.clip((skirt.y - y) / 0.012, 0, 1) * np.clip(1 - (skirt.y - y) / 0.09, 0, 1)
    sheet.multiply(skirt, (1 - 0.13 * below * (0.6 + 0.5 * fan)).astype(np.float32))


def _print(sheet: Sheet, motif: str, design: Design, ink: Colour) -> None:
    """A picture printed on the chest."""
    x, y, other = 0.5, 0.43, design.accent
    if motif == "sunset":
        for k in range(6):
            band = sheet.region(ellipse(x, y, 0.11, 0.11)).limited_to(
                sheet.region(box(0.3, y - 0.115 + k * 0.04, 0.7, y - 0.115 + k * 0.04 + 0.034 - k * 0.004, 0.001))
            )
            sheet.mark(band, mix(ink, other, k / 5), 0.92)
    elif motif == "mountain":
        sheet.mark(sheet.region(ellipse(x + 0.05, y - 0.05, 0.035, 0.035)), other, 0.92)
        for dx, height, colour in ((0.04, 0.1, mix(ink, design.ground, 0.35)), (-0.035, 0.14, ink)):
            peak = points([[x + dx - 0.1, y + 0.08], [x + dx, y + 0.08 - height], [x + dx + 0.1, y + 0.08]])
            sheet.mark(sheet.region(peak), colour, 0.92)
    elif motif == "wave":
        for k in range(4):
            t = np.linspace(0, 1, 60, dtype=np.float32)
            path = np.stack([x - 0.12 + 0.24 * t, y - 0.06 + k * 0.04 + 0.016 * np.sin(t * 12.6 + k)], 1)
            sheet.mark(sheet.strokes(path, width=0.014), ink if k % 2 else other, 0.92)
    elif motif == "leaf":
        sheet.mark(
            sheet.strokes(curve([(x - 0.02, y + 0.13), (x, y), (x + 0.02, y - 0.12)], False), width=0.006), ink, 0.92
        )
        for k in range(5):
            for side in (-1, 1):
                cx, cy = x + side * 0.045, y + 0.075 - k * 0.042
                leaf = curve(
                    [
                        (x + 0.004 * k - 0.008, cy + 0.018, True),
                        (cx, cy - 0.008),
                        (cx + side * 0.03, cy - 0.025, True),
                        (cx + side * 0.012, cy + 0.012),
                    ]
                )
                sheet.mark(sheet.region(leaf), ink if (k + side) % 3 else other, 0.92)
    elif motif == "moon":
        crescent = sheet.region(ellipse(x, y, 0.09, 0.09), holes=[ellipse(x + 0.045, y - 0.025, 0.075, 0.075)])
        sheet.mark(crescent, ink, 0.92)
        for dx, dy in ((0.055, -0.03), (0.09, 0.02), (0.04, 0.03)):
            sheet.mark(sheet.region(ellipse(x + dx, y + dy, 0.008, 0.008)), other)
    if motif in ("sunset", "mountain", "wave", "moon", "wordmark"):
        write(
            sheet,
            design.brand.upper(),
            x,
            y + (0.16 if motif != "wordmark" else -0.02),
            0.026 if motif != "wordmark" else 0.055,
            ink,
        )
