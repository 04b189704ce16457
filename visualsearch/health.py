"""What an orchestrator and a Prometheus server ask for."""

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django_q.models import OrmQ
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from catalog.models import Product, ProductImage
from ml.models import ModelVersion
from search.models import Query, photos_awaiting

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Load the active model into this process; log, and serve without it, if that cannot be done."""
    try:
        if model := ModelVersion.objects.active():
            model.embedder().warm_up()
    except Exception:
        logger.exception("The active model could not be loaded; searches will fail until it can.")


@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("alive\n", content_type="text/plain")


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Database reachable and migrated, a model active and loadable: 200, else 503 with the reason."""
    checks: dict[str, str] = {}
    try:
        model = ModelVersion.objects.active()
        checks["database"] = "ok"
        checks["model"] = "ok" if model else "no model is active"
        if model:
            model.embedder().warm_up()
    except DatabaseError as error:
        checks["database"] = str(error).splitlines()[0]
    except Exception as error:  # whatever keeps a model from loading
        checks["model"] = f"{type(error).__name__}: {error}"
    healthy = all(state == "ok" for state in checks.values())
    return JsonResponse({"ready": healthy, **checks}, status=200 if healthy else 503)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges read from the database at each scrape, so that they are right with any number of processes."""
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, value: float) -> None:
        Gauge(f"visualsearch_{name}", help_text, registry=registry).set(value)

    model = ModelVersion.objects.active()
    gauge("products", "Products shoppers may find", Product.objects.on_sale().count())
    gauge("photos", "Readable photos", ProductImage.objects.readable().count())
    gauge("photos_broken", "Photos that could not be read", ProductImage.objects.broken().count())
    if model:
        gauge("photos_waiting", "Photos without an embedding", photos_awaiting(model).count())
    gauge("tasks_queued", "Tasks in the queue of the ORM broker", OrmQ.objects.count())
    gauge("searches_kept", "Searches within the retention time", Query.objects.count())
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
                   ORDER BY (took_ms->>'decode')::float + (took_ms->>'embed')::float + (took_ms->>'search')::float)
               FROM search_query WHERE created > now() - interval '1 hour' AND took_ms ? 'search'"""
        )
        (percentiles,) = cursor.fetchone()
    if percentiles:
        gauge("search_milliseconds_p50", "Median search of the last hour, photo to products", percentiles[0])
        gauge("search_milliseconds_p95", "95th percentile of the last hour", percentiles[1])
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
