"""What each part of the training brings, at equal photos, with several seeds; for docs/learning.md.

    KERAS_BACKEND=torch python scripts/ablations.py DATA OUT --seeds 0 1 [--teacher WEIGHTS]

Every run of a seed trains EfficientNet-Lite0 on the same photos: 40 of the 57 grocery products with their shop
pictures, and four fifths of the clothing. Judged on what no run has seen: test photos of the other 17 products against
their train and val photos (Recall@1, mAP@R) and against their shop pictures (Recall@1); the held-back clothing photos
against the others (same-kind precision@6). Float32 networks, exact search.

Writes OUT/ablations.csv, a row a run as it ends, and prints the means as a table. Runs whose rows are there already are
not run again, so a killed comparison goes on. `--teacher`: weights of an EfficientNet-Lite2 that has not seen the 17
products either, for the run that learns from it. Needs `pip install pytorch-metric-learning` for the reference.
"""

import argparse
import csv
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

django.setup()

import keras
import numpy as np
from keras import ops
from train_bundled_model import (
    PICTURE_SHARE,
    REFINED,
    clothing_photos,
    grocery_photos,
    held_out_products,
    is_held_back,
    kinds,
    labelled,
    shop_pictures,
)

from ml.data.datasets import Photo
from ml.data.pixels import CACHE_SHARE
from ml.evaluation.metrics import recall_at_k, retrieve, same_kind_precision
from ml.network import build_network
from ml.training.learner import Learner
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.reference import ReferenceLearner
from ml.training.validation import embed
from ml.triplet import triplet_loss, triplets


class HierarchicalTriplets(Learner):
    """In place of the kind head and the contrastive loss: batch-hard triplets of kinds beside those of products."""

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        found = triplets(y_pred["embedding"], x["kinds"], "batch-hard")
        of_kinds = triplet_loss(found, None, self._recipe.sharpness)
        return super().compute_loss(x, y, y_pred, sample_weight, training) + 0.25 * of_kinds


class MultiSimilarity(Learner):
    """In place of the kind head and the contrastive loss: the multi-similarity loss over kinds (Wang 2019)."""

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        return super().compute_loss(x, y, y_pred, sample_weight, training) + multi_similarity_loss(
            y_pred["embedding"], x["kinds"]
        )


def multi_similarity_loss(embeddings: Any, labels: Any, alpha: float = 2, beta: float = 50, base: float = 0.5) -> Any:
    """Wang 2019, with the paper's weights, without its mining: a scalar. labels: int [n]; -1 takes no part."""
    known = ops.logical_and(labels[:, None] >= 0, labels[None] >= 0)
    itself = ops.eye(ops.shape(labels)[0], dtype="bool")
    same = ops.logical_and(ops.logical_and(known, labels[:, None] == labels[None]), ops.logical_not(itself))
    other = ops.logical_and(known, labels[:, None] != labels[None])
    cosines = ops.matmul(embeddings, ops.transpose(embeddings)) - base
    pulled = ops.sum(ops.where(same, ops.exp(-alpha * cosines), 0.0), axis=1)
    pushed = ops.sum(ops.where(other, ops.exp(beta * cosines), 0.0), axis=1)
    return ops.mean(ops.log1p(pulled) / alpha + ops.log1p(pushed) / beta)


@dataclass(frozen=True)
class Run:
    recipe: Recipe
    learner: type[Learner] = Learner
    imagenet: bool = True
    taught: bool = False


# ema .9: the recipe's .98 averages over more batches than so short a run has.
WHOLE = replace(REFINED, backbone="efficientnetlite0", input_size=128, backbone_rate=0.2, epochs=3, ema=0.9)
NO_KINDS = replace(WHOLE, kind_weight=0, contrast_weight=0)
TRIPLETS = replace(NO_KINDS, identity_weight=0, triplet_weight=1)
RUNS = {
    "the recipe": Run(WHOLE),
    "the backbone at the full rate": Run(replace(WHOLE, backbone_rate=1)),
    "from nothing": Run(replace(WHOLE, backbone_rate=1), imagenet=False),
    "without kinds": Run(NO_KINDS),
    "kinds: the head alone": Run(replace(WHOLE, contrast_weight=0)),
    "kinds: the contrastive loss alone": Run(replace(WHOLE, kind_weight=0)),
    "kinds: hierarchical triplets": Run(NO_KINDS, HierarchicalTriplets),
    "kinds: multi-similarity": Run(NO_KINDS, MultiSimilarity),
    "lower stages frozen (--fast)": Run(replace(WHOLE, frozen_stages=True)),
    "with a teacher": Run(WHOLE, taught=True),
    "triplets alone, batch-hard": Run(TRIPLETS),
    "triplets alone, random, margin .2 (the demo this replaces)": Run(replace(TRIPLETS, miner="random", margin=0.2)),
    "pytorch-metric-learning, batch-hard, soft margin": Run(TRIPLETS, ReferenceLearner),
}
FIGURES = ("recall_1", "map_at_r", "pictures_recall_1", "same_kind_precision_6", "seconds")


@dataclass(frozen=True)
class Photos:
    training: list[Photo]
    queries: list[Photo]  # of products never trained on
    gallery: list[Photo]
    pictures: list[Photo]
    clothing_queries: list[Photo]
    clothing_gallery: list[Photo]


def main(data: Path, out: Path, seeds: list[int], steps: int, runs: list[str], teacher: Path | None) -> None:
    photos = photos_of(data)
    print({name: len(part) for name, part in vars(photos).items()}, flush=True)
    table = out / "ablations.csv"
    if not any(row["run"] == "no training" for row in rows_of(table)):
        append({"run": "no training", "seed": "0", "batches": "0", **untrained(photos), "seconds": 0}, table)
    for seed in seeds:
        for name in runs:
            key = {"run": name, "seed": str(seed), "batches": str(WHOLE.epochs * steps)}
            if (RUNS[name].taught and not teacher) or any(key.items() <= row.items() for row in rows_of(table)):
                continue
            figures = trained(replace_recipe(RUNS[name], seed=seed, steps=steps), photos, teacher)
            print(name, seed, figures, flush=True)
            append(key | figures, table)
    print_table(rows_of(table))


def photos_of(data: Path) -> Photos:
    unseen = held_out_products(data)
    known, pictures, test = (
        grocery_photos(data, "train", "val"),
        shop_pictures(data),
        grocery_photos(data, "test"),
    )
    clothing = clothing_photos(data)
    seen = [photo for photo in clothing if not is_held_back(photo)]
    learned = [photo for photo in known if photo.product not in unseen]
    shown = [photo for photo in pictures if photo.product not in unseen]
    return Photos(
        training=learned + PICTURE_SHARE * shown + seen,
        queries=[photo for photo in test if photo.product in unseen],
        gallery=[photo for photo in known if photo.product in unseen],
        pictures=[photo for photo in pictures if photo.product in unseen],
        clothing_queries=[photo for photo in clothing if is_held_back(photo)],
        clothing_gallery=seen,
    )


def replace_recipe(run: Run, **changes: Any) -> Run:
    return replace(run, recipe=replace(run.recipe, **changes))


def untrained(photos: Photos) -> dict[str, float]:
    """FIGURES but the time of the ImageNet weights under a random projection."""
    prepare_backend(WHOLE)
    return judged(build_network(**WHOLE.network, trunk_weights="imagenet"), photos)


def trained(run: Run, photos: Photos, teacher_weights: Path | None) -> dict[str, float]:
    """FIGURES after the run; its seconds without reading photos and judging."""
    prepare_backend(run.recipe)
    network = build_network(**run.recipe.network, trunk_weights="imagenet" if run.imagenet else None)
    teacher = None
    if run.taught and teacher_weights:
        teacher = build_network(**REFINED.network)
        teacher.load_weights(teacher_weights)
    side = max(run.recipe.input_size, teacher.input.shape[1] if teacher else 0)
    training = labelled(photos.training, int(side * CACHE_SHARE) // 8 * 8)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        train(run.recipe, network, training, None, Path(folder), learner=run.learner, teacher=teacher)
    seconds = round(time.perf_counter() - started)
    return {**judged(network, photos), "seconds": seconds}


def judged(network: keras.Model, photos: Photos) -> dict[str, float]:
    size = network.input.shape[1]
    vectors = {name: embed(network, labelled(part, size).pixels) for name, part in vars(photos).items()
               if name != "training"}  # fmt: skip
    products = {name: [photo.product for photo in part] for name, part in vars(photos).items()}
    asked = vectors["queries"], products["queries"]
    of_photos = retrieve(*asked, vectors["gallery"], products["gallery"], k=1)
    of_pictures = retrieve(*asked, vectors["pictures"], products["pictures"], k=1)
    cosines = vectors["clothing_queries"] @ vectors["clothing_gallery"].T
    nearest = np.argsort(-cosines, axis=1)[:, :6].astype(np.int32)
    of_kind = same_kind_precision(nearest, kinds(photos.clothing_queries), kinds(photos.clothing_gallery))
    figures = {
        "recall_1": recall_at_k(of_photos.matches, 1),
        "map_at_r": float(of_photos.average_precision.mean()),
        "pictures_recall_1": recall_at_k(of_pictures.matches, 1),
        "same_kind_precision_6": float(of_kind.mean()),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def rows_of(table: Path) -> list[dict[str, str]]:
    if not table.exists():
        return []
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def append(row: dict[str, Any], table: Path) -> None:
    new = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow(row)


def print_table(rows: list[dict[str, str]]) -> None:
    print("| run | seeds | Recall@1 | by seed | mAP@R | to shop pictures | same kind@6 | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in ["no training", *RUNS]:
        if found := [row for row in rows if row["run"] == name]:
            mean = {figure: np.mean([float(row[figure]) for row in found]) for figure in FIGURES}
            by_seed = " ".join(f"{float(row['recall_1']):.3f}" for row in found)
            print(
                f"| {name} | {len(found)} | {mean['recall_1']:.3f} | {by_seed} | {mean['map_at_r']:.3f} "
                f"| {mean['pictures_recall_1']:.3f} | {mean['same_kind_precision_6']:.3f} | {mean['seconds']:.0f} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with grocery/ and clothing/")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--steps", type=int, default=20, help="batches of 64 an epoch, three epochs (default 20)")
    parser.add_argument("--teacher", type=Path, metavar="WEIGHTS")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS), metavar="NAME", help="default: all")
    main(**vars(parser.parse_args()))
