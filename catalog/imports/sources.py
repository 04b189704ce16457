"""Where an import comes from: a folder, a ZIP archive or lists with photos, read product by product.

All of it is untrusted. Nothing is unpacked; a photo is only ever read from inside its source, and never more of it than
PHOTO_MAX_BYTES.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol, cast

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.imports.archive_names import decoded_names, folded_name, spellings
from catalog.imports.clutter import is_clutter
from catalog.imports.formats import FORMATS, recognise
from catalog.imports.formats.mapped import mapped_format, propose
from catalog.imports.formats.own import COLUMNS as COLUMNS
from catalog.imports.formats.record import Format, Record, Row, fold, is_address
from catalog.imports.prices import assumed_mark, detect_decimal_mark, parse_price
from catalog.imports.spool import MAX_ROWS, Apart, gathered_rows, together
from catalog.imports.tables import SUFFIXES, Table, TableRow, UnusableSource, open_table
from catalog.imports.values import AS_RECOGNISED, Prices, Reading
from catalog.photos.validation import InvalidPhoto, too_many_bytes

PHOTO_SUFFIXES = frozenset({".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".webp"})
ARCHIVE_SUFFIXES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"})
SURE_LISTS = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".xlsm"})  # others only if a format recognises them
MAX_ZIP_ENTRIES = 500_000
# Photos hardly shrink, a CSV that people wrote shrinks tenfold; a bomb shrinks a thousandfold.
MAX_ZIP_RATIO = 200
BOMB_BYTES = 10_000_000  # what unpacks to less harms nobody
SAMPLES = 3  # of each column, shown to people
EVIDENCE_ROWS = 5_000  # whose prices tell what a comma means
TOLD_EVERY = 1_000  # rows, while a list is read
LINES_PER_LIST = 10_000_000  # what tells lines of several lists apart
MANY_PHOTOS = 100  # of one product: more will look odd
UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)


class UnknownColumns(UnusableSource):
    """A list that no format recognises: people have to say what its columns are."""

    def __init__(self, name: str, columns: list[str], samples: list[list[str]], guess: str = "") -> None:
        said = ", ".join(column for column in columns if column)[:200] or _("nothing")
        super().__init__(
            _("The first line must name the columns, with sku among them. It says: %(header)s") % {"header": said}
        )
        self.name, self.columns, self.samples, self.guess = name, columns, samples, guess  # guess: of the encoding
        self.proposed = propose([fold(column) for column in columns], samples)


@dataclass(frozen=True, slots=True)
class SourcePhoto:
    name: str  # its path inside the source
    read: Callable[[], bytes]  # raises InvalidPhoto


@dataclass(slots=True)
class SourceRow:
    """One product as the source tells it."""

    line: int  # unique in the source, rising; of a single list the line, of a folder the product's number
    record: Record
    photos: list[SourcePhoto]  # in the source
    urls: list[str] = field(default_factory=list)  # of photos elsewhere
    problems: list[str] = field(default_factory=list)  # the product cannot be taken at all
    prices: Prices = field(default_factory=Prices)
    place: str = ""  # "shoes.csv, line 7", where there are several lists
    by_photos: bool = False  # the product is nothing but its photos, so that without any it is none

    @property
    def sku(self) -> str:
        return self.record.sku


@dataclass
class ListFacts:
    """One list of a source: how it was found to be read."""

    name: str
    format: str
    label: str
    columns: list[str]  # as written
    names: list[str]  # the format's names of them; "" for what is not used
    encoding: str = ""
    guessed: bool = False
    sample: str = ""
    bad_bytes: int = 0
    delimiter: str = ""
    decimal_mark: str = ""
    mixed: bool = False
    assumed_mark: str = ""  # "." or ",", taken for that of thousands though no price tells
    apart: bool = False  # rows of one product lie apart
    rows: int = 0
    samples: list[list[str]] = field(default_factory=list)  # for people: some rows

    @property
    def ignored(self) -> list[str]:
        return [column for column, name in zip(self.columns, self.names, strict=True) if column and not name]


@dataclass
class Survey:
    """What a source was found to hold when all of it was read once, without its photos."""

    lists: list[ListFacts] = field(default_factory=list)
    total: int = 0  # products
    oddities: list[str] = field(default_factory=list)  # what people should know before they agree

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Survey:
        return cls([ListFacts(**facts) for facts in data["lists"]], data["total"], data["oddities"])


class _Tree(Protocol):
    """The files of a source by their path inside it, with slashes."""

    def names(self) -> Iterable[str]: ...

    def open(self, name: str) -> BinaryIO:
        """By its exact name, or by one that is the same to people. Raises FileNotFoundError, OSError."""
        ...


def survey_source(
    source: Path, reading: Reading = AS_RECOGNISED, on_rows: Callable[[int], None] = lambda products: None
) -> Survey:
    """Read all of `source` once, but for its photos. Raises UnusableSource, and UnknownColumns of a list.

    on_rows: told from time to time how many products were read; what it raises ends the reading.
    """
    with _tree(source) as (tree, only):
        survey = Survey()
        lists, left = _lists(tree, only, reading)
        if not lists:
            products = _photo_products(tree)
            survey.total = sum(1 for _product in products)
        survey.oddities += left
        for name, table, format in lists:
            facts, odd = _survey_list(name, table, format, reading, survey, on_rows)
            survey.lists.append(facts)
            survey.oddities += [f"{name}: {text}" for text in odd] if len(lists) > 1 else odd
        if lists and not only and not any("image" in name for facts in survey.lists for name in facts.names):
            photos = sum(1 for name in tree.names() if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES)
            if photos:
                text = ngettext(
                    "%d photo lies beside the list, which has no column for photos.",
                    "%d photos lie beside the list, which has no column for photos.",
                    photos,
                )
                survey.oddities.append(text % photos)
        return survey


def read_source(source: Path, reading: Reading = AS_RECOGNISED, survey: Survey | None = None) -> Iterator[SourceRow]:
    """The products of `source`, in a stable order:

    - lists (CSV, TSV, XLSX, XML), alone or in a folder or ZIP, photo paths relative to the list;
    - a folder or ZIP of `<product_id>_<view_id>.jpg` files, or with a folder per product.

    survey: of this source, else it is made first. Of a large folder only the file names are held in memory.
    Raises UnusableSource before the first row.
    """
    survey = survey or survey_source(source, reading)
    with _tree(source) as (tree, _only):
        if not survey.lists:
            yield from _photo_products(tree)
        several = len(survey.lists) > 1
        for index, facts in enumerate(survey.lists):
            for record in _records(tree, facts, reading):
                row = _source_row(tree, facts, record, reading)
                row.line = record.line + index * LINES_PER_LIST
                if several:
                    row.place = _("%(name)s, line %(line)d") % {"name": facts.name, "line": record.line}
                yield row


@contextmanager
def _tree(source: Path) -> Iterator[tuple[_Tree, str]]:
    """(the files, the one list that is meant or "")."""
    if not source.exists():
        raise UnusableSource(_("%(path)s does not exist.") % {"path": source})
    if source.is_dir():
        yield _Folder(source), ""
    elif source.suffix.lower() in SUFFIXES:
        yield _Folder(source.parent), source.name
    elif source.suffix.lower() in (".xls", ".ods", ".numbers", ".xlsb"):
        raise UnusableSource(_("%(name)s: save it as .xlsx or CSV first.") % {"name": source.name})
    elif zipfile.is_zipfile(source):
        # It closes with the last photo that refers to it: a photo may be read after the row that follows it.
        yield Archive(zipfile.ZipFile(source)), ""
    else:
        raise UnusableSource(
            _("%(path)s is neither a folder nor a ZIP archive nor a list (CSV, TSV, XLSX, XML).")
            % {"path": source.name}
        )


def _lists(tree: _Tree, only: str, reading: Reading) -> tuple[list[tuple[str, Table, Format]], list[str]]:
    """The lists of a source, and in words which of its files are not read. Raises UnknownColumns if none is known."""
    if only:
        return [_open_list(tree, only, reading)], []
    names = sorted(tree.names(), key=lambda name: (name.count("/"), name))
    suffix_of = {name: PurePosixPath(name).suffix.lower() for name in names}
    photos = sum(suffix in PHOTO_SUFFIXES for suffix in suffix_of.values())
    found: list[tuple[str, Table, Format]] = []
    unknown: list[UnusableSource] = []
    left: list[str] = []
    for name in names:
        if suffix_of[name] not in SUFFIXES:
            if suffix_of[name] not in PHOTO_SUFFIXES:
                left.append(name)
            continue
        try:
            found.append(_open_list(tree, name, reading))
        except UnusableSource as error:
            left.append(name)
            if suffix_of[name] in SURE_LISTS:
                unknown.append(error)
    if unknown and not found:
        raise unknown[0]
    if not found and not photos:
        if packed := next((name for name in left if PurePosixPath(name).suffix.lower() in ARCHIVE_SUFFIXES), None):
            raise UnusableSource(_("It holds another archive, %(name)s. Unpack that one first.") % {"name": packed})
        raise UnusableSource(_("There is neither a list of products (such as products.csv) nor a photo in it."))
    if not left:
        return found, []
    text = ngettext("%(count)d file is not read: %(names)s.", "%(count)d files are not read: %(names)s.", len(left))
    return found, [text % {"count": len(left), "names": ", ".join(left[:5]) + (" …" if len(left) > 5 else "")}]


def _open_list(tree: _Tree, name: str, reading: Reading, facts: ListFacts | None = None) -> tuple[str, Table, Format]:
    chosen = _chosen_format(reading)

    def recognised(cells: list[str]) -> bool:
        columns = [fold(cell) for cell in cells]
        if chosen:
            return chosen.names_of(columns, []) is not None
        return any(format.names_of(columns, []) is not None for format in FORMATS)

    def opener() -> BinaryIO:
        return tree.open(name)

    table = open_table(
        name,
        opener,
        recognised,
        encoding=facts.encoding if facts else reading.encoding,
        delimiter=facts.delimiter if facts else "",
    )
    if facts:
        return name, table, _format_named(facts.format, reading)
    samples = [row.cells for row in islice(table.rows(), 20) if any(row.cells)]
    format = chosen or recognise(table.columns, samples)
    if format is None or format.names_of([fold(column) for column in table.columns], samples) is None:
        guess = table.encoding.name if table.encoding and table.encoding.guessed else ""
        raise UnknownColumns(name, table.columns, samples[:SAMPLES], guess)
    return name, table, format


def _chosen_format(reading: Reading) -> Format | None:
    if reading.mapping is not None:
        return mapped_format(reading.mapping)
    return next((format for format in FORMATS if format.name == reading.format), None)


def _format_named(name: str, reading: Reading) -> Format:
    return _chosen_format(reading) or next(format for format in FORMATS if format.name == name)


def _survey_list(
    name: str, table: Table, format: Format, reading: Reading, survey: Survey, on_rows: Callable[[int], None]
) -> tuple[ListFacts, list[str]]:
    """(how the list is read, what is odd in it); adds its products to the survey's total."""
    samples = [row.cells for row in islice(table.rows(), 200) if any(row.cells)]
    names = format.names_of([fold(column) for column in table.columns], samples[:20]) or []
    facts = ListFacts(name, format.name, format.label, table.columns, names, samples=samples[:SAMPLES])
    if table.encoding:
        encoding = table.encoding
        facts.encoding, facts.guessed = encoding.name, encoding.guessed
        facts.sample, facts.bad_bytes, facts.delimiter = encoding.sample, encoding.bad_bytes, table.delimiter
    if reading.decimal_mark:
        facts.decimal_mark = reading.decimal_mark
    else:
        evidence = (record for record in map(format.record, _few(format, names, table)))
        prices = (record.texts.get(name, "") for record in evidence for name in ("price", "sale_price"))
        facts.decimal_mark, facts.mixed = detect_decimal_mark(price for price in prices if price)
    apart, odd = Apart(format), _Odd(in_doubt=not facts.decimal_mark and not facts.mixed, currency=reading.currency)

    def counted() -> Iterator[Row]:
        for row in _rows(names, table):
            facts.rows += 1
            if facts.rows % TOLD_EVERY == 0:
                on_rows(survey.total)
            yield row

    for group in together(format, counted()):
        apart.note(group)
        survey.total += 1
        if not group[0].problem:
            odd.note(format.record(group))
    facts.apart, facts.assumed_mark = apart.found, odd.assumed_mark
    if facts.apart:
        survey.total += sum(1 for _group in gathered_rows(format, _rows(names, table))) - odd.products
    return facts, [*table.notes, *odd.told(facts)]


def _few(format: Format, names: list[str], table: Table) -> Iterator[list[Row]]:
    return ([row] for row in islice(_rows(names, table), EVIDENCE_ROWS) if not row.problem)


class _Odd:
    """Counts of what will look odd in the shop."""

    def __init__(self, *, in_doubt: bool = False, currency: str = "") -> None:
        self.in_doubt, self.currency = in_doubt, currency  # in_doubt: no price tells what a mark before three digits is
        self.assumed_mark, self.assumed_price = "", ""
        self.products = 0
        self.counts: Counter[str] = Counter()
        self.most_photos, self.with_most = 0, ""

    def note(self, record: Record) -> None:
        self.products += 1
        title = record.texts.get("title", "")
        self.counts["titled"] += bool(title)
        self.counts["sku_for_title"] += bool(title) and title == record.sku
        self.counts["priced"] += bool(record.texts.get("price"))
        self._note_price(record)
        self.counts["told_currency"] += bool(record.texts.get("currency"))
        self.counts["pictured"] += bool(record.images)
        self.counts["addresses"] += sum(is_address(image) for image in record.images)
        if len(record.images) > self.most_photos:
            self.most_photos, self.with_most = len(record.images), record.sku

    def _note_price(self, record: Record) -> None:
        currency = record.texts.get("currency", "").upper() or self.currency
        for name in ("price", "sale_price") if self.in_doubt else ():
            text = record.texts.get(name, "")
            if text and (mark := assumed_mark(text, currency)):
                self.counts["assumed"] += 1
                if not self.assumed_mark:
                    self.assumed_mark, self.assumed_price = mark, text

    def told(self, facts: ListFacts) -> list[str]:
        found: list[str] = []
        counts, products = self.counts, self.products
        if facts.bad_bytes:
            text = ngettext(
                "%d byte of the file is no text; a letter is garbled.",
                "%d bytes of the file are no text; as many letters are garbled.",
                facts.bad_bytes,
            )
            found.append(text % facts.bad_bytes)
        if not products:
            return [*found, _("The list has no rows.")]
        if not counts["titled"]:
            found.append(_("No product has a title: new ones are called by their SKU."))
        elif 2 * counts["sku_for_title"] > products:
            found.append(_("The titles are the same as the SKUs."))
        if not counts["priced"]:
            found.append(_("No product has a price."))
        if facts.mixed:
            found.append(_("Prices are written both with a decimal comma and with a decimal point."))
        if self.assumed_mark:
            text = ngettext(
                "No price of the list tells what the mark in %(example)s is. It is taken for that of thousands: "
                "%(amount)s, in %(count)d price.",
                "No price of the list tells what the mark in %(example)s is. It is taken for that of thousands: "
                "%(amount)s, in %(count)d prices.",
                counts["assumed"],
            )
            amount = parse_price(self.assumed_price, currency=self.currency).amount
            found.append(text % {"example": self.assumed_price, "amount": amount, "count": counts["assumed"]})
        if not counts["pictured"]:
            found.append(_("No product has a photo."))
        if self.most_photos > MANY_PHOTOS:
            found.append(
                _("%(sku)s would be one product with %(count)d photos.")
                % {"sku": self.with_most, "count": self.most_photos}
            )
        if counts["addresses"]:
            text = ngettext(
                "%d photo is fetched from its address.",
                "%d photos are fetched from their addresses.",
                counts["addresses"],
            )
            found.append(text % counts["addresses"])
        return found


def _rows(names: list[str], table: Table) -> Iterator[Row]:
    for row in table.rows():
        if row.problem or any(row.cells):
            yield Row(row.line, names, row.cells, row.problem or _too_many_cells(row, names))


def _too_many_cells(row: TableRow, names: list[str]) -> str:
    if len(row.cells) <= len(names) or not any(row.cells[len(names) :]):
        return ""
    return _("The line has %(cells)d cells, the header %(columns)d. Text with commas needs quotes.") % {
        "cells": len(row.cells),
        "columns": len(names),
    }


def _records(tree: _Tree, facts: ListFacts, reading: Reading) -> Iterator[Record]:
    _name, table, format = _open_list(tree, facts.name, reading, facts)
    rows = _rows(facts.names, table)
    for group in gathered_rows(format, rows) if facts.apart else together(format, rows):
        broken = group[0].problem
        record = Record(group[0]["sku"], problems=[broken]) if broken else format.record(group)
        if len(group) >= MAX_ROWS:
            record.problems.append(_("More than %d rows are one product. Is the right column taken for it?") % MAX_ROWS)
        record.rows = group
        yield record


def _source_row(tree: _Tree, facts: ListFacts, record: Record, reading: Reading) -> SourceRow:
    folder = PurePosixPath(facts.name).parent
    photos, urls = [], []
    for image in record.images:
        if is_address(image):
            urls.append(image)
        elif reading.image_base:
            urls.append(f"{reading.image_base.rstrip('/')}/{image.lstrip('/')}")
        else:
            photos.append(_photo(tree, str(folder / image.replace("\\", "/").lstrip("/")), image))
    prices = Prices(facts.decimal_mark, facts.mixed, reading.currency)
    return SourceRow(record.line, record, photos, urls, record.problems, prices)


def _photo_products(tree: _Tree) -> Iterator[SourceRow]:
    photos = [PurePosixPath(name) for name in tree.names() if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES]
    wrapper = _wrapper(photos)
    photos.sort(key=lambda path: (_product(path, wrapper), path))
    by_product = groupby(photos, key=lambda path: _product(path, wrapper))
    for number, ((*categories, sku), members) in enumerate(by_product, start=1):
        record = Record(sku, category=tuple(categories[-1:]))
        yield SourceRow(number, record, [_photo(tree, str(path), str(path)) for path in members], by_photos=True)


def _wrapper(photos: list[PurePosixPath]) -> int:
    """1 where one folder merely wraps all the others, or all of `<product_id>_<view_id>.jpg`; else 0."""
    if len({path.parts[0] for path in photos}) > 1:
        return 0
    return int(all(len(path.parts) > 2 or (len(path.parts) == 2 and "_" in path.stem) for path in photos))


def _product(path: PurePosixPath, wrapper: int) -> tuple[str, ...]:
    """(category, ..., SKU): the photo's folders, or of a photo outside any folder `<product_id>` of its name."""
    return path.parts[wrapper:-1] or (path.stem.rpartition("_")[0] or path.stem,)


def _photo(tree: _Tree, path: str, name: str) -> SourcePhoto:
    def read() -> bytes:
        try:
            with tree.open(path) as file:
                data = file.read(settings.PHOTO_MAX_BYTES + 1)
        except FileNotFoundError:
            raise InvalidPhoto(_("There is no such file.")) from None
        except UNREADABLE as error:
            raise InvalidPhoto(_("It cannot be read: %(reason)s") % {"reason": error}) from error
        if len(data) > settings.PHOTO_MAX_BYTES:
            raise too_many_bytes()
        return data

    return SourcePhoto(name, read)


class _Names:
    """Which file people mean: by its path, else by its name where one file alone has it; in any case and form."""

    def __init__(self, names: Iterable[str]) -> None:
        self.by_path: dict[str, str] = {}
        self.by_name: dict[str, str] = {}
        for name in names:
            self.by_path.setdefault(folded_name(name), name)
            last = folded_name(PurePosixPath(name).name)
            self.by_name[last] = name if last not in self.by_name else ""  # several: none is meant

    def find(self, path: str) -> str | None:
        for spelling in spellings(path):
            folded = folded_name(os.path.normpath(spelling))
            if found := self.by_path.get(folded) or self.by_name.get(folded.rpartition("/")[2]):
                return found
        return None


class _Folder:
    """A folder on this machine. Nothing outside it is read, whatever a path or a symbolic link says."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._names: _Names | None = None

    def names(self) -> Iterator[str]:
        for folder, below, files in os.walk(self.root):
            below[:] = [name for name in below if not is_clutter(name)]
            for name in files:
                if not is_clutter(name):
                    yield (Path(folder) / name).relative_to(self.root).as_posix()

    def open(self, name: str) -> BinaryIO:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root):
            raise OSError(_("it lies outside the folder that is imported."))
        if not path.exists():
            if self._names is None:
                self._names = _Names(islice(self.names(), MAX_ZIP_ENTRIES))
            found = self._names.find(name)
            path = (self.root / found).resolve() if found else path
        if not path.is_relative_to(self.root):
            raise OSError(_("it lies outside the folder that is imported."))
        if path.exists() and not path.is_file():
            raise OSError(_("it is not a file."))
        return path.open("rb")


class Archive:
    """A ZIP archive, refused as a whole if anything about it is hostile; never unpacked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MAX_ZIP_ENTRIES:
            raise UnusableSource(_("The archive holds more than %d files.") % MAX_ZIP_ENTRIES)
        for entry in entries:
            self._check(entry)
        packed, unpacked = sum(e.compress_size for e in entries), sum(e.file_size for e in entries)
        if unpacked > settings.IMPORT_MAX_BYTES:
            raise UnusableSource(
                _("Unpacked, the archive would take more than %d GB.") % (settings.IMPORT_MAX_BYTES // 10**9)
            )
        if unpacked > BOMB_BYTES and unpacked > packed * MAX_ZIP_RATIO:
            raise UnusableSource(_("The archive is packed so tightly that it cannot hold photos."))
        names = decoded_names(entries)
        self.entries = {names[entry.header_offset]: entry for entry in entries}
        self._names = _Names(self.names())

    @staticmethod
    def _check(entry: zipfile.ZipInfo) -> None:
        # orig_filename: zipfile mends some names on reading, which would hide what they are
        path = PurePosixPath(entry.orig_filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or str(path)[1:2] == ":":
            raise UnusableSource(
                _("The archive holds a path that points outside it: %(path)s") % {"path": entry.orig_filename}
            )
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnusableSource(
                _("The archive holds a symbolic link: %(path)s. Pack the file itself.") % {"path": entry.filename}
            )
        if entry.flag_bits & 0x1:
            raise UnusableSource(_("The archive is protected by a password."))

    def names(self) -> Iterator[str]:
        return (name for name in self.entries if not any(is_clutter(part) for part in PurePosixPath(name).parts))

    def open(self, name: str) -> BinaryIO:
        entry = self.entries.get(name) or self.entries.get(self._names.find(name) or "")
        if entry is None:
            raise FileNotFoundError(name)
        return cast(BinaryIO, self.archive.open(entry))
