"""Merges two entries of the same product: photos and missing fields of the second go to the first; the second is
hidden.

It is hidden and not deleted, because the next import of a list with its SKU would create it again, on sale.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from catalog.imports.importer import free_view
from catalog.models import Product, ProductImage

FILLED = (
    "description",
    "category",
    "brand",
    "price",
    "url",
    "attributes",
)  # taken over where the kept product has nothing


@dataclass(frozen=True)
class Merging:
    """What a merge does: a plan, or the result."""

    moved: list[ProductImage]
    left_out: list[ProductImage]  # same file as a photo of the kept product; deleted
    filled: list[str]  # names of fields copied to the kept product


def plan_merging(keep: Product, other: Product) -> Merging:
    """What `merge_products` would do. Writes nothing."""
    known = set(keep.images.values_list("sha256", flat=True))
    moved: list[ProductImage] = []
    left_out: list[ProductImage] = []
    for image in other.images.all():
        (left_out if image.sha256 in known else moved).append(image)
        known.add(image.sha256)
    nothing: tuple[object, ...] = (None, "", {})
    filled = [name for name in FILLED if getattr(keep, name) in nothing and getattr(other, name) not in nothing]
    return Merging(moved, left_out, filled)


@transaction.atomic
def merge_products(keep: Product, other: Product) -> Merging:
    """Merge `other` into `keep`. Repeating it changes nothing. Raises ValueError if they are the same product."""
    if keep.pk == other.pk:
        raise ValueError("A product cannot be merged with itself.")
    list(Product.objects.select_for_update().filter(pk__in=[keep.pk, other.pk]).order_by("pk"))
    keep.refresh_from_db()
    other.refresh_from_db()
    merging = plan_merging(keep, other)
    images = list(keep.images.all())
    views = {image.view_id for image in images}
    position = max((image.position + 1 for image in images), default=0)
    for number, image in enumerate(merging.moved):
        image.product, image.position = keep, position + number
        image.view_id = free_view(image.view_id, keep.sku, views)
        views.add(image.view_id)
        image.save(update_fields=["product", "position", "view_id"])
    for image in merging.left_out:
        image.delete()
    for name in merging.filled:
        setattr(keep, name, getattr(other, name))
        if name == "price":
            keep.currency = other.currency
    keep.save()
    other.is_active = False
    other.save(update_fields=["is_active", "updated"])
    return merging
