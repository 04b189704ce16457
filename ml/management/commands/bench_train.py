import json
import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ml.data.datasets import UnusableDataset, read_photos
from ml.data.splitting import split_by_product


class Command(BaseCommand):
    help = (
        "Train the same network from the same weights on the same batches twice, with our triplet loss and with "
        "pytorch-metric-learning's (batch-hard, soft margin), and print both Recalls and both speeds. 30 % of the "
        "products are held out: photos of --queries search theirs. Needs what requirements.txt leaves out: "
        "pip install torch pytorch-metric-learning"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", required=True, nargs="+", metavar="PATH", help="photos, as of train_triplet")
        parser.add_argument("--queries", metavar="PATH", help="of the same products, such as shoppers' photos")
        parser.add_argument("--backbone", default="resnet50")
        parser.add_argument("--input-size", type=int, default=64)
        parser.add_argument("--steps", type=int, default=100, help="batches of 16 x 4 photos (default 100)")
        parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        if "REFERENCE" not in os.environ:  # both under PyTorch, which has to be chosen before Keras is loaded
            environment = os.environ | {"KERAS_BACKEND": "torch", "REFERENCE": "1"}
            done = subprocess.run([sys.executable, *sys.argv], env=environment)
            if done.returncode:
                sys.exit(done.returncode)
            return
        try:
            from pytorch_metric_learning import losses, miners  # noqa: F401
        except ImportError as error:
            raise CommandError(
                "The reference is not installed. Install it with: pip install torch pytorch-metric-learning"
            ) from error
        try:
            photos = [photo for source in options["data"] for photo in read_photos(source)]
            train, _, held_out = split_by_product(photos, 0.3, 0, seed=0)
            unseen = {photo.product for photo in held_out}
            asked = read_photos(options["queries"]) if options["queries"] else []
            queries = [photo for photo in asked if photo.product in unseen]
            if asked and not queries:
                raise UnusableDataset(
                    f"No photo of {options['queries']} shows one of the {len(unseen)} held out products."
                )
        except UnusableDataset as error:
            raise CommandError(str(error)) from error
        from ml.training.reference import compare

        wanted = {name: options[name] for name in ("backbone", "input_size", "steps", "precision", "seed")}
        rows = compare(train, queries or held_out, held_out if queries else None, **wanted)
        for row in rows:
            self.stdout.write(
                f"{row['name']:>24}: Recall@1 {row['recall_1']:.3f}, mAP@R {row['map_at_r']:.3f} on unseen products, "
                f"{row['photos_per_second']:.0f} photos/s"
            )
        if options["json"]:
            options["json"].write_text(json.dumps(rows, indent=1))
