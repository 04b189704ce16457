"""Indexing status of photos and products under the active model: ready, waiting, or failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _

from catalog.models import Product, ProductImage
from ml.models import ModelVersion
from search.indexing.queue import enqueue_photos
from search.models import Embedding, photos_awaiting

PROGRESS_SECONDS = 10  # lifetime of the cached answer "nothing waits"
FEW = 2000  # product ids listed in a query; above that a subquery is used


class IndexingStatus(TextChoices):
    READY = "ready", _("ready")
    WAITING = "waiting", _("waiting")
    FAILED = "failed", _("failed")


@dataclass(frozen=True)
class Progress:
    """How many of the photos on sale are indexed."""

    ready: int
    total: int


def indexing_progress(model: ModelVersion) -> Progress | None:
    """Progress under `model`, at most a few seconds old; None if everything is indexed."""
    key = f"indexing_progress_{model.pk}"
    progress = cache.get(key)
    if progress is None:
        photos = ProductImage.objects.readable().filter(product__is_active=True)
        waiting = photos_awaiting(model).filter(product__is_active=True).order_by().count()
        total = photos.count() if waiting else 0
        progress = (total - waiting, total)
        cache.set(key, progress, PROGRESS_SECONDS if not waiting else 2)
    return Progress(*progress) if progress[1] else None


def with_indexing_status(images: QuerySet[ProductImage], model: ModelVersion | None) -> QuerySet[ProductImage]:
    """The photos annotated with `indexing_status`, an IndexingStatus value."""
    embedded = Embedding.objects.filter(image=OuterRef("pk"), model=model, photo_sha256=OuterRef("sha256"))
    return images.annotate(
        indexing_status=Case(
            When(~Q(error=""), then=Value(IndexingStatus.FAILED)),
            When(Exists(embedded), then=Value(IndexingStatus.READY)),
            default=Value(IndexingStatus.WAITING),
        )
    )


def indexing_status_of_product(images: Iterable[ProductImage]) -> tuple[str, str]:
    """(IndexingStatus value, reason) of its worst photo; ("", "") without photos. Pass photos
    `with_indexing_status`.
    """
    states = {image.indexing_status: image.error for image in images}  # type: ignore[attr-defined]
    for state in (IndexingStatus.FAILED, IndexingStatus.WAITING, IndexingStatus.READY):
        if state in states:
            return state, states[state]
    return "", ""


def products_with_status(status: str, products: QuerySet[Product], model: ModelVersion | None) -> QuerySet[Product]:
    """Those of `products` whose worst photo has this IndexingStatus."""
    broken = Exists(ProductImage.objects.broken().filter(product=OuterRef("pk")))
    if status == IndexingStatus.FAILED:
        return products.filter(broken)
    waiting = _has_a_waiting_photo(model)
    if status == IndexingStatus.WAITING:
        return products.filter(waiting & ~broken)
    return products.filter(~broken & ~waiting & Exists(ProductImage.objects.filter(product=OuterRef("pk"))))


def _has_a_waiting_photo(model: ModelVersion | None) -> Q | Exists:
    """A condition on products. If few products wait, their ids are looked up once, since the condition is used for both
    the count and the list.
    """
    images = ProductImage.objects.readable() if model is None else photos_awaiting(model)
    few = list(images.order_by().values_list("product", flat=True).distinct()[: FEW + 1])
    return Q(pk__in=few) if len(few) <= FEW else Exists(images.order_by().filter(product=OuterRef("pk")))


def embed_again(images: QuerySet[ProductImage], model: ModelVersion | None) -> int:
    """Enqueue these photos, failed ones too; returns their number. Their old embeddings serve
    until they are replaced.
    """
    ids = list(images.order_by("pk").values_list("pk", flat=True))
    ProductImage.objects.filter(pk__in=ids).exclude(error="").update(error="")
    Embedding.objects.filter(image__in=ids, model=model).exclude(photo_sha256="").update(photo_sha256="")
    enqueue_photos(ids)
    return len(ids)
