"""What the texts of a record mean: prices, yes and no, stock, addresses. The same for all formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from catalog.imports.plain_text import plain_text, plain_title
from catalog.imports.prices import CODES, parse_price
from catalog.models import Availability

_YES = frozenset(
    {
        *("1", "true", "yes", "y", "on", "active", "published", "publish", "visible", "enabled", "shown"),
        *("ja", "wahr", "aktiv", "oui", "vrai", "actif", "sí", "si", "sì", "tak"),
    }
)
_NO = frozenset(
    {
        *("0", "-1", "2", "false", "no", "n", "off", "inactive", "draft", "archived", "private", "pending", "hidden"),
        *("unpublished", "disabled", "nein", "falsch", "inaktiv", "non", "faux", "inactif", "nie"),
    }
)
_IN_STOCK = (
    *("in stock", "instock", "available", "yes", "1", "true", "auf lager", "vorrätig", "lieferbar", "sofort lieferbar"),
    *("verfügbar", "en stock", "disponible"),
)
_OUT = (
    *("out of stock", "outofstock", "sold out", "unavailable", "no", "0", "false", "nicht auf lager", "ausverkauft"),
    *("nicht lieferbar", "rupture", "agotado"),
)
_STOCK = {
    **dict.fromkeys(_IN_STOCK, Availability.IN_STOCK),
    **dict.fromkeys(_OUT, Availability.OUT_OF_STOCK),
    **dict.fromkeys(("preorder", "pre-order", "pre order", "vorbestellbar", "coming soon"), Availability.PREORDER),
    **dict.fromkeys(("backorder", "back order", "on backorder", "available on backorder"), Availability.BACKORDER),
    **dict.fromkeys(("discontinued",), Availability.OUT_OF_STOCK),
}


@dataclass(frozen=True)
class Reading:
    """How staff want a list read; everything empty: as it is recognised.

    format: the name of one, or "mapped" with `mapping`: folded column -> one of formats.mapped.FIELDS.
    decimal_mark: "." or ",". currency: of prices that name none. empty_word: a cell with this word empties the value.
    image_base: address before the names of photos that do not lie in the source. encoding: of encodings.CHOICES.
    """

    format: str = ""
    mapping: dict[str, str] | None = None
    decimal_mark: str = ""
    currency: str = ""
    empty_word: str = ""
    image_base: str = ""
    encoding: str = ""


AS_RECOGNISED = Reading()


@dataclass(frozen=True)
class Prices:
    """How the prices of one list are to be read."""

    decimal_mark: str = ""
    mixed: bool = False
    currency: str = ""


def understood(texts: dict[str, str], prices: Prices, empty_word: str = "") -> tuple[dict[str, Any], list[str]]:
    """(values by field of Product, what is wrong in words). Fields that the texts say nothing of are missing."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    emptied = [name for name, text in texts.items() if empty_word and text == empty_word]
    values.update({name: _EMPTY[name] for name in emptied if name in _EMPTY})
    for name in emptied:
        if name not in _EMPTY:
            problems.append(_("The %(field)s cannot be emptied.") % {"field": name})
    said = {name: text for name, text in texts.items() if text and name not in emptied}
    for name, read in _READERS.items():
        if name in said:
            try:
                values[name] = read(said[name])
            except ValueError as error:
                problems.append(str(error))
    currency = said.get("currency", "").upper()
    written = ""
    for name in ("price", "sale_price"):
        if name in said:
            try:
                price = parse_price(
                    said[name],
                    decimal_mark=prices.decimal_mark,
                    mixed=prices.mixed,
                    currency=currency or prices.currency,
                )
            except ValueError as error:
                problems.append(str(error))
                continue
            values[name] = price.amount
            written = written or price.currency
    if currency or written or (prices.currency and "price" in values):
        values["currency"] = currency or written or prices.currency
    if "currency" in said and currency not in CODES and len(currency) != 3:
        problems.append(_("The currency %(text)s is not a code such as EUR.") % {"text": repr(said["currency"])})
        values.pop("currency", None)
    if values.get("sale_price") is not None and values.get("price") is not None:
        values |= _no_dearer(values["price"], values["sale_price"])
    return values, problems


def _no_dearer(price: Decimal, sale_price: Decimal) -> dict[str, Decimal | None]:
    """A sale price that is none is left out; a sale price of nothing is how some shops say that there is none."""
    return {"sale_price": sale_price if 0 < sale_price < price else None}


def _yes_or_no(text: str) -> bool:
    folded = text.casefold()
    if folded in _YES or folded in _NO:
        return folded in _YES
    raise ValueError(
        _("“%(text)s” says neither that it is active nor that it is not: write yes or no.") % {"text": text[:60]}
    )


def _availability(text: str) -> str:
    folded = " ".join(text.casefold().replace("_", " ").split())
    if folded.isdecimal():
        return Availability.IN_STOCK if int(folded) else Availability.OUT_OF_STOCK
    return _STOCK.get(folded, "")


def _address(text: str) -> str:
    text = text.strip()
    try:
        URLValidator(schemes=["http", "https"])(text)
    except ValidationError:
        raise ValueError(
            _("The address %(text)s is none: it starts with https://.") % {"text": repr(text[:100])}
        ) from None
    return text


def attributes_of(text: str) -> dict[str, Any]:
    """A JSON object. Raises ValueError."""
    try:
        attributes = json.loads(text)
        stored = json.dumps(attributes, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        attributes, stored = None, b""
    if not isinstance(attributes, dict) or b"\\u0000" in stored:
        raise ValueError(_('The attributes are not a JSON object such as {"colour": "red"}.'))
    return attributes


_READERS: dict[str, Callable[[str], Any]] = {
    "title": plain_title,
    "description": plain_text,
    "brand": plain_title,
    "is_active": _yes_or_no,
    "availability": _availability,
    "url": _address,
}
_EMPTY: dict[str, Any] = {
    "description": "",
    "brand": "",
    "price": None,
    "sale_price": None,
    "availability": "",
    "url": "",
}
