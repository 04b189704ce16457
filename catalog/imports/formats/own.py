"""Our own columns, which "Export as CSV" writes. A column `handle` makes rows of one handle one product."""

from __future__ import annotations

from catalog.imports.formats.record import TEXTS, Format, Record, Row, category_path, image_list, lowest, merged, named

COLUMNS = (
    *("sku", "title", "category", "department", "brand", "price", "currency", "description", "attributes", "images"),
    *("sale_price", "availability", "url", "active"),
)
REASON = "reason"  # what a CSV of refused rows says last
_ALIASES = {
    **{column.replace("_", " "): column for column in COLUMNS},
    **{"image": "images", "is active": "active", "handle": "handle", REASON: REASON},
}


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names = named(columns, _ALIASES)
    unknown = any(column and not name for column, name in zip(columns, names, strict=True))
    if "sku" not in names and not ("handle" in names and "title" in names):
        return None
    # `sku,name,foto` would be products without a title: let people say what is what
    return None if unknown and "title" not in names else names


def record_of(rows: list[Row]) -> Record:
    first = rows[0]
    texts = {name: merged(rows, name) for name in TEXTS}
    texts["is_active"] = first["active"]
    texts["price"], texts["sale_price"] = lowest((row["price"], row["sale_price"]) for row in rows)
    skus = list(dict.fromkeys(row["sku"] for row in rows if row["sku"]))
    category = category_path(merged(rows, "category"))
    return Record(
        sku=first["handle"] or first["sku"] if len(skus) != 1 else skus[0],
        texts=texts,
        category=(*category_path(merged(rows, "department")), *category) if category else (),
        attributes_json=merged(rows, "attributes"),
        images=[image for row in rows for image in image_list(row["images"])],
    )


FORMAT = Format("own", "Visualsearch", _names_of, record_of, key=lambda row: row["handle"])
