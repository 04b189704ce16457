from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from visualsearch.backup import BackupError, back_up


class Command(BaseCommand):
    help = "Write the whole shop into one file: database, photos, models, key. While it serves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="such as shop-2026-11-25.tar; replaced when the new one is whole")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"].resolve()
        try:
            counts = back_up(file)
        except BackupError as problem:
            raise CommandError(str(problem)) from None
        parts = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        self.stdout.write(f"{file}: the database, {parts}; {file.stat().st_size / 1e6:,.0f} MB.")
        if settings.MEDIA_BUCKET:
            self.stdout.write(f"Photos lie in the bucket {settings.MEDIA_BUCKET} and are not in it: back that up too.")
