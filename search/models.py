"""Embeddings and pairs of the catalogue's photos, shoppers' queries, and relevance feedback."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import DatabaseError, models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField

from catalog.colours import MOST_LETTERS
from catalog.models import Category, Product, ProductImage
from catalog.read_only import takes_nothing
from ml.models import ModelVersion
from search.knn import EmbeddingManager

logger = logging.getLogger(__name__)

DIM = 256


class Embedding(models.Model):
    """The embedding of one photo under one model: a unit vector, and copies of the product's fields that searches
    filter on.

    Triggers maintain the copies, product to is_active (docs/decisions/facts-on-embedding.md). No table may have a
    foreign key to this one, and its key starts with the image (docs/decisions/distribution.md).
    """

    pk = models.CompositePrimaryKey("image_id", "model_id")
    image = models.ForeignKey(ProductImage, on_delete=models.CASCADE, related_name="embeddings", db_index=False)
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="embeddings", db_index=False)
    vector = HalfVectorField(dimensions=DIM)
    photo_sha256 = models.CharField(max_length=64)  # of the embedded file; differs once the file is replaced
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
    current_price = models.DecimalField(max_digits=12, decimal_places=2, null=True, editable=False)
    attributes = models.JSONField(editable=False)
    colours = ArrayField(models.CharField(max_length=MOST_LETTERS), default=list, db_default=[], editable=False)
    is_active = models.BooleanField(editable=False)

    objects = EmbeddingManager()

    class Meta:
        verbose_name = _("embedding")
        verbose_name_plural = _("embeddings")
        indexes = [
            # Which photos wait is read from the index alone, not from a table as wide as its vectors.
            models.Index("image", "model", include=["photo_sha256"], name="embedding_up_to_date"),
            BrinIndex(fields=["created"], autosummarize=True, name="embedding_created"),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} under {self.model_id}"


def photos_awaiting(model: ModelVersion) -> models.QuerySet[ProductImage]:
    """The readable photos without an up-to-date embedding under `model`, oldest first."""
    embedded = Embedding.objects.filter(image=OuterRef("pk"), model=model, photo_sha256=OuterRef("sha256"))
    return ProductImage.objects.readable().filter(~Exists(embedded)).order_by("pk")


class EmbeddingAttempt(models.Model):
    """A photo that is being read now, or whose worker died while reading it: search/indexing/attempts.py."""

    image = models.OneToOneField(ProductImage, on_delete=models.CASCADE, primary_key=True, related_name="+")
    photo_sha256 = models.CharField(max_length=64)  # of the file that was read; a new file starts at 0 attempts
    count = models.PositiveSmallIntegerField()
    started = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.image_id}: {self.count}"


class RateCount(models.Model):
    """Requests of one client in its current period: search/rate_limits.py. An unlogged table: emptied by a crash."""

    key = models.CharField(max_length=90, primary_key=True)
    started = models.FloatField(db_index=True, help_text="Seconds since 1970.")
    count = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class QueryQuerySet(models.QuerySet["Query"]):
    def expired(self) -> QueryQuerySet:
        """Older than the retention time and not judged by staff."""
        horizon = timezone.now() - timedelta(hours=settings.QUERY_RETENTION_HOURS)
        return self.filter(created__lt=horizon, judgements=None)


class Query(models.Model):
    """A stored search: what is needed to answer it again with other filters. The original photo is never stored."""

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
    answer = models.JSONField(
        default=list, help_text=_("Best cosines of the whole shop's products: what makes later scores comparable.")
    )
    nothing_alike = models.BooleanField(null=True, help_text=_("The first answer held nothing like the photo."))

    objects = QueryQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        verbose_name = _("search")
        verbose_name_plural = _("searches")

    def mark_by_shopper(self, product: Product, verdict: str) -> str:
        """Set a shopper's verdict on a result; the same verdict again removes it. Returns the
        current verdict, or "".
        """
        same = self.shopper_marks.filter(product=product, verdict=verdict)
        if verdict not in Judgement.Verdict.values or same.delete()[0]:
            return ""
        self.shopper_marks.update_or_create(product=product, defaults={"verdict": verdict})
        return verdict

    def accept_shopper_marks(self, user: User) -> int:
        """Turn shoppers' marks into judgements by `user`, unless staff judged the product already; returns their
        number.
        """
        made = Judgement.objects.bulk_create(
            [
                Judgement(query=self, product_id=mark.product_id, verdict=mark.verdict, user=user)
                for mark in self.shopper_marks.exclude(product__in=self.judgements.values("product"))
            ],
            ignore_conflicts=True,
        )
        return len(made)

    new_photos: list[QueryPhoto] | None = None  # of a search by several photos that `store` has not written yet
    changed: frozenset[str] = frozenset()  # names of fields that `save_changes` has to write

    def all_photos(self) -> list[QueryPhoto]:
        """The photos of a search by several photos; empty for a search by one."""
        return list(self.photos.all()) if self.new_photos is None else self.new_photos

    def store(self) -> bool:
        """Insert the query and its photos. False, and a line in the log, if the database cannot write now."""
        try:
            if self.new_photos:
                with transaction.atomic():
                    self.save(force_insert=True)
                    QueryPhoto.objects.bulk_create(self.new_photos)
            else:
                self.save(force_insert=True)  # one statement, no transaction around it
        except DatabaseError as error:
            if not takes_nothing(error):
                raise
            _log_unsaved(error)
            return False
        self.changed = frozenset()
        return True

    def change(self, **values: object) -> None:
        """Set fields; `save_changes`, or `store` if the query is new, writes them."""
        for name, value in values.items():
            setattr(self, name, value)
        self.changed |= values.keys()

    def save_changes(self) -> None:
        """Write what `change` set. The search is answered even if the database cannot write now, or if the query was
        deleted meanwhile or never stored.
        """
        changed, self.changed = self.changed, frozenset()
        if not changed:
            return
        try:
            self.save(update_fields=changed)
        except DatabaseError as error:
            if error.__cause__ is not None and not takes_nothing(error):  # without a cause: no row was updated
                raise
            _log_unsaved(error)

    def __str__(self) -> str:
        return str(self.id)


def _log_unsaved(error: DatabaseError) -> None:
    logger.error("A search is answered without being saved: %s", " ".join(str(error).split()))


class QueryPhoto(models.Model):
    """One photo of a search by several photos. A search by one photo has no such rows: the Query holds everything.

    The thumbnail and crop of the Query are those of the first photo with `is_searched`.
    """

    query = models.ForeignKey(Query, on_delete=models.CASCADE, related_name="photos")
    position = models.PositiveSmallIntegerField()
    thumbnail = models.BinaryField()
    crop = models.CharField(max_length=40, blank=True)
    item = models.PositiveSmallIntegerField(help_text="Photos of one item have the same number; the first has 0.")
    is_searched = models.BooleanField(help_text="Whether the query's vector is of this photo, among others.")

    class Meta:
        ordering = ["position"]
        default_permissions = ()
        constraints = [models.UniqueConstraint("query", "position", name="one_photo_at_a_position")]

    def __str__(self) -> str:
        return f"{self.query_id}: {self.position}"


class Judgement(models.Model):
    """Relevance feedback of staff: a product was a right or a wrong result of a search. Training uses it.

    "Relevance judgement" is the term of the field: docs/decisions/relevance-judgements.md.
    """

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


class ShopperMark(models.Model):
    """Relevance feedback of a shopper. It is counted; training uses judgements of staff only.

    Marks outlive their search, for the counts, and contain nothing about the shopper. See
    docs/decisions/relevance-judgements.md.
    """

    query = models.ForeignKey(Query, on_delete=models.SET_NULL, null=True, related_name="shopper_marks")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=5, choices=Judgement.Verdict)
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("shopper's mark")
        verbose_name_plural = _("shoppers' marks")
        constraints = [
            models.UniqueConstraint("query", "product", name="one_shopper_mark_per_result"),
            models.CheckConstraint(condition=Q(verdict__in=["right", "wrong"]), name="shopper_mark_known"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.verdict}"


class ComparedPhoto(models.Model):
    """A photo file that was compared with all others under this model: search/duplicates.py."""

    image = models.OneToOneField(ProductImage, on_delete=models.CASCADE, primary_key=True, related_name="+")
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    photo_sha256 = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.image_id} under {self.model_id}"


ONE_FILE = Q(first_sha256=F("second_sha256"))
ONE_PRODUCT = ~ONE_FILE & Q(first__product=F("second__product"))
TWO_PRODUCTS = ~ONE_FILE & ~Q(first__product=F("second__product"))


class PhotoPairQuerySet(models.QuerySet["PhotoPair"]):
    def shown(self, model: ModelVersion | None) -> PhotoPairQuerySet:
        """Pairs that staff can still act on: both files unchanged since, both products on sale,
        found under the model.
        """
        return self.filter(
            Q(model=model) | ONE_FILE,
            first__sha256=F("first_sha256"),
            second__sha256=F("second_sha256"),
            first__product__is_active=True,
            second__product__is_active=True,
        )

    def open(self) -> PhotoPairQuerySet:
        return self.filter(dismissed=None)

    def of_one_file(self) -> PhotoPairQuerySet:
        return self.filter(ONE_FILE)

    def of_two_products(self) -> PhotoPairQuerySet:
        """Nearly identical pictures of different products."""
        return self.filter(TWO_PRODUCTS)

    def of_one_product(self) -> PhotoPairQuerySet:
        """Nearly identical pictures of one product."""
        return self.filter(ONE_PRODUCT)

    def counts(self) -> dict[str, int]:
        """Number of pairs of each kind (file, products, product, dismissed), in one query."""
        kinds = {"file": ONE_FILE, "products": TWO_PRODUCTS, "product": ONE_PRODUCT}
        still_open = {name: Count("pk", filter=Q(kind, dismissed=None)) for name, kind in kinds.items()}
        return self.order_by().aggregate(**still_open, dismissed=Count("pk", filter=~Q(dismissed=None)))


class PhotoPair(models.Model):
    """Two photos that are the same file, or nearly the same picture, for review by staff."""

    first = models.ForeignKey(ProductImage, on_delete=models.CASCADE, related_name="+")  # the one with the lower id
    second = models.ForeignKey(ProductImage, on_delete=models.CASCADE, related_name="+")
    first_sha256 = models.CharField(max_length=64)  # of the compared files, which may be replaced later
    second_sha256 = models.CharField(max_length=64)
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField(_("likeness"), help_text=_("Cosine of the two embeddings."))
    found = models.DateTimeField(_("found"), db_default=Now())
    dismissed = models.DateTimeField(_("dismissed"), null=True)
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = PhotoPairQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "id"]
        verbose_name = _("pair of photos")
        verbose_name_plural = _("photos to look at")
        default_permissions = ()  # who may change products and photos may judge pairs of them
        constraints = [
            models.UniqueConstraint("first", "second", name="one_pair_of_two_photos"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="photo_pair_in_order"),
        ]
        indexes = [models.Index(fields=["-score", "id"], condition=Q(dismissed=None), name="photo_pair_open")]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"

    @property
    def is_one_file(self) -> bool:
        return self.first_sha256 == self.second_sha256

    def dismiss(self, user: User) -> None:
        """Mark the pair as intended. It is not shown again unless one of the files is replaced."""
        self.dismissed, self.dismissed_by = timezone.now(), user
        self.save(update_fields=["dismissed", "dismissed_by"])

    def show_again(self) -> None:
        self.dismissed = self.dismissed_by = None
        self.save(update_fields=["dismissed", "dismissed_by"])


class TrainingQuerySet(models.QuerySet["Training"]):
    def next(self) -> Training | None:
        """The one to train now: first what a trainer that is gone had begun, then what waits longest."""
        states = Training.State
        running = self.filter(state=states.RUNNING).order_by("pk").first()
        return running or self.filter(state=states.WAITING).order_by("pk").first()


class Training(models.Model):
    """A training started in the admin: its data, settings and progress. A trainer process executes it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")
        FINISHED = "finished", _("finished")

    class Data(models.TextChoices):
        CATALOGUE = "catalogue", _("the catalogue")
        FOLDER = "folder", _("a folder on the server")
        UPLOAD = "upload", _("an upload")

    data = models.CharField(_("learns from"), max_length=10, choices=Data)
    source = models.CharField(max_length=500, blank=True)  # the folder, or the uploaded archive
    name = models.CharField(_("name"), max_length=200)  # of the data, for people
    start = models.CharField(_("starts from"), max_length=100)  # a version, "imagenet" or "none"
    backbone = models.CharField(_("backbone"), max_length=100)
    input_size = models.PositiveIntegerField(_("input size"))
    minutes = models.PositiveIntegerField(_("minutes"), null=True)
    epochs = models.PositiveIntegerField(_("epochs"), null=True)
    steps = models.PositiveIntegerField(_("batches an epoch"))
    p = models.PositiveIntegerField(_("products in a batch"))
    k = models.PositiveIntegerField(_("photos of each"))
    fast = models.BooleanField(_("only the last stage learns"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    wants_stop = models.BooleanField(default=False)
    folder = models.CharField(max_length=500, blank=True)  # of the begun run, to go on with
    error = models.TextField(blank=True)
    progress = models.JSONField(default=dict)  # the last event of the run
    history = models.JSONField(default=list)  # a row of figures an epoch
    attempts = models.PositiveIntegerField(default=0)  # since the last finished epoch
    version = models.ForeignKey(ModelVersion, on_delete=models.SET_NULL, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    objects = TrainingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        default_permissions = ()  # who may steer models may train them
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) ^ Q(epochs__isnull=True), name="training_minutes_or_epochs"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.backbone}, {self.name}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def planned_epochs(self) -> int | None:
        """None while the first epoch is being timed."""
        return self.epochs or self.progress.get("planned")

    @property
    def percent(self) -> int:
        """Of all batches; while the number of epochs is unknown, of the first epoch's batches."""
        if self.state == self.State.FINISHED or self.progress.get("event") == "exporting":
            return 100
        whole, batch = (self.planned_epochs or 1) * self.steps, self.progress.get("batch", 0)
        return min(99, 100 * (len(self.history) * self.steps + batch) // whole)
