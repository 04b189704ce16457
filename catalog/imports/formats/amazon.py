"""Amazon's flat files (the names of the columns are in the third row) and its listing reports."""

from __future__ import annotations

import re

from catalog.imports.formats.record import (
    Format,
    Record,
    Row,
    category_path,
    image_list,
    lowest,
    merged,
    named,
    options,
)

_ALIASES = {
    **{"item sku": "sku", "seller-sku": "sku", "seller sku": "sku", "item name": "title", "item-name": "title"},
    **{
        "product description": "description",
        "item-description": "description",
        "brand name": "brand",
        "brand": "brand",
    },
    **{"standard price": "price", "price": "price", "list price": "list price", "sale price": "sale price"},
    **{"currency": "currency", "quantity": "quantity", "fulfillment latency": "", "main image url": "main image"},
    **{"image-url": "main image", "parent child": "parentage", "parentage": "parentage", "parent sku": "parent"},
    **{"item type": "category", "product type name": "category", "color name": "attribute:Colour"},
    **{"size name": "attribute:Size", "material type": "attribute:Material", "feed product type": "category"},
    **{"status": "status"},
    **{f"other image url{n}": f"image {n}" for n in range(1, 10)},
    **{f"bullet point{n}": f"bullet {n}" for n in range(1, 11)},
}


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names = named(columns, _ALIASES)
    ours = {"item sku", "seller-sku", "seller sku"} & set(columns)
    return names if ours and "title" in names else None


def record_of(rows: list[Row]) -> Record:
    product = next((row for row in rows if row["parentage"].casefold() == "parent"), rows[0])
    bullets = [product[f"bullet {n}"] for n in range(1, 11) if product[f"bullet {n}"]]
    price, sale_price = lowest((row["price"], row["sale price"]) for row in rows)
    stock = [row["quantity"] for row in rows if row["quantity"]]
    return Record(
        sku=product["sku"],
        texts={
            "title": product["title"] or merged(rows, "title"),
            "description": "\n\n".join(filter(None, [merged(rows, "description"), "\n".join(bullets)])),
            "brand": merged(rows, "brand"),
            "price": price,
            "sale_price": sale_price,
            "currency": merged(rows, "currency"),
            "is_active": ""
            if not product["status"]
            else "true"
            if product["status"].casefold() == "active"
            else "false",
            "availability": ""
            if not stock
            else "in_stock"
            if any(re.search("[1-9]", q) for q in stock)
            else "out_of_stock",
        },
        category=category_path(merged(rows, "category")),
        attributes=options(
            (name.removeprefix("attribute:"), row[name])
            for row in rows
            for name in row
            if name.startswith("attribute:")
        ),
        images=list(
            dict.fromkeys(
                image
                for row in [product, *rows]
                for name in ("main image", *(f"image {n}" for n in range(1, 10)))
                for image in image_list(row[name])
            )
        ),
    )


FORMAT = Format(
    "amazon",
    "Amazon",
    _names_of,
    record_of,
    key=lambda row: row["parent"] or row["sku"],
)
