"""Train the bundled model again, from nothing, in one command:

    KERAS_BACKEND=torch python scripts/train_bundled_model.py DATA SHOP OUT

DATA: the folder with grocery/ and clothing/ (see docs/learning.md). SHOP: the sample shop's pictures, made by
`manage.py draw_sample_shop` or whatever made them; never its query views. OUT: where the run is kept. Six stages of
64-pixel photos and one of 96; a killed run goes on when the same command is given again. Three hours on two cores
with AMX or AVX512-BF16.
The finished model directory is OUT/<version>/; it answers at 128 pixels, which suits a network trained on 96-pixel
crops better than 96 do (Touvron 2019).
"""

import contextlib
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import h5py
import keras
import numpy as np
from keras import ops

from catalog.sample_shop import draw_sample_shop
from ml import runs
from ml.datasets import Photo, read_photos
from ml.network import build_network
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
OTHER_SHOPS = ((1, 2), (1, 2, 3, 4, 5), (6, 7, 8, 9, 10))  # seeds in stages 5, 6, 7; the sample shop itself is seed 0
SHOP_SHARE = 3  # times each picture of the sample shop from stage 4 on: four views teach a product slowly
PICTURE_SHARE = 4  # times each grocery shop picture from stage 6 on: one among forty photos is drawn too seldom

FIRST = Recipe(input_size=64, p=24, epochs=8, steps=150, precision="bfloat16")
SECOND = replace(FIRST, p=20, epochs=6, steps=100, augmentation=0.7, triplet_weight=0.5)
THIRD = replace(SECOND, steps=90, learning_rate=7e-4)
FOURTH = replace(THIRD, epochs=4, learning_rate=6e-4, augmentation=0.85)
FIFTH = replace(FOURTH, epochs=2, steps=105, learning_rate=5e-4)
SIXTH = replace(FIRST, p=24, epochs=24, steps=100, augmentation=0.85, triplet_weight=0.5, ema=0.998)
SEVENTH = replace(SIXTH, input_size=96, epochs=12, learning_rate=6e-4, ema=0.99)
STAGES = (FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH)
CUT_AFTER = {FIRST: 2, THIRD: 4, SIXTH: 10}  # epochs, the rate being still high; the next stage goes on from there


class EnoughError(Exception):
    """Ends a stage that is cut."""


def main(data: Path, shop: Path, out: Path) -> None:
    grocery = data / "grocery"
    own = [grocery / "photos" / "train", grocery / "catalogue" / "images"]
    clothing = _named("c", data / "clothing")
    first = [photo for folder in own for photo in _named("g", folder)] + clothing
    rest = [photo for folder in (own[0], grocery / "photos" / "val", own[1]) for photo in _named("g", folder)]
    rest += _named("s", shop)
    last = rest + (SHOP_SHARE - 1) * _named("s", shop)

    weights = stage(FIRST, first, None, out / "stage-1")
    weights = stage(SECOND, rest, _with_stronger_colours(weights, out / "between.weights.h5"), out / "stage-2")
    weights = stage(THIRD, rest, weights, out / "stage-3")
    weights = stage(FOURTH, last, weights, out / "stage-4")
    more = last + (PICTURE_SHARE - 1) * _named("g", own[1])
    for number, (recipe, photos) in enumerate(((FIFTH, last), (SIXTH, more), (SEVENTH, more))):
        others = [photo for seed in OTHER_SHOPS[number] for photo in _other_shop(seed, out)]
        weights = stage(recipe, photos + others, weights, out / f"stage-{5 + number}")
    print(finish(rest + others, weights.parent, out))


def stage(recipe: Recipe, photos: list[Photo], weights: Path | None, folder: Path) -> Path:
    """Train one stage, or go on with it; returns its weights."""
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
        if row["epoch"] == CUT_AFTER.get(recipe):
            raise EnoughError

    with contextlib.suppress(EnoughError):
        train(recipe, network, photos_and_products, None, folder, report)
    done.touch()
    return result


def finish(photos: list[Photo], last_stage: Path, out: Path) -> Path:
    """The last stage's weights as a model directory: exported, judged, with its card; and in half precision, for
    `train_triplet --weights` to start from."""
    recipe = replace(STAGES[-1], input_size=SERVED_SIZE)
    sources = ["grocery", "sample shop", "other sample shops"]
    folder = runs.begin(recipe, photos, [], [], f"{last_stage.name} of {len(STAGES)}", sources, out)
    for name in (BEST_WEIGHTS, HISTORY):
        (folder / name).write_bytes((last_stage / name).read_bytes())
    finished = runs.finish(folder)
    card = json.loads((finished / runs.CARD).read_text())
    card["training"]["stages"] = [asdict(recipe) | {"cut_after": CUT_AFTER.get(recipe)} for recipe in STAGES]
    (finished / runs.CARD).write_text(json.dumps(card, indent=1))
    halve(finished / runs.WEIGHTS, finished / HALVED)
    return finished


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
    keras.utils.set_random_seed(0)
    main(*map(Path, sys.argv[1:4]))
