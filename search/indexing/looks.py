"""Looks of the catalogue's photos (catalog/photos/looks.py): written as they are embedded, else afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from numpy.typing import NDArray
from PIL import Image

from catalog.models import ProductImage
from catalog.photos.decoders import decode_photo
from catalog.photos.errors import UnreadablePhoto
from catalog.photos.fitting import place_in_square
from catalog.photos.looks import SIDE, Look, look_of

# In the order of products, as embeddings are written. A photo that has another file since is passed over.
WRITE = """
UPDATE catalog_productimage AS photo SET colours = seen.colours, focus = seen.focus, ground = seen.ground
FROM (
    SELECT given.* FROM jsonb_to_recordset(%s::jsonb)
        AS given (id bigint, sha256 text, colours varchar[], focus float8[], ground text)
    JOIN catalog_productimage AS present ON present.id = given.id AND present.sha256 = given.sha256
    ORDER BY present.product_id, present.id
) AS seen
WHERE photo.id = seen.id
"""


def look_in_square(image: ProductImage, square: NDArray[np.uint8]) -> Look:
    """square: the photo as the network sees it, uint8 [s, s, 3], its padding on two sides."""
    x, y, width, height = place_in_square(image.width or 1, image.height or 1, len(square))
    return look_of(Image.fromarray(square[y : y + height, x : x + width]))


def write(cursor: CursorWrapper, seen: Iterable[tuple[ProductImage, Look]]) -> None:
    rows = [{"id": image.pk, "sha256": image.sha256, **vars(look)} for image, look in seen]
    if rows:
        cursor.execute(WRITE, [json.dumps(rows)])


def find_missing_looks(image_ids: Sequence[int], deadline: float = float("inf")) -> int:
    """Those of `image_ids` that were embedded before looks were known; how many there were before `deadline`."""
    done = 0
    for image in ProductImage.objects.not_looked_at().filter(pk__in=image_ids).order_by("product_id", "pk"):
        if time.monotonic() > deadline:
            break
        with transaction.atomic(), connection.cursor() as cursor:
            write(cursor, [(image, _look_of_file(image))])
        done += 1
    return done


def _look_of_file(image: ProductImage) -> Look:
    """Without colours where the file cannot be read: whoever embeds it says why."""
    limits = {"max_bytes": settings.PHOTO_MAX_BYTES, "max_pixels": settings.PHOTO_MAX_PIXELS}
    try:
        with image.file.open() as file:
            return look_of(decode_photo(file.read(), **limits, target=2 * SIDE))
    except (UnreadablePhoto, FileNotFoundError):
        return Look([], [0, 0, 1, 1], "")
