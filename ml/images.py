"""From decoded pixels to the network's input.

Serving and training both use `read_photo` (catalog/photos/decoding.py) and `model_input`, so preprocessing is
identical. Nothing here imports TensorFlow, Keras or a Django model.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.photos.crop import WHOLE, Crop
from catalog.photos.decoding import read_photo
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.fitting import fitted_square, place_in_square, shrink_photo

__all__ = ["WHOLE", "Crop", "UnreadablePhoto", "model_input", "photo_region", "read_photo", "shrink_photo"]


def model_input(photo: Image.Image, size: int, crop: Crop | None = None) -> NDArray[np.uint8]:
    """The network's input for `photo` (mode RGB) or its `crop`: uint8 [size, size, 3].

    The only resize in training and serving: the whole photo, its aspect ratio kept, centred on a white square. Cropping
    to a square would cut off shoes and trousers, stretching would change the shapes that distinguish products, and
    white is the background of shop pictures. `photo_region` returns where in the square the photo lies. Decoder
    processes make the same square (`View.fitted`).
    """
    return np.array(fitted_square(photo, size, crop or WHOLE))


def photo_region(photo_size: tuple[int, int], size: int, crop: Crop | None = None) -> Crop:
    """The region of `model_input`'s square that the photo (or its crop) covers, in fractions of the square."""
    left, top, right, bottom = (crop or WHOLE).box(*photo_size)
    x, y, width, height = place_in_square(right - left, bottom - top, size)
    return Crop(x / size, y / size, width / size, height / size)
