"""Google Merchant feeds, TSV or XML: an item a variant; items of one item_group_id are one product."""

from __future__ import annotations

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

_NAMES = (
    *(
        "id",
        "title",
        "description",
        "link",
        "image link",
        "additional image link",
        "availability",
        "price",
        "sale price",
    ),
    *("brand", "google product category", "product type", "item group id", "color", "size", "material", "pattern"),
    *("gender", "age group"),
)
_ALIASES = {**{name: name for name in _NAMES}, **{f"g {name}": name for name in _NAMES}}
_ATTRIBUTES = ("color", "size", "material", "pattern", "gender", "age group")


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names = named(columns, _ALIASES)
    told = {"link", "image link", "availability", "google product category", "item group id"} & set(names)
    return names if {"id", "title"} <= set(names) and len(told) > 1 else None


def record_of(rows: list[Row]) -> Record:
    first = rows[0]
    stock = [row["availability"].casefold().replace(" ", "_") for row in rows if row["availability"]]
    price, sale_price = lowest((row["price"], row["sale price"]) for row in rows)
    kind = merged(rows, "google product category")
    types = [category_path(part) for part in merged(rows, "product type").split("|")]
    return Record(
        sku=first.first("item group id", "id"),
        texts={
            "title": merged(rows, "title"),
            "description": merged(rows, "description"),
            "brand": merged(rows, "brand"),
            "price": price,
            "sale_price": sale_price,
            "url": merged(rows, "link"),
            "availability": "in_stock" if "in_stock" in stock else next(iter(stock), ""),
        },
        category=(types[0] if types else ()) or (() if kind.isdecimal() else category_path(kind)),
        attributes=options((name.capitalize(), row[name]) for name in _ATTRIBUTES for row in rows),
        images=list(
            dict.fromkeys(
                [row["image link"] for row in rows if row["image link"]]
                + [image for row in rows for image in image_list(row["additional image link"])]
            )
        ),
    )


FORMAT = Format("google", "Google Merchant", _names_of, record_of, key=lambda row: row["item group id"])
