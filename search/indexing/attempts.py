"""Isolates photos that crash the worker: each attempt is counted and committed before the photo is read.

If a worker dies in a batch (out of memory, a crash of a decoder, the task's time limit), the counts of its photos
remain. These photos are then read in smaller and smaller groups, until the one that crashes is alone; it is given up,
with the reason in its `error`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils.translation import gettext_noop

from catalog.models import ProductImage
from search.models import EmbeddingAttempt

GROUPS = (64, 8, 1, 1)  # group size by number of failed attempts; after len(GROUPS) attempts a photo is given up
REASON = gettext_noop("Reading this photo stopped the worker several times. Please replace the file.")

COUNT = """
INSERT INTO search_embeddingattempt AS attempt (image_id, photo_sha256, count, started)
SELECT id, sha256, 1, now() FROM catalog_productimage WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (image_id) DO UPDATE SET
    count = CASE WHEN attempt.photo_sha256 = excluded.photo_sha256 THEN attempt.count + 1 ELSE 1 END,
    photo_sha256 = excluded.photo_sha256, started = now()
"""


def groups_of(images: Sequence[ProductImage]) -> list[list[ProductImage]]:
    """`images` in groups to be read together, new ones first. Photos with too many attempts get an error and are left
    out.
    """
    counts = dict(
        EmbeddingAttempt.objects.filter(image__in=[image.pk for image in images]).values_list("image_id", "count")
    )
    sha256s = dict(EmbeddingAttempt.objects.filter(image__in=counts).values_list("image_id", "photo_sha256"))
    by_count: dict[int, list[ProductImage]] = {}
    for image in images:
        same_file = sha256s.get(image.pk) == image.sha256
        by_count.setdefault(counts[image.pk] if same_file else 0, []).append(image)
    groups = []
    for count in sorted(by_count):
        if count >= len(GROUPS):
            _give_up(by_count[count])
            continue
        size, alike = GROUPS[count], by_count[count]
        groups += [alike[start : start + size] for start in range(0, len(alike), size)]
    return groups


def begin(images: Iterable[ProductImage]) -> None:
    """Count an attempt for each of `images`; commits before the first is read."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [[image.pk for image in images]])


def end(images: Iterable[ProductImage]) -> None:
    """Delete the counts: the photos were read (or not begun), and the worker survived."""
    EmbeddingAttempt.objects.filter(image__in=[image.pk for image in images]).delete()


def _give_up(images: Iterable[ProductImage]) -> None:
    for image in images:
        ProductImage.objects.filter(pk=image.pk, sha256=image.sha256).update(error=REASON)
    end(images)
