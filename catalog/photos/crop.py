"""A part of a photo."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.photos.errors import UnreadablePhoto


@dataclass(frozen=True)
class Crop:
    """A part of the upright photo, in fractions of its width and height: 0 <= x < x + width <= 1."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        """Raises UnreadablePhoto("bad_crop") outside the photo; a thousandth is forgiven, browsers round."""
        for start, length in ((self.x, self.width), (self.y, self.height)):
            if not (start >= -0.001 and length > 0 and start + length <= 1.001):  # false for NaN as well
                raise UnreadablePhoto("bad_crop")

    @classmethod
    def parse(cls, text: str) -> Crop:
        """The crop written as "x,y,width,height"; raises UnreadablePhoto("bad_crop")."""
        try:
            x, y, width, height = map(float, text.split(","))
        except ValueError:
            raise UnreadablePhoto("bad_crop") from None
        return cls(x, y, width, height)

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in pixels of a photo of that size.

        Raises UnreadablePhoto("bad_crop") when a side is shorter than a pixel.
        """
        left, top = max(self.x, 0.0) * width, max(self.y, 0.0) * height
        right = min((self.x + self.width) * width, float(width))
        bottom = min((self.y + self.height) * height, float(height))
        if min(right - left, bottom - top) < 1:
            raise UnreadablePhoto("bad_crop")
        return left, top, right, bottom


WHOLE = Crop(0.0, 0.0, 1.0, 1.0)
