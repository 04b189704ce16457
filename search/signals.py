"""A saved photo is embedded after the commit that saved it, in one task with the others of that commit."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from catalog.models import ProductImage
from ml.models import ModelVersion


class _EnqueuePhotos:
    """The on_commit hook of one transaction; a rollback forgets it together with its photos."""

    def __init__(self) -> None:
        self.image_ids: list[int] = []

    def __call__(self) -> None:
        from search.tasks import enqueue_photos

        enqueue_photos(self.image_ids)


@receiver(post_save, sender=ProductImage)
def enqueue_photo(instance: ProductImage, update_fields: frozenset[str] | None, using: str, **kwargs: Any) -> None:
    if update_fields is not None and "file" not in update_fields:
        return
    connection = transaction.get_connection(using)
    savepoints = set(connection.savepoint_ids)
    if connection.run_on_commit:
        last_savepoints, hook, *_ = connection.run_on_commit[-1]
        if isinstance(hook, _EnqueuePhotos) and last_savepoints == savepoints:
            hook.image_ids.append(instance.pk)
            return
    hook = _EnqueuePhotos()
    hook.image_ids.append(instance.pk)
    transaction.on_commit(hook, using=using, robust=True)  # a queue that is down loses nothing: tasks.tend finds it


def prepare_database(**kwargs: Any) -> None:
    """After migrate: the active model's index, and the schedules."""
    from django_q.models import Schedule

    from search.activation import build_index

    if model := ModelVersion.objects.active():
        build_index(model)
    tasks = (("search.tasks.tend", 1), ("search.tasks.compare_photos", 5), ("search.tasks.sweep_queries", 60))
    for name, every in tasks:
        Schedule.objects.update_or_create(
            name=name, defaults={"func": name, "schedule_type": Schedule.MINUTES, "minutes": every, "repeats": -1}
        )
