"""The shop's catalogue: categories, products and their photos. Independent of embeddings and models."""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.fields.files import ImageFieldFile
from django.db.models.functions import Least, Now, Upper
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils.text import get_valid_filename, slugify
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

from catalog.addresses import picture_path, product_path
from catalog.colours import MOST_LETTERS
from catalog.folding import words_of
from catalog.photos.validation import upright_size


class CategoryQuerySet(models.QuerySet["Category"]):
    def with_descendants(self, slugs: list[str]) -> list[int]:
        """Ids of the categories with these slugs and of all categories below them."""
        below: dict[int | None, list[int]] = {}
        wanted: list[int] = []
        for pk, parent, slug in self.values_list("id", "parent_id", "slug"):
            below.setdefault(parent, []).append(pk)
            if slug in slugs:
                wanted.append(pk)
        found: list[int] = []
        while wanted:
            found.append(wanted.pop())
            wanted.extend(child for child in below.get(found[-1], []) if child not in found)
        return found

    def named(self, name: str, parent: Category | None = None) -> Category:
        """The category with this name under `parent`, created if it does not exist."""
        return self.get_or_create(
            name=name, parent=parent, defaults={"slug": lambda: self._free_slug(slugify(name) or "category")}
        )[0]

    def _free_slug(self, slug: str) -> str:
        taken = set(self.filter(slug__startswith=slug).values_list("slug", flat=True))
        numbered = (f"{slug}-{number}" for number in itertools.count(2))
        return next(free for free in itertools.chain([slug], numbered) if free not in taken)


class Category(models.Model):
    name = models.CharField(_("name"), max_length=100)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
    )

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="category_is_not_its_own_parent"),
            models.UniqueConstraint("name", "parent", name="category_name_unique_under_parent", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("category", args=[self.slug])

    def line(self) -> list[int]:
        """Ids of this category and of its ancestors, read from the database."""
        parents = dict(Category.objects.values_list("pk", "parent_id"))
        found: list[int] = []
        pk: int | None = self.pk
        while pk is not None and pk not in found:
            found.append(pk)
            pk = parents.get(pk)
        return found


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> ProductQuerySet:
        """Products that shoppers can see."""
        return self.filter(is_active=True).defer("search_text")

    def with_sku(self, sku: str) -> ProductQuerySet:
        """The product with this SKU, case-insensitively: `tee-103` finds `TEE-103`."""
        if "\0" in sku:  # Postgres rejects NUL in text
            return self.none()
        return self.filter(sku__iexact=unicodedata.normalize("NFC", sku))


def default_currency() -> str:
    return settings.DEFAULT_CURRENCY


class Availability(models.TextChoices):
    """Stock status, or "" if the shop does not say. The values are those of Google Merchant feeds."""

    IN_STOCK = "in_stock", _("in stock")
    OUT_OF_STOCK = "out_of_stock", _("out of stock")
    PREORDER = "preorder", _("preorder")
    BACKORDER = "backorder", _("backorder")


class Product(models.Model):
    sku = models.CharField(
        _("SKU"),
        max_length=255,  # of a Shopify product without SKUs it is the handle, which has up to 255 letters
        unique=True,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]+\Z", _("Leave out line breaks and other control characters."))],
    )
    title = models.CharField(_("title"), max_length=500)
    description = models.TextField(
        _("description"), blank=True, validators=[MaxLengthValidator(50_000)]
    )  # letters: Postgres keeps no tsvector beyond 1 MB
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="products",
        verbose_name=_("category"),
    )
    brand = models.CharField(_("brand"), max_length=100, blank=True)
    price = models.DecimalField(
        _("price"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default=default_currency,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Three capitals, such as EUR."))],
    )
    sale_price = models.DecimalField(
        _("sale price"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("What it costs now, where that is less than its price."),
    )
    current_price = models.GeneratedField(  # what a shopper pays
        expression=Case(When(price__isnull=False, then=Least("price", "sale_price"))),
        output_field=models.DecimalField(max_digits=12, decimal_places=2, null=True),
        db_persist=True,
    )
    availability = models.CharField(
        _("availability"), max_length=12, choices=Availability, blank=True, default="", db_default=""
    )
    url = models.URLField(
        _("address"),
        max_length=2000,
        blank=True,
        default="",
        db_default="",
        help_text=_("Of the product's page in the shop."),
    )
    attributes = models.JSONField(_("attributes"), default=dict, blank=True, help_text=_('Such as {"colour": "red"}.'))
    colours = ArrayField(  # of its first photo, the largest part's first; kept by a trigger
        models.CharField(max_length=MOST_LETTERS), default=list, db_default=[], editable=False
    )
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Shoppers find active products only."))
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)
    search_text = SearchVectorField(null=True, editable=False)  # kept by a trigger: see catalog/text_search.py

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["title", "id"]
        verbose_name = _("product")
        verbose_name_plural = _("products")
        indexes = [
            GinIndex(fields=["attributes"], name="product_attributes"),
            GinIndex(fields=["search_text"], name="product_search_text"),
            models.Index(fields=["title", "id"], name="product_title"),
            models.Index(fields=["brand"], name="product_brand"),
            GinIndex(fields=["colours"], name="product_colours"),
            models.Index(fields=["price"], name="product_price"),
            models.Index(fields=["current_price"], name="product_current_price"),
            models.Index(fields=["created"], name="product_created"),
        ]
        constraints = [
            # Upper and not Lower: it serves sku__iexact
            models.UniqueConstraint(
                Upper("sku"),
                name="product_sku_unique_in_any_case",
                violation_error_message=_("There is a product with this SKU already."),
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="product_price_not_negative"),
            models.CheckConstraint(condition=Q(sale_price__gte=0), name="product_sale_price_not_negative"),
            models.CheckConstraint(
                condition=Q(availability__in=["", *Availability.values]), name="product_availability"
            ),
            models.CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="product_currency_code"),
            models.CheckConstraint(condition=~Q(sku=""), name="product_sku_not_empty"),
        ]

    def __str__(self) -> str:
        return self.title or self.sku

    @property
    def is_reduced(self) -> bool:
        return self.sale_price is not None and self.price is not None and self.sale_price < self.price

    def get_absolute_url(self) -> str:
        return product_path(self.sku)


class SynonymManager(models.Manager["Synonym"]):
    def of(self, words: tuple[str, ...]) -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
        """{word: its synonyms} for those of `words` (folded) that have any; reads only the groups that contain one of
        them.
        """
        found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
        for folded in self.filter(folded__overlap=list(words)).values_list("folded", flat=True):
            for word in folded:
                others = tuple(tuple(other.split()) for other in folded if other != word)
                found[word,] = found.get((word,), ()) + others
        return found


class Synonym(models.Model):
    """Words that are equivalent in the text search: sofa, couch, settee. Maintained by staff."""

    words = ArrayField(
        models.CharField(max_length=60),
        verbose_name=_("words"),
        help_text=_("Words that mean the same, with commas between them, such as: sofa, couch, settee."),
    )
    folded = ArrayField(models.CharField(max_length=80), editable=False)

    objects = SynonymManager()

    class Meta:
        ordering = ["words"]
        verbose_name = _("synonyms")
        verbose_name_plural = _("synonyms")
        indexes = [GinIndex(fields=["folded"], name="synonym_folded")]

    def __str__(self) -> str:
        return ", ".join(self.words)

    def clean(self) -> None:
        self.words = [word.strip() for word in self.words or [] if words_of(word)]
        if len(self.words) < 2:
            raise ValidationError({"words": _("Please give at least two words, with a comma between them.")})

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded = list(dict.fromkeys(" ".join(words_of(word)) for word in self.words))
        super().save(*args, **kwargs)


class SearchWord(models.Model):
    """A word of the catalogue, the vocabulary of typo correction (catalog/text_search.py). Collected by the worker."""

    word = models.CharField(max_length=120, primary_key=True)  # folded
    written = models.CharField(max_length=60)  # as most products have it, in lower case
    uses = models.PositiveIntegerField()
    trigrams = ArrayField(models.CharField(max_length=3))

    class Meta:
        default_permissions = ()
        indexes = [
            GinIndex(fields=["trigrams"], name="search_word_trigrams"),
        ]

    def __str__(self) -> str:
        return self.written


PHOTOS_DIR = "products"


def photo_path(image: ProductImage, filename: str) -> str:
    """products/<2 hex digits of the SKU's hash>/<sku>/<name>: no directory grows large with 100,000 products.

    A SKU that is not a valid directory name on every file system (`a/b`, `..`, `#1`) is replaced by its plain letters
    and its hash.
    """
    sku = image.product.sku
    digest = hashlib.sha256(sku.encode()).hexdigest()
    plain = re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}", sku)
    folder = sku if plain else f"{slugify(sku)[:40]}-{digest[:12]}".strip("-")
    return f"{PHOTOS_DIR}/{digest[:2]}/{folder}/{Path(filename).name}"


class ProductImageQuerySet(models.QuerySet["ProductImage"]):
    def readable(self) -> ProductImageQuerySet:
        return self.filter(error="")

    def broken(self) -> ProductImageQuerySet:
        return self.exclude(error="")

    def not_looked_at(self) -> ProductImageQuerySet:
        """Readable ones whose colours nobody knows yet."""
        return self.readable().filter(colours=None)

    def create_with_files(self, images: list[ProductImage]) -> None:
        """Insert photos in one statement, with the same signals as `save`. If the insert fails, the files written for
        it are deleted.
        """
        try:
            self.bulk_create(cast(Any, images))
        except BaseException:
            for file in (cast(Any, image.file) for image in images):
                if file._committed:
                    file.storage.delete(file.name)
            raise
        for image in images:
            post_save.send(ProductImage, instance=image, created=True, raw=False, using=self.db, update_fields=None)


class PhotoFile(ImageFieldFile):
    """Sets sha256, width and height whenever a new file is assigned, and clears the error of the former file."""

    def save(self, name: str, content: File, save: bool = True) -> None:
        digest = hashlib.sha256()
        for chunk in content.chunks():
            digest.update(chunk)
        content.seek(0)
        photo = cast(ProductImage, self.instance)
        photo.sha256, photo.error = digest.hexdigest(), ""
        photo.colours = photo.focus = None
        photo.ground = ""
        photo.width, photo.height = upright_size(cast(BinaryIO, content))
        super().save(name, content, save)


class PhotoField(models.ImageField):
    attr_class = PhotoFile


class ProductImage(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images", verbose_name=_("product"))
    file = PhotoField(_("file"), upload_to=photo_path, max_length=255)
    view_id = models.CharField(_("view"), max_length=64, help_text=_("Names the view; unique within its product."))
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("The lowest leads."))
    sha256 = models.CharField(_("SHA-256"), max_length=64, editable=False, db_index=True)
    width = models.PositiveIntegerField(_("width"), null=True, editable=False, help_text=_("Pixels, upright."))
    height = models.PositiveIntegerField(_("height"), null=True, editable=False)
    error = models.CharField(_("error"), max_length=300, blank=True, editable=False)
    # What is seen on it (catalog/photos/looks.py), by the worker that embeds it; None until then:
    colours = ArrayField(models.CharField(max_length=MOST_LETTERS), null=True, editable=False)
    focus = ArrayField(models.FloatField(), size=4, null=True, editable=False)  # x, y, width, height of the item
    ground = models.CharField(max_length=7, blank=True, default="", db_default="", editable=False)  # "#rrggbb" if plain
    created = models.DateTimeField(_("created"), auto_now_add=True)

    objects = ProductImageQuerySet.as_manager()

    class Meta:
        ordering = ["product_id", "position", "id"]
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = [
            models.UniqueConstraint("product", "view_id", name="view_unique_per_product"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="photo_sha256_is_hex"),
        ]
        indexes = [
            models.Index(fields=["product", "position", "id"], name="photo_order"),
            models.Index(fields=["id"], condition=~Q(error=""), name="photo_broken"),
            models.Index(fields=["id"], condition=Q(error="", colours=None), name="photo_not_looked_at"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}/{self.view_id}"

    def replace_file(self, data: bytes, suffix: str) -> None:
        """Save the photo with this file (`suffix` must match the content). The former file is
        deleted after the commit.
        """
        self.set_file(data, suffix)
        self.save()

    def set_file(self, data: bytes, suffix: str) -> None:
        """As replace_file, without saving."""
        name = get_valid_filename(f"{self.view_id}-{hashlib.sha256(data).hexdigest()[:8]}{suffix}")
        self.file = ContentFile(data, name)
        stored = self.file.field.generate_filename(self, name)
        storage = self.file.storage
        # A file of this name without a row was left by a process that was killed before its commit.
        if storage.exists(stored) and not ProductImage.objects.filter(file=stored).exists():
            storage.delete(stored)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """If the row cannot be written, the new file is deleted."""
        file: Any = self.file
        stored_now = bool(file) and not file._committed
        try:
            super().save(*args, **kwargs)
        except BaseException:
            if stored_now and file._committed:
                file.storage.delete(file.name)
            raise

    def picture_url(self, size: str = "full") -> str:
        """URL of the photo in one of the sizes of THUMBNAIL_ALIASES: upright, sRGB, without the
        metadata of the file.
        """
        return picture_path(self.pk, size)


class ImportRun(models.Model):
    """One import by staff: first looked through row by row, then, when they agree, carried out in the background.

    `line` and the counters move in the transaction of each product, so a run that was interrupted goes on where it was.
    What happens to a run is in catalog/imports/runs.py.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("being looked through")
        MAPPING = "mapping", _("waiting to hear what the columns are")
        CHECKED = "checked", _("waiting for your go-ahead")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("not possible")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    name = models.CharField(_("name"), max_length=200, help_text=_("Of the file or folder."))
    source = models.CharField(_("source"), max_length=500, help_text=_("Where the worker finds it."))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("started by")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.CHECKING)
    total = models.PositiveIntegerField(_("rows"), default=0)
    line = models.PositiveIntegerField(_("line reached"), default=0)
    created_count = models.PositiveIntegerField(_("new"), default=0)
    changed_count = models.PositiveIntegerField(_("changed"), default=0)
    kept_count = models.PositiveIntegerField(_("unchanged"), default=0)
    refused_count = models.PositiveIntegerField(_("refused"), default=0)
    problem_count = models.PositiveIntegerField(_("problems"), default=0)
    was_running = models.BooleanField(default=False)  # when cancelled: products went in, and it can go on
    wants_cancel = models.BooleanField(default=False)
    agreed = models.BooleanField(default=False)  # carried out as soon as it is looked through: a feed asks nobody
    reading = models.JSONField(default=dict)  # catalog.imports.values.Reading: what staff said of its columns
    survey = models.JSONField(default=dict)  # catalog.imports.sources.Survey: what was found in it
    undone_count = models.PositiveIntegerField(_("undone"), default=0)
    error = models.TextField(_("error"), blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)  # a worker is at it if this is recent

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.name

    @property
    def is_working(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.RUNNING, self.State.UNDOING)

    @property
    def done_count(self) -> int:
        return self.created_count + self.changed_count + self.kept_count + self.refused_count

    @property
    def percent(self) -> int:
        done = self.undone_count if self.state == self.State.UNDOING else self.done_count
        return min(100, 100 * done // self.total) if self.total else 0


class ImportProfile(models.Model):
    """The column mapping of lists with these columns, as staff chose it; used for the next such list."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    columns = models.JSONField(_("columns"), help_text=_("Lists with these columns are read so."))
    reading = models.JSONField(default=dict)  # catalog.imports.values.Reading
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("import profile")
        verbose_name_plural = _("import profiles")

    def __str__(self) -> str:
        return self.name


class ImportRow(models.Model):
    """One row of the source, and what the run does or did with it."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    sku = models.TextField(blank=True)
    action = models.CharField(max_length=10)  # catalog.imports.importer.Action
    changes = models.JSONField(default=list)
    problems = models.JSONField(default=list)
    place = models.CharField(max_length=300, blank=True)  # "shoes.csv, line 7", where the source holds several lists
    cells = models.JSONField(default=list)  # of a row with problems: the source's own, to be mended
    product = models.ForeignKey(Product, on_delete=models.SET_NULL, null=True, related_name="import_rows")
    undo = models.JSONField(default=dict)  # see catalog/imports/undo.py

    class Meta:
        ordering = ["line"]
        constraints = [models.UniqueConstraint("run", "line", name="one_import_row_per_line")]
        indexes = [models.Index(fields=["run", "action", "line"], name="import_row_by_action")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.line}"


class RemotePhotoQuerySet(models.QuerySet["RemotePhoto"]):
    def counts(self) -> dict[str, int]:
        """How many are in each state."""
        found = dict(self.order_by().values_list("state").annotate(count=models.Count("pk")))
        return {state: found.get(state, 0) for state in RemotePhoto.State.values}


class RemotePhoto(models.Model):
    """A photo that a product's list names by URL. catalog/photos/fetch.py fetches it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        FETCHED = "fetched", _("fetched")
        FAILED = "failed", _("failed")

    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="remote_photos", verbose_name=_("product")
    )
    url = models.CharField(_("address"), max_length=2000, help_text=_("As it is requested: ASCII, with its scheme."))
    host = models.CharField(max_length=270, help_text=_("Name and port: one worker at a time fetches from it."))
    position = models.PositiveIntegerField(default=0, help_text=_("Of the photo on its product."))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    image = models.ForeignKey(ProductImage, on_delete=models.SET_NULL, null=True, related_name="+")
    run = models.ForeignKey(ImportRun, on_delete=models.SET_NULL, null=True, related_name="remote_photos")
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try = models.DateTimeField(
        _("next attempt"), db_default=Now(), help_text=_("While one is made, when it is given up as lost.")
    )
    error = models.CharField(_("error"), max_length=300, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("updated"), auto_now=True)

    objects = RemotePhotoQuerySet.as_manager()

    class Meta:
        ordering = ["product_id", "position", "id"]
        verbose_name = _("photo by address")
        verbose_name_plural = _("photos by address")
        constraints = [models.UniqueConstraint("product", "url", name="remote_photo_once_per_product")]
        indexes = [
            models.Index(fields=["host", "next_try", "id"], condition=Q(state="waiting"), name="remote_photo_waiting"),
            models.Index(fields=["url"], condition=Q(state="fetched"), name="remote_photo_fetched"),
            models.Index(fields=["run", "state"], name="remote_photo_of_run"),
        ]

    def __str__(self) -> str:
        return self.url


class RemoteHost(models.Model):
    """A server that photos are fetched from, with the state that all workers share."""

    name = models.CharField(max_length=270, primary_key=True)
    paused_until = models.DateTimeField(null=True)  # the server asked to wait (429, 503)
    woken = models.DateTimeField(null=True)  # when a task was last queued for it

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What a token may be used for, within the permissions of its account."""

    SEARCH = "search", _("search (with a rate of its own)")
    CATALOGUE_READ = "catalogue:read", _("read the catalogue, hidden products and imports included")
    CATALOGUE_WRITE = "catalogue:write", _("write the catalogue")
    MODELS = "models", _("models: see, prepare and switch")


class ApiToken(AbstractAuthToken):
    """A client's token for the API: it has the permissions of its account, limited to its scopes. Only its digest is
    stored (django-rest-knox).

    `ApiToken.objects.create(user, expiry=timedelta, name=..., scopes=[...])` returns the row and the token itself.
    """

    name = models.CharField(_("name"), max_length=100, help_text=_("Of the client: what it is, where it runs."))
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name=_("may be used to"))

    class Meta:
        ordering = ["name", "created"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key}…)"


class IdempotentAnswer(models.Model):
    """The stored response to a request with an Idempotency-Key: catalog/api/idempotency.py."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.TextField()
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint("user", "key", name="one_answer_per_idempotency_key")]

    def __str__(self) -> str:
        return self.key


class Feed(models.Model):
    """A list that is imported on a schedule, from a URL or the server's folder: catalog/imports/feeds.py."""

    class Absent(models.TextChoices):
        KEEP = "keep", _("keep them as they are")
        HIDE_OWN = "own", _("hide those that came from here")
        HIDE_ALL = "all", _("hide every other product of the shop")

    class Every(models.IntegerChoices):
        NEVER = 0, _("by hand alone")
        HOUR = 60, _("every hour")
        SIX_HOURS = 360, _("every six hours")
        DAY = 1440, _("every day")
        WEEK = 10080, _("every week")

    name = models.CharField(_("name"), max_length=100, unique=True)
    url = models.CharField(_("address"), max_length=2000, blank=True, help_text=_("Of the list, http or https."))
    path = models.CharField(_("on the server"), max_length=255, blank=True, help_text=_("A folder, archive or list."))
    every = models.PositiveIntegerField(_("imported"), choices=Every, default=Every.DAY)
    absent = models.CharField(_("products not in it"), max_length=4, choices=Absent, default=Absent.KEEP)
    most_hidden = models.PositiveSmallIntegerField(
        _("ask before hiding more than"),
        default=20,
        validators=[MaxValueValidator(100)],
        help_text=_("Per cent of the products that are shown: a list cut short must not empty the shop."),
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    run = models.ForeignKey(ImportRun, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("import"))
    concluded = models.BooleanField(default=True)  # what is to happen after `run` has happened
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text=_("Of the list that was imported last."))
    checked = models.DateTimeField(_("looked at"), null=True)
    note = models.TextField(_("note"), blank=True)  # what came of it, or what it waits for

    class Meta:
        ordering = ["name"]
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        constraints = [
            models.CheckConstraint(
                condition=Q(url="") ^ Q(path=""),
                name="feed_has_one_source",
                violation_error_message=_("Give an address, or something on the server: one of the two."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class FeedItem(models.Model):
    """A product that a feed has imported."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    hidden = models.BooleanField(default=False)  # by this feed, because the list no longer contains it

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint("feed", "product", name="feed_item_once")]

    def __str__(self) -> str:
        return f"{self.feed_id}/{self.product_id}"


class BulkEdit(models.Model):
    """One change to many products: catalog/bulk_edit.py. `reached` is written with each batch, so that none is applied
    twice.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    change = models.JSONField()  # catalog.bulk_edit.Change
    products = ArrayField(models.BigIntegerField())  # in order
    reached = models.PositiveIntegerField(default=0)  # number of products done
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.reached}/{len(self.products)}"
