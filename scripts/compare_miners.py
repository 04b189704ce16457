"""Miners side by side at the same small cost, and what the network's two additions bring; for docs/learning.md.

    KERAS_BACKEND=torch python scripts/compare_miners.py ../shared/data/grocery/photos docs/images

Every run starts from the same weights and sees as many photos of 40 products (train and val). Judged on the other
17, never trained on: their test photos search their train and val photos. Writes miners.csv and miners.png.
"""

import csv
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from ml.datasets import Photo, read_photos
from ml.metrics import recall_at_k, retrieve
from ml.network import build_network
from ml.splitting import split_by_product
from ml.training import Labelled, Recipe, cached_pixels, embed, prepare_backend, train

SMALL = {"input_size": 48, "epochs": 4, "steps": int(os.environ.get("STEPS", 30)), "ema": 0.0, "precision": "bfloat16"}
RUNS = {
    "random": Recipe(**SMALL, miner="random", margin=0.2, identity_weight=0),
    "semi-hard": Recipe(**SMALL, miner="semi-hard", margin=0.2, identity_weight=0),
    "batch-hard": Recipe(**SMALL, identity_weight=0),
    "batch-hard + identity head": Recipe(**SMALL),
    "… without colours": Recipe(**SMALL, colours=False),
    "… without colours and levels": Recipe(**SMALL, colours=False, levels=False),
}


def labelled(photos: list[Photo], size: int) -> Labelled:
    pixels, rows = cached_pixels(photos, size)
    return Labelled(pixels, np.array([photos[row].product for row in rows]))


def main(source: Path, out: Path) -> None:
    train_photos, _, held_out = split_by_product(
        read_photos(source / "train") + read_photos(source / "val"), test_fraction=0.3, val_fraction=0, seed=0
    )
    unseen = {photo.product for photo in held_out}
    queries = [photo for photo in read_photos(source / "test") if photo.product in unseen]
    size = SMALL["input_size"]
    training, query, gallery = labelled(train_photos, 72), labelled(queries, size), labelled(held_out, size)
    print(
        f"{len(training.products)} photos to learn from, {len(queries)} queries, gallery of {len(held_out)}", flush=True
    )
    rows = []
    for name, recipe in RUNS.items():
        prepare_backend(recipe)
        network = build_network(**recipe.network)
        with tempfile.TemporaryDirectory() as folder:
            history = train(recipe, network, training, None, Path(folder))
        found = retrieve(
            embed(network, query.pixels), query.products, embed(network, gallery.pixels), gallery.products, k=5
        )
        row = {
            "run": name,
            "recall_1": round(recall_at_k(found.matches, 1), 4),
            "recall_5": round(recall_at_k(found.matches, 5), 4),
            "map_at_r": round(float(found.average_precision.mean()), 4),
            "active": round(history[-1]["active"], 3),
            "photos_per_second": round(history[-1]["photos_per_second"], 1),
        }
        print(row, flush=True)
        rows.append(row)
    with (out / "miners.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    draw(rows, out / "miners.png")


def draw(rows: list[dict], path: Path) -> None:
    matplotlib.use("Agg")
    figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
    places = np.arange(len(rows))[::-1]
    for shift, name, label in ((0.2, "recall_1", "Recall@1"), (-0.2, "map_at_r", "mAP@R")):
        bars = axes.barh(places + shift, [row[name] for row in rows], 0.38, label=label)
        axes.bar_label(bars, fmt="%.3f", padding=3)
    axes.set(yticks=places, yticklabels=[row["run"] for row in rows], title="17 products never trained on")
    axes.margins(x=0.1)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
