"""WooCommerce's product CSV: simple, variable and grouped products, and the variations of a variable one.

The exporter translates the headers and keeps their order, so in a language that is not known here they are told by
their place.
"""

from __future__ import annotations

import re

from catalog.imports.formats.record import (
    Format,
    Record,
    Row,
    category_path,
    deepest,
    image_list,
    lowest,
    merged,
    named,
    options,
    tags,
)

_ALIASES = {
    **{"id": "id", "type": "type", "typ": "type", "tipo": "type", "sku": "sku", "artikelnummer": "sku", "ugs": "sku"},
    **{"sku (artikelnummer)": "sku", "name": "name", "nom": "name", "nombre": "name", "nome": "name", "naam": "name"},
    **{"published": "published", "veröffentlicht": "published", "publié": "published", "publicado": "published"},
    **{"pubblicato": "published", "gepubliceerd": "published", "opublikowano": "published", "rodzaj": "type"},
    **{"nazwa": "name", "descrição curta": "short", "krótki opis": "short", "descrição": "description"},
    **{"opis": "description", "em estoque": "stock", "na stanie": "stock", "preço promocional": "sale"},
    **{"cena promocyjna": "sale", "preço": "price", "cena": "price", "categorias": "categories"},
    **{"kategorie": "categories", "imagens": "images", "obrazki": "images", "ascendente": "parent"},
    **{"nadrzędny": "parent", "url externa": "url", "tagi": "tags"},
    **{"short description": "short", "kurzbeschreibung": "short", "description courte": "short"},
    **{"descripción corta": "short", "breve descrizione": "short", "korte beschrijving": "short"},
    **{"description": "description", "beschreibung": "description", "descripción": "description"},
    **{"descrizione": "description", "beschrijving": "description"},
    **{
        "in stock": "stock",
        "vorrätig": "stock",
        "en stock": "stock",
        "en inventario": "stock",
        "in magazzino": "stock",
    },
    **{"op voorraad": "stock", "¿existencias": "stock"},
    **{
        "backorders allowed": "backorders",
        "lieferrückstande erlaubt": "backorders",
        "rückstände erlaubt": "backorders",
    },
    **{"autoriser les commandes de produits en rupture": "backorders"},
    **{"sale price": "sale", "angebotspreis": "sale", "tarif promo": "sale", "precio rebajado": "sale"},
    **{"prezzo in offerta": "sale", "actieprijs": "sale"},
    **{"regular price": "price", "regulärer preis": "price", "normaler preis": "price", "tarif régulier": "price"},
    **{"precio normal": "price", "prezzo di listino": "price", "reguliere prijs": "price", "normale prijs": "price"},
    **{"categories": "categories", "kategorien": "categories", "catégories": "categories", "categorías": "categories"},
    **{"categorie": "categories", "categorieën": "categories"},
    **{"tags": "tags", "tag": "tags", "schlagwörter": "tags", "étiquettes": "tags", "etiquetas": "tags"},
    **{"images": "images", "bilder": "images", "imágenes": "images", "immagini": "images", "afbeeldingen": "images"},
    **{"parent": "parent", "übergeordnetes produkt": "parent", "eltern": "parent", "superior": "parent"},
    **{"genitore": "parent", "hoofd": "parent", "external url": "url", "externe url": "url", "url externe": "url"},
    **{
        "brands": "brand",
        "brand": "brand",
        "marken": "brand",
        "marque": "brand",
        "marques": "brand",
        "marcas": "brand",
    },
}
# The exporter's order, without the GTIN that newer versions put behind the SKU. "" is what is not used here.
_ORDER = (
    *("id", "type", "sku", "name", "published", "", "", "short", "description", "", "", "", "", "stock", "", ""),
    *("backorders", "", "", "", "", "", "", "", "sale", "price", "categories", "tags", "", "images", "", "", "parent"),
    *("", "", "", "url", "", ""),
)
_TYPES = frozenset({"simple", "variable", "variation", "external", "grouped", "subscription", "variable-subscription"})
_ATTRIBUTE = re.compile(r"(?:attribute?|attribut[eo]?|atributo|attributo|kenmerk|eigenschap|eigenschaft)\b.*?\b(\d+)\b")


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names = named(columns, _ALIASES)
    place = names.index("type") if "type" in names else 1
    types = {cell.split(",")[0].strip().casefold() for row in samples for cell in row[place : place + 1]} - {""}
    typed = bool(types) and types <= _TYPES
    told = len(columns) > 3 and columns[0] == "id" and typed
    known = {"type", "sku", "name"} <= set(names) and bool({"price", "published", "images"} & set(names))
    if not told and not (known and (typed or "id" in names)):
        return None
    if told and len(columns) >= len(_ORDER):
        has_gtin = {row[4] for row in samples if len(row) > 5} - {"0", "1", "-1"} and len(columns) > len(_ORDER)
        order = [*_ORDER[:3], "", *_ORDER[3:]] if has_gtin else _ORDER
        if all(names[i] in ("", name) for i, name in enumerate(order) if name):  # in the exporter's order
            names = [name or (order[i] if i < len(order) else "") for i, name in enumerate(names)]
            names = [name if name not in names[:i] else "" for i, name in enumerate(names)]
    return _with_attributes(columns, names)


def _with_attributes(columns: list[str], names: list[str]) -> list[str]:
    """Of each attribute four columns, in order: name, values, visible, global."""
    seen: dict[str, int] = {}
    for index, column in enumerate(columns):
        number = _ATTRIBUTE.search(column) or re.search(r"attribut\D*?(\d+)\b", column)
        if number is None and not names[index] and index > 20:
            number = re.fullmatch(r"\D*?\b(\d{1,2})\b\D*", column)
        if number and not column.startswith("meta"):
            place = seen.get(number[1], 0)
            seen[number[1]] = place + 1
            names[index] = f"attribute {number[1]} {('name', 'values', 'visible', 'global', 'default')[min(place, 4)]}"
    return names


def _is_variation(row: Row) -> bool:
    return row["type"].casefold().startswith("variation")


def _key(row: Row) -> str:
    """Variations name their product by SKU or as `id:12`."""
    return row["parent"] if _is_variation(row) and row["parent"] else f"id:{row['id']}" if row["id"] else row["sku"]


def _referred(row: Row) -> list[str]:
    return [] if _is_variation(row) or not row["sku"] else [row["sku"]]


def record_of(rows: list[Row]) -> Record:
    product = next((row for row in rows if not _is_variation(row)), rows[0])
    sold = [row for row in rows if row.first("price", "sale")]
    price, sale_price = lowest((row["price"], row["sale"]) for row in sold)
    attribute_names = [name for row in rows for name in row if name.startswith("attribute ") and name.endswith(" name")]
    pairs = [
        (row[name], value)
        for name in dict.fromkeys(attribute_names)
        for row in rows
        for value in re.split(r"(?<!\\),", row[name.replace(" name", " values")])
    ]
    return Record(
        sku=product.first("sku", "id") if product["sku"] or not product["id"] else f"woo-{product['id']}",
        texts={
            "title": product["name"],
            "description": product.first("description", "short").replace("\\n", "\n"),  # the exporter writes \n so
            "brand": product["brand"],
            "price": price,
            "sale_price": sale_price,
            "url": product["url"],
            "is_active": {"1": "true", "": ""}.get(product["published"], "false"),
            "availability": _availability(rows),
        },
        category=deepest(category_path(path) for path in re.split(r"(?<!\\),", product["categories"])),
        attributes=options(
            [*((name, value.replace("\\,", ",")) for name, value in pairs), *tags(merged([product, *rows], "tags"))]
        ),
        images=list(dict.fromkeys(image for row in [product, *rows] for image in image_list(row["images"]))),
    )


def _availability(rows: list[Row]) -> str:
    stock = [row["stock"].casefold() for row in rows if row["stock"]]
    if not stock:
        return ""
    if "1" in stock or "instock" in stock:
        return "in_stock"
    late = "backorder" in stock or "onbackorder" in stock or any(row["backorders"] in ("1", "notify") for row in rows)
    return "backorder" if late else "out_of_stock"


FORMAT = Format("woocommerce", "WooCommerce", _names_of, record_of, key=_key, referred=_referred)
