"""What of a drawing only code can say: the routines that steps "do"."""

from __future__ import annotations

import numpy as np

from catalog.sample_shop.drawing import Drawing, Step
from catalog.sample_shop.surfaces import ellipse

# Bags, hats and watches


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
