"""Undoing an import: products and photos that it made go, values that it changed go back, unless changed since."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from catalog.imports.importer import Action, field_label, fingerprint, stored_value
from catalog.models import Category, ImportRow, Product, ProductImage


def undo_row(row: ImportRow) -> list[str]:
    """Undo what the import did with one row; in words, what stays and why. Done again, it does nothing more."""
    with transaction.atomic():
        product = row.product and Product.objects.select_for_update().filter(pk=row.product.pk).first()
        if product is None or not row.undo:
            return []
        kept = _unmake(product, row) if row.action == Action.CREATE else _put_back(product, row)
        row.problems = [*row.problems, *kept]
        row.undo = {}
        row.save(update_fields=["problems", "undo"])
        return kept


def _unmake(product: Product, row: ImportRow) -> list[str]:
    ours = dict(row.undo.get("added", []))
    fetched = set(product.remote_photos.filter(run=row.run_id).values_list("image_id", flat=True))
    others = [image for image in product.images.all() if ours.get(image.pk) != image.sha256 and image.pk not in fetched]
    if others or fingerprint(product) != row.undo["made"]:
        return [_("Kept: it was changed since.")]
    try:
        product.delete()
    except ProtectedError:
        return [_("Kept: something else refers to it.")]
    return []


def _put_back(product: Product, row: ImportRow) -> list[str]:
    kept, names = [], []
    for name, former in row.undo.get("before", {}).items():
        if stored_value(product, name) != row.undo["after"][name]:
            kept.append(_("Kept: %(field)s was changed since.") % {"field": field_label(name)})
        elif name == "category" and former and not Category.objects.filter(pk=former).exists():
            kept.append(_("Kept: the former category is gone."))
        else:
            _set(product, name, former)
            names.append(name)
    if names:
        product.save(update_fields=[*names, "updated"])
    for pk, sha256 in row.undo.get("added", []):
        for image in ProductImage.objects.filter(pk=pk, sha256=sha256, product=product):
            image.delete()
    fetched = product.remote_photos.filter(run=row.run_id, created__gte=row.run.created)  # not asked for before
    for image in ProductImage.objects.filter(product=product, pk__in=fetched.values("image_id")):
        image.delete()
    fetched.delete()
    for view in row.undo.get("replaced", []):  # the former file went with the import
        kept.append(_("Kept: the photo %(view)s was replaced, and its former file is gone.") % {"view": view})
    return kept


def _set(product: Product, name: str, former: Any) -> None:
    if name == "category":
        product.category_id = former
    elif name in ("price", "sale_price"):
        setattr(product, name, None if former is None else Decimal(former))
    else:
        setattr(product, name, former)
