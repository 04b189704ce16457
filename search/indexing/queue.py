"""Enqueues embedding tasks. Tasks are referred to by their dotted path, so this module does not import them."""

from __future__ import annotations

from collections.abc import Sequence

from django_q.tasks import async_task

from ml.models import ModelVersion
from search.indexing.embed import BATCH


def enqueue_photos(image_ids: Sequence[int]) -> None:
    """One task per batch, so that workers share the load and a dying worker loses little."""
    for start in range(0, len(image_ids), BATCH):
        batch = list(image_ids[start : start + BATCH])
        async_task("search.tasks.embed_images", batch, group="embed", task_name=f"embed photos ({len(batch)})")


def enqueue_finish(model: ModelVersion) -> None:
    """Enqueue the last step of a preparation: index and evaluation. It may take long for millions of photos."""
    async_task("search.tasks.finish_preparing", model.pk, timeout=4 * 3600, task_name=f"finish preparing {model}"[:100])
