"""Where an import comes from: a folder, a ZIP archive or a CSV with photos, read product by product.

All of it is untrusted. Nothing is unpacked; a photo is only ever read from inside its source, and never more of it than
PHOTO_MAX_BYTES.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, cast

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.imports.spreadsheets import unguarded
from catalog.photos.validation import InvalidPhoto, too_many_bytes

PHOTO_SUFFIXES = frozenset({".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".webp"})
COLUMNS = (
    "sku",
    "title",
    "category",
    "department",
    "brand",
    "price",
    "currency",
    "description",
    "attributes",
    "images",
)
CSV_NAME = "products.csv"
MAX_ZIP_ENTRIES = 500_000
# Photos hardly shrink, a CSV that people wrote shrinks tenfold; a bomb shrinks a thousandfold.
MAX_ZIP_RATIO = 200
BOMB_BYTES = 10_000_000  # what unpacks to less harms nobody
MAX_CSV_BYTES = 500_000_000
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)


class UnusableSource(ValueError):
    """Nothing can be imported from this; str() says why and what to do."""


@dataclass(frozen=True, slots=True)
class SourcePhoto:
    name: str  # its path inside the source
    read: Callable[[], bytes]  # raises InvalidPhoto


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One product as the source tells it. `fields` holds the columns that the source has, stripped."""

    line: int  # of the CSV; of a folder, the product's number in order
    sku: str
    fields: dict[str, str]
    photos: list[SourcePhoto]
    problems: list[str] = field(default_factory=list)  # the row cannot be used at all


class _Tree(Protocol):
    """The files of a source by their path inside it."""

    def names(self) -> Iterable[str]: ...

    def open(self, name: str) -> BinaryIO: ...


def read_source(source: Path) -> Iterator[SourceRow]:
    """The rows of `source`, in a stable order:

    - a CSV, or a folder or ZIP that holds `products.csv`: one row each, photo paths relative to the CSV;
    - a folder or ZIP of `<product_id>_<view_id>.jpg` files, or with a folder per product.

    Of a large folder only the file names are held in memory. Raises UnusableSource before the first row.
    """
    if not source.exists():
        raise UnusableSource(_("%(path)s does not exist.") % {"path": source})
    if source.is_dir():
        yield from _read_tree(_Folder(source))
    elif source.suffix.lower() == ".csv":
        yield from _read_csv(_Folder(source.parent), source.name)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            yield from _read_tree(_Archive(archive))
    else:
        raise UnusableSource(
            _("%(path)s is neither a folder nor a ZIP archive nor a CSV file.") % {"path": source.name}
        )


def _read_tree(tree: _Tree) -> Iterator[SourceRow]:
    names = sorted(tree.names())
    lists = [name for name in names if PurePosixPath(name).name.lower() == CSV_NAME]
    if lists:
        yield from _read_csv(tree, min(lists, key=lambda name: (name.count("/"), name)))
        return
    photos = [PurePosixPath(name) for name in names if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES]
    if not photos:
        raise UnusableSource(_("There is neither a products.csv nor a photo in it."))
    wrapper = _wrapper(photos)
    photos.sort(key=lambda path: (_product(path, wrapper), path))
    by_product = groupby(photos, key=lambda path: _product(path, wrapper))
    for number, ((*categories, sku), members) in enumerate(by_product, start=1):
        fields = {"category": categories[-1]} if categories else {}
        yield SourceRow(number, sku, fields, [_photo(tree, str(path)) for path in members])


def _wrapper(photos: list[PurePosixPath]) -> int:
    """1 where one folder merely wraps all the others, or all of `<product_id>_<view_id>.jpg`; else 0."""
    if len({path.parts[0] for path in photos}) > 1:
        return 0
    return int(all(len(path.parts) > 2 or (len(path.parts) == 2 and "_" in path.stem) for path in photos))


def _product(path: PurePosixPath, wrapper: int) -> tuple[str, ...]:
    """(category, ..., SKU): the photo's folders, or of a photo outside any folder `<product_id>` of its name."""
    return path.parts[wrapper:-1] or (path.stem.rpartition("_")[0] or path.stem,)


def _photo(tree: _Tree, name: str) -> SourcePhoto:
    def read() -> bytes:
        try:
            with tree.open(name) as file:
                data = file.read(settings.PHOTO_MAX_BYTES + 1)
        except FileNotFoundError:
            raise InvalidPhoto(_("There is no such file.")) from None
        except _UNREADABLE as error:
            raise InvalidPhoto(_("It cannot be read: %(reason)s") % {"reason": error}) from error
        if len(data) > settings.PHOTO_MAX_BYTES:
            raise too_many_bytes()
        return data

    return SourcePhoto(name, read)


def _read_csv(tree: _Tree, name: str) -> Iterator[SourceRow]:
    folder = PurePosixPath(name).parent
    try:
        with tree.open(name) as file:
            encoding = _encoding(file)
        with tree.open(name) as file, io.TextIOWrapper(file, encoding, errors="replace", newline="") as text:
            yield from _csv_rows(text, tree, folder)
    except UnusableSource:
        raise
    except _UNREADABLE as error:
        raise UnusableSource(_("%(name)s cannot be read: %(reason)s") % {"name": name, "reason": error}) from error


def _csv_rows(text: io.TextIOWrapper, tree: _Tree, folder: PurePosixPath) -> Iterator[SourceRow]:
    header = text.readline(10_000)
    delimiter = max(",;\t", key=header.count)  # Excel writes semicolons where the comma is the decimal sign
    columns = [column.strip().lower() for column in next(csv.reader([header], delimiter=delimiter), [])]
    if "sku" not in columns:
        raise UnusableSource(
            _("The first line must name the columns, with sku among them. It says: %(header)s")
            % {"header": header.strip()[:200] or _("nothing")}
        )
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        line = reader.line_num + 2  # lines count from 1, and the header is one
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield SourceRow(line, "", {}, [], [_("The line is not valid CSV: %(reason)s.") % {"reason": error}])
            continue
        if not any(cell.strip() for cell in cells):
            continue
        fields = {
            column: unguarded(cell.strip()) for column, cell in zip(columns, cells, strict=False) if column in COLUMNS
        }
        names = [part.strip().replace("\\", "/") for part in fields.pop("images", "").split("|")]
        photos = [_photo(tree, str(folder / photo)) for photo in names if photo]
        problems = []
        if len(cells) > len(columns):
            problems.append(
                _("The line has %(cells)d cells, the header %(columns)d. Text with commas needs quotes.")
                % {"cells": len(cells), "columns": len(columns)}
            )
        yield SourceRow(line, fields.pop("sku", ""), fields, photos, problems)


def _encoding(file: BinaryIO) -> str:
    """UTF-8 or UTF-16 by their marks; UTF-8 if all of it is; else what Excel saves on Windows."""
    start = file.read(1 << 16)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start[1:200:2].count(0) > 50:
        return "utf-16-le"
    decoder, size, chunk = codecs.getincrementaldecoder("utf-8-sig")(), 0, start
    try:
        while chunk:
            size += len(chunk)
            if size > MAX_CSV_BYTES:
                raise UnusableSource(_("The CSV file is larger than %d MB.") % (MAX_CSV_BYTES // 1_000_000))
            decoder.decode(chunk)
            chunk = file.read(1 << 16)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


class _Folder:
    """A folder on this machine. Nothing outside it is read, whatever a path or a symbolic link says."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def names(self) -> Iterator[str]:
        for folder, below, files in os.walk(self.root):
            below[:] = [name for name in below if not _is_clutter(name)]
            for name in files:
                if not _is_clutter(name):
                    yield (Path(folder) / name).relative_to(self.root).as_posix()

    def open(self, name: str) -> BinaryIO:
        path = (self.root / name).resolve()
        if not path.exists():  # a CSV uploaded together with its photos: they lie beside it, without their folders
            path = (self.root / PurePosixPath(name).name).resolve()
        if not path.is_relative_to(self.root):
            raise OSError(_("it lies outside the folder that is imported."))
        if path.exists() and not path.is_file():
            raise OSError(_("it is not a file."))
        return path.open("rb")


class _Archive:
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
        # macOS writes decomposed letters into archives; a CSV written elsewhere has composed ones.
        self.entries = {unicodedata.normalize("NFC", entry.filename): entry for entry in entries}

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
        return (name for name in self.entries if not any(_is_clutter(part) for part in PurePosixPath(name).parts))

    def open(self, name: str) -> BinaryIO:
        entry = self.entries.get(unicodedata.normalize("NFC", os.path.normpath(name)))
        if entry is None:
            raise FileNotFoundError(name)
        return cast(BinaryIO, self.archive.open(entry))


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
