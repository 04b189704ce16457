"""From a photo's pixels to the network's input, always in the same way.

Serving and training both go through `read_photo` (catalog/photos/decoding.py) and `model_input`, so the network sees
in production what it saw while learning. Nothing here imports TensorFlow, Keras or a Django model.
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
    """The network's view of `photo` (mode RGB) or of its `crop`: uint8 [size, size, 3].

    This is the one resize of training and serving. The whole photo is shown, its proportions kept, centred
    on a white square: cutting to a square loses shoes and trousers, squashing changes the shapes that tell
    products apart, and white is the ground of shop pictures. `photo_region` says where in the square the
    photo lies. Decoder processes make the same square (`View.fitted`).
    """
    return np.array(fitted_square(photo, size, crop or WHOLE))


def photo_region(photo_size: tuple[int, int], size: int, crop: Crop | None = None) -> Crop:
    """Where in `model_input`'s square the photo (or its crop) lies, in fractions of the square."""
    left, top, right, bottom = (crop or WHOLE).box(*photo_size)
    x, y, width, height = place_in_square(right - left, bottom - top, size)
    return Crop(x / size, y / size, width / size, height / size)
