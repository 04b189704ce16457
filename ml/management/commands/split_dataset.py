from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ml.data.datasets import MANIFEST, UnusableDataset, read_photos
from ml.data.splitting import split_by_product, write_split


class Command(BaseCommand):
    help = (
        "Split photos into train, validation and test parts that share no product, as DIR/train, DIR/val and "
        f"DIR/test with a list in DIR/{MANIFEST}. Files are hard links where possible, else copies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", nargs="+", metavar="PATH", help="photos, in any layout that train_triplet reads; taken together"
        )
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder yet to be made")
        parser.add_argument("--test-fraction", type=fraction, default=0.2, help="of the products (default .2)")
        parser.add_argument("--val-fraction", type=fraction, default=0.1, help="of the products (default .1)")
        parser.add_argument("--seed", type=int, default=0, help="another seed, another split (default 0)")

    def handle(
        self,
        *args: Any,
        paths: list[str],
        out: Path,
        test_fraction: float,
        val_fraction: float,
        seed: int,
        **options: Any,
    ) -> None:
        out = out.resolve()
        try:
            photos = [photo for path in paths for photo in read_photos(path)]
            parts = split_by_product(photos, test_fraction, val_fraction, seed)
            written = write_split([photo for part in parts for photo in part], out)
        except UnusableDataset as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The split could not be written, and nothing of it is left: {error}.") from error
        for name, part in zip(("train", "val", "test"), parts, strict=True):
            self.stdout.write(f"{name}: {len(part)} photos of {len({photo.product for photo in part})} products")
        self.stdout.write(f"Written to {out}." if written else f"{out} holds this split already.")


def fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise ArgumentTypeError(f"{text} is not a fraction from 0 to below 1")
    return value
