"""The kinds of products that can be drawn, and the routines that their drawings use."""

from __future__ import annotations

from catalog.sample_shop import hanging, lathe, routines
from catalog.sample_shop.design import Design, Pose
from catalog.sample_shop.drawing import Drawing, Routine
from catalog.sample_shop.surfaces import Sheet
from catalog.sample_shop.tables import load

ROUTINES: dict[str, Routine] = {
    "lathe": lathe.lathe,
    "ring": lathe.ring,
    "glaze": lathe.glaze,
    "glow": lathe.glow,
    "mouth": lathe.mouth,
    "top": hanging.top,
    "sleeves": hanging.sleeves,
    "pleats": hanging.pleats,
    "gathers": hanging.gathers,
    "chain": routines.chain,
    "cushion": routines.cushion,
    "seat_top": routines.seat_top,
    "vignette": routines.vignette,
}


def draw(kind: str, design: Design, pose: Pose, size: int) -> Sheet:
    """A product of a kind, by the steps of data/drawings/<kind>.json, on a sheet of size x size pixels."""
    drawing = Drawing(design, pose, size, ROUTINES)
    drawing.draw(load(f"drawings/{kind}"))
    return drawing.sheet
