"""What of a drawing only code can say: the routines that steps "do"."""

from __future__ import annotations

import numpy as np

from catalog.sample_shop.drawing import Drawing, Step
from catalog.sample_shop.folds import relief_of
from catalog.sample_shop.surfaces import ellipse


def chain(drawing: Drawing, step: Step) -> None:
    """Links along a line, every other one seen from its edge."""
    path, sheet, colour = drawing.outline(step), drawing.sheet, drawing.paint(step["paint"])
    steps = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    for k, at in enumerate(np.arange(0, float(steps[-1]), 0.024)):
        x, y = float(np.interp(at, steps, path[:, 0])), float(np.interp(at, steps, path[:, 1]))
        rx, ry = (0.014, 0.008) if k % 2 else (0.008, 0.014)
        link = sheet.region(ellipse(x, y, rx, ry), holes=[ellipse(x, y, rx * 0.45, ry * 0.45)])
        sheet.lay(link, colour, puff=0.005, rounding=0.005, gloss=0.4, drop=0.004)


def vignette(drawing: Drawing, step: Step) -> None:
    """Darken a region towards its edge."""
    region = drawing.regions[step["region"]]
    away = np.hypot(region.x - 0.5, region.y - 0.5) / drawing.number(step["reach"])
    drawing.sheet.multiply(region, (1.08 - 0.22 * away).astype(np.float32))


def cushion(drawing: Drawing, step: Step) -> None:
    """A filled cover: its pattern bows with its sides."""
    body = drawing.region(step, drawing.outline(step))
    drawing.regions[step["name"]] = body
    dx, dy = body.x - 0.5, body.y - 0.5
    relief = relief_of(drawing, body, step["folds"])
    bow = 1 - 0.12 * ((dx / drawing.numbers["wide"]) ** 2 + (dy / drawing.numbers["tall"]) ** 2)
    body.u, body.v = dx * bow + relief * 0.5, dy * bow + relief * 0.5
    drawing.lay(body, step, relief)


def seat_top(drawing: Drawing, step: Step) -> None:
    """The top of a seat: its pattern lies flat in the room."""
    top, room = drawing.region(step, drawing.outline(step)), drawing.room
    x, y = room.at(0, drawing.numbers["level"], 0)
    top.u = (top.x - x) * room.cos + (top.y - y) * 2.6 * room.sin
    top.v = (top.y - y) * 2.6 * room.cos - (top.x - x) * room.sin
    drawing.lay(top, step, relief_of(drawing, top, step["folds"]) if "folds" in step else None)
    drawing.sheet.multiply(top, np.full_like(top.x, 1.06))
