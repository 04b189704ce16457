"""Lists as rows of text, whatever they are kept in: CSV and its kin, Excel workbooks, XML feeds. Read in one direction,
a row at a time: memory does not grow with the file. All of it is untrusted."""

from __future__ import annotations

import csv
import datetime
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice, zip_longest
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

import openpyxl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from catalog.imports.encodings import Encoding, detect_encoding
from catalog.imports.spreadsheets import unguarded

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".tab", ".xlsx", ".xlsm", ".xml", ".rss"})
HEADER_ROWS = 10  # the columns are named in one of these; some templates put titles above
DELIMITERS = ",;\t|"
MAX_LINE = 5_000_000  # letters
MAX_CELL = 2_000_000  # letters; a description with pictures in it has hundreds of thousands
MAX_WORKBOOK_BYTES = 1_000_000_000  # unpacked
MAX_WORKBOOK_RATIO = 300
MAX_ITEM_BYTES = 20_000_000  # of XML
# RSS, Atom, and what price comparisons have
ITEMS = frozenset({"item", "entry", "product", "shopitem", "offer", "article", "artikel", "produkt"})

# MySQL's way to write a quote in a text. Not `C:\","`, and not `\""`, which is JSON in a CSV.
ESCAPED_QUOTE = re.compile(r'\\"(?=[^",;\t|\r\n])')

csv.field_size_limit(MAX_CELL)


class UnusableSource(ValueError):
    """Nothing can be imported from this; str() says why and what to do."""


@dataclass(frozen=True, slots=True)
class TableRow:
    line: int  # in the file, counted from 1; of XML the item's number
    cells: list[str]  # stripped
    problem: str = ""  # why it cannot be read


@dataclass
class Table:
    """`rows` may be asked for again and again; each time the file is read anew. It raises UnusableSource."""

    columns: list[str]  # as written
    rows: Callable[[], Iterator[TableRow]]
    encoding: Encoding | None = None
    delimiter: str = ""
    notes: list[str] = field(default_factory=list)  # what is left out: other sheets


Opener = Callable[[], BinaryIO]
Recognise = Callable[[list[str]], bool]  # whether these cells name the columns of a known format


def open_table(
    name: str,
    opener: Opener,
    recognise: Recognise,
    *,
    encoding: str = "",
    delimiter: str = "",
    header: int | None = None,
) -> Table:
    """The table in the file `name`. encoding, delimiter, header (a row's index): as found the first time, else found.

    Raises UnusableSource.
    """
    try:
        with opener() as file:
            kind = _kind(name, file.read(1000))
        if kind == "workbook":
            return _workbook(name, opener, recognise)
        if kind == "feed":
            return _feed(opener)
        return _text(name, opener, recognise, encoding, delimiter)
    except UnusableSource:
        raise
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise UnusableSource(_("%(name)s cannot be read: %(reason)s") % {"name": name, "reason": error}) from error


def _kind(name: str, start: bytes) -> str:
    """What the file is by its first bytes, whatever its name: "workbook", "feed" or "text". Raises UnusableSource."""
    if start.startswith(b"PK\x03\x04"):
        return "workbook"
    if start.startswith(b"\xd0\xcf\x11\xe0"):  # Excel before 2007, and workbooks with a password
        raise UnusableSource(_("%(name)s: save it as .xlsx or CSV first.") % {"name": name})
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = start.decode(encoding, "replace").lstrip().lower()
    if text.startswith(("<!doctype html", "<html", "<table", "<head")):
        raise UnusableSource(_("%(name)s is a web page, not a list: save it as .xlsx or CSV first.") % {"name": name})
    suffix = PurePosixPath(name).suffix.lower()
    return "feed" if text.startswith(("<?xml", "<rss", "<feed")) or suffix in (".xml", ".rss") else "text"


# CSV, TSV and the like


def _text(name: str, opener: Opener, recognise: Recognise, encoding: str, delimiter: str) -> Table:
    if encoding:
        found = Encoding(encoding)
    else:
        with opener() as file:
            found = detect_encoding(file)

    @contextmanager
    def lines() -> Iterator[_Lines]:
        with opener() as file, io.TextIOWrapper(file, found.name, errors="replace", newline="") as text:
            yield _Lines(text)

    with lines() as start:
        first = list(islice(start, HEADER_ROWS * 5))
    skip = next((index for index, line in enumerate(first) if line.strip()), 0)
    if first and first[skip : skip + 1] and first[skip].strip().lower().startswith("sep="):
        delimiter = delimiter or first[skip].strip()[4:5] or ("\t" if "\t" in first[skip] else ",")
        skip += 1
    header, delimiter = _header(first[skip:], recognise, delimiter)
    if header is None:
        raise UnusableSource(
            _("The first line must name the columns, with sku among them. It says: %(header)s")
            % {"header": _("nothing")}
        )

    def rows() -> Iterator[TableRow]:
        with lines() as text:
            for _skipped in range(skip):
                next(text, None)
            records = _records(text, delimiter)
            for _above in range(header + 1):
                next(records, None)
            yield from records

    with lines() as text:
        for _skipped in range(skip):
            next(text, None)
        columns = next(islice(_records(text, delimiter), header, None)).cells
    return Table(columns, rows, found, delimiter)


def _header(lines: Sequence[str], recognise: Recognise, delimiter: str) -> tuple[int | None, str]:
    """(index of the record that names the columns, delimiter)."""
    candidates = {}
    for sign in delimiter or DELIMITERS:
        reader = csv.reader(lines, delimiter=sign)
        try:
            records = list(islice(reader, HEADER_ROWS))
        except csv.Error:
            continue
        candidates[sign] = records
        for index, record in enumerate(records):
            if recognise(record):
                return index, sign
    if not candidates:
        return None, ","
    sign = max(candidates, key=lambda sign: max((len(record) for record in candidates[sign][:3]), default=0))
    filled = (index for index, record in enumerate(candidates[sign]) if any(cell.strip() for cell in record))
    return next(filled, None), sign


class _Lines:
    """The lines of a text, none longer than MAX_LINE; `number` is that of the last one given."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.number = 0
        self.record: list[str] = []  # since the record began

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.text.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAX_LINE:
            raise UnusableSource(
                _("Line %(line)d is longer than %(limit)d million letters.")
                % {"line": self.number, "limit": MAX_LINE // 1_000_000}
            )
        if '\\"' in line:
            line = ESCAPED_QUOTE.sub('""', line)
        if len(self.record) < 2:
            self.record.append(line)
        return line


def _records(lines: _Lines, delimiter: str) -> Iterator[TableRow]:
    """The records of a CSV. Raises UnusableSource where a quote never closes: what follows would be another's."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = lines.number + 1
        lines.record.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if len(lines.record) > 1 or lines.number > first or not lines.record:
                raise UnusableSource(_unclosed(first)) from error
            lenient = csv.reader([lines.record[0].rstrip("\r\n") + "\n", "\n"], delimiter=delimiter)
            try:
                cells = next(lenient)
            except csv.Error as broken:
                reason = _("The line is not valid CSV: %(reason)s.") % {"reason": broken}
                yield TableRow(first, [lines.record[0].split(delimiter)[0].strip()], reason)
                continue
            if lenient.line_num > 1:
                raise UnusableSource(_unclosed(first)) from error
        yield TableRow(first, [unguarded(cell.strip()) for cell in cells])


def _unclosed(line: int) -> str:
    return _(
        "In line %(line)d a quote opens that does not close. Close it, or double the quotes inside a text: nothing was "
        "read, as every line after it could be taken for another's."
    ) % {"line": line}


# Excel workbooks


def _workbook(name: str, opener: Opener, recognise: Recognise) -> Table:
    @contextmanager
    def book(formulas: bool = False) -> Iterator[Any]:
        with opener() as file, _seekable(file) as seekable:
            _check_workbook(seekable)
            loaded = openpyxl.load_workbook(seekable, read_only=True, data_only=not formulas, keep_links=False)
            try:
                yield loaded
            finally:
                loaded.close()

    with _workbook_errors(name), book() as loaded:
        sheets = [sheet for sheet in loaded.worksheets if sheet.sheet_state == "visible"] or loaded.worksheets
        starts = {sheet.title: list(islice(_cells(sheet), HEADER_ROWS)) for sheet in sheets}
    known = [title for title, rows in starts.items() if any(recognise(cells) for cells in rows)]
    full = [title for title, rows in starts.items() if any(any(cells) for cells in rows)]
    if not full:
        raise UnusableSource(_("%(name)s holds no table.") % {"name": name})
    title = (known or full)[0]
    start = starts[title]
    header = next((i for i, cells in enumerate(start) if recognise(cells)), None)
    if header is None:
        header = next(i for i, cells in enumerate(start) if any(cells))
    notes = [_("The sheet %(name)s is not read.") % {"name": other} for other in full if other != title]

    def rows() -> Iterator[TableRow]:
        with _workbook_errors(name), book() as values, book(formulas=True) as written:
            pairs: Iterator[tuple[list[str], list[str]]] = zip_longest(
                _cells(values[title]), _cells(written[title], formulas=True), fillvalue=[]
            )
            for line, (cells, formulas) in enumerate(islice(pairs, header + 1, None), start=header + 2):
                yield TableRow(line, [unguarded(cell) for cell in cells], _unsaved_formula(cells, formulas))

    return Table(start[header], rows, notes=notes)


def _cells(sheet: Any, formulas: bool = False) -> Iterator[list[str]]:
    sheet.reset_dimensions()  # what a file says of its size may be wrong, or made to be
    for row in sheet.iter_rows():
        yield [("=" if cell.data_type == "f" else "") if formulas else _cell_text(cell.value) for cell in row[:2000]]


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}" if value == value and abs(value) < 1e15 else str(value)
    if isinstance(value, datetime.datetime | datetime.date):
        return value.isoformat()
    return str(value).strip()[:MAX_CELL]


def _unsaved_formula(cells: list[str], formulas: list[str]) -> str:
    """Formulas are not worked out here: what the spreadsheet program saved as their value counts."""
    for index, (cell, formula) in enumerate(zip_longest(cells, formulas, fillvalue="")):
        if formula and not cell:
            letter = get_column_letter(index + 1)
            return _(
                "The cell in column %(column)s holds a formula without a value. Open the file in a spreadsheet program "
                "and save it."
            ) % {"column": letter}
    return ""


@contextmanager
def _seekable(file: IO[bytes]) -> Iterator[IO[bytes]]:
    if file.seekable():
        yield file
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        yield copy


def _check_workbook(file: IO[bytes]) -> None:
    with zipfile.ZipFile(file) as archive:
        packed = sum(entry.compress_size for entry in archive.infolist())
        unpacked = sum(entry.file_size for entry in archive.infolist())
    file.seek(0)
    if unpacked > MAX_WORKBOOK_BYTES or (unpacked > 10_000_000 and unpacked > packed * MAX_WORKBOOK_RATIO):
        raise UnusableSource(_("The workbook is packed so tightly that it is not opened. Save it as CSV."))


@contextmanager
def _workbook_errors(name: str) -> Iterator[None]:
    try:
        yield
    except UnusableSource:
        raise
    except DefusedXmlException as error:
        raise UnusableSource(_hostile_xml()) from error
    except Exception as error:  # openpyxl raises nearly anything on files that are none
        raise UnusableSource(
            _("%(name)s is not a workbook that can be read (%(reason)s). Save it as CSV.")
            % {"name": name, "reason": error}
        ) from error


# XML feeds: RSS and Atom items, whose children are the columns


def _feed(opener: Opener) -> Table:
    columns: list[str] = []
    for item in islice(_items(opener), 200):
        columns += [tag for tag in item if tag not in columns]
    if not columns:
        raise UnusableSource(_("There is no product in this feed: no <item>, no <entry> and no <product>."))
    order = {tag: index for index, tag in enumerate(columns)}

    def rows() -> Iterator[TableRow]:
        for number, item in enumerate(_items(opener), start=1):
            cells = [""] * len(columns)
            for tag, text in item.items():
                if tag in order:
                    cells[order[tag]] = text
            yield TableRow(number, cells)

    return Table(columns, rows)


def _items(opener: Opener) -> Iterator[dict[str, str]]:
    with opener() as file:
        metered = _Metered(file)
        path: list[Element] = []
        try:
            # DTDs and with them all entities of one's own are refused: bombs are made of these
            for event, element in iterparse(metered, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    path.append(element)
                    continue
                path.pop()
                if _tag(element) in ITEMS and not any(_tag(parent) in ITEMS for parent in path):
                    yield _item(element)
                    metered.since_item = 0
                    for parent in path:  # forget what was read
                        parent.clear()
        except ParseError as error:
            line, column = error.position
            raise UnusableSource(
                _("The feed is not valid XML in line %(line)d, column %(column)d.") % {"line": line, "column": column}
            ) from error
        except DefusedXmlException as error:
            raise UnusableSource(_hostile_xml()) from error


class _Metered:
    """A file that ends the reading of an item which never ends."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.since_item = 0

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(min(size, 1 << 16) if size > 0 else 1 << 16)
        self.since_item += len(data)
        if self.since_item > MAX_ITEM_BYTES:
            raise UnusableSource(
                _("A product of this feed is larger than %(limit)d MB.") % {"limit": MAX_ITEM_BYTES // 1_000_000}
            )
        return data


def _item(element: Element) -> dict[str, str]:
    """{tag: text}; of a tag that comes several times the texts joined by "|"."""
    found: dict[str, str] = {}
    for child in element:
        text = (child.text or child.get("href") or "").strip()
        if not text and len(child):  # <shipping><country>..., <author><name>...
            continue
        tag = _tag(child)
        found[tag] = f"{found[tag]}|{text}" if found.get(tag) else text
    return found


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _hostile_xml() -> str:
    return _("The file defines entities of its own, which can be a trap; it is not read.")
