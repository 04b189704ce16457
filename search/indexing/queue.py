"""What is put into the task queue about embedding. Tasks are named by their path: nothing here imports them."""

from __future__ import annotations

from collections.abc import Sequence

from django_q.tasks import async_task

from ml.models import ModelVersion
from search.indexing.embed import BATCH


def enqueue_photos(image_ids: Sequence[int]) -> None:
    """One task a batch, so that workers share the load and little is lost when one dies."""
    for start in range(0, len(image_ids), BATCH):
        batch = list(image_ids[start : start + BATCH])
        async_task("search.tasks.embed_images", batch, group="embed", task_name=f"embed photos ({len(batch)})")


def enqueue_finish(model: ModelVersion) -> None:
    """Index and compare a version whose photos are all embedded; the index of millions takes its time."""
    async_task("search.tasks.finish_preparing", model.pk, timeout=4 * 3600, task_name=f"finish preparing {model}"[:100])
