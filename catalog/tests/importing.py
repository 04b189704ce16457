"""Importing the text of an export, and reading what came of it."""

from pathlib import Path
from typing import Any

from openpyxl import Workbook

from catalog.imports.importer import Outcome, run_import
from catalog.imports.values import Reading
from catalog.models import Product


def take(tmp_path: Path, text: str | bytes, name: str = "export.csv", **reading: Any) -> list[Outcome]:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    outcomes: list[Outcome] = []
    run_import(path, outcomes.extend, reading=Reading(**reading))
    return outcomes


def path_of(product: Product) -> str:
    names, category = [], product.category
    while category:
        names.append(category.name)
        category = category.parent
    return " > ".join(reversed(names))


def workbook(path: Path, rows: list[list[object]], **sheets: list[list[object]]) -> None:
    book = Workbook()
    first = book.worksheets[0]
    for row in rows:
        first.append(row)
    for title, more in sheets.items():
        sheet = book.create_sheet(title)
        for row in more:
            sheet.append(row)
    book.save(path)
