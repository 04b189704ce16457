from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ml.data.cleaning import MOVED, find_flaws, set_aside
from ml.data.datasets import UnusableDataset


class Command(BaseCommand):
    help = "Report photos that are damaged, tiny or there twice; with --move-to, move them out of the way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH", help="a folder of photos")
        parser.add_argument(
            "--move-to", type=Path, metavar="DIR", help=f"move them here; DIR/{MOVED} says where each came from"
        )

    def handle(self, *args: Any, path: Path, move_to: Path | None, **options: Any) -> None:
        folder, target = path.resolve(), move_to.resolve() if move_to else None
        try:
            total, flaws = find_flaws(folder, skip=target)
            for flaw in flaws:
                self.stdout.write(f"{flaw.code}: {flaw.path}: {flaw.reason}")
            if target and flaws:
                set_aside(flaws, folder, target)
        except UnusableDataset as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The files could not all be moved: {error}. Run it again to go on.") from error
        counts = ", ".join(f"{count} {code}" for code, count in Counter(f.code for f in flaws).most_common())
        moved = f" Moved to {target}." if target and flaws else ""
        self.stdout.write(f"{total} photos, {len(flaws)} flawed{': ' + counts if counts else ''}.{moved}")
