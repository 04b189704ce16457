"""A training run, from photos to a model directory: begin, go on after an interruption, finish.

While it runs, `<version>.unfinished/` contains everything needed to resume; when it is finished, that folder is renamed
to `<version>/`, complete with model.onnx and card.json. So an incomplete folder is never taken for a model.
"""

import csv
import json
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ml.data.datasets import JudgedPicture, Photo, UnusableDataset
from ml.data.pixels import CACHE_SHARE, Labelled, cached_pixels
from ml.data.splitting import check_that_there_is_something_to_compare
from ml.efficientnet_lite import WeightsPackageMissing
from ml.files import whole
from ml.models import keras_weights
from ml.network import UnknownBackbone, build_network
from ml.training import export
from ml.training.callbacks import BEST_WEIGHTS, CHECKPOINT, HISTORY, also_to_tensorboard
from ml.training.export import SERVED
from ml.training.frozen import STAGES
from ml.training.loop import train
from ml.training.model_card import distances, model_card
from ml.training.plots import draw_curves
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import Validation

RUN, WEIGHTS, CARD, CURVES = "run.json", "network.weights.h5", "card.json", "curves.png"
TENSORBOARD, PICTURES = "tensorboard", "judged"  # folders of the run
UNFINISHED = ".unfinished"
NEEDED_BYTES = 1_500_000_000  # checkpoint, best weights and exports of a ResNet50, with room to replace each
JUDGED_PHOTOS = 1500  # training photos on which int8 is evaluated if there is no validation


class WeightsMismatch(ValueError):
    """The weights file belongs to another network."""


def begin(
    recipe: Recipe,
    train_photos: list[Photo],
    queries: list[Photo],
    gallery: list[Photo],
    weights: str,
    sources: list[str],
    out: Path,
    judged: Sequence[JudgedPicture] = (),
    tensorboard: bool = False,
    teacher: Path | None = None,
) -> Path:
    """Create the folder of a new run below `out`; returns it.

    queries, gallery: validation photos; without a gallery the queries search one another, without queries there is no
    validation. weights: "imagenet", "none", or a file. judged: pictures from relevance feedback; those without a
    product in `train_photos` are left out. tensorboard: also write event files. teacher: directory of a model to distil
    from.

    Raises UnusableDataset, OSError (no room on the disk).
    """
    judged = _telling(judged, {photo.product for photo in train_photos})
    shown = [Photo(Path(), picture.product) for picture in judged if picture.product]
    check_that_there_is_something_to_compare([*train_photos, *shown])
    _check_validation(queries, gallery)
    out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out).free
    if free < NEEDED_BYTES:
        raise OSError(f"{out} has {free / 1e9:.1f} GB left, training needs {NEEDED_BYTES / 1e9:.1f} GB")
    version = f"{recipe.backbone}-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    folder = out / f"{version}{UNFINISHED}"
    folder.mkdir()
    try:
        kinds = {photo.product: photo.category or "" for photo in train_photos}
        pictures, hard_negatives = _written(judged, kinds, folder, first_row=len(train_photos))
        facts = {
            "version": version,
            "recipe": asdict(recipe),
            "weights": weights,
            "sources": sources,
            "train": _listed(train_photos) + pictures,
            "hard_negatives": hard_negatives,
            "judged": len(judged),
            "queries": _listed(queries),
            "gallery": _listed(gallery),
            "tensorboard": tensorboard,
            "teacher": str(teacher.resolve()) if teacher else None,
        }
        (folder / RUN).write_text(json.dumps(facts, indent=1))
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def read_run(folder: Path) -> dict[str, Any]:
    """The contents of run.json in `folder`. Raises UnusableDataset if there is no run to resume."""
    if not (folder / RUN).is_file():
        raise UnusableDataset(f"{folder} is not the folder of a training run: it holds no {RUN}.")
    if not folder.name.endswith(UNFINISHED):
        raise UnusableDataset(f"{folder} is finished already; there is nothing to go on with.")
    return json.loads((folder / RUN).read_text())


def go_on(
    folder: Path,
    report: Callable[[dict[str, float]], None],
    report_batch: Callable[[int, int], None] = lambda epoch, batch: None,
) -> None:
    """Train a begun run until its recipe is fulfilled, from its last checkpoint if there is one.

    report, report_batch: called after each epoch (with its row), and after each batch (with epoch and batch, from 1).

    Raises UnusableDataset, WeightsMismatch, UnknownBackbone, OSError.
    """
    facts = read_run(folder)
    recipe = Recipe(**facts["recipe"])
    prepare_backend(recipe)
    network = initial_network(recipe, facts["weights"])
    teacher = load_network(Path(facts["teacher"])) if facts["teacher"] else None
    side = max(recipe.input_size, teacher.input.shape[1] if teacher else 0)
    training = _labelled(folder, facts["train"], int(side * CACHE_SHARE) // 8 * 8, facts["hard_negatives"])
    check_that_there_is_something_to_compare(
        Photo(Path(), product, kind)
        for product, kind in zip(training.products, training.kinds if training.kinds is not None else (), strict=True)
        if product
    )
    if facts["tensorboard"]:
        report = also_to_tensorboard(report, folder / TENSORBOARD)
    validation = _validation(folder, facts, recipe)
    history = train(recipe, network, training, validation, folder, report, teacher=teacher, report_batch=report_batch)
    facts["seconds"] = sum(epoch_seconds(recipe, row) for row in history)  # including those before interruptions
    facts["backend"] = keras.backend.backend()
    facts["epochs"] = len(history)
    _write_run(folder, facts)


def finish(folder: Path) -> Path:
    """Export the best weights, evaluate them, write card and curves; returns the directory of the finished model.

    Raises ExportMismatch if ONNX and Keras disagree, OSError; the run can then be finished again.
    """
    facts = read_run(folder)
    recipe = Recipe(**facts["recipe"])
    if not (folder / BEST_WEIGHTS).exists():
        raise UnusableDataset(f"{folder} holds no finished epoch yet. Go on with --resume {folder}.")
    prepare_backend(recipe)
    shutil.copy2(folder / BEST_WEIGHTS, folder / WEIGHTS)
    known = [listed for listed in facts["train"] if listed[1]]
    sample = _labelled(folder, _sample(known, export.CALIBRATION_PHOTOS, recipe.seed), recipe.input_size).pixels
    judged = _validation(folder, facts, recipe) or Validation(
        _labelled(folder, _sample(known, JUDGED_PHOTOS, recipe.seed), recipe.input_size)
    )
    exported = export.export_model(recipe.network, folder / WEIGHTS, sample, judged, folder)
    card = model_card(folder, facts, recipe, exported, judged)
    draw_curves(folder / HISTORY, distances(judged, folder / SERVED), folder / CURVES)
    (folder / CARD).write_text(json.dumps(card, indent=1))
    finished = folder.with_name(facts["version"])
    folder.rename(finished)
    for name in (CHECKPOINT, BEST_WEIGHTS, STAGES):
        (finished / name).unlink(missing_ok=True)
    shutil.rmtree(finished / PICTURES, ignore_errors=True)  # a model must not contain shoppers' pictures
    return finished


def finished_epochs(folder: Path) -> list[dict[str, float]]:
    """The history of the run in `folder`, with the `seconds` of each epoch's batches."""
    recipe = Recipe(**read_run(folder)["recipe"])
    path = folder / HISTORY
    rows = list(csv.DictReader(path.open())) if path.exists() else []
    history = [{name: float(value) for name, value in row.items()} for row in rows]
    return [row | {"seconds": epoch_seconds(recipe, row)} for row in history]


def plan_epochs(folder: Path, epochs: int) -> None:
    """Set the total number of epochs of the run in `folder`, including those that are done."""
    facts = read_run(folder)
    facts["recipe"]["epochs"] = epochs
    _write_run(folder, facts)


def discard_if_untrained(folder: Path) -> bool:
    """Delete the folder of a run without a checkpoint; True if it has one and is kept."""
    if (folder / CHECKPOINT).exists() or not folder.name.endswith(UNFINISHED):
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return False


def initial_network(recipe: Recipe, weights: str) -> keras.Model:
    """weights: "none", "imagenet", a .weights.h5 file of this network, or an .h5 file of the backbone alone.

    Raises WeightsMismatch, UnknownBackbone, OSError (imagenet without a network).
    """
    own = weights.endswith(".weights.h5")
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        raise WeightsMismatch(f"There is no weights file {weights}.")
    try:
        network = build_network(**recipe.network, trunk_weights=None if own or weights == "none" else weights)
        if own:
            network.load_weights(weights)
    except WeightsPackageMissing as error:
        raise WeightsMismatch(str(error)) from error
    except (ValueError, KeyError, OSError) as error:
        if weights == "none" or isinstance(error, UnknownBackbone):
            raise
        if weights == "imagenet":
            raise WeightsMismatch(
                f"The ImageNet weights of {recipe.backbone} could not be downloaded ({_first_line(error)}). "
                "Connect to the network, or pass --weights with a file or none."
            ) from error
        raise WeightsMismatch(
            f"{weights} does not fit {recipe.backbone} with {recipe.dim} dimensions: {_first_line(error)}"
        ) from error
    return network


def load_network(directory: Path) -> keras.Model:
    """The Keras network of a finished model directory, in float32, as a teacher. Raises WeightsMismatch."""
    card = json.loads((directory / CARD).read_text())
    weights = keras_weights(directory)
    if "network" not in card or weights is None:
        raise WeightsMismatch(f"{directory} holds no Keras weights, so nothing can learn from it.")
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        network = build_network(**card["network"])
        network.load_weights(weights)
    finally:
        keras.config.set_dtype_policy(policy)
    return network


def _write_run(folder: Path, facts: dict[str, Any]) -> None:
    with whole(folder / RUN) as unfinished:
        unfinished.write_text(json.dumps(facts, indent=1))


def epoch_seconds(recipe: Recipe, epoch: dict[str, float]) -> float:
    """Duration of the batches of an epoch, from its row of figures."""
    return recipe.steps * recipe.p * recipe.k / epoch["photos_per_second"]


def _listed(photos: list[Photo]) -> list[list[str]]:
    """Path, product and kind of each photo."""
    return [[str(photo.path.resolve()), photo.product, photo.category or ""] for photo in photos]


def _telling(judged: Sequence[JudgedPicture], products: set[str]) -> list[JudgedPicture]:
    """The pictures that concern `products`; judgements on other products are removed."""
    within = [
        replace(
            picture,
            product=picture.product if picture.product in products else None,
            wrong=tuple(product for product in picture.wrong if product in products),
        )
        for picture in judged
    ]
    return [picture for picture in within if picture.product or picture.wrong]


def _written(
    judged: list[JudgedPicture], kinds: dict[str, str], folder: Path, first_row: int
) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """Write the pictures into the run's folder; returns their list and the hard negatives: (row, product mistaken for
    it).

    A picture of a known product is one row; any other is one row for each product that it does not show.
    """
    listed: list[list[str]] = []
    hard_negatives: list[tuple[int, str]] = []
    if judged:
        (folder / PICTURES).mkdir()
    for picture in judged:
        path = f"{PICTURES}/{picture.name}.jpg"
        (folder / path).write_bytes(picture.jpeg)
        if picture.product:
            hard_negatives += [(first_row + len(listed), wrong) for wrong in picture.wrong]
            listed.append([path, picture.product, kinds.get(picture.product, "")])
        else:
            for wrong in picture.wrong:
                hard_negatives.append((first_row + len(listed), wrong))
                listed.append([path, "", ""])
    return listed, hard_negatives


def _check_validation(queries: list[Photo], gallery: list[Photo]) -> None:
    """Raises UnusableDataset if there are queries and none of them has its product in the gallery."""
    found = Counter(photo.product for photo in gallery or queries)
    if queries and not any(found[photo.product] > (not gallery) for photo in queries):
        raise UnusableDataset(
            f"None of the {len(queries)} validation photos shows a product that is trained on."
            if gallery
            else "No product of the validation photos has two of them."
        )


def _labelled(
    folder: Path, listed: list[list[str]], size: int, hard_negatives: Sequence[tuple[int, str]] = ()
) -> Labelled:
    """The readable photos of a run, and those pairs of `hard_negatives` (row of `listed`, product)
    that concern them.
    """
    photos = [Photo(folder / path, product) for path, product, _ in listed]  # absolute paths stay as they are
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing:
        raise UnusableDataset(f"{len(missing)} photos of this run are gone, first {missing[0]}.")
    # Decoded pictures of shoppers are cached in the run's folder, so that they are deleted with it.
    judged = any(path.startswith(f"{PICTURES}/") for path, *_ in listed)
    pixels, rows = cached_pixels(photos, size, folder=folder / PICTURES if judged else None)
    if not rows:
        raise UnusableDataset("None of the photos can be read.")
    products = [listed[row][1] for row in rows]
    place_of, readable = {row: place for place, row in enumerate(rows)}, set(products)
    kept = [(place_of[row], product) for row, product in hard_negatives if row in place_of and product in readable]
    return Labelled(pixels, np.array(products), kept, np.array([listed[row][2] for row in rows]))


def _validation(folder: Path, facts: dict[str, Any], recipe: Recipe) -> Validation | None:
    if not facts["queries"]:
        return None
    gallery = _labelled(folder, facts["gallery"], recipe.input_size) if facts["gallery"] else None
    return Validation(_labelled(folder, facts["queries"], recipe.input_size), gallery)


def _sample(listed: list[list[str]], count: int, seed: int) -> list[list[str]]:
    chosen = np.random.default_rng(seed).permutation(len(listed))[:count]
    return [listed[row] for row in chosen]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
