"""PrestaShop's product CSV: the columns of its import template, and those of the back office's list."""

from __future__ import annotations

import re

from catalog.imports.formats.record import Format, Record, Row, category_path, image_list, options, tags

_ALIASES = {
    **{"product id": "id", "id product": "id", "id": "id", "id produit": "id", "produkt-id": "id", "active": "active"},
    **{
        "aktiv": "active",
        "actif": "active",
        "activo": "active",
        "attivo": "active",
        "status": "active",
        "enabled": "active",
    },
    **{"statut": "active", "état": "active", "name": "name", "nom": "name", "nombre": "name", "nome": "name"},
    **{"categories": "categories", "kategorien": "categories", "catégories": "categories", "categorías": "categories"},
    **{
        "category": "categories",
        "kategorie": "categories",
        "catégorie": "categories",
        "default category": "categories",
    },
    **{"price tax included": "gross", "price (tax incl.)": "gross", "preis inkl. mwst.": "gross", "prix ttc": "gross"},
    **{"preis (inkl. mwst.)": "gross", "final price": "gross", "bruttopreis": "gross"},
    **{"price tax excluded": "net", "price (tax excl.)": "net", "preis ohne mwst.": "net", "prix ht": "net"},
    **{
        "prix de vente ht": "net",
        "prix de vente ttc": "gross",
        "preis (exkl. mwst.)": "net",
        "price": "net",
        "preis": "net",
    },
    **{"price tax excluded or price tax included": "net", "prix ht ou prix ttc": "net", "prix": "net"},
    **{"discount amount": "discount", "rabattbetrag": "discount", "montant de la réduction": "discount"},
    **{"discount percent": "percent", "rabatt in prozent": "percent", "pourcentage de réduction": "percent"},
    **{"référence n°": "sku", "n° de référence": "sku", "numer referencyjny": "sku", "indeks": "sku"},
    **{"reference": "sku", "referenz": "sku", "référence": "sku", "referencia": "sku", "riferimento": "sku"},
    **{"artikelnummer": "sku", "artikel-nr.": "sku", "manufacturer": "brand", "hersteller": "brand", "marque": "brand"},
    **{"brand": "brand", "fabricant": "brand", "marke": "brand", "quantity": "quantity", "menge": "quantity"},
    **{"quantité": "quantity", "cantidad": "quantity", "quantità": "quantity", "short description": "short"},
    **{"kurzbeschreibung": "short", "résumé": "short", "récapitulatif": "short", "description courte": "short"},
    **{"summary": "short", "description": "description", "beschreibung": "description", "feature": "features"},
    **{"funktion": "features", "caractéristique": "features", "features": "features", "eigenschaft": "features"},
    **{"image urls": "images", "bild-urls": "images", "url des images": "images", "urls d'image": "images"},
    **{"image": "images", "bild": "images", "product url": "url", "tags": "tags"},
    **{"available for order": "orderable", "bestellbar": "orderable", "disponible à la commande": "orderable"},
}
_HINT = re.compile(r"\s*\((?!tax|inkl|exkl)[^)]*\)")  # Active (0/1), Categories (x,y,z...)


def _names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
    names: list[str] = []
    for column in columns:
        name = _ALIASES.get(_HINT.sub("", column).strip(), "")
        names.append(name if name not in names else "")
    hinted = sum(bool(_HINT.search(column)) for column in columns)
    told = {"id", "name"} <= set(names) and bool({"sku", "images"} & set(names))
    facts = {"net", "gross", "active", "quantity", "categories"} & set(names)
    return names if told and (hinted or len(facts) > 2) else None


def record_of(rows: list[Row]) -> Record:
    product = rows[0]
    price = product.first("gross", "net")
    sale_price = _reduced(price, product["discount"], product["percent"])
    features = [part.split(":") for part in re.split(r"[,|]", product["features"]) if part.count(":")]
    quantity = product["quantity"]
    return Record(
        sku=product["sku"] or f"presta-{product['id']}" if product["id"] or product["sku"] else "",
        texts={
            "title": product["name"],
            "description": product.first("description", "short"),
            "brand": product["brand"],
            "price": price,
            "sale_price": sale_price,
            "url": product["url"],
            "is_active": product["active"],
            "availability": ("in_stock" if re.fullmatch(r"0*[1-9]\d*", quantity) else "out_of_stock")
            if quantity
            else "",
        },
        category=_category(product["categories"]),
        attributes=options([*((part[0], part[1]) for part in features), *tags(product["tags"])]),
        images=image_list(product["images"]),
    )


def _category(text: str) -> tuple[str, ...]:
    """`Home,Clothes,Shirts`: every category of the product, mostly from the top down. The root is nobody's."""
    first, *others = [part.strip() for part in text.split(",") if part.strip()] or [""]
    if ">" in text:
        return max((category_path(part) for part in [first, *others]), key=len)
    path = (
        (first, *others) if first.casefold() in ("home", "accueil", "startseite", "inicio", "home page") else (first,)
    )
    return tuple(part for part in (path[1:] if len(path) > 1 else path) if part)


def _reduced(price: str, amount: str, percent: str) -> str:
    from decimal import Decimal

    from catalog.imports.prices import parse_price

    try:
        full = parse_price(price).amount
        if percent and Decimal(percent.replace(",", ".").rstrip(" %")) > 0:
            reduced = full * (1 - Decimal(percent.replace(",", ".").rstrip(" %")) / 100)
        elif amount and parse_price(amount).amount > 0:
            reduced = full - parse_price(amount).amount
        else:
            return ""
    except (ValueError, ArithmeticError):
        return ""
    return f"{reduced:.2f}" if reduced > 0 else ""


FORMAT = Format("prestashop", "PrestaShop", _names_of, record_of)
