"""manage.py import_products PATH [--dry-run]"""

import logging
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.imports.importer import Action, Outcome, count_rows, plan_import, run_import
from catalog.imports.sources import UnusableSource


class Command(BaseCommand):
    help = (
        "Import products and photos from a folder (<product_id>_<view_id>.jpg, or a folder per product), a ZIP "
        "archive, or a CSV with photos. May be stopped and repeated at any time. Refused rows are listed with their "
        "line numbers and make the exit status 1; the others go in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the folder, ZIP archive or CSV")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")

    def handle(self, *args: Any, path: Path, dry_run: bool, verbosity: int, **options: Any) -> None:
        logging.getLogger("django-q").setLevel(logging.WARNING)  # not a line for each photo queued
        counts: Counter[str] = Counter()
        try:
            bar = tqdm(total=count_rows(path), unit="product", disable=not sys.stderr.isatty())

            def tell(outcome: Outcome) -> None:
                counts[outcome.action] += 1
                counts["problems"] += len(outcome.problems)
                bar.update()
                for line in _lines(outcome, dry_run or verbosity > 1):
                    bar.write(line, file=self.stdout)

            with bar:
                if dry_run:
                    for outcome in plan_import(path):
                        tell(outcome)
                else:
                    run_import(path, tell)
        except UnusableSource as error:
            raise CommandError(str(error)) from error

        summary = ", ".join(f"{counts[action]} {action.label}" for action in Action)
        self.stdout.write(f"{'Nothing was written. ' if dry_run else ''}Products: {summary}.")
        if counts["problems"]:
            raise CommandError("What the lines above name was refused; everything else is fine.")


def _lines(outcome: Outcome, with_changes: bool) -> list[str]:
    start = f"line {outcome.line}, {outcome.sku or 'no SKU'}"
    lines = [f"{start}: refused: {problem}" for problem in outcome.problems]
    if with_changes and outcome.changes:
        lines.append(f"{start}: {outcome.action.label}: {'; '.join(outcome.changes)}")
    return lines
