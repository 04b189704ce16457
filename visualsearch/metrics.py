"""What Prometheus scrapes. Counts of requests are of this machine's web processes; the rest is read from the database
at each scrape, and so the same wherever it is asked."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import OrmQ
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis import RedisError

from catalog.models import Product, ProductImage
from ml.models import ModelVersion
from search.indexing.rollout import index_name
from search.models import Query, photos_awaiting

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Histogram(
    "visualsearch_request_seconds", "From a whole request to its answer", ["lane", "status"], buckets=BUCKETS
)
WAITS = Histogram("visualsearch_wait_seconds", "A whole request's wait for a thread", ["lane"], buckets=BUCKETS)
REFUSED = Counter("visualsearch_refused_total", "Requests turned away before Django: busy, too_slow, ...", ["code"])
STAGES = Histogram("visualsearch_stage_seconds", "A search's stages: decode, embed, search", ["stage"], buckets=BUCKETS)


@receiver(post_save, sender=Query)
def observe_stages(instance: Query, created: bool, update_fields: frozenset[str] | None = None, **kwargs: Any) -> None:
    """A page's search is saved once after embedding, and again after its first answer; the API's only then."""
    for stage, milliseconds in instance.took_ms.items():
        if created or (stage == "search" and "took_ms" in (update_fields or ())):
            STAGES.labels(stage).observe(milliseconds / 1000)


def exposition() -> bytes:
    """All metrics as Prometheus reads them."""
    registry = CollectorRegistry()
    _gauges(registry)
    counted = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # serving/__main__.py sets it: all web processes of this machine
        counted = CollectorRegistry()
        MultiProcessCollector(counted)
    return generate_latest(registry) + generate_latest(counted)


def _gauges(registry: CollectorRegistry) -> None:
    def gauge(name: str, help_text: str, value: float) -> None:
        Gauge(f"visualsearch_{name}", help_text, registry=registry).set(value)

    gauge("products", "Products shoppers may find", Product.objects.on_sale().count())
    gauge("photos", "Readable photos", ProductImage.objects.readable().count())
    gauge("photos_broken", "Photos that could not be read", ProductImage.objects.broken().count())
    if model := ModelVersion.objects.active():
        gauge("photos_waiting", "Photos without an embedding", photos_awaiting(model).count())
        gauge("index_bytes", "The active model's ANN index", _scalar(INDEX_SIZE, [index_name(model)]))
    now = timezone.now()
    waiting = OrmQ.objects.filter(lock__lte=now).order_by("lock")
    with suppress(RedisError):  # the rest is worth telling without it
        queued = get_broker().queue_size() if settings.Q_BROKER else OrmQ.objects.count()
        gauge("tasks_queued", "Tasks in the queue", queued)
    gauge("tasks_waiting", "Tasks that no worker has taken", waiting.count())
    oldest = waiting.values_list("lock", flat=True).first() or now
    gauge(
        "oldest_task_seconds", "How long the first of them has waited", (now - oldest).total_seconds() if oldest else 0
    )
    gauge("embeddings_per_second", "New embeddings, mean of the last minute", _scalar(EMBEDDED) / 60)
    gauge("searches_kept", "Searches within the retention time", Query.objects.count())


INDEX_SIZE = "SELECT coalesce(pg_relation_size(to_regclass(%s)), 0)"
EMBEDDED = "SELECT count(*) FROM search_embedding WHERE created > now() - interval '1 minute'"


def _scalar(query: str, parameters: list[Any] | None = None) -> float:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return float(cursor.fetchone()[0])
