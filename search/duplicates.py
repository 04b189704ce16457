"""Photos that are in the catalogue twice: the same file, or nearly the same picture.

Photos are walked in batches; each is asked, of the ANN index, for the photos nearest to it, and those of them that show
nearly the same picture are kept as a PhotoPair. What was compared is remembered with the batch's pairs in one
transaction: a walk that is interrupted goes on where it was, a new photo costs one question, and running twice changes
nothing.
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

# An embedding tells products apart, not pictures: a model that has learned a product well brings its front and its side
# as near to each other (.995) as a photo to itself saved again. So the embeddings only say which photos to look at, and
# the pixels decide. Under the bundled model, 95 of 100 photos saved again at half the size stay this near.
NEAR_ENOUGH_TO_LOOK = 0.965
# Mean difference of red, green and blue (0 to 255) of two photos shrunk to GRID x GRID. Saved again, smaller and more
# strongly compressed: 4.6 at most (150 photos of the sample shop, grocery, clothing); front and side of one product of
# the sample shop: at least 16.
GRID = 16
NEARLY_THE_SAME = 8.0
NEIGHBOURS = 12  # rows asked for, the photo itself among them: of more copies, each finds its own neighbours
BATCH = 200

NEAREST = """
SELECT image_id, photo_sha256, 1 - (vector <=> %(vector)s::halfvec) AS score FROM search_embedding
WHERE model_id = %(model)s ORDER BY vector <=> %(vector)s::halfvec LIMIT %(neighbours)s
"""

# The copies of one file are paired with the oldest of them: a placeholder on 10,000 products makes 10,000 pairs.
SAME_FILE = """
SELECT photo.id, photo.sha256, (SELECT min(id) FROM catalog_productimage AS other WHERE other.sha256 = photo.sha256)
FROM catalog_productimage AS photo WHERE photo.id = ANY(%(images)s)
"""

# Joined with the photos as they are now: one deleted or replaced meanwhile is passed over.
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
    """The embeddings under `model` of photos that were not compared yet as they are now, oldest photos first."""
    compared = ComparedPhoto.objects.filter(
        image=OuterRef("image"), model=OuterRef("model"), photo_sha256=OuterRef("photo_sha256")
    )
    return Embedding.objects.filter(~Exists(compared), model=model).exclude(photo_sha256="").order_by("image_id")


def compare_photos(model: ModelVersion, seconds: float = float("inf")) -> bool:
    """Compare the photos that were not yet, for at most `seconds`; False when time was up before the end.

    Where another worker is at it, there is nothing to do.
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
    """`merge_products`, with what staff and shoppers said of `other`: judgements, and searches that it answered best.

    Where both were judged for one search, what was said of `keep` stands.
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
    """`batch`: (photo, its SHA-256, its vector)."""
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
    """{(older photo, newer photo): (SHA-256 of each, cosine)} worth a look, of photos in `batch` with any other."""
    near: dict[tuple[int, int], tuple[str, str, float]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.ef_search = 40")  # what is this near is found with less than a search needs
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
    """Photo -> its colours, float32 [GRID, GRID, 3], 0..255; without those that cannot be read."""
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
