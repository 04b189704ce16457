"""A training run from photos to a model directory that serves: begun, resumed after a kill, finished.

While it runs, `<version>.unfinished/` holds what it takes to go on; when it is finished, that folder is renamed to
`<version>/`, complete with model.onnx and card.json. So nothing half-written ever looks like a model.
"""

import json
import platform
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
from numpy.typing import NDArray

from ml.data.datasets import JudgedPicture, Photo, UnusableDataset
from ml.data.splitting import check_that_products_have_several_photos
from ml.evaluation.metrics import (
    Retrieval,
    bootstrap_interval,
    calibrate_min_score,
    closeness_steps,
    hit_at_k,
    mean_reciprocal_rank,
    recall_at_k,
    retrieve,
)
from ml.network import build_network
from ml.training import export
from ml.training.loop import (
    BEST_WEIGHTS,
    CACHE_SHARE,
    CHECKPOINT,
    HISTORY,
    Labelled,
    Recipe,
    Validation,
    cached_pixels,
    prepare_backend,
    train,
    whole,
)

RUN, WEIGHTS, FP32, SERVED, CARD, CURVES = (
    "run.json", "network.weights.h5", "model-fp32.onnx", "model.onnx", "card.json", "curves.png",
)  # fmt: skip
TENSORBOARD, PICTURES = "tensorboard", "judged"  # folders of the run
UNFINISHED = ".unfinished"
NEEDED_BYTES = 1_500_000_000  # checkpoint, best weights and exports of a ResNet50, with room to replace each
JUDGED_PHOTOS = 1500  # training photos on which int8 is judged when there is no validation


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
) -> Path:
    """Make the folder of a new run below `out`; returns it.

    queries, gallery: validation photos; without a gallery each query searches the others, without queries there is no
    validation. weights: "imagenet", "none", or a file. judged: pictures to learn from besides; those that tell nothing
    of the products of `train_photos` are left out. tensorboard: write event files for it, too.
    Raises UnusableDataset, OSError (no room on the disk).
    """
    judged = _telling(judged, {photo.product for photo in train_photos})
    shown = [Photo(Path(), picture.product) for picture in judged if picture.product]
    check_that_products_have_several_photos([*train_photos, *shown])
    _check_validation(queries, gallery)
    out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out).free
    if free < NEEDED_BYTES:
        raise OSError(f"{out} has {free / 1e9:.1f} GB left, training needs {NEEDED_BYTES / 1e9:.1f} GB")
    version = f"{recipe.backbone}-{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    folder = out / f"{version}{UNFINISHED}"
    folder.mkdir()
    try:
        pictures, hard_negatives = _written(judged, folder, first_row=len(train_photos))
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
        }
        (folder / RUN).write_text(json.dumps(facts, indent=1))
    except BaseException:
        shutil.rmtree(folder)
        raise
    return folder


def read_run(folder: Path) -> dict[str, Any]:
    """What `begin` noted of the run in `folder`. Raises UnusableDataset when there is none to go on with."""
    if not (folder / RUN).is_file():
        raise UnusableDataset(f"{folder} is not the folder of a training run: it holds no {RUN}.")
    if not folder.name.endswith(UNFINISHED):
        raise UnusableDataset(f"{folder} is finished already; there is nothing to go on with.")
    return json.loads((folder / RUN).read_text())


def go_on(folder: Path, report: Callable[[dict[str, float]], None]) -> None:
    """Train a begun run, from its last checkpoint if there is one, until its recipe is fulfilled.

    Raises UnusableDataset, WeightsMismatch, UnknownBackbone, OSError.
    """
    facts = read_run(folder)
    recipe = Recipe(**facts["recipe"])
    prepare_backend(recipe)
    network = initial_network(recipe, facts["weights"])
    side = int(recipe.input_size * CACHE_SHARE) // 8 * 8
    training = _labelled(folder, facts["train"], side, facts["hard_negatives"])
    check_that_products_have_several_photos([Photo(Path(), product) for product in training.products if product])
    if facts["tensorboard"]:
        report = _also_to_tensorboard(report, folder / TENSORBOARD)
    history = train(recipe, network, training, _validation(folder, facts, recipe), folder, report)
    batch = recipe.p * recipe.k
    facts["seconds"] = sum(
        recipe.steps * batch / row["photos_per_second"] for row in history
    )  # of all that were killed
    facts["backend"] = keras.backend.backend()
    facts["epochs"] = len(history)
    with whole(folder / RUN) as unfinished:
        unfinished.write_text(json.dumps(facts, indent=1))


def finish(folder: Path) -> Path:
    """Export the best weights of a run, judge them, write card and curves; returns the finished model directory.

    Raises ExportMismatch when ONNX disagrees with Keras, OSError; the run is then as it was.
    """
    facts = read_run(folder)
    recipe = Recipe(**facts["recipe"])
    if not (folder / BEST_WEIGHTS).exists():
        raise UnusableDataset(f"{folder} holds no finished epoch yet. Go on with --resume {folder}.")
    prepare_backend(recipe)
    shutil.copy2(folder / BEST_WEIGHTS, folder / WEIGHTS)
    known = [listed for listed in facts["train"] if listed[1]]
    pixels = _labelled(folder, _sample(known, export.CALIBRATION_PHOTOS, recipe.seed), recipe.input_size).pixels
    cosine = export.export_fp32(recipe.network, folder / WEIGHTS, pixels[:32], folder / FP32)

    judged = _validation(folder, facts, recipe) or Validation(
        _labelled(folder, _sample(known, JUDGED_PHOTOS, recipe.seed), recipe.input_size)
    )
    fp32 = _found(judged, folder / FP32)
    int8_file = folder / "model-int8.onnx"
    with whole(int8_file) as unfinished:
        export.quantise(folder / FP32, pixels, unfinished)
    int8 = _found(judged, int8_file)
    loss = recall_at_k(fp32.matches, 1) - recall_at_k(int8.matches, 1)
    precision = "int8" if loss <= export.MAX_INT8_LOSS else "fp32"
    if precision == "int8":
        int8_file.replace(folder / SERVED)
    else:
        int8_file.unlink()
        shutil.copy2(folder / FP32, folder / SERVED)
    served = int8 if precision == "int8" else fp32
    threshold = calibrate_min_score(served)
    on = "validation photos" if facts["queries"] else "training photos: there was no validation"
    card = {
        "version": facts["version"],
        "backbone": recipe.backbone,
        "dim": recipe.dim,
        "input_size": recipe.input_size,
        "sha256": export.sha256(folder / SERVED),
        "precision": precision,
        "created": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "training": {
            "recipe": asdict(recipe),
            "weights": facts["weights"],
            "epochs": facts.get("epochs"),
            "seconds": round(facts.get("seconds", 0)),
            "backend": facts.get("backend"),
            "keras": keras.__version__,
            "python": platform.python_version(),
        },
        "data": {
            "sources": facts["sources"],
            "photos": len(known),
            "products": len({product for _, product in known}),
            "judged_searches": facts["judged"],
            "validation_photos": len(facts["queries"]),
            "validation_products": len({product for _, product in facts["queries"]}),
        },
        "metrics": {
            "measured_on": on,
            **_figures(served, judged),
            "fp32_recall_1": round(recall_at_k(fp32.matches, 1), 4),
            "int8_recall_1": round(recall_at_k(int8.matches, 1), 4),
            "keras_onnx_cosine": round(cosine, 6),
        },
        "min_score": threshold and round(threshold.score, 4),
        "min_score_how": threshold
        and f"On {on}, {threshold.precision:.0%} of the best matches at or above it are right, half of the queries "
        f"being of products that are not there; {threshold.kept:.0%} of the right ones are kept.",
        "closeness": [
            {"score": round(step.score, 4), "precision": round(step.precision, 4)} for step in closeness_steps(served)
        ],
    }
    draw_curves(folder / HISTORY, _distances(judged, folder / SERVED), folder / CURVES)
    (folder / CARD).write_text(json.dumps(card, indent=1))
    finished = folder.with_name(facts["version"])
    folder.rename(finished)
    for name in (CHECKPOINT, BEST_WEIGHTS):
        (finished / name).unlink(missing_ok=True)
    shutil.rmtree(finished / PICTURES, ignore_errors=True)  # shoppers' pictures do not travel with a model
    return finished


def discard_if_untrained(folder: Path) -> bool:
    """Remove the folder of a run that has no checkpoint yet; True when it has one and is kept."""
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
    except (ValueError, KeyError, OSError) as error:
        if weights == "none" or type(error).__name__ == "UnknownBackbone":
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


def draw_curves(history: Path, distances: tuple[NDArray, NDArray], out: Path) -> None:
    """A picture of the run: losses, validation Recall@1, share of active triplets, distance distributions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = np.genfromtxt(history, delimiter=",", names=True, ndmin=1)
    columns = rows.dtype.names or ()
    figure, ((losses, recall), (active, distance)) = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    for name in ("triplet", "identity"):
        if name in columns:
            losses.plot(rows["epoch"], rows[name], label=name)
    losses.set(title="Loss", xlabel="epoch")
    losses.legend()
    if "val_recall_1" in columns:
        recall.plot(rows["epoch"], rows["val_recall_1"])
        kept = int(np.argmax(rows["val_recall_1"]))
        value = rows["val_recall_1"][kept]
        recall.plot(rows["epoch"][kept], value, "o", label=f"kept: epoch {rows['epoch'][kept]:.0f}, {value:.3f}")
        recall.legend()
    else:
        recall.text(0.5, 0.5, "no validation", ha="center", transform=recall.transAxes)
    recall.set(title="Validation Recall@1", xlabel="epoch", ylim=(0, 1))
    active.plot(rows["epoch"], rows["active"])
    active.set(title="Share of active triplets", xlabel="epoch", ylim=(0, 1.02))
    for by_epoch in (losses, recall, active):
        by_epoch.xaxis.get_major_locator().set_params(integer=True)
    for values, label in zip(distances, ("same product", "another product"), strict=True):
        if len(values):
            distance.hist(values, bins=60, range=(0, 2), density=True, alpha=0.6, label=label)
    distance.set(title="Distances between photos", xlabel="Euclidean distance of unit vectors")
    distance.legend()
    figure.savefig(out, dpi=110)
    plt.close(figure)


def _listed(photos: list[Photo]) -> list[list[str]]:
    return [[str(photo.path.resolve()), photo.product] for photo in photos]


def _telling(judged: Sequence[JudgedPicture], products: set[str]) -> list[JudgedPicture]:
    """The pictures that say something of `products`, with what they say of others left out."""
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
    judged: list[JudgedPicture], folder: Path, first_row: int
) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """The pictures as files of the run: how they are listed, and which row was taken for which product wrongly.

    A picture of a known product is one row; any other is a row for each product that it does not show.
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
            listed.append([path, picture.product])
        else:
            for wrong in picture.wrong:
                hard_negatives.append((first_row + len(listed), wrong))
                listed.append([path, ""])
    return listed, hard_negatives


def _check_validation(queries: list[Photo], gallery: list[Photo]) -> None:
    """Raises UnusableDataset when there are queries and none of them has anything to find."""
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
    """The photos of a run that can be read, and the pairs of `hard_negatives` (row of `listed`, product) among them."""
    photos = [Photo(folder / path, product) for path, product in listed]  # those of the run itself lie in its folder
    missing = [photo.path for photo in photos if not photo.path.is_file()]
    if missing:
        raise UnusableDataset(f"{len(missing)} photos of this run are gone, first {missing[0]}.")
    # Shoppers' pictures, decoded, go when the run's own copies of them go.
    judged = any(path.startswith(f"{PICTURES}/") for path, _ in listed)
    pixels, rows = cached_pixels(photos, size, folder=folder / PICTURES if judged else None)
    if not rows:
        raise UnusableDataset("None of the photos can be read.")
    products = [listed[row][1] for row in rows]
    place_of, readable = {row: place for place, row in enumerate(rows)}, set(products)
    kept = [(place_of[row], product) for row, product in hard_negatives if row in place_of and product in readable]
    return Labelled(pixels, np.array(products), kept)


def _also_to_tensorboard(
    report: Callable[[dict[str, float]], None], folder: Path
) -> Callable[[dict[str, float]], None]:
    """`report` that also writes each epoch's figures as TensorBoard events below `folder`.

    Not keras.callbacks.TensorBoard: it would not see the validation that we do after the epoch.
    """
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        tf.config.set_visible_devices([], "GPU")  # the backend in use needs all of its memory
    writer = tf.summary.create_file_writer(str(folder))

    def both(row: dict[str, float]) -> None:
        figures = {name: value for name, value in row.items() if name != "epoch"}
        values = [tf.compat.v1.Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        with writer.as_default():
            # tf.summary.scalar would ask for TensorBoard itself, which only those who look need
            summary = tf.compat.v1.Summary(value=values).SerializeToString()
            tf.summary.experimental.write_raw_pb(summary, step=int(row["epoch"]))
        writer.flush()
        report(row)

    return both


def _validation(folder: Path, facts: dict[str, Any], recipe: Recipe) -> Validation | None:
    if not facts["queries"]:
        return None
    gallery = _labelled(folder, facts["gallery"], recipe.input_size) if facts["gallery"] else None
    return Validation(_labelled(folder, facts["queries"], recipe.input_size), gallery)


def _sample(listed: list[list[str]], count: int, seed: int) -> list[list[str]]:
    chosen = np.random.default_rng(seed).permutation(len(listed))[:count]
    return [listed[row] for row in chosen]


def _found(judged: Validation, onnx_file: Path) -> Retrieval:
    queries = export.embed(onnx_file, judged.queries.pixels)
    if not judged.gallery:
        found = retrieve(queries, judged.queries.products, k=min(10, len(queries) - 1))
    else:
        gallery = export.embed(onnx_file, judged.gallery.pixels)
        k = min(10, len(gallery))
        found = retrieve(queries, judged.queries.products, gallery, judged.gallery.products, k=k)
    return found[found.answerable]


def _figures(found: Retrieval, judged: Validation) -> dict[str, Any]:
    hits = hit_at_k(found.matches, 1)
    return {
        "queries": len(found),
        "gallery": len(judged.gallery.pixels) if judged.gallery else "leave-one-out",
        "recall": {str(k): round(recall_at_k(found.matches, k), 4) for k in (1, 5, 10) if k <= found.matches.shape[1]},
        "recall_1_ci95": [round(bound, 4) for bound in bootstrap_interval(hits, _asked(judged))],
        "map_at_r": round(float(found.average_precision.mean()), 4),
        "mrr": round(mean_reciprocal_rank(found.first_match), 4),
    }


def _asked(judged: Validation) -> NDArray[np.str_]:
    """The product of each query that has anything to find."""
    queries = judged.queries.products
    found, counts = np.unique(judged.gallery.products if judged.gallery else queries, return_counts=True)
    return queries[np.isin(queries, found[counts > (not judged.gallery)])]


def _distances(judged: Validation, onnx_file: Path, most: int = 600) -> tuple[NDArray, NDArray]:
    """Distances between photos of the same product and of different ones, among `most` validation photos."""
    chosen = np.random.default_rng(0).permutation(len(judged.queries.pixels))[:most]
    vectors = export.embed(onnx_file, np.asarray(judged.queries.pixels)[chosen])
    products = judged.queries.products[chosen]
    upper = np.triu_indices(len(chosen), 1)
    distances = np.sqrt(np.maximum(2 - 2 * vectors @ vectors.T, 0))[upper]
    same = (products[:, None] == products)[upper]
    return distances[same], distances[~same]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
