"""The colours that pictures are told apart by, and what people call them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# In the order in which swatches are shown; static/css/shop.css has the swatch of each.
COLOURS = {
    "black": _("Black"),
    "grey": _("Grey"),
    "white": _("White"),
    "beige": _("Beige"),
    "brown": _("Brown"),
    "red": _("Red"),
    "orange": _("Orange"),
    "yellow": _("Yellow"),
    "green": _("Green"),
    "turquoise": _("Turquoise"),
    "blue": _("Blue"),
    "purple": _("Purple"),
    "pink": _("Pink"),
}

MOST_LETTERS = max(len(name) for name in COLOURS)
