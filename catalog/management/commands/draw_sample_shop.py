"""manage.py draw_sample_shop DIR [--seed 0]"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.sample_shop import draw_sample_shop, is_complete


class Command(BaseCommand):
    help = (
        "Draw the sample shop into a directory: products.csv for import_products, its images, and photos of the same "
        "products to search with. A directory that already holds it is left as it is; an unfinished one is redone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, help="where to write; made if missing")
        parser.add_argument("--seed", type=int, default=0, help="another seed draws another shop")

    def handle(self, *args: Any, directory: Path, seed: int, verbosity: int, **options: Any) -> None:
        if seed < 0:
            raise CommandError("The seed must not be negative.")
        if is_complete(directory, seed):
            self.stdout.write(f"{directory} already holds the sample shop.")
            return
        with tqdm(unit="product", disable=None if verbosity else True) as bar:

            def show(drawn: int, total: int) -> None:
                bar.total = total
                bar.update(drawn - bar.n)
                if verbosity and bar.disable and drawn * 10 // total > (drawn - 1) * 10 // total:  # every tenth
                    self.stdout.write(f"{drawn} of {total} products drawn.")
                    self.stdout.flush()

            try:
                draw_sample_shop(directory, seed, on_product=show)
            except OSError as error:
                raise CommandError(f"Cannot write the sample shop to {directory}: {error}") from error
            except KeyboardInterrupt:
                raise CommandError("Stopped: the sample shop is not whole. Run it again.", returncode=130) from None
        self.stdout.write(f"The sample shop is in {directory}: import {directory / 'products.csv'}.")
