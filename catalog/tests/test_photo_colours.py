"""A patch of known colour looks the same in every format, profile and depth: to the network, and to a shopper."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from catalog.benchmarks.pictures import SIZE
from catalog.models import Product, ProductImage
from catalog.photos.decoding import read_photo
from catalog.photos.thumbnails import make_thumbnail
from catalog.tests.picture_files import Expected, files, seen

LIMITS = {"max_bytes": 20_000_000, "max_pixels": 50_000_000}
FILES = list(files())

each_file = pytest.mark.parametrize(
    ("data", "expected", "tolerance"), [file[1:] for file in FILES], ids=[f[0] for f in FILES]
)


def off(picture: Image.Image, expected: Expected) -> int:
    return int(np.abs(np.array(seen(picture)) - np.array(expected)).max())


@each_file
def test_a_known_colour_is_embedded_as_it_is(data: bytes, expected: Expected, tolerance: int) -> None:
    photo = read_photo(data, **LIMITS)
    assert (photo.mode, photo.size) == ("RGB", SIZE)
    assert off(photo, expected) <= tolerance, seen(photo)


@each_file
def test_a_known_colour_is_shown_as_it_is(
    data: bytes, expected: Expected, tolerance: int, make_product: Callable[..., Product]
) -> None:
    image = ProductImage.objects.create(product=make_product(photos=0), view_id="1", file=ContentFile(data, "x.jpg"))
    assert (image.width, image.height) == SIZE
    thumbnail = make_thumbnail(image, "card")
    assert thumbnail
    shown = Image.open(BytesIO(thumbnail.storage.open(thumbnail.name).read()))
    assert "icc_profile" not in shown.info
    assert off(shown, expected) <= tolerance + 4, seen(shown)  # a JPEG with less chroma
