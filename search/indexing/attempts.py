"""Photos that end their worker: each try is counted before the photo is read, so that a crash cannot undo the count.

A worker that dies in the middle of a batch (out of memory, a fault in a decoder, longer than a task may take) leaves
the batch's counts behind. Next time its photos go in ever smaller groups, until the one that kills is alone, and is
given up with the reason written on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from django.utils.translation import gettext_noop

from catalog.models import ProductImage
from search.models import EmbeddingAttempt

GROUPS = (64, 8, 1, 1)  # photos read together after so many tries; after as many tries as there are groups, none
REASON = gettext_noop("Reading this photo stopped the worker several times. Please replace the file.")

COUNT = """
INSERT INTO search_embeddingattempt AS attempt (image_id, photo_sha256, count, started)
SELECT id, sha256, 1, now() FROM catalog_productimage WHERE id = ANY(%s) ORDER BY id
ON CONFLICT (image_id) DO UPDATE SET
    count = CASE WHEN attempt.photo_sha256 = excluded.photo_sha256 THEN attempt.count + 1 ELSE 1 END,
    photo_sha256 = excluded.photo_sha256, started = now()
"""


def groups_of(images: Sequence[ProductImage]) -> list[list[ProductImage]]:
    """`images` as they may be read together, those never tried first; without those that are given up here."""
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
    """Committed before the first of `images` is read."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [[image.pk for image in images]])


def end(images: Iterable[ProductImage]) -> None:
    """They were read, or were not begun: whatever became of them, no worker died of it."""
    EmbeddingAttempt.objects.filter(image__in=[image.pk for image in images]).delete()


def _give_up(images: Iterable[ProductImage]) -> None:
    for image in images:
        ProductImage.objects.filter(pk=image.pk, sha256=image.sha256).update(error=REASON)
    end(images)
