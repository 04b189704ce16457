"""What every format makes of its rows: one record a product, in words of ours, values as the list writes them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

# The texts of a record, by name; what a value may look like is up to catalog/imports/values.py.
TEXTS = ("title", "description", "brand", "price", "sale_price", "currency", "availability", "url", "is_active")


class Row(dict[str, str]):
    """The cells of one line by the format's names of the columns, stripped; "" for a column that the list lacks."""

    def __init__(self, line: int, names: Sequence[str], cells: Sequence[str], problem: str = "") -> None:
        super().__init__((name, cell) for name, cell in zip(names, cells, strict=False) if name)
        self.line = line
        self.cells = cells
        self.problem = problem

    def __missing__(self, name: str) -> str:
        return ""

    def first(self, *names: str) -> str:
        """The first of these that is not empty."""
        return next((self[name] for name in names if self[name]), "")


@dataclass(slots=True)
class Record:
    """One product. A text that is empty, or that is missing, leaves what the product has."""

    sku: str
    texts: dict[str, str] = field(default_factory=dict)  # of TEXTS
    category: tuple[str, ...] = ()  # from the top down
    attributes: dict[str, str | list[str]] = field(default_factory=dict)  # these change; others stay
    attributes_json: str = ""  # replaces all attributes
    images: list[str] = field(default_factory=list)  # names in the source, or addresses
    problems: list[str] = field(default_factory=list)  # the product cannot be taken at all
    rows: list[Row] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.rows[0].line


@dataclass(frozen=True)
class Format:
    """A kind of list. How to add one: see the package's docstring.

    names_of(columns, samples) gives the format's own name of each column, "" for one that it does not use, or None
    where the list is of another kind. `columns` are folded (see `fold`), `samples` some rows of cells.
    record(rows) makes one record of the rows of one product.
    key(row) tells which rows are one product, "" for none but this; referred(row) are other names by which rows of the
    same product may call it.
    """

    name: str
    label: str
    names_of: Callable[[list[str], list[list[str]]], list[str] | None]
    record: Callable[[list[Row]], Record]
    key: Callable[[Row], str] | None = None
    referred: Callable[[Row], Iterable[str]] = lambda row: ()


def fold(column: str) -> str:
    """A column's name without the differences that mean nothing: case, spaces, underscores, `*`, `#`, `?`."""
    seen = "".join(sign for sign in column if unicodedata.category(sign) != "Cf")  # what nobody sees: zero-width spaces
    text = unicodedata.normalize("NFKC", seen).casefold().replace("’", "'").replace("_", " ")
    return " ".join(re.sub(r"[*#?:]", " ", text).split())


def named(columns: list[str], aliases: dict[str, str]) -> list[str]:
    """The name of each column by `aliases`; of two columns with one name the first has it."""
    names: list[str] = []
    for column in columns:
        name = aliases.get(column, "")
        names.append(name if name not in names else "")
    return names


def category_path(text: str, separator: str = ">") -> tuple[str, ...]:
    """`A > B` from the top down; › and » as well, and slashes where they make three levels or more: `A/B/C`."""
    text = text.strip().strip("|")
    parts = [part.strip() for part in re.split(rf"\s*[{re.escape(separator)}›»]\s*", text) if part.strip()]
    if len(parts) == 1 and re.fullmatch(r"[^/\s][^/]*(?:/[^/]+){2,}", text):
        parts = [part.strip() for part in text.split("/")]
    return tuple(part for part in parts if part)


def deepest(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The longest path, of equals the first."""
    return max(paths, key=len, default=())


_PHOTO = re.compile(r"\.(?:avif|bmp|gif|heic|heif|jfif|jpe?g|png|webp)(?:\?\S*)?$", re.IGNORECASE)


def is_address(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://"))


def image_list(text: str) -> list[str]:
    """The photos that a cell names, each once: separated by `|`, line breaks, or commas and semicolons between names.

    A comma within a name or an address separates nothing: `Hose, blau.jpg`, `https://x/w_300,h_300/a.jpg`.
    """
    found: list[str] = []
    for piece in re.split(r"[|\r\n]+", text):
        parts = re.split(r"([,;])", piece)
        current = parts[0]
        for mark, part in zip(parts[1::2], parts[2::2], strict=True):
            ended = _PHOTO.search(current.strip()) and (
                mark == ";" or _PHOTO.search(part.strip()) or is_address(part.strip())
            )
            if ended or is_address(part.strip()) or not part.strip():
                found.append(current)
                current = part
            else:
                current += mark + part
        found.append(current)
    return list(dict.fromkeys(name.strip() for name in found if name.strip()))


def merged(rows: Iterable[Row], name: str) -> str:
    """The first text of these rows that is not empty."""
    return next((row[name] for row in rows if row[name]), "")


def options(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """{name: value}, of an option with several values all of them, each once, in order."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        if name.strip() and value.strip() and value.strip() not in values.setdefault(name.strip(), []):
            values[name.strip()].append(value.strip())
    return {name: found[0] if len(found) == 1 else found for name, found in values.items() if found}


def tags(text: str) -> list[tuple[str, str]]:
    """The tags of a product, separated by commas, as pairs for `options`."""
    return [("Tags", part.replace("\\,", ",")) for part in re.split(r"(?<!\\),", text)]


def lowest(prices: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """(price, sale price) of the variant that costs least, as written; prices that cannot be read come first."""
    from catalog.imports.prices import parse_price

    def cost(pair: tuple[str, str]) -> float:
        try:
            return float(parse_price(pair[1] or pair[0]).amount)
        except ValueError:
            return -1

    said = list(dict.fromkeys(pair for pair in prices if pair[0] or pair[1]))
    return min(said, key=cost) if len(said) > 1 else said[0] if said else ("", "")
