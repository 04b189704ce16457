"""The signal `photos_saved`: sent after the commit that saved photos, once for BATCH photos of one commit.

An import commits each product by itself: within `batched_signals()` one signal covers the photos of many commits. A
process that is killed before it sends loses nothing: search.tasks.requeue_stale_photos finds photos without embedding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import Signal, receiver

from catalog.models import ProductImage

BATCH = 64  # photos of one signal: what the search embeds in one task

photos_saved = Signal()  # with `image_ids`: list[int]

_batch: ContextVar[list[int] | None] = ContextVar("batch", default=None)


@contextmanager
def batched_signals() -> Iterator[None]:
    """Send one signal for every BATCH photos committed within, and one for the rest at the end."""
    image_ids: list[int] = []
    token = _batch.set(image_ids)
    try:
        yield
    finally:
        _batch.reset(token)
        _send(image_ids)


class _SavedPhotos:
    """The on_commit hook of one transaction; a rollback forgets it together with its photos."""

    def __init__(self) -> None:
        self.image_ids: list[int] = []

    def __call__(self) -> None:
        waiting = _batch.get()
        if waiting is None:
            _send(self.image_ids)
            return
        waiting += self.image_ids
        whole = len(waiting) - len(waiting) % BATCH
        _send(waiting[:whole])
        del waiting[:whole]


@receiver(post_save, sender=ProductImage)
def collect_saved_photo(
    instance: ProductImage, update_fields: frozenset[str] | None, using: str, **kwargs: Any
) -> None:
    if update_fields is not None and "file" not in update_fields:
        return
    connection = transaction.get_connection(using)
    savepoints = set(connection.savepoint_ids)
    if connection.run_on_commit:
        last_savepoints, hook, *_ = connection.run_on_commit[-1]
        if isinstance(hook, _SavedPhotos) and last_savepoints == savepoints:
            hook.image_ids.append(instance.pk)
            return
    hook = _SavedPhotos()
    hook.image_ids.append(instance.pk)
    # robust: a listener that fails loses nothing, search.tasks.requeue_stale_photos finds the photos.
    transaction.on_commit(hook, using=using, robust=True)


def _send(image_ids: list[int]) -> None:
    for start in range(0, len(image_ids), BATCH):
        photos_saved.send(ProductImage, image_ids=image_ids[start : start + BATCH])
