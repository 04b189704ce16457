"""Saved photos are embedded: one task for those of one commit, or of a batch of an import. And what migrate sets up."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from catalog.announcing import photos_saved
from ml.models import ModelVersion


@receiver(photos_saved)
def enqueue(image_ids: list[int], **kwargs: Any) -> None:
    from search.tasks import enqueue_photos

    enqueue_photos(image_ids)


def prepare_database(**kwargs: Any) -> None:
    """After migrate: the active model's index, and the schedules."""
    from django_q.models import Schedule

    from search.activation import build_index

    if model := ModelVersion.objects.active():
        build_index(model)
    tasks = (
        ("search.tasks.tend", 1),
        ("search.tasks.compare_photos", 5),
        ("search.tasks.sweep_queries", 60),
        ("catalog.photo_fetch.wake_hosts", 1),
        ("search.tasks.collect_search_words", 1),
    )
    for name, every in tasks:
        Schedule.objects.update_or_create(
            name=name, defaults={"func": name, "schedule_type": Schedule.MINUTES, "minutes": every, "repeats": -1}
        )
