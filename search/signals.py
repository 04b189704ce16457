"""Signal handlers: saved photos are enqueued for embedding; after migrate, indexes and schedules are created."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.dispatch import receiver

from catalog.signals import photos_saved
from ml.models import ModelVersion
from search.indexing.queue import enqueue_photos
from search.indexing.rollout import build_index


@receiver(photos_saved)
def enqueue(image_ids: list[int], **kwargs: Any) -> None:
    enqueue_photos(image_ids)


# Task -> its interval in minutes.
SCHEDULES = {
    "search.tasks.requeue_stale_photos": 1,
    "search.tasks.compare_photos": 5,
    "search.tasks.delete_expired_queries": 60,
    "search.tasks.collect_search_words": 1,
    "catalog.photos.fetch.wake_hosts": 1,
    "catalog.api.idempotency.delete_expired_answers": 60,
    "catalog.imports.feeds.follow_feeds": 1,
    "catalog.photos.cleanup.sweep": 10,
}


def prepare_database(**kwargs: Any) -> None:
    """After migrate: the active model's index, and the schedules."""
    from django_q.models import Schedule

    if model := ModelVersion.objects.active():
        build_index(model)
    for task, every in SCHEDULES.items():
        shown_as = task.rpartition(".")[2].replace("_", " ")  # in the log and the list of tasks
        Schedule.objects.update_or_create(
            name=task,
            defaults={
                "func": task,
                "kwargs": repr({"q_options": {"task_name": shown_as}}),
                "schedule_type": Schedule.MINUTES,
                "minutes": every,
                "repeats": -1,
            },
        )
    former = Q(name__startswith="search.") | Q(name__startswith="catalog.")
    Schedule.objects.filter(former).exclude(name__in=SCHEDULES).delete()
