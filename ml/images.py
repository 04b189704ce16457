"""From a photo's pixels to the network's input, always in the same way.

Serving and training both go through `read_photo` (catalog/photos/decoding.py) and `model_input`, so the network sees
in production what it saw while learning. Nothing here imports TensorFlow, Keras or a Django model.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.photos.crop import WHOLE, Crop
from catalog.photos.decoding import read_photo
from catalog.photos.errors import UnreadablePhoto

__all__ = ["WHOLE", "Crop", "UnreadablePhoto", "model_input", "photo_region", "read_photo", "shrink_photo"]


def model_input(photo: Image.Image, size: int, crop: Crop | None = None) -> NDArray[np.uint8]:
    """The network's view of `photo` (mode RGB) or of its `crop`: uint8 [size, size, 3].

    This is the one resize of training and serving. The whole photo is shown, its proportions kept, centred
    on a white square: cutting to a square loses shoes and trousers, squashing changes the shapes that tell
    products apart, and white is the ground of shop pictures. `photo_region` says where in the square the
    photo lies. Bicubic with Pillow's anti-aliasing; before a strong reduction, a box filter to three times
    the size does the bulk, as close to the plain filter as makes no difference and faster.
    """
    box = (crop or WHOLE).box(*photo.size)
    x, y, width, height = _fit(box[2] - box[0], box[3] - box[1], size)
    small = photo.resize((width, height), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    square = np.full((size, size, 3), 255, np.uint8)
    square[y : y + height, x : x + width] = np.asarray(small)
    return square


def photo_region(photo_size: tuple[int, int], size: int, crop: Crop | None = None) -> Crop:
    """Where in `model_input`'s square the photo (or its crop) lies, in fractions of the square."""
    left, top, right, bottom = (crop or WHOLE).box(*photo_size)
    x, y, width, height = _fit(right - left, bottom - top, size)
    return Crop(x / size, y / size, width / size, height / size)


def shrink_photo(photo: Image.Image, longest_side: int, quality: int = 80) -> bytes:
    """`photo` (mode RGB) as a JPEG without metadata, no side above `longest_side` pixels; never enlarged."""
    scale = min(1.0, longest_side / max(photo.size))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    small = photo.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)  # as good to look at, in half the time
    small.info.clear()
    file = BytesIO()
    small.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _fit(width: float, height: float, size: int) -> tuple[int, int, int, int]:
    """(x, y, width, height) in whole pixels: the largest box of these proportions, centred in a square."""
    scale = size / max(width, height)
    fitted_width, fitted_height = max(1, round(width * scale)), max(1, round(height * scale))
    return (size - fitted_width) // 2, (size - fitted_height) // 2, fitted_width, fitted_height
