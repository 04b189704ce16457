"""Shopify's product CSV, in its two spellings: a row a variant or an image, one handle a product."""

from __future__ import annotations

import re

from catalog.imports.formats.record import Format, Record, Row, category_path, lowest, merged, named, options, tags

_ALIASES = {
    **{"handle": "handle", "url handle": "handle", "title": "title"},
    **{"body (html)": "description", "body html": "description", "description": "description"},
    **{
        "vendor": "brand",
        "type": "type",
        "tags": "tags",
        "product category": "category",
        "custom product type": "type",
    },
    **{"published": "published", "published on online store": "published", "status": "status"},
    **{"variant sku": "sku", "sku": "sku", "variant price": "price", "price": "price"},
    **{"variant compare at price": "compare", "compare-at price": "compare", "compare at price": "compare"},
    **{"image src": "image", "product image url": "image", "variant image": "variant image"},
    **{"variant image url": "variant image", "image position": "position"},
    **{"variant inventory qty": "quantity", "inventory quantity": "quantity", "variant inventory policy": "policy"},
    **{"continue selling when out of stock": "policy", "variant inventory tracker": "tracker"},
    **{"inventory tracker": "tracker", "google shopping / currency": "currency"},
    **{f"option{n} name": f"option{n} name" for n in (1, 2, 3)},
    **{f"option{n} value": f"option{n} value" for n in (1, 2, 3)},
    **{f"google shopping / {name}": f"attribute:{name.capitalize()}" for name in ("gender", "color", "material")},
}
_METAFIELD = re.compile(r"(.+?) \(product\.metafields\.[^)]*\)")


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names = named(columns, _ALIASES)
    ours = {
        "variant sku",
        "variant price",
        "body (html)",
        "image src",
        "url handle",
        "product image url",
        "option1 name",
    }
    if "handle" not in names or not ours & set(columns):
        return None
    for index, column in enumerate(columns):
        if not names[index] and (field := _METAFIELD.fullmatch(column)):
            names[index] = f"attribute:{field[1].capitalize()}"
    return names


def record_of(rows: list[Row]) -> Record:
    variants = [row for row in rows if row.first("price", "sku", "option1 value")]
    skus = list(dict.fromkeys(row["sku"] for row in variants if row["sku"]))
    option_names = [(n, merged(rows, f"option{n} name")) for n in (1, 2, 3)]
    pairs = [(name, row[f"option{n} value"]) for n, name in option_names for row in variants]
    facts = [(name.removeprefix("attribute:"), merged(rows, name)) for name in rows[0] if name.startswith("attribute:")]
    prices = [(row["compare"] or row["price"], row["price"] if row["compare"] else "") for row in variants]
    price, sale_price = lowest(prices)
    first = rows[0]
    images = sorted(
        (row for row in rows if row["image"]),
        key=lambda row: int(row["position"]) if row["position"].isdecimal() else 0,
    )
    return Record(
        # variants have SKUs of their own: all together are known by their handle
        sku=skus[0] if len(skus) == 1 else first["handle"],
        texts={
            "title": merged(rows, "title"),
            "description": merged(rows, "description"),
            "brand": merged(rows, "brand"),
            "price": price,
            "sale_price": sale_price,
            "currency": merged(rows, "currency"),
            "is_active": _active(merged(rows, "published"), merged(rows, "status")),
            "availability": _availability(variants),
        },
        category=category_path(merged(rows, "category")) or category_path(merged(rows, "type")),
        attributes=options(
            [(name, value) for name, value in pairs if (name, value) != ("Title", "Default Title")]
            + facts
            + tags(merged(rows, "tags"))
        ),
        images=list(
            dict.fromkeys([row["image"] for row in images] + [r["variant image"] for r in rows if r["variant image"]])
        ),
    )


def _active(published: str, status: str) -> str:
    if not published and not status:
        return ""
    shown = published.casefold() not in ("false", "0", "no") and status.casefold() in ("", "active")
    return "true" if shown else "false"


def _availability(variants: list[Row]) -> str:
    """Shopify counts the stock of variants that have a tracker."""
    counted = [row for row in variants if row["quantity"] and (row["tracker"] or "tracker" not in row)]
    if not counted or len(counted) < len(variants):
        return ""
    if any(re.fullmatch(r"0*[1-9]\d*", row["quantity"]) for row in counted):
        return "in_stock"
    return "backorder" if any(row["policy"].casefold() in ("continue", "true") for row in counted) else "out_of_stock"


FORMAT = Format("shopify", "Shopify", _names_of, record_of, key=lambda row: row["handle"])
