"""Chairs and cushions."""

from __future__ import annotations

import numpy as np

from catalog.sample_shop.design import Design, Pose, label, seam, stitches
from catalog.sample_shop.materials import cloth
from catalog.sample_shop.surfaces import (
    Array,
    Colour,
    Paint,
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

WOOD: dict[str, Colour] = {
    "oak": (202, 164, 116),
    "walnut": (120, 80, 54),
    "ash": (226, 204, 170),
    "black-stained": (52, 48, 48),
}


def draw_cushion(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    wide, tall = {"square": (0.38, 0.38), "oblong": (0.44, 0.27), "round": (0.38, 0.38)}[design["shape"]]
    grain = {"linen": "canvas", "velvet": "jersey", "boucle": "boucle", "knit": "cable", "cotton": "twill"}[
        design["fabric"]
    ]
    if design["shape"] == "round":
        outline = ellipse(0.5, 0.5, wide, tall)
    else:
        pinch = 0.035
        outline = curve(
            [
                (0.5 - wide, 0.5 - tall, True),
                (0.5, 0.5 - tall + pinch),
                (0.5 + wide, 0.5 - tall, True),
                (0.5 + wide - pinch, 0.5),
                (0.5 + wide, 0.5 + tall, True),
                (0.5, 0.5 + tall - pinch),
                (0.5 - wide, 0.5 + tall, True),
                (0.5 - wide + pinch, 0.5),
            ]
        )
    _edge(sheet, design, outline, wide, tall)
    body = sheet.region(outline)
    dx, dy = body.x - 0.5, body.y - 0.5
    relief = ripple(body, rng, 35, 1.4, 0.006)
    for sx in (-1, 1):
        for sy in (-1, 1):
            if design["shape"] == "round":
                continue
            for _ in range(2):
                start = (0.5 + sx * (wide - 0.02), 0.5 + sy * (tall - 0.02))
                end = (0.5 + sx * rng.uniform(0.1, 0.24), 0.5 + sy * rng.uniform(0.06, tall - 0.1))
                relief = relief + crease(body, start, end, 0.02, 0.01)
    if design["detail"] == "button":
        relief = relief - (0.05 * np.exp(-(dx**2 + dy**2) / 0.006)).astype(np.float32)
        angle = np.arctan2(dy, dx)
        relief = relief + (0.006 * np.cos(angle * 9) * np.exp(-(dx**2 + dy**2) / 0.015)).astype(np.float32)
    bow = 1 - 0.12 * ((dx / wide) ** 2 + (dy / tall) ** 2)
    body.u, body.v = dx * bow + relief * 0.5, dy * bow + relief * 0.5
    gloss = 0.1 if design["fabric"] == "velvet" else 0.0
    paint = cloth(design.surface, repeat=0.3, grain=grain, grain_repeat=0.25 if grain == "cable" else 0.14)
    sheet.lay(body, paint, relief=relief.astype(np.float32), puff=0.16, rounding=0.2, gloss=gloss, shine=6, drop=0.01)
    if design["detail"] == "button":
        sheet.lay(
            sheet.region(ellipse(0.5, 0.5, 0.024, 0.024)), cloth(design.accent), puff=0.016, rounding=0.015, drop=0.012
        )
    elif design["detail"] == "panel":
        for side in (-1, 1):
            x = 0.5 + side * wide * 0.72
            strip = sheet.region(
                box(min(x, 0.5 + side * wide * 1.1), 0.05, max(x, 0.5 + side * wide * 1.1), 0.95, 0.0)
            ).limited_to(body)
            sheet.mark(strip, design.accent, 0.72)
            stitches(sheet, points([[x, 0.5 - tall * 0.88], [x, 0.5 + tall * 0.88]]), lighter(design.accent, 0.4))
    if design["shape"] == "round":
        label(sheet, design.brand, 0.5, 0.5 + tall * 0.86, 0.08, design.accent, design.ground)
    else:
        label(sheet, design.brand, 0.5 + wide * 0.62, 0.5 + tall * 0.84, 0.08, design.accent, design.ground)
    return sheet


def _edge(sheet: Sheet, design: Design, outline: Array, wide: float, tall: float) -> None:
    if design["edge"] == "piping":
        closed = np.concatenate([outline, outline[:2]])
        sheet.lay(sheet.strokes(closed, width=0.024), cloth(design.accent), puff=0.012, rounding=0.011)
    elif design["edge"] == "tassels":
        for sx in (-1, 1):
            for sy in (-1, 1):
                x, y = 0.5 + sx * wide, 0.5 + sy * tall
                for turn in (-0.5, -0.25, 0, 0.25, 0.5):
                    a = np.arctan2(sy, sx) + turn * 0.8
                    tip = points([[x, y], [x + 0.075 * np.cos(a), y + 0.075 * np.sin(a)]])
                    sheet.lay(sheet.strokes(tip, width=0.012), design.accent, puff=0.004, rounding=0.006, drop=0.004)
                sheet.lay(sheet.region(ellipse(x, y, 0.02, 0.02)), design.accent, puff=0.012, rounding=0.012)
    elif design["edge"] == "fringe":
        count = 60
        for side in (-1, 1):
            lines = []
            for t in np.linspace(-0.96, 0.96, count):
                if design["shape"] == "round":
                    a = np.pi / 2 * t + (np.pi if side < 0 else 0)
                    at, out = (
                        (0.5 + (wide - 0.01) * np.cos(a), 0.5 + (tall - 0.01) * np.sin(a)),
                        (0.05 * np.cos(a), 0.05 * np.sin(a)),
                    )
                else:
                    at, out = (
                        (0.5 + side * (wide - 0.03 * (1 - t * t)), 0.5 + tall * t),
                        (side * 0.055, 0.006 * np.sin(t * 50)),
                    )
                lines.append(points([at, (at[0] + out[0], at[1] + out[1])]))
            sheet.lay(sheet.strokes(*lines, width=0.008), design.accent, puff=0.003, rounding=0.005, drop=0.005)


class Room:
    """Turns places in a room into places on the sheet: x across, y up, z towards the viewer, in chair heights."""

    def __init__(self, turn: float) -> None:
        self.cos, self.sin = float(np.cos(turn)), float(np.sin(turn))

    def at(self, x: float, y: float, z: float) -> tuple[float, float]:
        across, near = x * self.cos + z * self.sin, z * self.cos - x * self.sin
        scale = 0.86 * (1 + 0.16 * near)
        return 0.5 + across * scale, 0.86 - y * scale * 0.95 + near * 0.27

    def nearness(self, x: float, z: float) -> float:
        return z * self.cos - x * self.sin

    def path(self, *places: tuple[float, float, float]) -> Array:
        return np.array([self.at(*place) for place in places], np.float32)


def draw_chair(design: Design, pose: Pose, size: int) -> Sheet:
    sheet, rng = Sheet(size), pose.rng(design)
    room = Room(0.5 * pose.turn + (0.32 if pose.turn >= 0 else -0.32))
    style = design["style"]
    frame: Colour = {**WOOD, "black metal": (50, 50, 53), "brass": (200, 166, 100), "painted": design.accent}[
        design["frame"]
    ]
    wooden = design["frame"] in WOOD
    wood = cloth(frame, grain="wood" if wooden else None, grain_repeat=0.3)
    gloss = 0.0 if wooden else 0.25
    grain = {
        "linen": "canvas",
        "velvet": "jersey",
        "boucle": "boucle",
        "leather": "leather",
        "cane": "canvas",
        "plastic": None,
        "wood": "wood",
    }[design["seat"]]
    seat_paint = (
        wood if design["seat"] == "wood" else cloth(design.surface, repeat=0.17, grain=grain, grain_repeat=0.16)
    )
    lounge = style in ("armchair", "lounge")
    half, deep = (0.29, 0.27) if lounge else (0.23, 0.22)
    level = {"armchair": 0.36, "lounge": 0.33, "stool": 0.62, "bar": 0.62}.get(style, 0.46)
    corners = [(-half, -deep), (half, -deep), (half, deep), (-half, deep)]
    feet = sorted(corners, key=lambda c: room.nearness(*c))
    leg_top = 0.14 if style == "armchair" else level
    for x, z in feet[:2]:
        _leg(sheet, design, room, wood, x, z, leg_top, gloss)
    if design["legs"] == "pedestal":
        sheet.lay(sheet.region(ellipse(0.5, 0.87, 0.19, 0.06)), wood, puff=0.02, rounding=0.03, gloss=gloss)
        sheet.lay(
            sheet.strokes(room.path((0, 0.0, 0), (0, level, 0)), width=0.05),
            wood,
            puff=0.025,
            rounding=0.023,
            gloss=gloss,
        )
    if style not in ("stool",):
        _back(sheet, design, room, wood, seat_paint, half, deep, level, gloss, rng)
    if lounge:
        far = sorted((-1, 1), key=lambda side: room.nearness(side * half, 0))
        _arm(sheet, design, room, seat_paint, wood, far[0] * half, deep, level)
    for x, z in feet[2:]:
        _leg(sheet, design, room, wood, x, z, leg_top, gloss)
    if style == "armchair":
        z = deep * 0.9
        apron = sheet.region(room.path((-half, 0.12, z), (half, 0.12, z), (half, level, z), (-half, level, z)))
        sheet.lay(apron, seat_paint, puff=0.02, rounding=0.03)
        sheet.multiply(apron, np.full_like(apron.x, 0.9))
    if style in ("spindle", "ladder", "stool", "bar") and design["legs"] != "pedestal":
        low = 0.2
        for a, b in ((feet[2], feet[3]), (feet[0], feet[2]), (feet[1], feet[3])):
            sheet.lay(
                sheet.strokes(room.path((a[0] * 1.06, low, a[1] * 1.06), (b[0] * 1.06, low, b[1] * 1.06)), width=0.016),
                wood,
                puff=0.008,
                rounding=0.008,
                gloss=gloss,
            )
    thick = 0.13 if lounge else 0.07 if design["seat"] in ("velvet", "boucle", "linen", "leather") else 0.035
    if style == "shell":
        thick = 0.05
    _seat(sheet, room, seat_paint, half, deep, level, thick, design, rng)
    if lounge:
        _arm(sheet, design, room, seat_paint, wood, far[1] * half, deep, level)
    return sheet


def _leg(sheet: Sheet, design: Design, room: Room, wood: Paint, x: float, z: float, level: float, gloss: float) -> None:
    kind = design["legs"]
    if kind == "pedestal":
        return
    splay = {"tapered": 1.12, "straight": 1.0, "hairpin": 1.08, "splayed": 1.28}[kind]
    top, foot = room.at(x * 0.92, level - 0.01, z * 0.92), room.at(x * splay, 0.0, z * splay)
    if kind == "hairpin":
        for dx in (-0.022, 0.022):
            sheet.lay(
                sheet.strokes(points([[top[0] + dx, top[1]], foot]), width=0.012),
                wood,
                puff=0.006,
                rounding=0.006,
                gloss=gloss,
            )
        return
    wide, narrow = (0.024, 0.012) if kind != "straight" else (0.022, 0.02)
    leg = points(
        [[top[0] - wide, top[1]], [top[0] + wide, top[1]], [foot[0] + narrow, foot[1]], [foot[0] - narrow, foot[1]]]
    )
    region = sheet.region(leg)
    region.u, region.v = region.y, region.x
    region.u, region.v = region.x, region.y * 0.4
    sheet.lay(region, wood, puff=0.022, rounding=0.018, gloss=gloss)
    if design["feet"] == "capped":
        t = 0.86
        mid = (top[0] + (foot[0] - top[0]) * t, top[1] + (foot[1] - top[1]) * t)
        w = wide + (narrow - wide) * t + 0.002
        cap = points(
            [
                [mid[0] - w, mid[1]],
                [mid[0] + w, mid[1]],
                [foot[0] + narrow + 0.002, foot[1]],
                [foot[0] - narrow - 0.002, foot[1]],
            ]
        )
        sheet.lay(sheet.region(cap), (204, 170, 104), puff=0.016, rounding=0.014, gloss=0.3, drop=0)


def _seat(
    sheet: Sheet,
    room: Room,
    paint: Paint,
    half: float,
    deep: float,
    level: float,
    thick: float,
    design: Design,
    rng: np.random.Generator,
) -> None:
    def ring(y: float, grow: float = 1.0) -> Array:
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        power = 0.32 if design["style"] not in ("stool", "bistro") else 1.0
        xs = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** power
        zs = np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** power
        return room.path(*[(float(a) * half * grow, y, float(b) * deep * grow) for a, b in zip(xs, zs, strict=True)])

    rings = [ring(level - thick + thick * k / 15) for k in range(16)]
    side = sheet.region(*rings)
    side.v = side.y * 1.0
    sheet.lay(side, paint, puff=0.03, rounding=0.035, contrast=1.1, drop=0.016)
    if design["style"] == "shell" or design["seat"] == "wood":
        sheet.multiply(side, np.full_like(side.x, 0.82))
    top = sheet.region(ring(level, 0.99))
    middle = room.at(0, level, 0)
    top.u = (top.x - middle[0]) * room.cos + (top.y - middle[1]) * 2.6 * room.sin
    top.v = (top.y - middle[1]) * 2.6 * room.cos - (top.x - middle[0]) * room.sin
    soft = design["seat"] in ("velvet", "boucle", "linen", "leather")
    relief = ripple(top, rng, 30, 1.6, 0.004) if soft else None
    sheet.lay(
        top,
        paint,
        puff=0.05 if soft else 0.012,
        rounding=0.06 if soft else 0.02,
        relief=relief,
        drop=0,
        gloss=0.1 if design["seat"] == "leather" else 0.0,
    )
    sheet.multiply(top, np.full_like(top.x, 1.06))
    if soft:
        sheet.mark(
            sheet.strokes(np.concatenate([ring(level - 0.008), ring(level - 0.008)[:1]]), width=0.006),
            design.accent,
            0.8,
        )
    if design["seat"] == "cane":
        _weave(sheet, room, half * 0.8, deep * 0.8, level + 0.002, design.ground)


def _weave(sheet: Sheet, room: Room, half: float, deep: float, level: float, colour: Colour) -> None:
    lines = []
    for t in np.linspace(-1, 1, 17).tolist():
        lines.append(room.path((t * half, level, -deep), (t * half, level, deep)))
        lines.append(room.path((-half, level, t * deep), (half, level, t * deep)))
    sheet.mark(sheet.strokes(*lines, width=0.004, round_ends=False), darker(colour, 0.4), 0.7)


def _back(
    sheet: Sheet,
    design: Design,
    room: Room,
    wood: Paint,
    paint: Paint,
    half: float,
    deep: float,
    level: float,
    gloss: float,
    rng: np.random.Generator,
) -> None:
    style = design["style"]
    top = {"armchair": 0.9, "lounge": 0.82, "bistro": 0.9, "bar": 0.84, "shell": 0.88}.get(style, 0.98)
    rear = -deep * 0.96
    slope = 0.08

    def place(x: float, y: float) -> tuple[float, float, float]:
        return x, y, rear - slope * (y - level)

    def panel(inset: float, low: float, high: float, corner: float = 0.35, bow: float = 0.0) -> Array:
        angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
        xs = np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** corner * (half - inset)
        ys = (low + high) / 2 + np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** corner * (high - low) / 2
        return room.path(
            *[place(float(a) * (1 + bow * (float(b) - low)), float(b)) for a, b in zip(xs, ys, strict=True)]
        )

    stroke = 0.03 if design["frame"] not in ("black metal", "brass") else 0.02
    if style in ("spindle", "ladder", "slat"):
        for x in (-half * 0.94, half * 0.94):
            sheet.lay(
                sheet.strokes(room.path(place(x, level - 0.02), place(x * 1.04, top)), width=stroke),
                wood,
                puff=0.016,
                rounding=0.014,
                gloss=gloss,
            )
        if style == "spindle":
            for x in np.linspace(-half * 0.72, half * 0.72, int(design["bars"])).tolist():
                sheet.lay(
                    sheet.strokes(room.path(place(x, level), place(x * 1.05, top - 0.03)), width=0.016),
                    wood,
                    puff=0.009,
                    rounding=0.008,
                    gloss=gloss,
                )
            rails = [(top - 0.07, top + 0.02)]
        elif style == "ladder":
            count = int(design["bars"])
            rails = [(level + 0.12 + k * 0.4 / count, level + 0.18 + k * 0.4 / count) for k in range(count)]
        else:
            rails = [(top - 0.09, top + 0.01)]
            for x in np.linspace(-half * 0.6, half * 0.6, int(design["bars"])).tolist():
                sheet.lay(
                    sheet.region(
                        room.path(
                            place(x - 0.03, level),
                            place(x + 0.03, level),
                            place(x + 0.03, top - 0.05),
                            place(x - 0.03, top - 0.05),
                        )
                    ),
                    wood,
                    puff=0.01,
                    rounding=0.014,
                )
        for low, high in rails:
            rail = curve(
                [
                    (float(a), float(b))
                    for a, b in room.path(
                        place(-half, low),
                        place(-half * 1.03, high),
                        place(0, high + 0.025),
                        place(half * 1.03, high),
                        place(half, low),
                        place(0, low + 0.02),
                    ).tolist()
                ]
            )
            sheet.lay(sheet.region(rail), wood, puff=0.02, rounding=0.022, gloss=gloss)
        return
    if style == "bistro":
        for inset, high in ((0.0, top), (0.07, top - 0.1)):
            arc = [
                place(-half + inset, level),
                place(-half + inset, (level + high) / 2),
                place(-half * 0.6 + inset * 0.5, high - 0.03),
                place(0, high),
                place(half * 0.6 - inset * 0.5, high - 0.03),
                place(half - inset, (level + high) / 2),
                place(half - inset, level),
            ]
            arch = curve([(float(a), float(b)) for a, b in room.path(*arc).tolist()], False)
            sheet.lay(sheet.strokes(arch, width=0.026), wood, puff=0.014, rounding=0.012, gloss=max(gloss, 0.1))
        return
    low = level - 0.02 if style in ("armchair", "lounge", "shell") else level + 0.14
    if style not in ("armchair", "lounge", "shell"):
        for x in (-half * 0.7, half * 0.7):
            sheet.lay(
                sheet.strokes(room.path(place(x, level - 0.02), place(x, low + 0.15)), width=stroke * 0.8),
                wood,
                puff=0.012,
                rounding=0.011,
                gloss=gloss,
            )
    corner = {"round": 0.75, "square": 0.25, "soft": 0.42}[design["back"]]
    thick = 0.045 if style in ("armchair", "lounge") else 0.02
    outline = panel(0.0, low, top, corner)
    behind = sheet.region(outline + points([0.5 * thick * (1 if room.sin > 0 else -1), -thick * 0.5]), outline)
    sheet.lay(behind, paint, puff=0.02, rounding=0.03)
    sheet.multiply(behind, np.full_like(behind.x, 0.78))
    region = sheet.region(outline)
    relief = ripple(region, rng, 20, 1.3, 0.004)
    if design["detail"] == "channels":
        relief = relief + (0.012 * np.abs(np.sin((region.x - 0.5) * 60)) ** 0.6).astype(np.float32)
    elif design["detail"] == "tufted":
        for x in (-0.5, 0.0, 0.5):
            for y in (0.35, 0.7):
                cx, cy = room.at(*place(x * half, low + (top - low) * y))
                relief = relief - (0.03 * np.exp(-((region.x - cx) ** 2 + (region.y - cy) ** 2) / 0.0012)).astype(
                    np.float32
                )
    sheet.lay(
        region,
        paint,
        relief=relief.astype(np.float32),
        puff=0.06,
        rounding=0.07,
        drop=0,
        gloss=0.12 if design["seat"] in ("leather", "plastic") else 0.0,
        shine=9,
    )
    if design["detail"] == "tufted":
        for x in (-0.5, 0.0, 0.5):
            for y in (0.35, 0.7):
                cx, cy = room.at(*place(x * half, low + (top - low) * y))
                sheet.lay(sheet.region(ellipse(cx, cy, 0.011, 0.011)), design.accent, puff=0.008, rounding=0.008)
    elif design["detail"] == "piped":
        sheet.lay(
            sheet.strokes(np.concatenate([outline, outline[:1]]), width=0.012),
            design.accent,
            puff=0.006,
            rounding=0.006,
            drop=0.003,
        )
    if style == "shell":
        dip = sheet.region(panel(0.1, level + 0.05, level + 0.11, 0.8))
        if design["detail"] == "cut-out":
            sheet.lay(dip, darker(design.ground, 0.6), puff=-0.01, rounding=0.01, drop=0)
    if design["seat"] == "cane":
        seam(sheet, outline, design.ground, 0.008)
    ink = design.ground if is_dark(design.ground) != is_dark(design.accent) else darker(design.ground, 0.5)
    tag = room.at(*place(half * 0.6, top - 0.07))
    label(sheet, design.brand, tag[0], tag[1], 0.055, design.accent, ink)


def _arm(
    sheet: Sheet, design: Design, room: Room, paint: Paint, wood: Paint, x: float, deep: float, level: float
) -> None:
    if design["style"] == "lounge":
        z0, z1 = deep * 0.95, -deep * 0.9
        height = level + 0.2
        sheet.lay(sheet.strokes(room.path((x, 0.1, z0), (x, height, z0)), width=0.03), wood, puff=0.015, rounding=0.014)
        sheet.lay(
            sheet.strokes(room.path((x, height, z0 + 0.02), (x, height + 0.015, 0), (x, height, z1)), width=0.038),
            wood,
            puff=0.02,
            rounding=0.017,
        )
        return
    sign = 1 if x > 0 else -1
    outer, inner = x + 0.05 * sign, x - 0.045 * sign
    height = level + 0.2
    faces = [
        room.path((outer, 0.12, deep), (outer, height, deep), (outer, height, -deep), (outer, 0.12, -deep)),
        room.path(
            (inner, level - 0.1, deep), (inner, height, deep), (inner, height, -deep), (inner, level - 0.1, -deep)
        ),
        room.path((outer, 0.12, deep), (outer, height, deep), (inner, height, deep), (inner, 0.12, deep)),
        room.path((outer, height, deep), (outer, height, -deep), (inner, height, -deep), (inner, height, deep)),
    ]
    whole = sheet.region(*faces)
    sheet.lay(whole, paint, puff=0.05, rounding=0.05, drop=0.012)
    front = sheet.region(faces[2])
    sheet.lay(front, paint, puff=0.03, rounding=0.03, drop=0)
    sheet.multiply(front, np.full_like(front.x, 0.93))
    if design["detail"] == "piped":
        sheet.mark(sheet.strokes(np.concatenate([faces[2], faces[2][:1]]), width=0.008), design.accent, 0.9)
