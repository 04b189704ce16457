"""How cloth falls: sleeves, the body of a top, and skirts."""

from __future__ import annotations

import numpy as np

from catalog.sample_shop.design import stitches
from catalog.sample_shop.drawing import Drawing, Step
from catalog.sample_shop.surfaces import Point, crease, curve, flipped, ripple
from catalog.sample_shop.tables import chosen


def top(drawing: Drawing, step: Step) -> None:
    """The body of a top, creased below the arms and above its hem; quilted in rows of a height if step says so."""
    body, rng = drawing.region(step, drawing.outline(step)), drawing.rng
    hem, depth, quilt = (drawing.number(step.get(name, 0.0)) for name in ("hem", "depth", "quilt"))
    relief = ripple(body, rng, 25, 2.2, 0.0035 * depth) + ripple(body, rng, -40, 1.7, 0.003 * depth)
    for side in (-1, 1):
        for k in range(3):
            start = (0.5 + side * 0.2, 0.38 + 0.03 * k)
            reach = rng.uniform(0.08, 0.17)
            end = (start[0] - side * reach, start[1] + rng.uniform(-0.02, 0.13) + 0.03 * k)
            relief = relief + crease(body, start, end, 0.028, 0.009 * depth)
        x = 0.5 + side * rng.uniform(0.04, 0.16)
        end = (x - side * rng.uniform(0.0, 0.05), hem - rng.uniform(0.16, 0.3))
        relief = relief + crease(body, (x, hem), end, 0.026, 0.007 * depth)
    if quilt:
        relief = relief * 0.5 + 0.016 * np.abs(np.sin(np.pi * (body.y + 0.01 * np.sin(body.x * 9)) / quilt)) ** 0.7
    body.u, body.v = body.x + relief * 0.7, body.y + relief * 0.5
    drawing.lay(body, {**TOP, **step}, relief.astype(np.float32))


def sleeves(drawing: Drawing, step: Step) -> None:
    """Two sleeves of a length, `cuff` wide at their ends, hanging at an angle of `spread` degrees; with a knitted cuff
    where there is a cuff_paint, else with a hem if they are short."""
    sheet, rng = drawing.sheet, drawing.rng
    length, cuff, spread = (drawing.number(step[name]) for name in ("length", "cuff", "spread"))
    bulge, quilt = (drawing.number(step.get(name, 0.0)) for name in ("bulge", "quilt"))
    shoulder, armpit = (
        drawing.place(step.get(name, usual)) for name, usual in (("shoulder", "0.285,0.165"), ("armpit", "0.3,0.39"))
    )
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
        drawing.lay(region, {**SLEEVE, **step}, relief.astype(np.float32))
        if "cuff_paint" in step:
            tip = end + out * 0.055
            wrist = (
                [*(outer + across * 0.002), True],
                [*(inner - across * 0.002), True],
                [*(tip + across * cuff * 0.38), True],
                [*(tip - across * cuff * 0.38), True],
            )
            ring = curve([tuple(p) for p in wrist])
            wrist_paint = drawing.paint(step["cuff_paint"])
            sheet.lay(sheet.region(ring if side < 0 else flipped(ring)), wrist_paint, puff=0.012, rounding=0.02)
        elif length < 0.4:
            near = np.stack([outer - out * 0.02, inner - out * 0.02]).astype(np.float32)
            stitches(sheet, near if side < 0 else flipped(near), drawing.colour("ground thread 0.45 0.3"))


def pleats(drawing: Drawing, step: Step) -> None:
    """Folds that fan out from the waist; their number and sharpness tell a pleated skirt from a gathered one."""
    region, rng = drawing.region(step, drawing.outline(step)), drawing.rng
    if "name" in step:
        drawing.regions[step["name"]] = region
    start, count, depth = (drawing.number(step[name]) for name in ("start", "count", "depth"))
    apex = -0.25
    fan = (region.x - 0.5) / (region.y - apex) * (1 - apex)
    fan = fan + 0.012 * np.sin(region.y * 9 + rng.uniform(0, 6))
    wave = fan * count * 1.6 + rng.uniform(0, 1)
    if chosen(step.get("sharp"), drawing.details):
        rise = wave % 1
        fold = np.minimum(rise / 0.82, (1 - rise) / 0.18)
    else:
        fold = 0.5 + 0.5 * np.sin(2 * np.pi * wave + 1.2 * np.sin(fan * 13 + rng.uniform(0, 6)))
    grow = np.clip((region.y - start) * 1.6, 0.15, 1)
    relief = (0.17 / count * depth * grow * fold).astype(np.float32) + ripple(region, rng, 15, 1.6, 0.004)
    region.u, region.v = region.x + relief * 0.6, region.y - 0.06 * ((region.x - 0.5) / 0.3) ** 2
    drawing.lay(region, {**SKIRT, **step}, relief)


def gathers(drawing: Drawing, step: Step) -> None:
    """Shade the small folds below a seam."""
    skirt, y = drawing.regions[step["region"]], drawing.number(step["y"])
    fan = np.sin(skirt.x * 160 + 2 * np.sin(skirt.x * 37 + drawing.rng.uniform(0, 6)))
    below = np.clip((skirt.y - y) / 0.012, 0, 1) * np.clip(1 - (skirt.y - y) / 0.09, 0, 1)
    drawing.sheet.multiply(skirt, (1 - 0.13 * below * (0.6 + 0.5 * fan)).astype(np.float32))


TOP: Step = {"puff": 0.035, "rounding": 0.075, "drop": 0.012, "contrast": 1.15}
SLEEVE: Step = {"puff": 0.035, "rounding": 0.05, "contrast": 1.1}
SKIRT: Step = {"puff": 0.03, "rounding": 0.06, "drop": 0.01, "shine": 10, "contrast": 1.1}
