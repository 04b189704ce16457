"""Prices as shops write them: `1.234,56 €`, `1'234.50 CHF`, `EUR 12`, `12,-`.

What a comma or a dot means is declared or follows from the list's other prices. A price that can be read in two ways
where the list itself writes both is refused: being wrong by a thousand is worse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

SIGNS = {
    "€": "EUR", "£": "GBP", "¥": "JPY", "円": "JPY", "元": "CNY", "₹": "INR", "₩": "KRW", "₺": "TRY", "₽": "RUB",
    "₴": "UAH", "₪": "ILS", "฿": "THB", "₫": "VND", "₦": "NGN", "₱": "PHP", "zł": "PLN", "kč": "CZK", "ft": "HUF",
    "lei": "RON", "fr.": "CHF", "sfr.": "CHF", "fr": "CHF", "лв": "BGN", "лв.": "BGN", "руб.": "RUB", "r$": "BRL",
    "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD",
    "د.ك": "KWD", "د.إ": "AED", "ر.س": "SAR",
}  # fmt: skip
# Signs of several currencies: the list's own where it is one of them, else the first.
SHARED_SIGNS = {
    "$": ("USD", "CAD", "AUD", "NZD", "MXN", "SGD", "HKD", "ARS", "CLP", "COP"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "SEK", "NOK", "ISK"),
}
CODES = frozenset(
    {
        "AED", "ARS", "AUD", "BAM", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "DZD",
        "EGP", "EUR", "GBP", "GEL", "HKD", "HRK", "HUF", "IDR", "ILS", "INR", "IQD", "ISK", "JOD", "JPY", "KES",
        "KRW", "KWD", "KZT", "LKR", "LYD", "MAD", "MDL", "MKD", "MXN", "MYR", "NGN", "NOK", "NZD", "OMR", "PEN",
        "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK", "SGD", "THB", "TND", "TRY", "TWD", "UAH",
        "USD", "UYU", "UZS", "VND", "ZAR",
    }
)  # fmt: skip
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
CENTS = Decimal("0.01")

_NUMBER = re.compile(r"[+-]?[.,]?\d[\d.,'’´`\s]*")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Price:
    amount: Decimal  # as written, in cents
    currency: str  # "" where none is written
    assumed: bool = False  # a mark before three digits was taken for the mark of thousands, without evidence


def parse_price(text: str, *, decimal_mark: str = "", mixed: bool = False, currency: str = "") -> Price:
    """The price that `text` says. Raises ValueError, in words.

    decimal_mark: "." or ",", declared or detected (see `detect_decimal_mark`); "" if unknown. mixed: the list writes
    both. currency: of the list, decides what a sign such as $ means.
    """
    number, written = _split(text, currency)
    marks = [mark for mark in ".," if mark in number]
    assumed = False
    if len(marks) == 2:
        decimal = max(marks, key=number.rfind)
        if number.count(decimal) > 1:
            raise _not_a_price(text)
    elif not marks or number.count(marks[0]) > 1:
        decimal = ""
    else:
        decimal = marks[0]
        whole, _mark, after = number.partition(decimal)
        if len(after) == 3 and whole.lstrip("+-").strip("0") and (written or currency) not in THREE_DECIMALS:
            if mixed and not decimal_mark:
                raise ValueError(_two_ways(text))
            if decimal == decimal_mark:
                raise ValueError(_three_decimals(text))
            assumed, decimal = not decimal_mark, ""
    whole, _mark, after = number.rpartition(decimal) if decimal else (number, "", "")
    for thousands in ".,":
        if thousands in whole and not re.fullmatch(
            rf"[+-]?\d{{1,3}}(?:\{thousands}\d{{2,3}})*\{thousands}\d{{3}}", whole
        ):
            raise _not_a_price(text)
    amount = Decimal(f"{whole.replace('.', '').replace(',', '') or '0'}.{after or '0'}")
    if len(after.rstrip("0")) == 3 and amount != amount.quantize(CENTS):
        raise ValueError(_three_decimals(text))
    if amount < 0:
        raise ValueError(_("The price %(text)s is below zero.") % {"text": repr(text)})
    return Price(amount.quantize(CENTS, ROUND_HALF_UP), written, assumed)


def detect_decimal_mark(texts: Iterable[str]) -> tuple[str, bool]:
    """(mark, mixed): "." or "," where every price that tells says the same, else ""; mixed where both are written."""
    marks = set()
    for text in texts:
        try:
            number, currency = _split(text, "")
        except ValueError:
            continue
        both = "." in number and "," in number
        for mark in ".,":
            after = number.rpartition(mark)[2] if number.count(mark) == 1 else ""
            last = both and number.rfind(mark) > number.rfind("," if mark == "." else ".")
            if after and (last or (not both and (len(after) != 3 or currency in THREE_DECIMALS))):
                marks.add(mark)
    return (marks.pop(), False) if len(marks) == 1 else ("", len(marks) == 2)


def assumed_mark(text: str, currency: str = "") -> str:
    """The "." or "," before three digits in `text`, where nothing in it tells whether it marks thousands; else ""."""
    try:
        price = parse_price(text, currency=currency)
    except ValueError:
        return ""
    return ("," if "," in _split(text, currency)[0] else ".") if price.assumed else ""


def _split(text: str, currency: str) -> tuple[str, str]:
    """(digits with their commas and dots, currency code or ""). Raises ValueError."""
    clean = unicodedata.normalize("NFKC", text).strip(" *\t\r\n").replace("٫", ".").replace("٬", ",")
    clean = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in clean)
    clean = clean.replace("−", "-")
    found = _NUMBER.search(clean)
    if not found:
        raise _not_a_price(text)
    before, number, after = clean[: found.start()].strip(), found[0].strip(), clean[found.end() :].strip()
    if after[:1] in "-–—" and number[-1:] in ".," and after:  # 12,-
        number, after = number[:-1], after.lstrip("-–— ")
    if before.startswith("-"):  # -€12
        before, number = before[1:].strip(), f"-{number}"
    code = ""
    for words in (before, after):
        if words:
            code = code or _currency(words, currency)
            if not code:
                raise _not_a_price(text)
    if before and after and _currency(before, currency) != _currency(after, currency):
        raise _not_a_price(text)
    # `€ 12` ended with a dot or comma of its own: `12.` is 12
    number = re.sub(r"['’´`]", "", _joined(number, text)).rstrip(".,")
    return number, code


def _joined(number: str, text: str) -> str:
    """Without the spaces or apostrophes between thousands; any other is no price: `12 34`."""
    parts = re.split(r"[\s'’´`]+", number)
    if len(parts) > 1 and not all(re.match(r"\d{3}(?!\d)", part) for part in parts[1:]):
        raise _not_a_price(text)
    return "".join(parts)


def _currency(words: str, currency: str) -> str:
    """The code that a sign or a code says, "" if it says none."""
    folded = _SPACES.sub("", words).casefold()
    if folded in SHARED_SIGNS:
        return currency if currency in SHARED_SIGNS[folded] else SHARED_SIGNS[folded][0]
    if folded in SIGNS:
        return SIGNS[folded]
    letters = re.sub(r"[^a-z]", "", folded).upper()  # EUR, EUR€, $USD
    return (
        letters
        if letters in CODES and (len(folded) == 3 or folded.strip("abcdefghijklmnopqrstuvwxyz") in SIGNS | SHARED_SIGNS)
        else ""
    )


def _not_a_price(text: str) -> ValueError:
    return ValueError(_("The price %(text)s is not a number such as 12.50.") % {"text": repr(text)})


def _two_ways(text: str) -> str:
    return _(
        "The price %(text)s can be read in two ways, and the list writes both. Write it with two decimals, or say "
        "which the decimal mark is."
    ) % {"text": repr(text)}


def _three_decimals(text: str) -> str:
    return _("The price %(text)s has three decimals. Write it with two.") % {"text": repr(text)}
