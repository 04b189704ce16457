"""Tasks of the worker. They are delivered at least once: every task may run twice, also concurrently."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.tasks import async_task

from catalog import text_search
from catalog.models import ProductImage
from ml.models import ModelVersion
from search import duplicates
from search.indexing import looks, rollout
from search.indexing.embed import BATCH, embed_awaiting
from search.indexing.queue import enqueue_finish, enqueue_photos
from search.models import Query, RateCount, ShopperMark, photos_awaiting

logger = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=2)  # a photo waiting longer than this lost its task
SLICE = 30.0  # seconds, well below Q_CLUSTER's timeout


def embed_images(image_ids: Sequence[int]) -> int:
    """Embed these photos under every model in use; returns the number of embeddings attempted.

    Photos not started within half of the task's time limit go to a new task.
    """
    deadline = time.monotonic() + settings.Q_CLUSTER["timeout"] / 2
    done = 0
    for model in ModelVersion.objects.in_use():
        done += embed_awaiting(model, image_ids, seconds=deadline - time.monotonic())
        if done and time.monotonic() > deadline:
            enqueue_photos(list(photos_awaiting(model).filter(pk__in=image_ids).values_list("pk", flat=True)))
    looks.find_missing_looks(image_ids, deadline)
    for model in ModelVersion.objects.filter(state=ModelVersion.State.PREPARING):
        if not photos_awaiting(model).exists():
            enqueue_finish(model)
    return done


def prepare(model_id: int) -> None:
    """Start the preparation of a version."""
    rollout.prepare(ModelVersion.objects.get(pk=model_id))


def finish_preparing(model_id: int) -> bool:
    """Once every photo is embedded with the version: build its index, evaluate it, mark it ready. False if photos still
    wait.

    It may run longer than Q_RETRY and is then delivered again: the second delivery returns at once, which keeps the
    other workers free. If the first one dies, requeue_stale_photos starts it again.
    """
    model = ModelVersion.objects.filter(pk=model_id, state=ModelVersion.State.PREPARING).first()
    try:
        return model is not None and rollout.finish(model, wait=False)
    except rollout.Busy:
        return False


def compare_photos() -> bool:
    """Every few minutes: look for duplicate photos, one time slice per task. Whether all photos are compared."""
    model = ModelVersion.objects.active()
    done = model is None or duplicates.compare_photos(model, SLICE)
    if not done and not get_broker().queue_size():  # otherwise other tasks go first; the schedule continues later
        async_task("search.tasks.compare_photos", group="compare", task_name="compare photos")
    return done


def measure(model_id: int) -> None:
    """Evaluate this version on the shop's own photos."""
    rollout.compare(ModelVersion.objects.get(pk=model_id))


def requeue_stale_photos() -> int:
    """Every minute: enqueue photos that lost their task, or were embedded before their looks were known, and resume
    interrupted preparations."""
    if get_broker().queue_size():
        return 0  # the worker is busy; waiting photos may still be in the queue
    long_ago = timezone.now() - PATIENCE
    waiting: set[int] = set()
    for model in ModelVersion.objects.in_use():
        late = photos_awaiting(model)
        if model.state == ModelVersion.State.ACTIVE:
            late = late.filter(created__lt=long_ago)
        waiting.update(late.values_list("pk", flat=True)[: 100 * BATCH])
        if model.state == ModelVersion.State.PREPARING and not waiting:
            enqueue_finish(model)
    unseen = ProductImage.objects.not_looked_at().filter(created__lt=long_ago).order_by("pk")
    waiting.update(unseen.values_list("pk", flat=True)[: 100 * BATCH])
    enqueue_photos(sorted(waiting))
    return len(waiting)


def delete_expired_queries() -> int:
    """Every hour: delete searches past the retention time, rate counts older than a day, and old marks of deleted
    searches.
    """
    RateCount.objects.filter(started__lt=time.time() - 86400).delete()
    long_ago = timezone.now() - timedelta(days=MARKS_KEPT)
    ShopperMark.objects.filter(query=None, created__lt=long_ago).delete()
    return Query.objects.expired().delete()[0]


MARKS_KEPT = 90  # days; the dashboard shows the last 14


def collect_search_words() -> int | None:
    """Every minute: update the vocabulary for typo correction, if the catalogue changed."""
    return text_search.collect_search_words()
