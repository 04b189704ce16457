"""Saved photos are embedded: one task for those of one commit, or of a batch of an import. And what migrate sets up."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from catalog.signals import photos_saved
from ml.models import ModelVersion


@receiver(photos_saved)
def enqueue(image_ids: list[int], **kwargs: Any) -> None:
    from search.tasks import enqueue_photos

    enqueue_photos(image_ids)


# Task -> every how many minutes it runs.
SCHEDULES = {
    "search.tasks.requeue_stale_photos": 1,
    "search.tasks.compare_photos": 5,
    "search.tasks.delete_expired_queries": 60,
    "search.tasks.collect_search_words": 1,
    "catalog.photos.fetch.wake_hosts": 1,
    "catalog.api.idempotency.delete_expired_answers": 60,
}


def prepare_database(**kwargs: Any) -> None:
    """After migrate: the active model's index, and the schedules."""
    from django_q.models import Schedule

    from search.indexing.rollout import build_index

    if model := ModelVersion.objects.active():
        build_index(model)
    for name, every in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name, defaults={"func": name, "schedule_type": Schedule.MINUTES, "minutes": every, "repeats": -1}
        )
    Schedule.objects.filter(name__startswith="search.tasks.").exclude(name__in=SCHEDULES).delete()  # former names
