"""Import of products and photos: first what would happen, row by row, then the same for good.

Every product goes in by its own transaction and what is there already is left alone, so an import can be stopped at any
moment, `kill -9` included, and repeated: the second run changes nothing. An import never deletes: photos and
products that the source does not name stay. Columns that the source lacks keep their values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.imports.sources import SourcePhoto, SourceRow, read_source
from catalog.models import Category, Product, ProductImage
from catalog.photos.validation import InvalidPhoto, PhotoFacts, check_photo
from catalog.signals import batched_signals

TEXT_COLUMNS = ("title", "description", "brand")


class Action(models.TextChoices):
    CREATE = "create", gettext_lazy("new")
    CHANGE = "change", gettext_lazy("changed")
    KEEP = "keep", gettext_lazy("unchanged")
    REFUSE = "refuse", gettext_lazy("refused")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import does, or would do, with one row."""

    line: int  # of the CSV; of a folder, the product's number in order
    sku: str
    action: Action
    changes: list[str] = field(default_factory=list)  # in words, such as "price: 2.00 → 3.00"
    problems: list[str] = field(default_factory=list)  # why the row, or a photo of it, is refused


def count_rows(source: Path) -> int:
    """How many rows `source` has; reads no photo. Raises UnusableSource."""
    return sum(1 for _row in read_source(source))


def plan_import(source: Path, *, after_line: int = 0) -> Iterator[Outcome]:
    """What `run_import` would do, row by row, from after `after_line` on. Writes nothing. Raises UnusableSource."""
    for row in _rows(source):
        if row.line > after_line:
            yield _decide(row).outcome()


def run_import(source: Path, on_row: Callable[[Outcome], None] = lambda outcome: None, *, after_line: int = 0) -> None:
    """Import `source`; of a run that was interrupted, what comes after `after_line`.

    `on_row` is called within the transaction of each product: what it writes is there exactly if the product
    is, and when it raises, the import ends before that product. Raises UnusableSource.
    """
    with batched_signals():
        for row in _rows(source):
            if row.line > after_line:
                _import_row(row, on_row)


def _import_row(row: SourceRow, on_row: Callable[[Outcome], None]) -> None:
    try:
        with transaction.atomic():
            decision = _decide(row, lock=True)
            decision.apply()
            on_row(decision.outcome())
    except (DataError, IntegrityError) as error:
        reason = _("The database refuses it: %(reason)s") % {"reason": str(error).splitlines()[0]}
        with transaction.atomic():
            on_row(Outcome(row.line, _storable(row.sku), Action.REFUSE, problems=[_storable(reason)]))


def _rows(source: Path) -> Iterator[SourceRow]:
    seen: dict[str, int] = {}
    for row in read_source(source):
        if row.sku in seen:
            row.problems.append(_("This SKU is in line %(line)d already.") % {"line": seen[row.sku]})
        elif row.sku:
            seen[row.sku] = row.line
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
    category: tuple[str, ...] | None = None  # (department, category) to be set; () for none
    photos: list[_NewPhoto] = field(default_factory=list)
    next_position: int = 0
    problems: list[str] = field(default_factory=list)
    refused: bool = False

    def outcome(self) -> Outcome:
        changes = [change for change in self.changed.values() if change]
        changes += [
            (_("photo %(view)s replaced") if photo.replaces else _("photo %(view)s added")) % {"view": photo.view_id}
            for photo in self.photos
        ]
        if self.refused:
            action, changes = Action.REFUSE, []
        elif self.is_new:
            action = Action.CREATE
        else:
            action = Action.CHANGE if changes else Action.KEEP
        return Outcome(
            self.row.line,
            _storable(self.row.sku),
            action,
            [_storable(change) for change in changes],
            [_storable(problem) for problem in self.problems],
        )

    def apply(self) -> None:
        if self.refused:
            return
        if self.category is not None:
            self.product.category = _category(self.category)
        if self.is_new:
            self.product.save()
        elif self.changed:
            self.product.save(update_fields=[*self.changed, "updated"])
        for number, photo in enumerate(self.photos):
            _store(self.product, photo, self.next_position + number)


def _decide(row: SourceRow, *, lock: bool = False) -> _Decision:
    if any(_storable(text) != text for text in (row.sku, *row.fields.values())):
        row.problems.append(_("The line holds bytes that are no text. Save the file as UTF-8."))
    products = Product.objects.select_for_update(of=("self",)) if lock else Product.objects
    product = products.filter(sku=row.sku).select_related("category__parent").first() if not row.problems else None
    decision = _Decision(row, product or Product(sku=row.sku, title=row.sku), is_new=product is None)
    decision.problems += row.problems or _decide_fields(decision)
    if decision.problems:
        decision.refused = True
        return decision
    _decide_photos(decision)
    # In a folder a product is nothing but its photos.
    decision.refused = decision.is_new and not row.fields.get("title") and bool(row.photos and not decision.photos)
    return decision


def _decide_fields(decision: _Decision) -> list[str]:
    """Set the product's new values; returns what is wrong with them."""
    fields, product = decision.row.fields, decision.product
    if not decision.row.sku:
        return [_("The SKU is empty.")]
    before = {name: getattr(product, name) for name in (*TEXT_COLUMNS, "price", "currency", "attributes")}
    problems = []
    for column, parse in _PARSERS.items():
        if column not in fields:
            continue
        try:
            setattr(product, column, parse(fields[column]))
        except ValueError as error:
            problems.append(str(error))
    if fields.get("currency"):
        product.currency = fields["currency"].upper()
    try:
        product.clean_fields(exclude=["category"])
    except ValidationError as error:
        problems += [
            f"{_label(name)}: {message}" for name, messages in error.message_dict.items() for message in messages
        ]
    for name, value in before.items():
        if decision.is_new or value != getattr(product, name):
            decision.changed[name] = _change(name, None if decision.is_new else value, getattr(product, name))
    return problems + _decide_category(decision)


def _decide_category(decision: _Decision) -> list[str]:
    fields, current = decision.row.fields, decision.product.category
    if "category" not in fields:
        return []
    wanted = tuple(filter(None, (fields.get("department"), fields["category"])))
    have = _path(current)
    if wanted == have or ("department" not in fields and wanted == have[-1:]):
        return []
    if any(len(name) > 100 for name in wanted):
        return [_("The category's name is longer than 100 letters.")]
    decision.category = wanted
    decision.changed["category"] = _change("category", " > ".join(have), " > ".join(wanted))
    return []


def _decide_photos(decision: _Decision) -> None:
    product, row = decision.product, decision.row
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
            view_id = free_view(_storable(source.name), row.sku, claimed)
            decision.photos.append(_NewPhoto(source, view_id, sha256, facts, by_view.get(view_id)))
            view_of[sha256] = view_id
        claimed.add(view_of[sha256])


def free_view(name: str, sku: str, claimed: set[str]) -> str:
    """`<view_id>` of `<product_id>_<view_id>.jpg`, else the file's name; numbered where the row has it already."""
    stem = PurePosixPath(name).stem
    view = (stem.removeprefix(f"{sku}_") or stem)[:60]
    numbered = (f"{view}-{number}" for number in range(2, 1000))
    return view if view not in claimed else next(other for other in numbered if other not in claimed)


def _store(product: Product, photo: _NewPhoto, position: int) -> None:
    image = photo.replaces or ProductImage(product=product, view_id=photo.view_id, position=position)
    image.replace_file(photo.source.read(), photo.facts.suffix)


def _category(path: tuple[str, ...]) -> Category | None:
    category = None
    for name in path:
        category = Category.objects.named(name, parent=category)
    return category


def _path(category: Category | None) -> tuple[str, ...]:
    if category is None:
        return ()
    return (category.parent.name, category.name) if category.parent else (category.name,)


def _change(name: str, before: Any, after: Any) -> str:
    """In words; nothing where a new product has nothing."""
    if before in (None, "", {}) and after in (None, "", {}):
        return ""
    label = _label(name)
    if before in (None, "", {}):
        return f"{label}: {_short(after)}"
    return f"{label}: {_short(before)} → {_short(after)}"


def _label(column: str) -> str:
    return str(cast(models.Field, Product._meta.get_field(column)).verbose_name)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _storable(text: str) -> str:
    """File names may hold bytes that are no text, and PostgreSQL stores no zero byte."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _title(text: str) -> str:
    if not text:
        raise ValueError(_("The title is empty."))
    return text


def _price(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        price = Decimal(text.replace(",", ".") if "." not in text else text)
    except InvalidOperation:
        raise ValueError(_("The price %(text)s is not a number such as 12.50.") % {"text": repr(text)}) from None
    if not price.is_finite():
        raise ValueError(_("The price %(text)s is not a number such as 12.50.") % {"text": repr(text)})
    return price


def _attributes(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        attributes = json.loads(text)
        stored = json.dumps(attributes, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        attributes, stored = None, b""
    if not isinstance(attributes, dict) or b"\\u0000" in stored:
        raise ValueError(_('The attributes are not a JSON object such as {"colour": "red"}.'))
    return attributes


_PARSERS: dict[str, Callable[[str], Any]] = {
    "title": _title,
    "description": str,
    "brand": str,
    "price": _price,
    "attributes": _attributes,
}
