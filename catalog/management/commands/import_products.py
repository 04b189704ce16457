"""manage.py import_products PATH [--dry-run]"""

import logging
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.imports.formats import FORMATS
from catalog.imports.formats.mapped import FIELDS, signature
from catalog.imports.formats.record import fold
from catalog.imports.importer import Action, Outcome, plan_import, run_import
from catalog.imports.sources import ListFacts, Survey, UnknownColumns, survey_source
from catalog.imports.tables import UnusableSource
from catalog.imports.values import Reading
from catalog.models import ImportProfile


class Command(BaseCommand):
    help = (
        "Import products and photos from a folder (<product_id>_<view_id>.jpg, or a folder per product), a ZIP "
        "archive, or a list (CSV, TSV, XLSX, XML) with photos. May be stopped and repeated at any time. Refused rows "
        "are listed with their line numbers and make the exit status 1; the others go in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="the folder, ZIP archive or list")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument("--format", choices=[format.name for format in FORMATS], help="if it is not recognised")
        parser.add_argument(
            "--map",
            action="append",
            metavar="COLUMN=FIELD",
            help=f"what a column of another list is: {', '.join(FIELDS)}; may be repeated",
        )
        parser.add_argument("--decimal-mark", choices=[".", ","], help="of prices, if it is not plain from the list")
        parser.add_argument("--currency", help="of prices that name none, such as EUR")
        parser.add_argument(
            "--empty-word", default="", help="a cell with this word empties the value; empty cells keep it"
        )
        parser.add_argument("--image-base", default="", help="address before the names of photos")

    def handle(self, *args: Any, path: Path, dry_run: bool, verbosity: int, **options: Any) -> None:
        logging.getLogger("django-q").setLevel(logging.WARNING)  # not a line for each photo queued
        counts: Counter[str] = Counter()
        try:
            reading, survey = _survey(path, options)
            for line in _found(survey, reading):
                self.stdout.write(line)
            bar = tqdm(total=survey.total, unit="product", disable=not sys.stderr.isatty())

            def tell(outcomes: list[Outcome]) -> None:
                for outcome in outcomes:
                    counts[outcome.action] += 1
                    counts["problems"] += len(outcome.problems)
                    bar.update()
                    for line in _lines(outcome, dry_run or verbosity > 1):
                        bar.write(line, file=self.stdout)

            with bar:
                if dry_run:
                    for outcome in plan_import(path, reading=reading, survey=survey):
                        tell([outcome])
                else:
                    run_import(path, tell, reading=reading, survey=survey)
        except UnknownColumns as unknown:
            raise CommandError("\n".join(_what_to_say(unknown))) from unknown
        except UnusableSource as error:
            raise CommandError(str(error)) from error

        summary = ", ".join(f"{counts[action]} {action.label}" for action in Action)
        self.stdout.write(f"{'Nothing was written. ' if dry_run else ''}Products: {summary}.")
        if counts["problems"]:
            raise CommandError("What the lines above name was refused; everything else is fine.")


def _survey(path: Path, options: dict[str, Any]) -> tuple[Reading, Survey]:
    mapping = None
    if options["map"]:
        pairs = [pair.rpartition("=") for pair in options["map"]]
        if wrong := [
            pair for pair, (column, mark, name) in zip(options["map"], pairs, strict=True) if name not in FIELDS
        ]:
            raise CommandError(f"--map {wrong[0]}: the field must be one of {', '.join(FIELDS)}.")
        mapping = {fold(column): name for column, _mark, name in pairs}
    said = {
        "format": "mapped" if mapping else options["format"] or "",
        "mapping": mapping,
        "decimal_mark": options["decimal_mark"] or "",
        "currency": (options["currency"] or "").upper(),
        "empty_word": options["empty_word"],
        "image_base": options["image_base"],
    }
    reading = Reading(**said)
    try:
        return reading, survey_source(path, reading)
    except UnknownColumns as unknown:
        profile = ImportProfile.objects.filter(columns=signature(unknown.columns)).order_by("-pk").first()
        if mapping or not profile:
            raise
        reading = Reading(**profile.reading | {name: value for name, value in said.items() if value})
        return reading, survey_source(path, reading)


def _found(survey: Survey, reading: Reading) -> list[str]:
    """What is known of the source before the first product."""
    lines = []
    for facts in survey.lists:
        lines.append(f"{facts.name}: {_kind(facts)}, {facts.rows} rows.")
        if facts.guessed:
            lines.append(f"{facts.name}: the encoding is a guess, {facts.encoding}. It makes: {facts.sample}")
        if facts.ignored:
            lines.append(f"{facts.name}: columns that are not used: {', '.join(facts.ignored)}.")
    return lines + survey.oddities


def _kind(facts: ListFacts) -> str:
    return facts.label or "columns as mapped"


def _what_to_say(unknown: UnknownColumns) -> list[str]:
    lines = [str(unknown), "Say what its columns are with --map, or once in the admin. They hold:"]
    for index, (column, proposed) in enumerate(zip(unknown.columns, unknown.proposed, strict=True)):
        samples = " | ".join(row[index][:40] for row in unknown.samples if index < len(row) and row[index])
        said = f"  --map {column!r}={proposed}" if proposed else f"  {column!r} is not used"
        lines.append(f"{said}   ({samples})")
    return lines


def _lines(outcome: Outcome, with_changes: bool) -> list[str]:
    start = f"{outcome.place or f'line {outcome.line}'}, {outcome.sku or 'no SKU'}"
    lines = [f"{start}: refused: {problem}" for problem in outcome.problems]
    if with_changes and outcome.changes:
        lines.append(f"{start}: {outcome.action.label}: {'; '.join(outcome.changes)}")
    return lines
