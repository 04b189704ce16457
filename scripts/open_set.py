"""How well products are found that training never saw, in one command, through the commands of the project:

    KERAS_BACKEND=torch python scripts/open_set.py ../shared/data/grocery/photos var/open-set --input-size 64 --epochs 8

What follows the two folders is passed on to train_triplet. Trains on 40 of the 57 grocery products (train and val
photos); then the test photos of the other 17 search their train and val photos. The colour histogram's figures stand
beside. Leaves the split, the model, figures.json and report.html in the second folder.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
from django.core.management import call_command


def main(source: Path, out: Path, training: list[str]) -> None:
    split, models = out / "split", out / "models"
    before = set(models.glob("*"))
    parts = [str(source / "train"), str(source / "val")]
    call_command("split_dataset", *parts, "--out", str(split), "--test-fraction", "0.3", "--val-fraction", "0")
    call_command(
        "train_triplet", "--data", str(split / "train"), "--val-fraction", "0", "--out", str(models), *training
    )
    (model,) = set(models.glob("*")) - before
    call_command(
        "recall_at_k", "--model", str(model), "--queries", str(source / "test"), "--gallery", str(split / "test"),
        "--baseline", "--json", str(out / "figures.json"), "--report", str(out / "report.html"),
    )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    django.setup()
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
