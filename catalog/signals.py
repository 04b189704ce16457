"""Tells who wants to know that photos were saved: after the commit that saved them, all of one commit together.

An import commits each product by itself; within `gathered()` the photos of many commits are told of together. Those
that a killed process never told of are found by their lack of an embedding (search.tasks.requeue_stale_photos).
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

TOGETHER = 64  # photos told of at once: what the search embeds in one task

photos_saved = Signal()  # with `image_ids`: list[int]

_gathered: ContextVar[list[int] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """Tell of the photos committed within by TOGETHER at a time, and of the rest at the end."""
    image_ids: list[int] = []
    token = _gathered.set(image_ids)
    try:
        yield
    finally:
        _gathered.reset(token)
        _tell(image_ids)


class _SavedPhotos:
    """The on_commit hook of one transaction; a rollback forgets it together with its photos."""

    def __init__(self) -> None:
        self.image_ids: list[int] = []

    def __call__(self) -> None:
        waiting = _gathered.get()
        if waiting is None:
            _tell(self.image_ids)
            return
        waiting += self.image_ids
        if len(waiting) >= TOGETHER:
            _tell(waiting)
            waiting.clear()


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


def _tell(image_ids: list[int]) -> None:
    if image_ids:
        photos_saved.send(ProductImage, image_ids=list(image_ids))
