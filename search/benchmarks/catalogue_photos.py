"""Photos of the catalogue, or of a folder, to make pictures of: read as a search reads a shopper's."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from django.conf import settings
from PIL import Image

from catalog.models import ProductImage
from ml.images import read_photo, shrink_photo
from search.query import THUMBNAIL

MOST_PHOTOS = 600  # read; pictures are made of them
SIDE = 600  # pixels of the longest side of a photo before it is pasted


def of_catalogue(random: np.random.Generator) -> list[tuple[Image.Image, int, int]]:
    """(photo, product, image) of one photo, not the first, of each product that has several."""
    images: dict[int, list[ProductImage]] = {}
    for image in ProductImage.objects.readable().filter(product__is_active=True).order_by("product_id", "position"):
        images.setdefault(image.product_id, []).append(image)
    several = [own for own in images.values() if len(own) > 1]
    chosen = [own[int(random.integers(1, len(own)))] for own in several[:MOST_PHOTOS]]
    photos = []
    for image in chosen:
        with image.file.open() as file:
            photos.append((read(file.read()), image.product_id, image.pk))
    return photos


def of_folder(folder: Path) -> list[tuple[Image.Image, int, int]]:
    """As of_catalogue, of nobody's products."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    step = max(1, len(files) // MOST_PHOTOS)
    return [(read(path.read_bytes()), 0, 0) for path in files[::step][:MOST_PHOTOS]]


def as_kept(picture: Image.Image) -> Image.Image:
    """As a search keeps it: boxes are looked for on that, and matches explained."""
    return Image.open(BytesIO(shrink_photo(picture, THUMBNAIL.side, THUMBNAIL.quality))).convert("RGB")


def read(data: bytes) -> Image.Image:
    photo = read_photo(data, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS, target=SIDE)
    photo.thumbnail((SIDE, SIDE))
    return photo
