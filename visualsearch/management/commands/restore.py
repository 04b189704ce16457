from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from visualsearch.backup import BackupError, restore


class Command(BaseCommand):
    help = "Bring a backup back into an empty VAR_DIR (or an empty database of DATABASE_URL)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            restore(options["file"])
        except BackupError as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write("Restored. Start web and worker; `manage.py doctor` looks whether all is well.")
