"""Train the bundled model again, from nothing, in one command:

    KERAS_BACKEND=torch python scripts/train_bundled_model.py DATA SHOP OUT

DATA: the folder with grocery/ and clothing/ (see docs/learning.md). SHOP: the sample shop's pictures, made by
`manage.py draw_sample_shop` or whatever made them; never its query views. OUT: where the run is kept. Six stages of
64-pixel photos and two of 96; a killed run goes on when the same command is given again. Four hours on two cores
with AMX or AVX512-BF16; `--length .3` does with that share of the batches.
The finished model directory is OUT/<version>/; it answers at 128 pixels, which suits a network trained on 96-pixel
crops better than 96 do (Touvron 2019).

`--open-set` tells how well the recipe finds what it never saw: it trains on 40 of the 57 grocery products; then the
test photos of the other 17 search their train and val photos, the colour histogram's figures beside. They are left in
OUT/figures.json and OUT/report.html.
"""

import argparse
import contextlib
import csv
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
import h5py
import keras
import numpy as np
from django.core.management import call_command
from keras import ops

from catalog.sample_shop import draw_sample_shop
from ml import runs
from ml.datasets import Photo, read_photos
from ml.network import build_network
from ml.splitting import split_by_product
from ml.training import (
    BEST_WEIGHTS,
    CACHE_SHARE,
    HISTORY,
    Labelled,
    Recipe,
    cached_pixels,
    prepare_backend,
    train,
)

SERVED_SIZE = 128
HALVED = "resnet50-fp16.weights.h5"
COLOURS_FACTOR = 4.0  # after the first stage: 64 colour shares among 6,000 features would be drowned
# Seeds in stages 5 to 8; the sample shop itself is seed 0, 11 and 12 are kept to measure with.
OTHER_SHOPS = {5: (1, 2), 6: (1, 2, 3, 4, 5), 7: (6, 7, 8, 9, 10), 8: (13, 14)}
SHOP_SHARE = 3  # times each picture of the sample shop in stages 4 to 7: four views teach a product slowly
PICTURE_SHARE = 4  # times each grocery shop picture from stage 6 on: one among forty photos is drawn too seldom

FIRST = Recipe(input_size=64, p=24, epochs=8, steps=150, precision="bfloat16")
SECOND = replace(FIRST, p=20, epochs=6, steps=100, augmentation=0.7, triplet_weight=0.5)
THIRD = replace(SECOND, steps=90, learning_rate=7e-4)
FOURTH = replace(THIRD, epochs=4, learning_rate=6e-4, augmentation=0.85)
FIFTH = replace(FOURTH, epochs=2, steps=105, learning_rate=5e-4)
SIXTH = replace(FIRST, p=24, epochs=24, steps=100, augmentation=0.85, triplet_weight=0.5, ema=0.998)
SEVENTH = replace(SIXTH, input_size=96, epochs=12, learning_rate=6e-4, ema=0.99)
# The last is for real photos: half of what it draws is grocery, in stage 7 a quarter was.
EIGHTH = replace(SEVENTH, epochs=8, learning_rate=5e-4)
STAGES = (FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH)
CUT_AFTER = {1: 2, 3: 4, 6: 10}  # stage: epochs, the rate being still high; the next stage goes on from there
HELD_OUT = 0.3  # of the grocery products, with --open-set


class EnoughError(Exception):
    """Ends a stage that is cut."""


def main(data: Path, shop: Path, out: Path, length: float, open_set: bool) -> None:
    grocery = data / "grocery"
    parts = [grocery / "photos" / "train", grocery / "photos" / "val", grocery / "catalogue" / "images"]
    held_out = _held_out(parts[:2]) if open_set else []
    unseen = {f"g/{photo.product}" for photo in held_out}
    training, validation, pictures = (
        [photo for photo in _named("g", part) if photo.product not in unseen] for part in parts
    )
    first = training + pictures + _named("c", data / "clothing")
    rest = training + validation + pictures + _named("s", shop)
    last = rest + (SHOP_SHARE - 1) * _named("s", shop)
    more = (PICTURE_SHARE - 1) * pictures

    def trained(number: int, photos: list[Photo], weights: Path | None) -> Path:
        others = [photo for seed in OTHER_SHOPS.get(number, ()) for photo in _other_shop(seed, out)]
        recipe = replace(STAGES[number - 1], steps=round(STAGES[number - 1].steps * length))
        return stage(recipe, photos + others, weights, out / f"stage-{number}", CUT_AFTER.get(number))

    weights = trained(1, first, None)
    weights = _with_stronger_colours(weights, out / "between.weights.h5")
    for number, photos in enumerate((rest, rest, last, last, last + more, last + more, rest + more), 2):
        weights = trained(number, photos, weights)
    finished = finish(rest, weights.parent, out, length)
    print(finished)
    if open_set:
        judge_open_set(finished, grocery / "photos" / "test", held_out, out)


def stage(
    recipe: Recipe, photos: list[Photo], weights: Path | None, folder: Path, cut_after: int | None = None
) -> Path:
    """Train one stage, or go on with it; returns its weights. cut_after: end it after as many epochs."""
    done, result = folder / "done", folder / BEST_WEIGHTS
    if done.exists():
        return result
    folder.mkdir(parents=True, exist_ok=True)
    prepare_backend(recipe)
    network = build_network(**recipe.network)
    if weights:
        network.load_weights(weights)
    pixels, rows = cached_pixels(photos, int(recipe.input_size * CACHE_SHARE) // 8 * 8)
    photos_and_products = Labelled(pixels, np.array([photos[row].product for row in rows]))

    def report(row: dict[str, float]) -> None:
        print(folder.name, {name: round(value, 3) for name, value in row.items()}, flush=True)
        if row["epoch"] == cut_after:
            raise EnoughError

    with contextlib.suppress(EnoughError):
        train(recipe, network, photos_and_products, None, folder, report)
    done.touch()
    return result


def finish(photos: list[Photo], last_stage: Path, out: Path, length: float = 1.0) -> Path:
    """The last stage's weights as a model directory: exported, judged, with its card; and in half precision, for
    `train_triplet --weights` to start from."""
    recipe = replace(STAGES[-1], input_size=SERVED_SIZE)
    sources = ["grocery", "clothing", "sample shop", "other sample shops"]
    folder = runs.begin(recipe, photos, [], [], f"{last_stage.name} of {len(STAGES)}", sources, out)
    for name in (BEST_WEIGHTS, HISTORY):
        (folder / name).write_bytes((last_stage / name).read_bytes())
    finished = runs.finish(folder)
    card = json.loads((finished / runs.CARD).read_text())
    card["training"]["stages"] = [
        asdict(recipe) | {"cut_after": CUT_AFTER.get(number)} for number, recipe in enumerate(STAGES, 1)
    ]
    card["training"]["length"] = length
    (finished / runs.CARD).write_text(json.dumps(card, indent=1))
    halve(finished / runs.WEIGHTS, finished / HALVED)
    return finished


def judge_open_set(model: Path, queries: Path, held_out: list[Photo], out: Path) -> None:
    """Print and write how well `queries` find the products that training never saw."""
    gallery = out / "held-out.csv"
    with gallery.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("path", "product"), *((photo.path.resolve(), photo.product) for photo in held_out)]
        )
    call_command(
        "recall_at_k", "--model", str(model), "--queries", str(queries), "--gallery", str(gallery),
        "--baseline", "--json", str(out / "figures.json"), "--report", str(out / "report.html"),
    )  # fmt: skip


def halve(weights: Path, out: Path) -> None:
    """The weights file at half the size: Keras reads float16 into float32 variables."""
    with h5py.File(weights) as source, h5py.File(out, "w") as target:

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Dataset):
                target.create_dataset(name, data=item[()].astype(np.float16))
            else:
                target.require_group(name).attrs.update(item.attrs)

        source.visititems(copy)


def _other_shop(seed: int, out: Path) -> list[Photo]:
    """A sample shop of other products, with their phone views: what a shop picture and a shopper's photo of one thing
    have in common can be learned from it without a look at the products that are searched."""
    folder = out / f"sample-shop-{seed}"
    draw_sample_shop(folder, seed)
    return [photo for part in ("images", "queries") for photo in _named(f"s{seed}", folder / part)]


def _held_out(parts: list[Path]) -> list[Photo]:
    """The photos of the products that --open-set does not train on; compare_miners.py holds out the same."""
    photos = [photo for part in parts for photo in read_photos(part)]
    return split_by_product(photos, test_fraction=HELD_OUT, val_fraction=0, seed=0)[2]


def _named(prefix: str, folder: Path) -> list[Photo]:
    """The folder's photos; the prefix keeps products of the same name in different sets apart."""
    return [Photo(photo.path, f"{prefix}/{photo.product}") for photo in read_photos(folder)]


def _with_stronger_colours(weights: Path, out: Path) -> Path:
    if not out.exists():
        network = build_network(**FIRST.network)
        network.load_weights(weights)
        scale = network.get_layer("pooled_norm").gamma
        values = np.array(ops.convert_to_numpy(scale))
        values[-network.get_layer("colours").kernel.shape[1] :] *= COLOURS_FACTOR
        scale.assign(values)
        network.save_weights(out)
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "shop", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--length", type=float, default=1.0, help="share of each stage's batches (default 1)")
    parser.add_argument("--open-set", action="store_true", help="train on 40 products, judge on the other 17")
    django.setup()
    keras.utils.set_random_seed(0)
    main(**vars(parser.parse_args()))
