"""Magento 2's product CSV: a row a product and store view; a configurable product names the simple ones in it."""

from __future__ import annotations

import re

from catalog.imports.formats.record import Format, Record, Row, deepest, image_list, lowest, merged, named, options

_ALIASES = {
    **{name: name for name in ("sku", "store view code", "product type", "categories", "name", "description")},
    **{name: name for name in ("short description", "product online", "visibility", "price", "special price")},
    **{name: name for name in ("base image", "small image", "thumbnail image", "additional images", "qty")},
    **{name: name for name in ("is in stock", "allow backorders", "additional attributes", "configurable variations")},
    **{"manufacturer": "brand", "brand": "brand", "configurable variation labels": "labels"},
}
_ROOTS = ("default category", "root catalog")


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names = named(columns, _ALIASES)
    told = {"product type", "store view code", "base image", "additional attributes", "configurable variations"} & set(
        names
    )
    return names if "sku" in names and len(told) > 1 else None


def _variations(row: Row) -> list[dict[str, str]]:
    """`sku=M-S,size=S|sku=M-M,size=M`"""
    return [_pairs(part) for part in row["configurable variations"].split("|") if part]


def _pairs(text: str) -> dict[str, str]:
    """`colour=Red,care=Wash, dry` : a comma separates where a name and `=` follow."""
    parts = re.split(r",(?=\s*[^,=|\s]+=)", text)
    return {
        name.strip(): value.strip().strip('"') for name, mark, value in (part.partition("=") for part in parts) if mark
    }


def _referred(row: Row) -> list[str]:
    return [sku for variation in _variations(row) if (sku := variation.get("sku"))]


def _path(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in re.split(r"(?<!\\)/", text) if part.strip())
    return parts[1:] if parts and parts[0].casefold() in _ROOTS else parts


def record_of(rows: list[Row]) -> Record:
    """What store views say in other languages is left; what only they say fills in."""
    rows = sorted(rows, key=lambda row: bool(row["store view code"]))  # stable: all store views first
    product = next((row for row in rows if row["product type"] == "configurable"), rows[0])
    own = [row for row in rows if row["sku"] == product["sku"]]
    labels = _pairs(merged(own, "labels"))
    pairs = [
        (labels.get(name, name), value)
        for row in own
        for variation in _variations(row)
        for name, value in variation.items()
        if name != "sku"
    ]
    chosen = {name for name, _value in pairs}
    for row in own:
        facts = _pairs(row["additional attributes"]).items()
        pairs += [
            (name, value) for name, text in facts for value in text.split("|") if labels.get(name, name) not in chosen
        ]
    defaults = [row for row in rows if not row["store view code"]] or rows
    price, sale_price = lowest(
        (row["price"], row["special price"]) for row in defaults if row["price"] not in ("", "0", "0.0000")
    )
    facts_of_brand = [value for name, value in pairs if name in ("manufacturer", "brand")]
    return Record(
        sku=product["sku"],
        texts={
            "title": merged(own, "name"),
            "description": merged(own, "description") or merged(own, "short description"),
            "brand": merged(own, "brand") or next(iter(facts_of_brand), ""),
            "price": price,
            "sale_price": sale_price,
            "is_active": _active(product),
            "availability": _availability(defaults),
        },
        category=deepest(_path(path) for row in own for path in re.split(r"(?<!\\),", row["categories"])),
        attributes=options((_label(name), value) for name, value in pairs if name not in ("manufacturer", "brand")),
        images=list(dict.fromkeys(_images([*own, *rows]))),
    )


def _images(rows: list[Row]) -> list[str]:
    found = []
    for row in rows:
        found += [
            name
            for name in (row.first("base image", "small image", "thumbnail image"),)
            if name and name != "no_selection"
        ]
        found += image_list(row["additional images"])
    return found


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize() if name.islower() else name


def _active(product: Row) -> str:
    if product["visibility"].casefold() == "not visible individually":
        return "false"
    return {"": "", "1": "true"}.get(product["product online"], "false")


def _availability(rows: list[Row]) -> str:
    stock = [row["is in stock"].split(".")[0] for row in rows if row["is in stock"]]
    return "" if not stock else "in_stock" if "1" in stock else "out_of_stock"


FORMAT = Format("magento", "Magento 2", _names_of, record_of, key=lambda row: row["sku"], referred=_referred)
