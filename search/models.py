"""Embeddings of the catalogue's photos, shoppers' queries, and what staff say of the answers."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from catalog.models import Category, Product, ProductImage
from ml.models import ModelVersion
from search.nearest import EmbeddingManager

DIM = 256


class Embedding(models.Model):
    """One photo under one model: a unit vector, with the facts that searches filter on beside it.

    The facts (product to is_active) are copies which triggers keep true (migration 0002): a filter beside the vector
    in one table lets pgvector's iterative scan apply it during the scan; a join would make the planner leave the index.
    Nothing may refer to this table, and its key starts with the image: it can be distributed by image (DESIGN, Citus).
    """

    pk = models.CompositePrimaryKey("image_id", "model_id")
    image = models.ForeignKey(ProductImage, on_delete=models.CASCADE, related_name="embeddings")
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="embeddings", db_index=False)
    vector = HalfVectorField(dimensions=DIM)
    photo_sha256 = models.CharField(max_length=64)  # of the file that was embedded: tells when it was replaced since
    created = models.DateTimeField(auto_now=True, db_default=Now())

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+", editable=False)
    category = models.ForeignKey(
        Category,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        editable=False,
        db_constraint=False,
        db_index=False,
    )
    brand = models.CharField(max_length=100, editable=False)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, editable=False)
    attributes = models.JSONField(editable=False)
    is_active = models.BooleanField(editable=False)

    objects = EmbeddingManager()

    class Meta:
        verbose_name = _("embedding")
        verbose_name_plural = _("embeddings")

    def __str__(self) -> str:
        return f"{self.image_id} under {self.model_id}"


def photos_awaiting(model: ModelVersion) -> models.QuerySet[ProductImage]:
    """The readable photos without an up-to-date embedding under `model`, oldest first."""
    embedded = Embedding.objects.filter(image=OuterRef("pk"), model=model, photo_sha256=OuterRef("sha256"))
    return ProductImage.objects.readable().filter(~Exists(embedded)).order_by("pk")


class QueryQuerySet(models.QuerySet["Query"]):
    def expired(self) -> QueryQuerySet:
        """Past the retention time, unless staff judged their results."""
        horizon = timezone.now() - timedelta(hours=settings.QUERY_RETENTION_HOURS)
        return self.filter(created__lt=horizon, judgements=None)


class Query(models.Model):
    """A shopper's search: what is needed to answer it again, filtered differently. The photo itself is never stored."""

    class Source(models.TextChoices):
        PAGE = "page", _("search page")
        API = "api", _("API")
        ADMIN = "admin", _("admin")
        COMMAND = "command", _("command line")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="queries")
    vector = HalfVectorField(dimensions=DIM)
    thumbnail = models.BinaryField(help_text=_("A small JPEG of what was searched for, without metadata."))
    crop = models.CharField(
        max_length=40, blank=True, help_text=_("The part searched for: x,y,width,height in fractions.")
    )
    source = models.CharField(max_length=8, choices=Source, default=Source.PAGE)
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    took_ms = models.JSONField(default=dict, help_text=_("Milliseconds: decode, embed, search (of the first answer)."))
    best_score = models.FloatField(null=True, help_text=_("Cosine of the best match of the first answer."))
    best_product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = QueryQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        verbose_name = _("search")
        verbose_name_plural = _("searches")

    def __str__(self) -> str:
        return str(self.id)


class Judgement(models.Model):
    """Staff say that a product was a right or a wrong answer to a search; training can learn from it."""

    class Verdict(models.TextChoices):
        RIGHT = "right", _("right")
        WRONG = "wrong", _("wrong")

    query = models.ForeignKey(Query, on_delete=models.CASCADE, related_name="judgements")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="judgements")
    verdict = models.CharField(max_length=5, choices=Verdict)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created"]
        verbose_name = _("judgement")
        verbose_name_plural = _("judgements")
        constraints = [
            models.UniqueConstraint("query", "product", name="one_judgement_per_result"),
            models.CheckConstraint(condition=Q(verdict__in=["right", "wrong"]), name="judgement_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.verdict}"
