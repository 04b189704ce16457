"""Import of products and photos: first what would happen, row by row, then the same for good.

Products go in by the BATCH, each batch in one transaction, and shorter ones where there are photos, which take long:
staff see an import move, and stop it, from batch to batch. A batch in which anything fails goes in row by row, so that
one row's failure is that row's alone. What is there already is left alone, so an import can be stopped at any moment,
`kill -9` included, and repeated: the second run changes nothing. An import never deletes: photos and products that the
source does not name stay. Columns that the source lacks, and empty cells, keep what a product has.
"""

from __future__ import annotations

import hashlib
import json
import logging
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import Error as DatabaseFailure
from django.db import InterfaceError, OperationalError, models, transaction
from django.db.models import Value
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.imports.sources import SourcePhoto, SourceRow, Survey, read_source, survey_source
from catalog.imports.spool import Seen
from catalog.imports.values import AS_RECOGNISED, Reading, attributes_of, understood
from catalog.models import Category, ImportRun, Product, ProductImage
from catalog.photos.validation import InvalidPhoto, PhotoFacts, check_photo
from catalog.signals import batched_signals

logger = logging.getLogger(__name__)

BATCH = 200  # products of one transaction
PHOTOS = 100  # of one transaction: the row that reaches so many ends its batch
PHOTO_BYTES = 16_000_000  # of new photos that are held in memory
FIELDS = (
    *("title", "description", "brand", "price", "sale_price", "currency", "availability", "url", "attributes"),
    "is_active",
)


class Action(models.TextChoices):
    CREATE = "create", gettext_lazy("new")
    CHANGE = "change", gettext_lazy("changed")
    KEEP = "keep", gettext_lazy("unchanged")
    REFUSE = "refuse", gettext_lazy("refused")


@dataclass(slots=True)
class Outcome:
    """What an import does, or would do, with one row."""

    line: int  # unique in the source, rising; of a single list the line, of a folder the product's number
    sku: str
    action: Action
    changes: list[str] = field(default_factory=list)  # in words, such as "price: 2.00 → 3.00"
    problems: list[str] = field(default_factory=list)  # why the row, or a photo of it, is refused
    place: str = ""  # "shoes.csv, line 7", where the source holds several lists
    cells: list[list[str]] = field(default_factory=list)  # of a row with problems, as the source has them
    product: Product | None = None  # once it is stored
    undo: dict[str, Any] = field(default_factory=dict)  # what catalog/imports/undo.py needs; JSON


def count_rows(source: Path, reading: Reading = AS_RECOGNISED) -> int:
    """How many products `source` has; reads no photo. Raises UnusableSource."""
    return survey_source(source, reading).total


def plan_import(source: Path, *, reading: Reading = AS_RECOGNISED, survey: Survey | None = None) -> Iterator[Outcome]:
    """What `run_import` would do, row by row. Writes nothing. Raises UnusableSource."""
    for outcomes in plan_batches(rows_of(source, reading, survey), reading):
        yield from outcomes


def plan_batches(rows: Iterator[SourceRow], reading: Reading) -> Iterator[list[Outcome]]:
    """What `import_rows` would do, batch by batch. Writes nothing."""
    for batch in _batches(rows):
        yield [decision.outcome() for decision in _decide_all(batch, _Categories(), reading)]


def run_import(
    source: Path,
    on_rows: Callable[[list[Outcome]], None] = lambda outcomes: None,
    *,
    reading: Reading = AS_RECOGNISED,
    survey: Survey | None = None,
) -> None:
    """Import `source`. `on_rows`: see `import_rows`. Raises UnusableSource."""
    import_rows(rows_of(source, reading, survey), on_rows, reading)


def import_rows(
    rows: Iterator[SourceRow],
    on_rows: Callable[[list[Outcome]], None],
    reading: Reading = AS_RECOGNISED,
    *,
    run: ImportRun | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Import `rows`, until `stop` says so after a batch. Whether it came to their end.

    `on_rows` is called within the transaction of each batch: what it writes is there exactly if the products are, and
    when it raises, the import ends before them.
    """
    with batched_signals():
        for batch in _batches(rows):
            _import_batch(batch, on_rows, reading, run)
            if stop():
                return False
    return True


def _batches(rows: Iterator[SourceRow]) -> Iterator[list[SourceRow]]:
    batch: list[SourceRow] = []
    photos = 0
    for row in rows:
        batch.append(row)
        photos += len(row.photos)
        if len(batch) >= BATCH or photos >= PHOTOS:
            yield batch
            batch, photos = [], 0
    if batch:
        yield batch


def _import_batch(
    rows: list[SourceRow], on_rows: Callable[[list[Outcome]], None], reading: Reading, run: ImportRun | None
) -> None:
    stored = False
    try:
        with transaction.atomic():
            decisions = _decide_all(rows, _Categories(), reading, lock=True)
            _store_all(decisions, run)
            outcomes = [decision.outcome() for decision in decisions]
            stored = True
            on_rows(outcomes)
    except Exception as error:
        if stored or _is_database_gone(error):
            raise
        if len(rows) > 1:
            for row in rows:
                _import_batch([row], on_rows, reading, run)
            return
        logger.warning("The row %s cannot be imported.", rows[0].line, exc_info=error)
        with transaction.atomic():
            on_rows([_failed(rows[0], error)])


def _is_database_gone(error: Exception) -> bool:
    """Then no row could be imported, and none is to blame."""
    return isinstance(error, InterfaceError) or (isinstance(error, OperationalError) and not _is_of_the_row(error))


def _is_of_the_row(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlstate", None) or ""
    return code.startswith(("40", "55", "54", "22", "23"))  # deadlock, lock not available, limits exceeded, its data


def _failed(row: SourceRow, error: Exception) -> Outcome:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    text = (
        _("The database refuses it: %(reason)s") if isinstance(error, DatabaseFailure) else _("It failed: %(reason)s")
    )
    return Outcome(
        row.line,
        storable(row.sku),
        Action.REFUSE,
        problems=[storable(text % {"reason": reason})],
        place=row.place,
        cells=_cells(row),
    )


def rows_of(source: Path, reading: Reading = AS_RECOGNISED, survey: Survey | None = None) -> Iterator[SourceRow]:
    """The rows of `source`, with what is wrong with a row beside the others. Raises UnusableSource."""
    seen = Seen()
    for row in read_source(source, reading, survey):
        row.record.sku = composed(row.record.sku)
        if row.sku and not row.problems and not seen.add(row.sku.upper(), row.place or str(row.line)):
            place = seen.place(row.sku.upper())
            text = (
                _("This SKU is in line %(line)s already.")
                if place.isdecimal()
                else _("This SKU is in %(line)s already.")
            )
            row.problems.append(text % {"line": place})
        yield row


@dataclass(slots=True)
class _NewPhoto:
    source: SourcePhoto
    view_id: str
    sha256: str
    facts: PhotoFacts
    replaces: ProductImage | None


@dataclass(slots=True)
class _Decision:
    """What is to be done with one row; `product` carries the new values, unsaved."""

    row: SourceRow
    product: Product
    is_new: bool
    changed: dict[str, str] = field(default_factory=dict)  # field -> the change in words
    before: dict[str, Any] = field(default_factory=dict)  # field -> its former value
    category: tuple[str, ...] | None = None  # to be set, from the top down
    photos: list[_NewPhoto] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)  # of photos to be fetched that it was not asked for before
    next_position: int = 0
    problems: list[str] = field(default_factory=list)
    refused: bool = False
    undo: dict[str, Any] = field(default_factory=dict)

    def outcome(self) -> Outcome:
        changes = [change for change in self.changed.values() if change]
        changes += [
            (_("photo %(view)s replaced") if photo.replaces else _("photo %(view)s added")) % {"view": photo.view_id}
            for photo in self.photos
        ]
        if self.urls:
            text = ngettext("%d photo to be fetched", "%d photos to be fetched", len(self.urls))
            changes.append(text % len(self.urls))
        if self.refused:
            action, changes = Action.REFUSE, []
        elif self.is_new:
            action = Action.CREATE
        else:
            action = Action.CHANGE if changes else Action.KEEP
        return Outcome(
            self.row.line,
            storable(self.row.sku),
            action,
            [storable(change) for change in changes],
            [storable(problem) for problem in self.problems],
            self.row.place,
            _cells(self.row) if self.problems else [],
            self.product if self.product.pk else None,
            self.undo,
        )


class _Categories:
    """Categories by id and by path, as one batch finds them: the tree is read once, when first asked for."""

    def __init__(self) -> None:
        self.paths: dict[int | None, tuple[str, ...]] = {None: ()}

    def path(self, category: Category | None) -> tuple[str, ...]:
        """The names of `category` and all above it, from the top down."""
        pk = category.pk if category else None
        if category and pk not in self.paths:
            self.paths[pk] = (*self.path(category.parent), category.name)
        return self.paths[pk]

    def at(self, path: tuple[str, ...]) -> int | None:
        """Id of the category at `path`, made where there is none."""
        parent: int | None = None
        for name in path:
            pk = self._ids.get((parent, name))
            if pk is None:
                above = Category.objects.get(pk=parent) if parent else None
                pk = self._ids[parent, name] = Category.objects.named(name, parent=above).pk
            parent = pk
        return parent

    @cached_property
    def _ids(self) -> dict[tuple[int | None, str], int]:
        return {(parent, name): pk for pk, parent, name in Category.objects.values_list("pk", "parent_id", "name")}


def _decide_all(
    rows: Sequence[SourceRow], categories: _Categories, reading: Reading, *, lock: bool = False
) -> list[_Decision]:
    wanted = {row.sku for row in rows if row.sku and not row.problems and "\0" not in row.sku}
    found = Product.objects.annotate(key=Upper("sku")).filter(key__in=[Upper(Value(storable(sku))) for sku in wanted])
    found = found.select_related("category__parent").prefetch_related("images", "remote_photos").order_by("pk")
    if lock:
        found = found.select_for_update(of=("self",))
    products = {product.sku.upper(): product for product in found} if wanted else {}
    return [_decide(row, products.get(row.sku.upper()), categories, reading) for row in rows]


def _decide(row: SourceRow, product: Product | None, categories: _Categories, reading: Reading) -> _Decision:
    record = row.record
    # Where no title is said at all, a product is called by its SKU.
    decision = _Decision(row, product or Product(sku=record.sku, title=record.sku), is_new=product is None)
    texts = (record.sku, *record.texts.values(), *record.category, record.attributes_json)
    if any(storable(text) != text for text in texts):
        row.problems.append(_("The line holds bytes that are no text. Save the file as UTF-8."))
    decision.problems += row.problems or _decide_fields(decision, categories, reading)
    if decision.problems:
        decision.refused = True
        return decision
    _decide_photos(decision)
    decision.refused = row.by_photos and decision.is_new and not decision.photos
    return decision


def _decide_fields(decision: _Decision, categories: _Categories, reading: Reading) -> list[str]:
    """Set the product's new values; returns what is wrong with them."""
    record, product = decision.row.record, decision.product
    if not record.sku:
        return [_("The SKU is empty.")]
    values, problems = understood(record.texts, decision.row.prices, reading.empty_word)
    if decision.is_new and "title" in record.texts and not record.texts["title"] and "title" in _said_by_list(decision):
        problems.append(_("The title is empty."))
    before = {name: getattr(product, name) for name in FIELDS}
    try:
        if record.attributes_json:
            emptied = record.attributes_json == reading.empty_word
            values["attributes"] = {} if emptied else attributes_of(record.attributes_json)
        elif record.attributes:
            values["attributes"] = {**product.attributes, **record.attributes}
    except ValueError as error:
        problems.append(str(error))
    for name, value in values.items():
        setattr(product, name, value)
    try:
        unchanged = () if decision.is_new else {*FIELDS, "sku"} - {name for name in FIELDS if name in values}
        product.clean_fields(exclude=["category", *unchanged])
    except ValidationError as error:
        problems += [
            f"{field_label(name)}: {message}" for name, messages in error.message_dict.items() for message in messages
        ]
    for name, value in before.items():
        if decision.is_new or value != getattr(product, name):
            decision.changed[name] = _change(name, None if decision.is_new else value, getattr(product, name))
            decision.before[name] = value
    return problems + _decide_category(decision, categories, reading.empty_word)


def _said_by_list(decision: _Decision) -> frozenset[str]:
    """The names of the list's columns."""
    return frozenset(name for row in decision.row.record.rows for name in row)


def _decide_category(decision: _Decision, categories: _Categories, empty_word: str) -> list[str]:
    wanted = decision.row.record.category
    have = categories.path(decision.product.category)
    if have and empty_word and wanted == (empty_word,):
        decision.category = ()
        decision.changed["category"] = _change("category", " > ".join(have), "–")
        decision.before["category"] = decision.product.category_id
        return []
    if not wanted or wanted == (empty_word,) or wanted == have or (len(wanted) == 1 and wanted == have[-1:]):
        return []
    if any(len(name) > 100 for name in wanted):
        return [_("The category's name is longer than 100 letters.")]
    decision.category = wanted
    decision.changed["category"] = _change("category", " > ".join(have), " > ".join(wanted))
    decision.before["category"] = decision.product.category_id
    return []


def _decide_photos(decision: _Decision) -> None:
    product, row = decision.product, decision.row
    if row.urls:
        known = set() if decision.is_new else {photo.url for photo in product.remote_photos.all()}
        decision.urls = [url for url in dict.fromkeys(row.urls) if url not in known]
    if not row.photos:
        return
    existing = [] if decision.is_new else list(product.images.all())
    by_view = {image.view_id: image for image in existing}
    view_of = {image.sha256: image.view_id for image in existing}
    claimed: set[str] = set()  # views that photos of this row are
    decision.next_position = max((image.position + 1 for image in existing), default=0)
    for source in row.photos:
        try:
            data = source.read()
            facts = check_photo(data)
        except InvalidPhoto as error:
            decision.problems.append(f"{source.name}: {error}")
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in view_of:
            view_id = free_view(storable(source.name.replace("\\", "/")), row.sku, claimed)
            decision.photos.append(_NewPhoto(source, view_id, sha256, facts, by_view.get(view_id)))
            view_of[sha256] = view_id
        claimed.add(view_of[sha256])


def free_view(name: str, sku: str, claimed: set[str]) -> str:
    """`<view_id>` of `<product_id>_<view_id>.jpg`, else the file's name; numbered where the row has it already."""
    stem = PurePosixPath(name).stem
    view = (stem.removeprefix(f"{sku}_") or stem)[:60]
    numbered = (f"{view}-{number}" for number in range(2, 1000))
    return view if view not in claimed else next(other for other in numbered if other not in claimed)


def _store_all(decisions: Sequence[_Decision], run: ImportRun | None) -> None:
    taken = [decision for decision in decisions if not decision.refused]
    categories = _Categories()
    for decision in taken:
        if decision.category is not None:
            decision.product.category_id = categories.at(decision.category)
    new = [decision for decision in taken if decision.is_new]
    Product.objects.bulk_create([decision.product for decision in new])
    _update([decision for decision in taken if decision.changed and not decision.is_new])
    _store_photos(taken)
    _request_photos([decision for decision in taken if decision.row.urls], run)
    for decision in taken:
        decision.undo |= _undo(decision)


def _update(decisions: Sequence[_Decision]) -> None:
    if not decisions:
        return
    now = timezone.now()
    for decision in decisions:
        decision.product.updated = now
    fields = {name for decision in decisions for name in decision.changed}
    Product.objects.bulk_update([decision.product for decision in decisions], [*sorted(fields), "updated"])


def _store_photos(decisions: Sequence[_Decision]) -> None:
    """New photos go in together, as many as fit PHOTO_BYTES; a photo that gets another file by itself."""
    waiting: list[tuple[_Decision, ProductImage]] = []
    size = 0
    for decision in decisions:
        replaced: list[str] = []
        if decision.photos:
            decision.undo |= {"added": [], "replaced": replaced}
        for number, photo in enumerate(decision.photos):
            data = photo.source.read()
            if photo.replaces:
                photo.replaces.replace_file(data, photo.facts.suffix)
                replaced.append(photo.view_id)
                continue
            position = decision.next_position + number
            image = ProductImage(product=decision.product, view_id=photo.view_id, position=position)
            image.set_file(data, photo.facts.suffix)
            waiting.append((decision, image))
            size += len(data)
            if size >= PHOTO_BYTES:
                _insert_photos(waiting)
                waiting, size = [], 0
    _insert_photos(waiting)


def _insert_photos(photos: Sequence[tuple[_Decision, ProductImage]]) -> None:
    ProductImage.objects.create_with_files([image for _decision, image in photos])
    for decision, image in photos:
        decision.undo["added"].append([image.pk, image.sha256])


def _request_photos(decisions: Sequence[_Decision], run: ImportRun | None) -> None:
    for decision in decisions:
        from catalog.photos.fetch import request_photos  # it stores what it fetches as an import does

        request_photos(decision.product, decision.row.urls, run)
        if decision.urls and not decision.is_new:
            decision.undo["addresses"] = len(decision.urls)


def _undo(decision: _Decision) -> dict[str, Any]:
    """What the fields were, and what they became."""
    if decision.is_new:
        return {"made": fingerprint(decision.product)}
    before = {name: plain(value) for name, value in decision.before.items()}
    return (
        {"before": before, "after": {name: stored_value(decision.product, name) for name in before}} if before else {}
    )


def fingerprint(product: Product) -> str:
    """The same as long as nobody changes a field of the product."""
    values = {name: stored_value(product, name) for name in (*FIELDS, "category")}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def stored_value(product: Product, name: str) -> Any:
    """The value of a field as JSON has it; of the category its id."""
    return plain(product.category_id if name == "category" else getattr(product, name))


def plain(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, Decimal) else value


def _change(name: str, before: Any, after: Any) -> str:
    """In words; nothing where a new product has nothing."""
    if before in (None, "", {}) and after in (None, "", {}):
        return ""
    if name == "is_active":
        if before is None:
            return "" if after else _("hidden from shoppers")
        return _("shown to shoppers") if after else _("hidden from shoppers")
    label = field_label(name)
    if before in (None, "", {}):
        return f"{label}: {_short(after)}"
    return f"{label}: {_short(before)} → {_short(after)}"


def field_label(column: str) -> str:
    return str(cast(models.Field, Product._meta.get_field(column)).verbose_name)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _cells(row: SourceRow) -> list[list[str]]:
    return [[storable(cell) for cell in source.cells] for source in row.record.rows]


def storable(text: str) -> str:
    """File names may hold bytes that are no text, and PostgreSQL stores no zero byte."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def composed(sku: str) -> str:
    """SKUs are the same in whichever Unicode form."""
    return unicodedata.normalize("NFC", sku.strip())
