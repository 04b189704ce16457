"""Any other list: staff say what each column is. What they will probably say is proposed from its name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from catalog.imports.formats.own import record_of as own_record
from catalog.imports.formats.record import Format, Record, Row, fold, is_address

ATTRIBUTE = "attribute"  # the column's name is the attribute's
FIELDS = (
    *("sku", "handle", "title", "description", "category", "department", "brand", "price", "sale_price", "currency"),
    *("availability", "url", "active", "images", ATTRIBUTE, "attributes"),
)
_WORDS = {
    "sku": (
        "sku", "artikelnummer", "artikelnr", "artikelnr.", "artikel-nr.", "artikel nr", "art.-nr.", "art nr",
        "nr", "nr.", "no", "no.", "item number", "item no", "item sku", "article number", "product id", "product code",
        "produktnummer",
        "référence", "reference", "ref", "código", "codigo", "codice", "artikelcode", "bestellnummer", "mpn", "ean",
        "gtin", "id", "ugs", "händler sku", "händler-sku", "артикул", "κωδικός", "stok kodu", "品番",
        "商品コード", "货号",
        "artikkelnummer", "artikelkod", "varenummer", "tuotenumero", "cikkszám", "kód", "symbol", "indeks",
    ),
    "handle": (
        "handle", "group", "parent sku", "item group id", "gruppe",
    ),
    "title": (
        "title", "name", "product name", "item name", "titel", "bezeichnung", "produktname", "artikelbezeichnung",
        "produktbezeichnung", "artikelname", "nom", "titre", "libellé", "désignation", "nombre", "título", "nome",
        "titolo", "naam", "nazwa", "název", "názov", "название", "наименование", "τίτλος", "ονομασία", "başlık",
        "ürün adı", "商品名", "名称", "标题", "상품명", "navn", "namn", "nimi", "név", "denumire", "naziv",
    ),
    "description": (
        "description", "long description", "short description", "beschreibung", "langbeschreibung",
        "kurzbeschreibung", "produktbeschreibung", "text", "descripción", "descrizione", "beschrijving", "opis",
        "popis", "artikelbeschreibung", "описание", "περιγραφή", "açıklama", "descrição", "beskrivning", "beskrivelse",
        "leírás", "descriere", "商品説明", "描述",
    ),
    "category": (
        "category", "categories", "kategorie", "kategorien", "warengruppe", "type", "product type", "produkttyp",
        "catégorie", "catégories", "categoría", "categoria", "categorie", "kategoria", "категория", "κατηγορία",
        "kategori", "kategória", "カテゴリ", "分类", "类别",
    ),
    "department": (
        "department", "hauptkategorie", "abteilung", "rayon",
    ),
    "brand": (
        "brand", "vendor", "manufacturer", "marke", "hersteller", "marque", "fabricant", "marca", "merk", "marka",
        "бренд", "производитель", "μάρκα", "značka", "märke", "mærke", "brändi", "ブランド", "品牌",
    ),
    "price": (
        "price", "preis", "verkaufspreis", "vk", "vk preis", "brutto", "bruttopreis", "regular price", "uvp", "rrp",
        "prix", "precio", "prezzo", "prijs", "cena", "standard price", "retail price", "tarif régulier", "preço",
        "цена", "τιμή", "fiyat", "pris", "hinta", "ár", "preț", "価格", "价格", "가격",
    ),
    "sale_price": (
        "sale price", "special price", "angebotspreis", "aktionspreis", "sonderpreis", "prix promo",
    ),
    "currency": (
        "currency", "währung", "devise", "moneda", "valuta",
    ),
    "availability": (
        "availability", "stock status", "verfügbarkeit", "lieferbar", "disponibilité", "quantity", "qty", "stock",
        "menge", "bestand", "lagerbestand", "quantité", "cantidad", "quantità", "наличие",
    ),
    "url": (
        "url", "link", "product url", "deeplink", "produktlink", "produkt url", "lien",
    ),
    "active": (
        "active", "published", "aktiv", "status", "visible", "sichtbar", "enabled", "actif", "publié", "veröffentlicht",
    ),
    "images": (
        "images", "image", "image url", "image link", "image src", "photo", "photos", "picture", "bild", "bilder",
        "bild url", "bilder url", "foto", "fotos", "main image", "main image url", "imagen", "immagine",
        "afbeelding", "zdjęcie", "bild-url", "фото", "изображение", "εικόνα", "resim", "obrázek", "bilde", "kuva",
        "kép", "imagine", "画像", "图片", "이미지", "media gallery",
    ),
    ATTRIBUTE: (
        "colour", "color", "farbe", "size", "größe", "grösse", "material", "couleur", "taille", "gender",
        "geschlecht", "pattern", "muster", "kolor", "rozmiar",
    ),
}  # fmt: skip
_PICTURE = re.compile(r"\.(?:avif|gif|heic|jpe?g|png|webp)\b", re.IGNORECASE)
_PROPOSALS = {word: name for name, words in _WORDS.items() for word in words}


def propose(columns: list[str], samples: list[list[str]]) -> list[str]:
    """A field for each folded column, "" where none suggests itself; each field but an attribute once."""
    exact = [_PROPOSALS.get(column, "") for column in columns]
    proposed: list[str] = []
    for index, column in enumerate(columns):
        cells = [row[index] for row in samples if index < len(row) and row[index]]
        name = exact[index] or _by_cells(cells) or _by_a_word(column)
        taken = name in proposed or (not exact[index] and name in exact)
        proposed.append(name if name == ATTRIBUTE or not taken else "")
    return proposed


def _by_cells(cells: list[str]) -> str:
    """Where all of them are names of pictures, or addresses."""
    pictures = [bool(_PICTURE.search(cell)) for cell in cells]
    addresses = [is_address(cell) for cell in cells]
    if cells and (all(pictures) or (all(addresses) and any(pictures))):
        return "images"
    return "url" if cells and all(addresses) else ""


def _by_a_word(column: str) -> str:
    """By the one word in it that is known: `Bezeichnung Artikel`."""
    found = {_PROPOSALS[word] for word in re.split(r"[\s/()-]+", column) if word in _PROPOSALS}
    return found.pop() if len(found) == 1 else ""


def mapped_format(mapping: Mapping[str, str]) -> Format:
    """The format of lists whose folded columns are what `mapping` says: one of FIELDS, or "" for left out."""

    def names_of(columns: list[str], samples: list[list[str]]) -> list[str] | None:
        names = []
        for column in columns:
            name = mapping.get(column, "")
            names.append(f"{ATTRIBUTE}:{column}" if name == ATTRIBUTE else name)
        return names if "sku" in names or "handle" in names else None

    def record(rows: list[Row]) -> Record:
        made = own_record(rows)
        for row in rows:
            for name, value in row.items():
                if name.startswith(f"{ATTRIBUTE}:") and value:
                    made.attributes.setdefault(name.partition(":")[2].capitalize(), value)
        return made

    return Format("mapped", "", names_of, record, key=lambda row: row["handle"])


def signature(columns: list[str]) -> list[str]:
    """What tells lists of one kind: their folded columns, in whichever order."""
    return sorted({fold(column) for column in columns} - {""})
