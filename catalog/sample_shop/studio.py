"""The camera: puts a drawn product on a background, lights it, and takes the photo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from catalog.sample_shop.materials import COLOURS, cloth
from catalog.sample_shop.surfaces import (
    Array,
    Colour,
    Sheet,
    box,
    curve,
    darker,
    ellipse,
    lighter,
    mix,
    points,
    ripple,
    unit,
)

Corners = Sequence[tuple[float, float]]  # top left, top right, bottom right, bottom left, in pixels
BACKDROPS: tuple[Colour, ...] = (
    (232, 224, 212),
    (222, 228, 222),
    (236, 222, 214),
    (220, 226, 234),
    (230, 228, 222),
    (238, 230, 208),
    (228, 220, 230),
)
PAINTS: tuple[Colour, ...] = (
    (206, 196, 180),
    (176, 190, 178),
    (214, 180, 162),
    (170, 184, 198),
    (222, 206, 172),
    (196, 178, 190),
    (188, 196, 188),
)


def cut_out(sheet: Sheet) -> Image.Image:
    """The drawn product, RGBA, cut close to its outline."""
    image = sheet.image()
    bounds = image.getchannel("A").point(lambda a: 255 if a > 8 else 0).getbbox()
    return image.crop(bounds) if bounds else image


# Shop pictures


def on_white(product: Image.Image, stands: bool) -> Image.Image:
    """The first picture of every product: a white sweep and a soft shadow."""
    photo = Image.new("RGB", (640, 640), (250, 250, 249))
    return _in_the_middle(photo, product, stands, 0.82, 0.0)


def on_backdrop(product: Image.Image, stands: bool, rng: np.random.Generator) -> Image.Image:
    """A coloured paper sweep, light from the left."""
    colour = BACKDROPS[int(rng.integers(len(BACKDROPS)))]
    y, x = np.mgrid[0:64, 0:64].astype(np.float32) / 63
    light = 1.05 - 0.1 * x - 0.06 * y
    if stands:
        light = (
            light - 0.07 / (1 + np.exp(-(y - 0.72) * 22)) + 0.05 * np.exp(-(((x - 0.4) ** 2 + (y - 0.4) ** 2) / 0.15))
        )
    photo = _smooth(unit(colour) * light[..., None], (640, 640))
    return _in_the_middle(photo, product, stands, 0.76, 0.0 if stands else float(rng.uniform(-7, 7)))


def close_up(product: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A part of the product fills the picture. product is best drawn large."""
    colour = lighter(BACKDROPS[int(rng.integers(len(BACKDROPS)))], 0.45)
    turned = product.rotate(float(rng.uniform(-9, 9)), Image.Resampling.BICUBIC, expand=True)
    side = int(max(min(turned.size) * 0.72, max(turned.size) * 0.48))
    upper = np.asarray(turned.getchannel("A").reduce(4), np.float32)[: turned.height // 7].sum(0)
    weight = float((upper * np.arange(len(upper))).sum() / max(upper.sum(), 1)) * 4
    middle = weight, turned.height * float(rng.uniform(0.36, 0.46))
    left, top = int(middle[0] - side / 2), int(middle[1] - side / 2)
    part = turned.crop((left, top, left + side, top + side)).resize((640, 640), Image.Resampling.BICUBIC)
    photo = Image.new("RGB", (640, 640), colour)
    _drop_shadow(photo, part.getchannel("A"), (16, 22), 18, 0.3)
    photo.paste(part, (0, 0), part)
    return photo


def _in_the_middle(photo: Image.Image, product: Image.Image, stands: bool, fill: float, turn: float) -> Image.Image:
    if turn:
        product = product.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    scale = fill * min(photo.width / product.width, photo.height / product.height)
    width, height = round(product.width * scale), round(product.height * scale)
    left = (photo.width - width) / 2
    top = (photo.height - height) / 2 + (photo.height * 0.03 if stands else 0)
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    return place(photo, product, corners, stands, 0.8)


# Placing


def place(photo: Image.Image, product: Image.Image, corners: Corners, stands: bool, shade: float) -> Image.Image:
    """Paste a product into four corners of a photo, with the shadow it casts."""
    warped, at = _warp(product, corners)
    if stands:
        _ground_shadow(photo, product, corners, shade)
    else:
        alpha = Image.new("L", photo.size)
        alpha.paste(warped.getchannel("A"), at)
        size = max(warped.size) / 640
        _drop_shadow(photo, alpha, (round(10 * size), round(16 * size)), 16 * size, 0.34 * shade)
        _drop_shadow(photo, alpha, (round(2 * size), round(4 * size)), 4 * size, 0.32 * shade)
    photo.paste(warped, at, warped)
    return photo


def _warp(image: Image.Image, corners: Corners) -> tuple[Image.Image, tuple[int, int]]:
    """Project an image onto four corners; returns it cut close, and where its top left lies."""
    points = np.array(corners, np.float64)
    low, high = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int)
    size = (max(1, int(high[0] - low[0])), max(1, int(high[1] - low[1])))
    near = [np.hypot(*(points[b] - points[a])) for a, b in ((0, 1), (3, 2), (0, 3), (1, 2))]
    width, height = max(2, round((near[0] + near[1]) / 2)), max(2, round((near[2] + near[3]) / 2))
    if width < image.width:
        image = image.resize(
            (width, height), Image.Resampling.BOX if width < image.width / 2 else Image.Resampling.HAMMING
        )
    straight = np.ptp(points[[0, 3], 0]) < 0.5 and np.ptp(points[[0, 1], 1]) < 0.5 and np.ptp(points[[1, 2], 0]) < 0.5
    if straight:
        return image.resize(size, Image.Resampling.BICUBIC) if image.size != size else image, (int(low[0]), int(low[1]))
    source = np.array([(0, 0), (image.width, 0), image.size, (0, image.height)], np.float64)
    data = _homography(points - low, source)
    return image.transform(size, Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC), (
        int(low[0]),
        int(low[1]),
    )


def _homography(target: np.ndarray, source: np.ndarray) -> tuple[float, ...]:
    """The eight numbers with which Pillow finds each target pixel's place in the source."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return tuple(np.linalg.solve(np.array(rows), np.array(values)).tolist())


def _drop_shadow(photo: Image.Image, alpha: Image.Image, offset: tuple[int, int], blur: float, strength: float) -> None:
    shrink = 4 if blur > 8 else 2
    small = alpha.reduce(shrink).filter(ImageFilter.GaussianBlur(blur / shrink))
    shadow = small.resize(photo.size, Image.Resampling.BILINEAR).point([round(k * strength) for k in range(256)])
    moved = Image.new("L", photo.size)
    moved.paste(shadow, offset)
    photo.paste((34, 28, 36), mask=moved)


def _ground_shadow(photo: Image.Image, product: Image.Image, corners: Corners, strength: float) -> None:
    """The silhouette laid down on the floor behind, to the right, and the dark line of contact."""
    (_, y0), (_, y1), (x2, y2), (x3, y3) = corners
    height, width = (y3 + y2 - y0 - y1) / 2, (x2 - x3)
    alpha = product.getchannel("A").resize(
        (max(8, product.width // 4), max(8, product.height // 4)), Image.Resampling.BOX
    )
    lean, tall = 0.34 * height, 0.2 * height
    lift = 0.035 * height
    cast, at = _warp(
        Image.merge("RGBA", [Image.new("L", alpha.size)] * 3 + [alpha]),
        [(x3 + lean, y3 - tall - lift), (x2 + lean, y2 - tall - lift), (x2, y2 - lift * 0.2), (x3, y3 - lift * 0.2)],
    )
    layer = Image.new("L", photo.size)
    layer.paste(cast.getchannel("A"), at)
    _drop_shadow(photo, layer, (0, 0), 9 + height / 60, 0.26 * strength)
    foot = alpha.crop((0, int(alpha.height * 0.9), alpha.width, alpha.height)).resize(
        (max(2, round(width)), max(2, round(height * 0.075)))
    )
    layer = Image.new("L", photo.size)
    layer.paste(foot, (round(x3), round((y2 + y3) / 2 - height * 0.055)))
    _drop_shadow(photo, layer, (2, 3), 9, 0.42 * strength)
    _drop_shadow(photo, layer, (0, 1), 4, 0.35 * strength)


# Rooms, tables and walls


def at_home(product: Image.Image, scene: str, rng: np.random.Generator) -> Image.Image:
    """The lifestyle picture: the product where it belongs, in window light. 640 x 800."""
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    photo = {
        "hung": _on_the_rail,
        "plinth": _on_a_plinth,
        "table": _on_a_table,
        "room": _in_a_room,
        "sofa": _on_a_sofa,
        "flat": _on_linen,
    }[scene](product, paint, rng)
    return _window_light(photo, rng)


def _backdrop(sheet: Sheet, soft: float = 1.0) -> Image.Image:
    """A scene drawn small and enlarged: slightly out of focus, as behind a product it should be."""
    pixels = (np.clip(sheet.rgb, 0, 1) * 255).astype(np.uint8)
    large = Image.fromarray(pixels).resize((800, 800), Image.Resampling.BICUBIC).crop((80, 0, 720, 800))
    return large.filter(ImageFilter.GaussianBlur(soft)) if soft else large


def _wall(sheet: Sheet, paint: Colour, rng: np.random.Generator) -> None:
    whole = sheet.everywhere()
    light = 1.08 - 0.2 * whole.x - 0.08 * whole.y
    sheet.lay(whole, paint, puff=0, drop=0, relief=ripple(whole, rng, 30, 3, 0.0008))
    sheet.multiply(whole, light.astype(np.float32))


def _fit(product: Image.Image, middle: float, bottom: float, width: float, height: float) -> list[tuple[float, float]]:
    """Corners for a product as large as fits into width x height pixels, standing at (middle, bottom)."""
    scale = min(width / product.width, height / product.height)
    w, h = product.width * scale, product.height * scale
    return [
        (middle - w / 2, bottom - h),
        (middle + w / 2, bottom - h),
        (middle + w / 2, bottom),
        (middle - w / 2, bottom),
    ]


def _on_the_rail(product: Image.Image, paint: Colour, rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(320)
    _wall(sheet, paint, rng)
    rail = sheet.region(box(-0.02, 0.085, 1.02, 0.11, 0.0))
    sheet.lay(rail, cloth((188, 148, 104), grain="wood", angle=90), puff=0.012, rounding=0.01, drop=0.012)
    for x in (0.2, 0.8):
        sheet.lay(sheet.region(ellipse(x, 0.098, 0.018, 0.018)), (206, 172, 106), puff=0.01, rounding=0.012)
    side = 0.12 if rng.random() < 0.5 else 0.9
    if rng.random() < 0.6:
        _plant(sheet, side, 1.02, 0.36, rng)
    else:
        scarf = sheet.region(
            curve(
                [
                    (side - 0.05, 0.09, True),
                    (side + 0.05, 0.09, True),
                    (side + 0.06, 0.7, True),
                    (side - 0.05, 0.68, True),
                ]
            )
        )
        sheet.lay(
            scarf,
            cloth(darker(paint, 0.35), grain="canvas"),
            relief=ripple(scarf, rng, 0, 12, 0.005),
            puff=0.02,
            rounding=0.03,
        )
    photo = _backdrop(sheet, 0.8)
    corners = _fit(product, 320, 0, 500, 600)
    height = corners[2][1] - corners[1][1]
    moved = [(x, y + height + 142) for x, y in corners]
    hook = Sheet(400)
    hook.lay(
        hook.strokes(curve([(0.5, 0.2), (0.5, 0.15), (0.53, 0.125), (0.52, 0.095), (0.49, 0.1)], False), width=0.01),
        (190, 186, 180),
        puff=0.004,
        rounding=0.005,
        drop=0.01,
    )
    wire = hook.image().resize((800, 800), Image.Resampling.BICUBIC).crop((80, 0, 720, 800))
    photo.paste(wire, (0, 0), wire)
    return place(photo, product, moved, False, 1.0)


def _on_a_plinth(product: Image.Image, paint: Colour, rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(320)
    _wall(sheet, lighter(paint, 0.15), rng)
    other = PAINTS[int(rng.integers(len(PAINTS)))]
    arch = np.concatenate([ellipse(0.5, 0.36, 0.26, 0.24, 180, 360), points([[0.76, 0.8], [0.24, 0.8]])])
    if rng.random() < 0.6:
        sheet.lay(sheet.region(arch), mix(paint, other, 0.6), puff=-0.01, rounding=0.03, drop=0)
    else:
        sheet.lay(
            sheet.region(ellipse(0.55, 0.36, 0.25, 0.25)), lighter(other, 0.3), puff=0.005, rounding=0.01, drop=0.006
        )
    floor = sheet.region(box(-0.1, 0.72, 1.1, 1.1, 0.0))
    sheet.lay(floor, lighter(paint, 0.05), puff=0, drop=0)
    sheet.multiply(floor, (0.92 + 0.25 * (floor.y - 0.72)).astype(np.float32))
    stone = lighter(other, 0.45)
    if rng.random() < 0.5:
        side = sheet.region(
            ellipse(0.5, 0.82, 0.35, 0.07),
            points([[0.15, 0.82], [0.85, 0.82], [0.85, 0.95], [0.15, 0.95]]),
            ellipse(0.5, 0.95, 0.35, 0.07),
        )
        sheet.lay(side, stone, normals=((side.x - 0.5) * 2.4, np.zeros_like(side.x)), drop=0.02)
        sheet.lay(
            sheet.region(ellipse(0.5, 0.82, 0.35, 0.07)), lighter(stone, 0.25), puff=0.002, rounding=0.005, drop=0
        )
    else:
        sheet.lay(
            sheet.region(points([[0.14, 0.83], [0.86, 0.83], [0.86, 1.02], [0.14, 1.02]])),
            darker(stone, 0.06),
            puff=0.002,
            rounding=0.006,
            drop=0.02,
        )
        sheet.lay(
            sheet.region(points([[0.2, 0.755], [0.8, 0.755], [0.86, 0.83], [0.14, 0.83]])),
            lighter(stone, 0.3),
            puff=0,
            drop=0,
        )
    if rng.random() < 0.6:
        _sphere(sheet, float(rng.choice([0.17, 0.86])), 0.72, 0.055, other)
    photo = _backdrop(sheet, 0.7)
    return place(photo, product, _fit(product, 320 + float(rng.uniform(-15, 15)), 668, 460, 520), True, 1.0)


def _on_a_table(product: Image.Image, paint: Colour, rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(320)
    _wall(sheet, paint, rng)
    if rng.random() < 0.65:
        _picture(sheet, float(rng.uniform(0.25, 0.75)), 0.22, rng)
    level = 0.72
    left = rng.random() < 0.5
    if rng.random() < 0.6:
        _plant(sheet, 0.2 if left else 0.8, level + 0.06, 0.42, rng)
    else:
        _sphere(sheet, 0.2 if left else 0.8, level + 0.02, 0.05, PAINTS[int(rng.integers(len(PAINTS)))])
    table = sheet.region(box(-0.1, level, 1.1, 1.1, 0.0))
    if rng.random() < 0.6:
        wood: Colour = ((196, 152, 108), (142, 98, 66), (218, 190, 152))[int(rng.integers(3))]
        sheet.lay(table, cloth(wood, grain="wood", angle=90, grain_repeat=0.5), puff=0, drop=0)
    else:
        sheet.lay(
            table,
            cloth((236, 230, 220), grain="canvas", grain_repeat=0.3),
            puff=0,
            drop=0,
            relief=ripple(table, rng, 65, 3, 0.003),
        )
    sheet.multiply(table, (0.9 + 0.5 * (table.y - level)).astype(np.float32))
    _books(sheet, 0.84 if left else 0.16, level + 0.1, rng)
    photo = _backdrop(sheet, 1.4)
    return place(photo, product, _fit(product, 320 + float(rng.uniform(-30, 30)), 716, 430, 540), True, 1.0)


def _in_a_room(product: Image.Image, paint: Colour, rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(320)
    _wall(sheet, paint, rng)
    _picture(sheet, float(rng.uniform(0.3, 0.7)), 0.2, rng)
    floor = sheet.region(box(-0.1, 0.69, 1.1, 1.1, 0.0))
    sheet.lay(
        floor,
        cloth(
            ((186, 144, 102), (214, 188, 152), (132, 96, 70))[int(rng.integers(3))],
            grain="wood",
            angle=90,
            grain_repeat=0.6,
        ),
        puff=0,
        drop=0,
    )
    for y in (0.735, 0.79, 0.86, 0.95):
        sheet.mark(sheet.strokes(points([[0, y], [1, y]]), width=0.003), (90, 62, 44), 0.5)
    sheet.lay(sheet.region(box(-0.1, 0.66, 1.1, 0.69, 0.0)), (240, 237, 230), puff=0.004, rounding=0.006, drop=0.006)
    _plant(sheet, 0.17 if rng.random() < 0.5 else 0.84, 0.8, 0.5, rng)
    if rng.random() < 0.75:
        tone = PAINTS[int(rng.integers(len(PAINTS)))]
        rug = sheet.region(ellipse(0.5, 0.88, 0.36, 0.085))
        sheet.lay(
            rug, cloth(lighter(tone, 0.3), grain="boucle", grain_repeat=0.08), puff=0.006, rounding=0.006, drop=0.006
        )
        sheet.mark(sheet.strokes(ellipse(0.5, 0.88, 0.32, 0.072), width=0.008), darker(tone, 0.2), 0.6)
    photo = _backdrop(sheet, 1.0)
    return place(photo, product, _fit(product, 320, 726, 430, 500), True, 1.0)


def _on_a_sofa(product: Image.Image, paint: Colour, rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(320)
    _wall(sheet, paint, rng)
    _picture(sheet, float(rng.uniform(0.25, 0.75)), 0.14, rng)
    sofa = cloth(darker(PAINTS[int(rng.integers(len(PAINTS)))], 0.15), grain="canvas", grain_repeat=0.2)
    for x0, x1 in ((-0.1, 0.5), (0.5, 1.1)):
        back = sheet.region(box(x0, 0.36, x1, 0.82, 0.05))
        sheet.lay(back, sofa, puff=0.06, rounding=0.08, relief=ripple(back, rng, 20, 2, 0.004), drop=0.012)
    seat = sheet.region(box(-0.1, 0.76, 1.1, 1.1, 0.05))
    sheet.lay(seat, sofa, puff=0.06, rounding=0.08, relief=ripple(seat, rng, 20, 2, 0.004), drop=0.02)
    photo = _backdrop(sheet, 0.8)
    lean = float(rng.uniform(-9, 9))
    turned = product.rotate(lean, Image.Resampling.BICUBIC, expand=True)
    return place(photo, turned, _fit(turned, 320 + 4 * lean, 690, 430, 420), False, 1.3)


def _on_linen(product: Image.Image, paint: Colour, rng: np.random.Generator) -> Image.Image:
    sheet = Sheet(320)
    whole = sheet.everywhere()
    sheet.lay(
        whole,
        cloth(lighter(paint, 0.35), grain="canvas", grain_repeat=0.3),
        puff=0,
        drop=0,
        relief=ripple(whole, rng, 50, 2.2, 0.006) + ripple(whole, rng, -20, 3, 0.003),
    )
    board = sheet.region(box(0.3, 0.16, 1.2, 0.98, 0.03))
    sheet.lay(
        board,
        ((228, 226, 222), (204, 166, 122), (70, 70, 74))[int(rng.integers(3))],
        puff=0.006,
        rounding=0.01,
        drop=0.02,
    )
    for _ in range(3):
        _sprig(sheet, float(rng.uniform(0.12, 0.3)), float(rng.uniform(0.2, 0.9)), float(rng.uniform(0, 360)), 0.22)
    photo = _backdrop(sheet, 0.5)
    turned = product.rotate(float(rng.uniform(-24, 24)), Image.Resampling.BICUBIC, expand=True)
    return place(photo, turned, _fit(turned, 350, 710, 470, 630), False, 1.2)


def _sphere(sheet: Sheet, x: float, y: float, radius: float, colour: Colour) -> None:
    ball = sheet.region(ellipse(x, y, radius, radius))
    dx, dy = (ball.x - x) / radius, (ball.y - y) / radius
    depth = np.sqrt(np.clip(1 - dx**2 - dy**2, 0.06, 1))
    sheet.lay(ball, colour, normals=((-dx / depth) * 0.9, (-dy / depth) * 0.9), drop=0.02)


def _plant(sheet: Sheet, x: float, floor: float, height: float, rng: np.random.Generator) -> None:
    pot: Colour = ((198, 112, 80), (232, 226, 216), (84, 92, 100))[int(rng.integers(3))]
    top = floor - height * 0.34
    green = ((78, 118, 82), (96, 134, 98), (62, 98, 84))[int(rng.integers(3))]
    for k in range(11):
        angle = np.radians(-90 + (k - 5) * 15 + rng.uniform(-6, 6))
        reach = height * rng.uniform(0.45, 0.72)
        tip = (x + reach * 0.75 * float(np.cos(angle)), top + reach * float(np.sin(angle)))
        middle = ((x + tip[0]) / 2, (top + tip[1]) / 2 - 0.01)
        across = (0.028 * float(np.sin(angle)), -0.028 * float(np.cos(angle)))
        leaf = curve(
            [
                (x, top, True),
                (middle[0] + across[0], middle[1] + across[1]),
                (*tip, True),
                (middle[0] - across[0], middle[1] - across[1]),
            ]
        )
        sheet.lay(
            sheet.region(leaf),
            mix(green, (190, 206, 140), float(rng.uniform(0, 0.3))),
            puff=0.01,
            rounding=0.014,
            drop=0.01,
        )
    wide = height * 0.17
    body = sheet.region(
        curve(
            [
                (x - wide, top, True),
                (x + wide, top, True),
                (x + wide * 0.75, floor, True),
                (x - wide * 0.75, floor, True),
            ]
        )
    )
    sheet.lay(body, pot, normals=((body.x - x) / wide * 0.9, np.zeros_like(body.x)), drop=0.012)


def _picture(sheet: Sheet, x: float, y: float, rng: np.random.Generator) -> None:
    sheet.lay(
        sheet.region(box(x - 0.13, y - 0.14, x + 0.13, y + 0.16, 0.002)),
        ((206, 170, 124), (58, 56, 56), (240, 238, 234))[int(rng.integers(3))],
        puff=0.004,
        rounding=0.005,
        drop=0.012,
    )
    sheet.lay(sheet.region(box(x - 0.115, y - 0.125, x + 0.115, y + 0.145, 0.0)), (246, 243, 236), puff=0, drop=0)
    for _ in range(4):
        colour = darker(PAINTS[int(rng.integers(len(PAINTS)))], float(rng.uniform(0, 0.4)))
        shape = ellipse(
            x + float(rng.uniform(-0.04, 0.04)),
            y + float(rng.uniform(-0.05, 0.07)),
            float(rng.uniform(0.02, 0.05)),
            float(rng.uniform(0.02, 0.06)),
        )
        sheet.mark(sheet.region(shape), colour, 0.85)


def _books(sheet: Sheet, x: float, floor: float, rng: np.random.Generator) -> None:
    for k in range(3):
        wide = float(rng.uniform(0.1, 0.14))
        colour = darker(PAINTS[int(rng.integers(len(PAINTS)))], float(rng.uniform(0, 0.45)))
        sheet.lay(
            sheet.region(box(x - wide, floor - 0.033 * (k + 1), x + wide, floor - 0.033 * k - 0.002, 0.005)),
            colour,
            puff=0.006,
            rounding=0.008,
            drop=0.008,
        )
        sheet.mark(
            sheet.region(
                box(x - wide * 0.5, floor - 0.033 * k - 0.022, x + wide * 0.3, floor - 0.033 * k - 0.014, 0.001)
            ),
            lighter(colour, 0.5),
            0.8,
        )


def _sprig(sheet: Sheet, x: float, y: float, turn: float, length: float) -> None:
    a = np.radians(turn)
    c, s = float(np.cos(a)), float(np.sin(a))
    sheet.lay(
        sheet.strokes(points([[x, y], [x + length * c, y + length * s]]), width=0.006),
        (92, 110, 78),
        puff=0.002,
        rounding=0.004,
    )
    for k in range(6):
        for side in (-1, 1):
            px, py = x + length * (0.2 + 0.15 * k) * c, y + length * (0.2 + 0.15 * k) * s
            b = a + side * 0.9
            tip = (px + 0.07 * float(np.cos(b)), py + 0.07 * float(np.sin(b)))
            middle = ((px + tip[0]) / 2, (py + tip[1]) / 2)
            across = (-0.02 * float(np.sin(b)), 0.02 * float(np.cos(b)))
            leaf = curve(
                [
                    (px, py, True),
                    (middle[0] + across[0], middle[1] + across[1]),
                    (*tip, True),
                    (middle[0] - across[0], middle[1] - across[1]),
                ]
            )
            sheet.lay(sheet.region(leaf), (128, 150, 112), puff=0.006, rounding=0.01, drop=0.008)


def _window_light(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Sun through a window, or the shade of leaves: it falls on product and room alike."""
    sheet = Sheet(160)
    kind = rng.random()
    slant, x0, y0 = float(rng.uniform(0.12, 0.3)), float(rng.uniform(-0.05, 0.25)), float(rng.uniform(-0.1, 0.1))
    if kind < 0.45:
        for column in range(2):
            for row in range(3):
                x, y = x0 + 0.33 * column, y0 + 0.33 * row + slant * 0.3 * column
                pane = points(
                    [[x, y], [x + 0.29, y + slant * 0.27], [x + 0.29, y + 0.29 + slant * 0.27], [x, y + 0.29]]
                )
                sheet.lay(sheet.region(pane), (255, 255, 255), puff=0, drop=0)
        glow = sheet.alpha
    elif kind < 0.75:
        for _ in range(3):
            _sprig(
                sheet,
                float(rng.uniform(-0.1, 0.5)),
                float(rng.uniform(-0.1, 0.6)),
                float(rng.uniform(0, 80)),
                float(rng.uniform(0.5, 0.9)),
            )
        glow = 1 - 0.75 * sheet.alpha
    else:
        whole = sheet.everywhere()
        glow = np.clip(1.2 - np.hypot(whole.x - x0, whole.y - y0), 0, 1).astype(np.float32)
    soft = (
        Image.fromarray((glow * 255).astype(np.uint8))
        .filter(ImageFilter.GaussianBlur(2.4))
        .resize(photo.size, Image.Resampling.BICUBIC)
    )
    light = np.asarray(soft, np.float32)[..., None] / 255
    warm = np.array([1.17, 1.12, 1.03], np.float32) * light + np.array([0.95, 0.955, 0.98], np.float32) * (1 - light)
    return Image.fromarray(np.clip(np.asarray(photo, np.float32) * warm, 0, 255).astype(np.uint8))


def _smooth(values: Array, size: tuple[int, int]) -> Image.Image:
    """float [h, w, 3] in 0..1, enlarged smoothly, with the finest noise against banding."""
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(values[..., k])).resize(size, Image.Resampling.BICUBIC))
        for k in range(3)
    ]
    dither = (np.indices((size[1], size[0])).sum(0) % 2)[..., None] * 0.6
    return Image.fromarray(np.clip(np.stack(planes, 2) * 255 + dither, 0, 255).astype(np.uint8))


# Phone photos


def by_phone(product: Image.Image, stands: bool, rng: np.random.Generator) -> Image.Image:
    """A shopper's own photo: hand-held, in uneven light, on whatever is there. 600 x 800 or 800 x 600."""
    size = (600, 800) if rng.random() < 0.8 or product.height > product.width * 1.5 else (800, 600)
    photo = _upright(product, size, rng) if stands else _from_above(product, size, rng)
    if rng.random() < 0.45:
        _cover(photo, rng)
    return _as_taken(photo, rng)


def _from_above(product: Image.Image, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    ground = ("wood", "carpet", "sheet", "pavement", "tiles")[int(rng.integers(5))]
    photo = _ground(ground, int(rng.integers(2)), size, rng, near=float(rng.uniform(1.0, 1.25)))
    scale = float(rng.uniform(0.6, 0.86)) * min(size[0] / product.width, size[1] / product.height)
    w, h = product.width * scale / 2, product.height * scale / 2
    turn, tilt = np.radians(rng.uniform(-22, 22)), float(rng.uniform(-0.12, 0.2))
    cx, cy = size[0] * (0.5 + rng.uniform(-0.07, 0.07)), size[1] * (0.5 + rng.uniform(-0.06, 0.06))
    corners = []
    for x, y in ((-w, -h), (w, -h), (w, h), (-w, h)):
        px, py = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        depth = 1 + tilt * py / max(w, h)  # nearer at the bottom when the phone leans
        corners.append((float(cx + px * depth), float(cy + py * depth * 0.94)))
    return place(photo, product, corners, False, 1.2)


def _upright(product: Image.Image, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    width, height = size
    photo = _clutter(size, rng)
    level = int(height * rng.uniform(0.55, 0.7))
    ground = ("wood", "carpet", "sheet", "pavement", "tiles")[int(rng.integers(5))]
    table = _ground(ground, int(rng.integers(2)), (width, height - level), rng, near=float(rng.uniform(1.6, 2.4)))
    photo.paste(table, (0, level))
    fill = float(rng.uniform(0.55, 0.74))
    corners = _fit(
        product,
        width * (0.5 + rng.uniform(-0.08, 0.08)),
        level + (height - level) * rng.uniform(0.4, 0.62),
        width * (fill + 0.1),
        height * fill,
    )
    lean = np.radians(rng.uniform(-5, 5))
    keystone = float(rng.uniform(-0.05, 0.05))
    foot = ((corners[2][0] + corners[3][0]) / 2, corners[2][1])
    tilted = []
    for x, y in corners:
        dx, dy = (x - foot[0]) * (1 + keystone * (foot[1] - y) / height * 2), y - foot[1]
        tilted.append(
            (
                float(foot[0] + dx * np.cos(lean) - dy * np.sin(lean)),
                float(foot[1] + dx * np.sin(lean) + dy * np.cos(lean)),
            )
        )
    return place(photo, product, tilted, True, 1.2)


def _ground(kind: str, variant: int, size: tuple[int, int], rng: np.random.Generator, near: float) -> Image.Image:
    """A surface seen at a slant: `near` times larger at the bottom of the picture than at its top."""
    surface = _surface(kind, variant)
    if rng.random() < 0.5:
        surface = surface.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turn = np.radians(rng.uniform(-25, 25) + (90 if rng.random() < 0.5 else 0))
    half = (
        np.array([[-near, -1.0], [near, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        * surface.width
        * (0.34 / near if near < 1.5 else 0.22)
    )
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    source = half @ spin + surface.width / 2
    target = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float64)
    return surface.transform(size, Image.Transform.PERSPECTIVE, _homography(target, source), Image.Resampling.BILINEAR)


@lru_cache(maxsize=16)
def _surface(kind: str, variant: int) -> Image.Image:
    """Floors and tables, 1000 x 1000."""
    sheet, rng = Sheet(1000), np.random.default_rng([len(kind), ord(kind[0]), variant])
    whole = sheet.everywhere()
    if kind == "wood":
        tone: Colour = ((168, 122, 82), (112, 76, 54))[variant]
        sheet.lay(whole, cloth(tone, grain="wood", grain_repeat=0.45), puff=0, drop=0)
        for k in range(7):
            plank = sheet.region(box(k / 6 - 0.01, -0.1, k / 6 + 1 / 6 - 0.014, 1.1, 0.0))
            sheet.multiply(plank, np.full_like(plank.x, rng.uniform(0.88, 1.1)))
            sheet.mark(
                sheet.strokes(points([[k / 6 - 0.012, 0], [k / 6 - 0.012, 1]]), width=0.004), darker(tone, 0.7), 0.8
            )
    elif kind == "carpet":
        tone = ((150, 140, 132), (92, 98, 118))[variant]
        sheet.lay(
            whole,
            cloth(tone, grain="boucle", grain_repeat=0.12),
            puff=0,
            drop=0,
            relief=ripple(whole, rng, 30, 4, 0.0015),
        )
        sheet.rgb *= rng.normal(1, 0.07, (1000, 1000, 1)).astype(np.float32)
    elif kind == "sheet":
        tone = ((226, 224, 222), (176, 192, 206))[variant]
        folds = sum(ripple(whole, rng, float(rng.uniform(0, 180)), float(rng.uniform(1.5, 5)), 0.006) for _ in range(4))
        sheet.lay(
            whole, cloth(tone, grain="canvas", grain_repeat=0.1), puff=0, drop=0, relief=np.asarray(folds, np.float32)
        )
    elif kind == "pavement":
        tone = ((148, 146, 142), (166, 154, 142))[variant]
        sheet.lay(
            whole,
            cloth(tone, grain="speckle", grain_repeat=0.2),
            puff=0,
            drop=0,
            relief=ripple(whole, rng, 40, 6, 0.0008),
        )
        sheet.rgb *= rng.normal(1, 0.06, (1000, 1000, 1)).astype(np.float32)
        joints = [points([[k / 3, 0], [k / 3, 1]]) for k in range(4)] + [
            points([[0, k / 3 + 0.1], [1, k / 3 + 0.1]]) for k in range(3)
        ]
        sheet.mark(sheet.strokes(*joints, width=0.009), (84, 82, 80), 0.85)
    else:
        tone = ((214, 206, 194), (122, 138, 136))[variant]
        sheet.lay(whole, cloth(tone, grain="leather", grain_repeat=0.5), puff=0, drop=0)
        for k in range(5):
            for j in range(5):
                tile_ = sheet.region(box(k / 5, j / 5, k / 5 + 0.194, j / 5 + 0.194, 0.004))
                sheet.lay(
                    tile_,
                    mix(tone, (236, 232, 226), float(rng.uniform(0, 0.3))),
                    puff=0.004,
                    rounding=0.006,
                    drop=0.002,
                )
    return Image.fromarray((np.clip(sheet.rgb, 0, 1) * 255).astype(np.uint8))


def _clutter(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """A shelf or a wall with things on it, out of focus."""
    sheet = Sheet(200)
    _wall(sheet, mix(PAINTS[int(rng.integers(len(PAINTS)))], (150, 146, 140), 0.5), rng)
    for shelf in (0.24, 0.56) if rng.random() < 0.7 else ():
        x = -0.02
        while x < 1:
            wide, tall = float(rng.uniform(0.03, 0.12)), float(rng.uniform(0.08, 0.19))
            colour = mix(COLOURS[list(COLOURS)[int(rng.integers(len(COLOURS)))]], (150, 142, 132), 0.35)
            shape = (
                ellipse(x + wide / 2, shelf - tall / 2, wide / 2, tall / 2)
                if rng.random() < 0.25
                else box(x, shelf - tall, x + wide, shelf, 0.006)
            )
            sheet.lay(sheet.region(shape), colour, puff=0.02, rounding=0.02, drop=0.01)
            x += wide + float(rng.uniform(0.0, 0.05))
        sheet.lay(
            sheet.region(box(-0.1, shelf, 1.1, shelf + 0.03, 0.0)), (142, 110, 82), puff=0.01, rounding=0.01, drop=0.02
        )
    large = max(size)
    pixels = Image.fromarray((np.clip(sheet.rgb, 0, 1) * 255).astype(np.uint8)).resize(
        (large, large), Image.Resampling.BICUBIC
    )
    return pixels.crop((0, 0, *size)).filter(ImageFilter.GaussianBlur(3))


def _cover(photo: Image.Image, rng: np.random.Generator) -> None:
    """Something in the way: a thumb at the edge, a cable, a leaf, a cloth over a corner."""
    sheet, kind = Sheet(260), int(rng.integers(4))
    if kind == 0:
        skin: Colour = ((224, 172, 144), (172, 118, 88), (112, 74, 56), (240, 198, 172))[int(rng.integers(4))]
        thumb = sheet.region(
            curve([(1.03, 0.7, True), (0.93, 0.705), (0.84, 0.75), (0.84, 0.82), (0.92, 0.86), (1.03, 0.9, True)])
        )
        sheet.lay(thumb, skin, puff=0.06, rounding=0.06, drop=0.02)
        sheet.lay(
            sheet.region(ellipse(0.878, 0.783, 0.03, 0.026)), lighter(skin, 0.35), puff=0.006, rounding=0.01, drop=0
        )
    elif kind == 1:
        path = curve(
            [
                (-0.05, float(rng.uniform(0.3, 0.9))),
                (0.25, float(rng.uniform(0.5, 0.9))),
                (0.6, float(rng.uniform(0.4, 0.8))),
                (1.05, float(rng.uniform(0.3, 1.0))),
            ],
            False,
        )
        sheet.lay(
            sheet.strokes(path, width=0.018),
            ((240, 240, 238), (40, 40, 42))[int(rng.integers(2))],
            puff=0.009,
            rounding=0.009,
            drop=0.014,
        )
    elif kind == 2:
        _sprig(sheet, 1.02, float(rng.uniform(0.6, 1.0)), float(rng.uniform(190, 230)), 0.42)
    else:
        corner = sheet.region(
            curve(
                [(-0.05, 0.68, True), (0.12, 0.72), (0.22, 0.84), (0.36, 0.9), (0.4, 1.05, True), (-0.05, 1.05, True)]
            )
        )
        sheet.lay(
            corner,
            cloth(PAINTS[int(rng.integers(len(PAINTS)))], grain="canvas"),
            puff=0.03,
            rounding=0.04,
            relief=ripple(corner, rng, 30, 5, 0.008),
            drop=0.02,
        )
    layer = sheet.image()
    if rng.random() < 0.5:
        layer = layer.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    large = layer.resize(photo.size, Image.Resampling.BICUBIC)
    photo.paste(large, (0, 0), large)


def _as_taken(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Uneven light, the shadow of the hand, a colour cast, shake and noise."""
    if rng.random() < 0.75:
        photo = photo.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.5))))
    y, x = np.mgrid[0:48, 0:48].astype(np.float32) / 47
    angle = float(rng.uniform(0, 6.28))
    light = 1 + float(rng.uniform(0.1, 0.3)) * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)) * 2
    if rng.random() < 0.5:
        hx, hy, wide = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.7, 1.05)), float(rng.uniform(0.18, 0.35))
        light = light * (1 - 0.42 * np.exp(-((((x - hx) / wide) ** 2 + ((y - hy) / (wide * 1.3)) ** 2) ** 2)))
    light = light * (1 - 0.25 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)) * float(rng.uniform(0.82, 1.08))
    field = np.asarray(Image.fromarray(light.astype(np.float32)).resize(photo.size, Image.Resampling.BICUBIC))
    warmth = float(rng.uniform(-0.08, 0.12))
    cast = np.array([1 + warmth, 1 + float(rng.uniform(-0.02, 0.03)), 1 - warmth], np.float32)
    pixels = np.asarray(photo, np.float32) * field[..., None] * cast
    noise = rng.standard_normal((photo.height // 2, photo.width // 2), dtype=np.float32) * float(rng.uniform(3, 9))
    grain = np.asarray(Image.fromarray(noise).resize(photo.size, Image.Resampling.BICUBIC))
    pixels = (pixels - 128) * float(rng.uniform(0.82, 1.0)) + 132 + grain[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
