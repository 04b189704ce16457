"""Train the bundled model again, from nothing, in one command, and judge it:

    KERAS_BACKEND=torch python scripts/train_bundled_model.py DATA OUT

DATA: the folder with grocery/ and clothing/ (see docs/learning.md). OUT: where the run is kept, the sample shops drawn
too. Six stages of 64-pixel photos and three of 96; a killed run goes on when the same command is given again. Four
hours on two cores with AMX or AVX512-BF16; `--length .3` does with that share of the batches.
The finished model directory is OUT/<version>/, with all figures in its card. It answers at 128 pixels, which suits a
network trained on 96-pixel crops better than 96 do (Touvron 2019).

`--open-set` tells how well the recipe finds what it never saw: it trains on 40 of the 57 grocery products; then the
test photos of the other 17 search their train and val photos.
"""

import argparse
import contextlib
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "visualsearch.settings")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
import h5py
import keras
import numpy as np
from keras import ops

from catalog.sample_shop import draw_sample_shop
from ml.data.datasets import Photo, read_photos
from ml.data.splitting import split_by_product
from ml.embedder import Embedder
from ml.evaluation.recall import evaluate, with_colours, with_network
from ml.network import build_network
from ml.training import runs
from ml.training.loop import (
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
THE_SHOP, UNSEEN_SHOP = 0, 11  # seeds: what `make demo` draws, never its phone views; and one to measure with alone
OTHER_SHOPS = {5: (1, 2), 6: (1, 2, 3, 4, 5), 7: (6, 7, 8, 9, 10), 8: (13, 14), 9: (13, 14)}  # seeds, by stage
SHOP_SHARE = 3  # times each picture of the sample shop in stages 4 to 7: four views teach a product slowly
PICTURE_SHARE = 4  # times each grocery shop picture from stage 6 on: one among forty photos is drawn too seldom

FIRST = Recipe(input_size=64, p=24, epochs=8, steps=150, precision="bfloat16")
SECOND = replace(FIRST, p=20, epochs=6, steps=100, augmentation=0.7, triplet_weight=0.5)
THIRD = replace(SECOND, steps=90, learning_rate=7e-4)
FOURTH = replace(THIRD, epochs=4, learning_rate=6e-4, augmentation=0.85)
FIFTH = replace(FOURTH, epochs=2, steps=105, learning_rate=5e-4)
SIXTH = replace(FIRST, p=24, epochs=24, steps=100, augmentation=0.85, triplet_weight=0.5, ema=0.998)
SEVENTH = replace(SIXTH, input_size=96, epochs=12, learning_rate=6e-4, ema=0.99)
# The last two are for real photos: half of what they draw is grocery, in stage 7 a quarter was.
EIGHTH = replace(SEVENTH, epochs=8, learning_rate=5e-4)
NINTH = replace(EIGHTH, epochs=6, learning_rate=4e-4)
STAGES = (FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH, SEVENTH, EIGHTH, NINTH)
CUT_AFTER = {1: 2, 3: 4, 6: 10}  # stage: epochs, the rate being still high; the next stage goes on from there
HELD_OUT = 0.3  # of the grocery products, with --open-set
CLOSED_SET = "grocery photos/test against photos/train + photos/val"
OPEN_SET = "grocery photos/test of 17 products, never trained on, against their photos/train + photos/val"
PICTURES = "grocery photos/test against the 57 shop pictures (trained on)"
SHOP = "sample shop query views against its catalogue"
OPEN_SHOP = f"another sample shop (seed {UNSEEN_SHOP}), no product or picture of it trained on"
FIGURES = ("queries", "gallery", "products", "recall", "map_at_r", "mrr", "recall_1_ci95")
EXPORT_FIGURES = ("measured_on", "fp32_recall_1", "int8_recall_1", "keras_onnx_cosine")


class EnoughError(Exception):
    """Ends a stage that is cut."""


def main(data: Path, out: Path, length: float, open_set: bool) -> None:
    grocery = data / "grocery"
    training, validation, pictures = (
        _named("g", grocery / part) for part in ("photos/train", "photos/val", "catalogue/images")
    )
    held_out = _held_out(training + validation) if open_set else []
    unseen = {photo.product for photo in held_out}
    training, validation, pictures = (
        [photo for photo in photos if photo.product not in unseen] for photos in (training, validation, pictures)
    )
    shop, shop_queries = _shop(THE_SHOP, out)
    first = training + pictures + _named("c", data / "clothing")
    rest = training + validation + pictures + shop
    last = rest + (SHOP_SHARE - 1) * shop
    more = (PICTURE_SHARE - 1) * pictures

    def trained(number: int, photos: list[Photo], weights: Path | None) -> Path:
        # Other products, with their phone views: what a shop picture and a shopper's photo of one thing have in common
        # can be learned from them without a look at the products that are searched.
        others = [photo for seed in OTHER_SHOPS.get(number, ()) for part in _shop(seed, out) for photo in part]
        recipe = replace(STAGES[number - 1], steps=round(STAGES[number - 1].steps * length))
        return stage(recipe, photos + others, weights, out / f"stage-{number}", CUT_AFTER.get(number))

    weights = trained(1, first, None)
    weights = _with_stronger_colours(weights, out / "between.weights.h5")
    for number, photos in enumerate((rest, rest, last, last, *2 * [last + more], *2 * [rest + more]), 2):
        weights = trained(number, photos, weights)
    finished = finish(rest, weights.parent, out, length)
    print(finished)
    queries, unseen_shop = _named("g", grocery / "photos" / "test"), _shop(UNSEEN_SHOP, out)
    if open_set:
        judge(finished, {OPEN_SET: (queries, held_out), OPEN_SHOP: unseen_shop[::-1]})
        return
    protocols = {CLOSED_SET: (queries, training + validation), PICTURES: (queries, pictures)}
    protocols |= {SHOP: (shop_queries, shop), OPEN_SHOP: unseen_shop[::-1]}
    judge(finished, protocols, calibrate_on=PICTURES)


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


def finish(photos: list[Photo], last_stage: Path, out: Path, length: float) -> Path:
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


def judge(model: Path, protocols: dict[str, tuple[list[Photo], list[Photo]]], calibrate_on: str = "") -> None:
    """Print and note on the card how well each protocol's queries find their product in its gallery, the colour
    histogram beside; and what scores mean (min_score, closeness) by the protocol `calibrate_on`."""
    embedder = Embedder(model)
    card = json.loads((model / runs.CARD).read_text())
    card["metrics"] = {"export": {name: card["metrics"][name] for name in EXPORT_FIGURES}}
    for name, (queries, gallery) in protocols.items():
        found = evaluate(embedder.version, with_network(embedder), queries, gallery)
        baseline = evaluate("colour histogram", with_colours, queries, gallery)
        figures, of_colours = _rounded(found.as_json()), _rounded(baseline.as_json())
        card["metrics"][name] = {
            **{figure: figures[figure] for figure in FIGURES},
            "colour_histogram": {figure: of_colours[figure] for figure in FIGURES},
        }
        print(name, json.dumps(card["metrics"][name], indent=1))
        if name == calibrate_on and (least := found.min_score):
            card["min_score"] = figures["min_score"]["score"]
            card["closeness"] = [{key: step[key] for key in ("score", "precision")} for step in figures["closeness"]]
            card["min_score_how"] = (
                f"On {name}, keeps {least.kept:.0%} of the right best matches; {least.precision:.0%} of the best "
                "matches at or above it are right when every second shopper asks for what is not there."
            )
    (model / runs.CARD).write_text(json.dumps(card, indent=1))


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


def _shop(seed: int, out: Path) -> tuple[list[Photo], list[Photo]]:
    """A sample shop's catalogue pictures and phone views, drawn if need be."""
    folder = out / f"sample-shop-{seed}"
    draw_sample_shop(folder, seed)
    return _named(f"s{seed}", folder / "images"), _named(f"s{seed}", folder / "queries")


def _held_out(photos: list[Photo]) -> list[Photo]:
    """Those of the products that --open-set does not train on; compare_miners.py holds out the same."""
    as_filed = [replace(photo, product=photo.product.removeprefix("g/")) for photo in photos]
    unseen = {photo.path for photo in split_by_product(as_filed, HELD_OUT, val_fraction=0, seed=0)[2]}
    return [photo for photo in photos if photo.path in unseen]


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
    for name in ("data", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--length", type=float, default=1.0, help="share of each stage's batches (default 1)")
    parser.add_argument("--open-set", action="store_true", help="train on 40 products, judge on the other 17")
    django.setup()
    keras.utils.set_random_seed(0)
    main(**vars(parser.parse_args()))
