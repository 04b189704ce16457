"""Embeds photos of the catalogue into search_embedding. Every step may run twice and may be killed at any point."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import OperationalError
from numpy.typing import NDArray
from pgvector import HalfVector

from catalog.models import ProductImage
from catalog.photos.looks import Look
from ml.images import UnreadablePhoto
from ml.models import ModelVersion
from search.indexing import attempts, looks
from search.models import photos_awaiting

logger = logging.getLogger(__name__)

BATCH = 64  # photos written in one statement; a crash loses at most one batch

# A product that is being changed is waited for. Sorted, so that two workers lock products in the same order.
LOCK = """
SELECT FROM catalog_product AS product JOIN catalog_productimage AS photo ON photo.product_id = product.id
WHERE photo.id = ANY(%(ids)s) ORDER BY product.id FOR SHARE OF product
"""

# Joined with the photo as it is now: one deleted or replaced meanwhile is passed over. The facts come with the row,
# for where no trigger can fill them in: docs/decisions/distribution.md.
UPSERT = """
INSERT INTO search_embedding (image_id, model_id, vector, photo_sha256, created,
                              product_id, category_id, brand, current_price, attributes, colours, is_active)
SELECT photo.id, %(model)s, given.vector::halfvec, photo.sha256, now(),
       product.id, product.category_id, product.brand, product.current_price, product.attributes, product.colours,
       product.is_active
FROM unnest(%(ids)s::bigint[], %(vectors)s::text[], %(sha256s)s::text[]) AS given (id, vector, sha256)
JOIN catalog_productimage AS photo ON photo.id = given.id AND photo.sha256 = given.sha256
JOIN catalog_product AS product ON product.id = photo.product_id
ORDER BY photo.product_id, photo.id
ON CONFLICT (image_id, model_id) DO UPDATE
SET vector = excluded.vector, photo_sha256 = excluded.photo_sha256, created = excluded.created
"""


def embed_awaiting(
    model: ModelVersion,
    image_ids: Sequence[int] | None = None,
    on_progress: Callable[[int], None] = lambda photos: None,
    seconds: float = math.inf,
) -> int:
    """Embed those of `image_ids` (default: all) that await it under `model`; returns the number of photos processed.

    An unreadable photo gets its `error` set and is skipped until its file is replaced; so does one that crashed several
    workers. After `seconds` no further photo is started.
    """
    deadline = time.monotonic() + seconds
    awaiting = photos_awaiting(model)
    if image_ids is not None:
        awaiting = awaiting.filter(pk__in=image_ids)
    done, last = 0, 0
    while batch := list(awaiting.filter(pk__gt=last)[:BATCH]):
        for group in attempts.groups_of(batch):
            if time.monotonic() > deadline:
                return done
            done += (count := _embed(group, model, deadline))
            on_progress(count)
        last = batch[-1].pk
    return done


def _embed(images: Sequence[ProductImage], model: ModelVersion, deadline: float) -> int:
    """Number of `images` processed before `deadline`; at least one."""
    attempts.begin(images)
    vectors: list[tuple[ProductImage, NDArray[np.float32]]] = []
    seen: list[tuple[ProductImage, Look]] = []

    def look(index: int, square: NDArray[np.uint8]) -> None:
        if images[index].colours is None:
            seen.append((images[index], looks.look_in_square(images[index], square)))

    embedded = model.embedder().embed_photos(
        files_of(images),
        max_bytes=settings.PHOTO_MAX_BYTES,
        max_pixels=settings.PHOTO_MAX_PIXELS,
        on_pixels=look,
    )
    count = 0
    for index, result in embedded:
        image = images[index]
        if isinstance(result, UnreadablePhoto):
            logger.warning("Photo %s (%s) cannot be read: %s", image.pk, image.file.name, result)
            ProductImage.objects.filter(pk=image.pk, sha256=image.sha256).update(error=str(result)[:300])
        else:
            vectors.append((image, result))
        count += 1
        if time.monotonic() > deadline:
            break
    if vectors:
        _upsert(vectors, seen, model)
    attempts.end(images)
    return count


def files_of(images: Iterable[ProductImage]) -> Iterator[bytes | Path]:
    """For each image what `read_photo` accepts; for a missing file, a path that does not exist."""
    for image in images:
        name = image.file.name or ""
        try:
            with image.file.storage.open(name) as file:
                yield file.read(settings.PHOTO_MAX_BYTES + 1)
        except FileNotFoundError:
            yield Path(name)  # the embedder reports it as missing


def _upsert(
    vectors: Sequence[tuple[ProductImage, NDArray[np.float32]]],
    seen: Sequence[tuple[ProductImage, Look]],
    model: ModelVersion,
) -> None:
    """Write the rows, the looks first: embeddings then copy the colours of their products at once.

    Staff who change many products at once may hold their locks: time out, wait and try again, so that their statement
    never fails.
    """
    parameters: dict[str, Any] = {
        "model": model.pk,
        "ids": [image.pk for image, _ in vectors],
        "vectors": [HalfVector(vector).to_text() for _, vector in vectors],
        "sha256s": [image.sha256 for image, _ in vectors],
    }
    for attempt in range(10):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # below deadlock_timeout (1 s), so that this side yields
                cursor.execute("SET LOCAL lock_timeout = '500ms'")
                looks.write(cursor, seen)  # changes products: before they are locked for reading
                cursor.execute(LOCK, parameters)
                cursor.execute(UPSERT, parameters)
            return
        except OperationalError:
            if attempt == 9:
                raise
            time.sleep(0.2 * 2**attempt)
