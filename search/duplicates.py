"""Finds duplicate photos in the catalogue: identical files, and nearly identical pictures.

Photos are compared in batches: the ANN index returns the neighbours of each, and those that are nearly the same picture
are stored as a PhotoPair. Pairs and the record of what was compared are written in one transaction per batch, so an
interrupted run continues where it stopped, a new photo costs one query, and a repetition changes nothing.
"""

from __future__ import annotations

import time

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray
from pgvector import HalfVector
from PIL import Image

from catalog.locks import advisory_lock
from catalog.merge import Merging, merge_products
from catalog.models import Product, ProductImage
from catalog.photos.decoders import decode_photo
from ml.images import UnreadablePhoto
from ml.models import ModelVersion
from search.indexing.embed import files_of
from search.models import ComparedPhoto, Embedding, Judgement, Query, ShopperMark

# Embeddings distinguish products, not pictures: a well-trained model brings the front and the side view of a product
# as close (.995) as a photo and its re-encoded copy. So embeddings only select the candidates, and the
# pixels decide. Under the bundled model, 95 of 100 photos re-encoded at half the size stay this close.
NEAR_ENOUGH_TO_LOOK = 0.965
# Mean difference of red, green and blue (0 to 255) of two photos shrunk to GRID x GRID. Saved again, smaller and more
# strongly compressed: 4.6 at most (150 photos of the sample shop, grocery, clothing); front and side of one product of
# the sample shop: at least 16.
GRID = 16
NEARLY_THE_SAME = 8.0
NEIGHBOURS = 12  # rows per query, including the photo itself; each of more copies finds neighbours of its own
BATCH = 200

NEAREST = """
SELECT image_id, photo_sha256, 1 - (vector <=> %(vector)s::halfvec) AS score FROM search_embedding
WHERE model_id = %(model)s ORDER BY vector <=> %(vector)s::halfvec LIMIT %(neighbours)s
"""

# Copies of a file are paired with the oldest only: a placeholder on 10,000 products makes 10,000 pairs, not millions.
SAME_FILE = """
SELECT photo.id, photo.sha256, (SELECT min(id) FROM catalog_productimage AS other WHERE other.sha256 = photo.sha256)
FROM catalog_productimage AS photo WHERE photo.id = ANY(%(images)s)
"""

# The join skips photos that were deleted or replaced meanwhile.
KEEP_PAIRS = """
INSERT INTO search_photopair (first_id, second_id, first_sha256, second_sha256, model_id, score)
SELECT first.id, second.id, first.sha256, second.sha256, %(model)s, given.score
FROM unnest(%(firsts)s::bigint[], %(seconds)s::bigint[], %(first_sha256s)s::text[], %(second_sha256s)s::text[],
            %(scores)s::float8[]) AS given (first, second, first_sha256, second_sha256, score)
JOIN catalog_productimage AS first ON first.id = given.first AND first.sha256 = given.first_sha256
JOIN catalog_productimage AS second ON second.id = given.second AND second.sha256 = given.second_sha256
ORDER BY first.id, second.id
ON CONFLICT (first_id, second_id) DO UPDATE SET
    first_sha256 = excluded.first_sha256, second_sha256 = excluded.second_sha256,
    model_id = excluded.model_id, score = excluded.score,
    dismissed = CASE WHEN (search_photopair.first_sha256, search_photopair.second_sha256)
        = (excluded.first_sha256, excluded.second_sha256) THEN search_photopair.dismissed END
"""

KEEP_COMPARED = """
INSERT INTO search_comparedphoto (image_id, model_id, photo_sha256)
SELECT photo.id, %(model)s, given.sha256
FROM unnest(%(images)s::bigint[], %(sha256s)s::text[]) AS given (id, sha256)
JOIN catalog_productimage AS photo ON photo.id = given.id
ORDER BY photo.id
ON CONFLICT (image_id) DO UPDATE SET model_id = excluded.model_id, photo_sha256 = excluded.photo_sha256
"""


def uncompared(model: ModelVersion) -> QuerySet[Embedding]:
    """The embeddings under `model` of photos whose current file was not compared yet, oldest photos first."""
    compared = ComparedPhoto.objects.filter(
        image=OuterRef("image"), model=OuterRef("model"), photo_sha256=OuterRef("photo_sha256")
    )
    return Embedding.objects.filter(~Exists(compared), model=model).exclude(photo_sha256="").order_by("image_id")


def compare_photos(model: ModelVersion, seconds: float = float("inf")) -> bool:
    """Compare the photos that were not compared yet, for at most `seconds`; False if the time was not enough.

    Does nothing while another worker does it.
    """
    deadline = time.monotonic() + seconds
    with advisory_lock("duplicates") as alone:
        last = 0
        while alone:
            rows = uncompared(model).filter(image_id__gt=last)[:BATCH]
            batch = list(rows.values_list("image_id", "photo_sha256", "vector"))
            if not batch:
                break
            if time.monotonic() > deadline:
                return False
            _compare(model, batch)
            last = batch[-1][0]
    return True


def merge(keep: Product, other: Product) -> Merging:
    """`merge_products`, and moves judgements, marks and best answers of searches from `other` to `keep`.

    If both were judged for the same search, the judgement on `keep` stays.
    """
    with transaction.atomic():
        merging = merge_products(keep, other)
        judged = Judgement.objects.filter(product=keep).values("query")
        Judgement.objects.filter(product=other).exclude(query__in=judged).update(product=keep)
        Judgement.objects.filter(product=other).delete()
        marked = ShopperMark.objects.filter(product=keep, query__isnull=False).values("query")
        ShopperMark.objects.filter(product=other).exclude(query__in=marked).update(product=keep)
        Query.objects.filter(best_product=other).update(best_product=keep)
    return merging


def _compare(model: ModelVersion, batch: list[tuple[int, str, list[float]]]) -> None:
    """`batch`: tuples of (photo id, SHA-256, vector)."""
    near = _near(model, batch)
    looks = _looks({image for pair in near for image in pair})
    pairs = {
        (first, second): found
        for (first, second), found in near.items()
        if first in looks and second in looks and np.abs(looks[first] - looks[second]).mean() <= NEARLY_THE_SAME
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SAME_FILE, {"images": [image for image, *_ in batch]})
        for image, sha256, oldest in cursor.fetchall():
            if image != oldest:
                pairs[oldest, image] = sha256, sha256, 1.0
        if pairs:
            firsts, seconds = zip(*pairs, strict=True)
            first_sha256s, second_sha256s, scores = zip(*pairs.values(), strict=True)
            cursor.execute(
                KEEP_PAIRS,
                {
                    "model": model.pk,
                    "firsts": list(firsts),
                    "seconds": list(seconds),
                    "first_sha256s": list(first_sha256s),
                    "second_sha256s": list(second_sha256s),
                    "scores": list(scores),
                },
            )
        images, sha256s, _ = zip(*batch, strict=True)
        cursor.execute(KEEP_COMPARED, {"model": model.pk, "images": list(images), "sha256s": list(sha256s)})


def _near(
    model: ModelVersion, batch: list[tuple[int, str, list[float]]]
) -> dict[tuple[int, int], tuple[str, str, float]]:
    """{(older photo, newer photo): (SHA-256 of each, cosine)}: candidate pairs of a photo in `batch` and any other
    photo.
    """
    near: dict[tuple[int, int], tuple[str, str, float]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.ef_search = 40")  # enough for neighbours this close
        for image, sha256, vector in batch:
            text = HalfVector(vector).to_text()
            cursor.execute(NEAREST, {"vector": text, "model": model.pk, "neighbours": NEIGHBOURS})
            for other, other_sha256, score in cursor.fetchall():
                if score < NEAR_ENOUGH_TO_LOOK or other_sha256 in (sha256, ""):
                    continue
                if image < other:
                    near[image, other] = sha256, other_sha256, score
                else:
                    near[other, image] = other_sha256, sha256, score
    return near


def _looks(images: set[int]) -> dict[int, NDArray[np.float32]]:
    """Photo id -> its colours, float32 [GRID, GRID, 3], 0..255; unreadable photos are left out."""
    looks = {}
    photos = list(ProductImage.objects.filter(pk__in=images).only("file"))
    limits = {"max_bytes": settings.PHOTO_MAX_BYTES, "max_pixels": settings.PHOTO_MAX_PIXELS}
    for photo, source in zip(photos, files_of(photos), strict=True):
        try:
            picture = decode_photo(source, **limits, target=4 * GRID)
        except UnreadablePhoto:
            continue
        small = picture.resize((GRID, GRID), Image.Resampling.BOX)
        looks[photo.pk] = np.asarray(small, np.float32)
    return looks
