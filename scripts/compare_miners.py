"""Miners side by side at the same small cost, and what each trick brings, one at a time left out; for docs/learning.md.

    KERAS_BACKEND=torch python scripts/compare_miners.py ../shared/data/grocery/photos docs/images --seeds 0 1

Every run of a seed starts from the same weights and sees as many photos of 40 products (train and val). Judged on the
other 17, never trained on: their test photos search their train and val photos, as `train_bundled_model.py --open-set`
has it. Writes miners.csv, a row a run as it ends, and a picture, and prints the means as a table. Runs whose rows are
in miners.csv already are not run again, so a killed comparison goes on.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from ml.data.datasets import Photo, read_photos
from ml.data.pixels import CACHE_SHARE, Labelled, cached_pixels
from ml.data.splitting import split_by_product
from ml.evaluation.baseline import colour_histogram
from ml.evaluation.metrics import recall_at_k, retrieve
from ml.images import read_photo
from ml.network import build_network
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import embed

# ema .9: the default .99 averages over 100 batches, of which such a short run has too few.
ALL = Recipe(input_size=48, epochs=4, ema=0.9, precision="bfloat16")
PLAIN = replace(ALL, identity_weight=0, ema=0)
RUNS = {
    "random, margin .2": replace(PLAIN, miner="random", margin=0.2),
    "semi-hard, margin .2": replace(PLAIN, miner="semi-hard", margin=0.2),
    "batch-hard, soft margin": PLAIN,
    "batch-hard + identity head": replace(ALL, ema=0),
    "… + average of the weights: all": ALL,
    "all without identity head": replace(ALL, identity_weight=0),
    "all without triplet loss": replace(ALL, triplet_weight=0),
    "all with half the augmentation": replace(ALL, augmentation=0.5),
    "all without augmentation": replace(ALL, augmentation=0),
    "all without colours": replace(ALL, colours=False),
    "all without earlier stages": replace(ALL, levels=False),
}
FIGURES = ("recall_1", "recall_5", "map_at_r", "active", "photos_per_second")


def main(source: Path, out: Path, seeds: list[int], steps: int, runs: list[str], weights: Path | None) -> None:
    photos, _, held_out = split_by_product(
        read_photos(source / "train") + read_photos(source / "val"), test_fraction=0.3, val_fraction=0, seed=0
    )
    unseen = {photo.product for photo in held_out}
    queries = [photo for photo in read_photos(source / "test") if photo.product in unseen]
    print(f"{len(photos)} photos to learn from, {len(queries)} queries, gallery of {len(held_out)}", flush=True)
    print("colours alone:", judged(histograms(queries), queries, histograms(held_out), held_out), flush=True)
    table = out / "miners.csv"
    for seed in seeds:
        for name in runs:
            recipe = RUNS[name]
            key = {"run": name, "seed": str(seed), "batches": str(recipe.epochs * steps), "weights": str(weights or "")}
            if not any(key.items() <= row.items() for row in rows_of(table)):
                row = key | run(replace(recipe, seed=seed, steps=steps), weights, photos, queries, held_out)
                print(row, flush=True)
                append(row, table)
    means = averages(
        [row for row in rows_of(table) if row["batches"] == key["batches"] and row["weights"] == key["weights"]]
    )
    print_table(means)
    draw(means, out / f"miners-{key['batches']}{'-trained' if weights else ''}.png")


def run(
    recipe: Recipe, weights: Path | None, photos: list[Photo], queries: list[Photo], gallery: list[Photo]
) -> dict[str, float]:
    """Train by the recipe, from the weights if there are any; FIGURES of the queries' search in the gallery."""
    prepare_backend(recipe)
    network = build_network(**recipe.network)
    if weights:
        network.load_weights(weights)
    training = labelled(photos, int(recipe.input_size * CACHE_SHARE) // 8 * 8)
    with tempfile.TemporaryDirectory() as folder:
        history = train(recipe, network, training, None, Path(folder))
    vectors = [embed(network, labelled(part, recipe.input_size).pixels) for part in (queries, gallery)]
    return {
        **judged(vectors[0], queries, vectors[1], gallery),
        "active": round(history[-1]["active"], 3),
        "photos_per_second": round(history[-1]["photos_per_second"], 1),
    }


def judged(queries: np.ndarray, asked: list[Photo], gallery: np.ndarray, searched: list[Photo]) -> dict[str, float]:
    found = retrieve(queries, [photo.product for photo in asked], gallery, [photo.product for photo in searched], k=5)
    return {
        "recall_1": round(recall_at_k(found.matches, 1), 4),
        "recall_5": round(recall_at_k(found.matches, 5), 4),
        "map_at_r": round(float(found.average_precision.mean()), 4),
    }


def labelled(photos: list[Photo], size: int) -> Labelled:
    pixels, rows = cached_pixels(photos, size)
    return Labelled(pixels, np.array([photos[row].product for row in rows]))


def histograms(photos: list[Photo]) -> np.ndarray:
    return np.stack([colour_histogram(read_photo(photo.path, max_bytes=10**8, max_pixels=10**8)) for photo in photos])


def rows_of(table: Path) -> list[dict[str, str]]:
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def append(row: dict, table: Path) -> None:
    new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)


def averages(rows: list[dict[str, str]]) -> dict[str, dict[str, list[float]]]:
    """By run and figure, its value for each seed."""
    by_run: dict[str, dict[str, list[float]]] = {}
    for name in RUNS:
        values = defaultdict(list)
        for row in rows:
            if row["run"] == name:
                for figure in FIGURES:
                    values[figure].append(float(row[figure]))
        if values:
            by_run[name] = values
    return by_run


def print_table(by_run: dict[str, dict[str, list[float]]]) -> None:
    print("| run | Recall@1 | by seed | Recall@5 | mAP@R | active triplets at the end |\n|---|---|---|---|---|---|")
    for name, values in by_run.items():
        mean = {figure: np.mean(values[figure]) for figure in FIGURES}
        by_seed = " ".join(f"{value:.3f}" for value in values["recall_1"])
        print(
            f"| {name} | {mean['recall_1']:.3f} | {by_seed} | {mean['recall_5']:.3f} | {mean['map_at_r']:.3f} "
            f"| {mean['active']:.0%} |"
        )


def draw(by_run: dict[str, dict[str, list[float]]], path: Path) -> None:
    matplotlib.use("Agg")
    figure, axes = plt.subplots(figsize=(8, 0.9 + 0.5 * len(by_run)), layout="constrained")
    places = np.arange(len(by_run))[::-1]
    for shift, name, label in ((0.2, "recall_1", "Recall@1"), (-0.2, "map_at_r", "mAP@R")):
        bars = axes.barh(places + shift, [np.mean(values[name]) for values in by_run.values()], 0.38, label=label)
        axes.bar_label(bars, fmt="%.3f", padding=8)
        for place, values in zip(places, by_run.values(), strict=True):
            axes.plot(values[name], [place + shift] * len(values[name]), "|", color="black", markersize=7)
    axes.set(yticks=places, yticklabels=list(by_run), title="17 products never trained on; a stroke for each seed")
    axes.margins(x=0.12)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a folder with train/, val/ and test/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=30, help="batches of 16 x 4 an epoch, four epochs (default 30)")
    parser.add_argument("--weights", type=Path, help="start from these, which must not know the 17 products either")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS), metavar="NAME", help="default: all")
    main(**vars(parser.parse_args()))
