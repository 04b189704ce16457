"""The catalogue as the CSV that the import reads, streamed row by row: memory does not grow with the catalogue.

django-import-export was considered: it builds the whole file before it sends it, and writes other columns than the
import reads.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from catalog.imports.spreadsheets import guarded
from catalog.models import Product

COLUMNS = (
    *("sku", "title", "category", "department", "brand", "price", "currency", "description", "attributes"),
    *("sale_price", "availability", "url", "active"),
    "photos",  # file names, for people; the import ignores this column, so the photos need not be there
)


def csv_response(products: QuerySet[Product]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _lines(products),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="products.csv"'},
    )


class _Line:
    def write(self, line: str) -> str:
        return line


def _lines(products: QuerySet[Product]) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    # Excel reads a CSV without a byte order mark as Windows-1252
    yield "\N{BYTE ORDER MARK}" + writer.writerow(COLUMNS)
    products = products.select_related("category__parent").prefetch_related("images")
    for product in products.order_by("pk").iterator(chunk_size=500):
        yield writer.writerow([guarded(cell) for cell in _cells(product)])


def _cells(product: Product) -> list[str]:
    category = product.category
    return [
        product.sku,
        product.title,
        category.name if category else "",
        category.parent.name if category and category.parent else "",
        product.brand,
        "" if product.price is None else str(product.price),
        product.currency,
        product.description,
        json.dumps(product.attributes, ensure_ascii=False) if product.attributes else "",
        "" if product.sale_price is None else str(product.sale_price),
        product.availability,
        product.url,
        "true" if product.is_active else "false",
        "|".join(PurePosixPath(image.file.name or "").name for image in product.images.all()),
    ]
