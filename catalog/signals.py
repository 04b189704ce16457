"""The signal `photos_saved`: sent after the commit that saved photos, once for at most BATCH photos.

An import commits many small transactions: within `batched_signals()` one signal covers the photos of several commits.
If the process is killed before it sends, nothing is lost: search.tasks.requeue_stale_photos finds photos without an
embedding.
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
    """Send one signal for every BATCH photos committed inside this context, and one for the rest at its end."""
    image_ids: list[int] = []
    token = _batch.set(image_ids)
    try:
        yield
    finally:
        _batch.reset(token)
        _send(image_ids)


class _SavedPhotos:
    """The on_commit hook of one transaction; a rollback discards it with its photos."""

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
    # send_robust: if a receiver fails, search.tasks.requeue_stale_photos finds the photos later.
    transaction.on_commit(hook, using=using, robust=True)


def _send(image_ids: list[int]) -> None:
    for start in range(0, len(image_ids), BATCH):
        photos_saved.send(ProductImage, image_ids=image_ids[start : start + BATCH])
