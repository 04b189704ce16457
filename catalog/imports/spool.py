"""Rows of one product brought together, and SKUs that were seen, on disk: memory stays flat for a million rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby

from catalog.imports.formats.record import Format, Row

MAX_ROWS = 5_000  # of one product; more are no variants but a column that is not what it was taken for
_CACHE_KB = 8_000


class Seen:
    """Where each key was seen first. Its file has no name and goes with it."""

    def __init__(self) -> None:
        # "": a temporary file that SQLite deletes by itself
        self.database = sqlite3.connect("", isolation_level=None)
        self.database.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")
        self.database.execute("BEGIN")

    def add(self, key: str, place: str = "") -> bool:
        """Whether `key` is new; then it was seen at `place`."""
        added = self.database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (_text(key), place)).rowcount
        return added == 1

    def place(self, key: str) -> str:
        (found,) = self.database.execute("SELECT place FROM seen WHERE key = ?", (_text(key),)).fetchone()
        return str(found)


def together(format: Format, rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of each product, of rows that follow each other only: nothing is kept but the product's own."""
    if format.key is None:
        for row in rows:
            yield [row]
        return
    names: set[str] = set()
    group: list[Row] = []
    for row in rows:
        key = format.key(row) if not row.problem else ""
        if group and key and key in names and len(group) < MAX_ROWS:
            group.append(row)
        else:
            if group:
                yield group
            group, names = [row], {key} - {""}
        names.update(format.referred(row))
    if group:
        yield group


class Apart:
    """Whether rows of one product lie apart, so that `together` would make several of it."""

    def __init__(self, format: Format) -> None:
        self.format = format
        self.seen = Seen()
        self.found = False

    def note(self, group: list[Row]) -> None:
        """Each group in turn."""
        if self.format.key is None or self.found:
            return
        keys = {name for row in group for name in (self.format.key(row), *self.format.referred(row))}
        known = [key for key in keys - {""} if not self.seen.add(key)]
        self.found = bool(known)


def gathered_rows(format: Format, rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows of each product wherever they lie, products in the order of their first row."""
    assert format.key is not None
    database = sqlite3.connect("", isolation_level=None)
    try:
        database.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("CREATE TABLE rows (key TEXT, line INTEGER, row TEXT)")
        database.execute("CREATE TABLE names (name TEXT PRIMARY KEY, key TEXT) WITHOUT ROWID")
        database.execute("BEGIN")
        for row in rows:
            key = "" if row.problem else format.key(row)
            key = _text(key) or f"\n{row.line}"  # of no other row
            stored = json.dumps([dict(row), list(row.cells), row.problem])
            database.execute("INSERT INTO rows VALUES (?, ?, ?)", (key, row.line, stored))
            for name in format.referred(row):
                database.execute("INSERT OR IGNORE INTO names VALUES (?, ?)", (_text(name), key))
        found = database.execute(
            """
            WITH named AS (SELECT coalesce(names.key, rows.key) AS key, line, row
                           FROM rows LEFT JOIN names ON names.name = rows.key)
            SELECT key, line, row FROM named JOIN (SELECT key, min(line) AS start FROM named GROUP BY key) USING (key)
            ORDER BY start, key, line
            """
        )
        for _key, members in groupby(found, key=lambda found: found[0]):
            group = [_row(line, stored) for _key, line, stored in members]
            yield group[:MAX_ROWS]
    finally:
        database.close()


def _row(line: int, stored: str) -> Row:
    cells_by_name, cells, problem = json.loads(stored)
    row = Row(line, [], cells, problem)
    row.update(cells_by_name)
    return row


def _text(key: str) -> str:
    return key.encode("utf-8", "replace").decode()
