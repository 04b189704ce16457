"""The training loop: batches, the learner (triplet loss beside an identity head), validation, checkpoints, resume."""

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from django.conf import settings
from keras import ops
from numpy.typing import NDArray
from tqdm import tqdm

from ml.data import augmentation, sampling
from ml.data.datasets import Photo
from ml.evaluation.metrics import recall_at_k, retrieve
from ml.images import UnreadablePhoto, model_input, read_photo
from ml.network import is_backbone
from ml.triplet import active_share, negative_only_label, triplet_loss, triplets

logger = logging.getLogger(__name__)

CACHE_SHARE = 1.5  # cached photos are this much larger than the input, so that a crop is not blurred
CACHE_KEPT = 30 * 24 * 3600  # seconds after which decoded photos that no run has used are removed


@dataclass(frozen=True)
class Recipe:
    """All that decides what a training run does to given photos, except the initial weights."""

    backbone: str = "resnet50"
    input_size: int = 96
    dim: int = 256
    levels: bool = True
    colours: bool = True
    miner: str = "batch-hard"
    margin: float | None = None  # None: soft margin
    p: int = 16
    k: int = 4
    epochs: int = 30
    steps: int = 100  # batches an epoch
    learning_rate: float = 1e-3
    backbone_rate: float = 1.0  # of the learning rate
    head_epochs: int = 0  # epochs in which only what is new learns
    weight_decay: float = 0.05
    identity_weight: float = 1.0  # 0: no identity head
    label_smoothing: float = 0.1
    triplet_weight: float = 1.0
    augmentation: float = 1.0
    ema: float = 0.99  # 0: no moving average of the weights
    precision: str = "float32"
    patience: int = 0  # epochs without a better validation Recall@1; 0: never stop early
    seed: int = 0

    @property
    def network(self) -> dict[str, Any]:
        """The arguments of `build_network`."""
        return {name: getattr(self, name) for name in ("backbone", "input_size", "dim", "levels", "colours")}


def prepare_backend(recipe: Recipe) -> None:
    """The fastest layout and precision of the backend in use; call before any network is built."""
    keras.utils.set_random_seed(recipe.seed)
    torch_convolutions = keras.backend.backend() == "torch" and recipe.backbone.startswith(("resnet", "vgg"))
    keras.config.set_image_data_format("channels_first" if torch_convolutions else "channels_last")
    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[recipe.precision])


def cached_pixels(
    photos: list[Photo], size: int, threads: int = 2, folder: Path | None = None
) -> tuple[NDArray[np.uint8], list[int]]:
    """The photos decoded once to a memory-mapped file in `folder`: uint8 [n, size, size, 3], and their rows.

    folder: default VAR_DIR/cache/pixels, where files that no run has used for CACHE_KEPT are removed.
    Returns (pixels, indices into `photos` of the readable ones, row by row). Unreadable files are named in the log.
    """
    facts = [(str(photo.path), photo.path.stat().st_mtime_ns) for photo in photos]
    key = hashlib.sha256(json.dumps([size, facts]).encode()).hexdigest()[:16]
    folder = folder or settings.VAR_DIR / "cache" / "pixels"
    pixels_path, rows_path = folder / f"{key}.npy", folder / f"{key}.json"
    if not rows_path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _remove_unused(folder)
        partial = folder / f"{key}.{os.getpid()}.part"
        rows: list[int] = []
        try:
            pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(photos), size, size, 3))
            with ThreadPoolExecutor(threads) as pool:
                views = pool.map(lambda photo: _view(photo, size), photos)
                for index, view in enumerate(tqdm(views, total=len(photos), unit="photo", leave=False, disable=None)):
                    if view is not None:
                        pixels[len(rows)] = view
                        rows.append(index)
            pixels.flush()
            partial.replace(pixels_path)
            rows_path.write_text(json.dumps(rows))
        finally:
            partial.unlink(missing_ok=True)
    rows = json.loads(rows_path.read_text())
    pixels = np.load(pixels_path, mmap_mode="r")[: len(rows)]
    for path in (pixels_path, rows_path):
        path.touch()  # used today
    return pixels, rows


def _remove_unused(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another run removes it, too
            if path.stat().st_mtime < time.time() - CACHE_KEPT:
                path.unlink()


def _view(photo: Photo, size: int) -> NDArray[np.uint8] | None:
    try:
        opened = read_photo(
            photo.path, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS, target=size
        )
    except UnreadablePhoto as unreadable:
        logger.warning("%s is left out: %s", photo.path, unreadable)
        return None
    return model_input(opened, size)


class Batches(keras.utils.PyDataset):
    """An epoch's batches. What batch i of epoch e holds depends on the seed, e and i alone, so a resumed run sees the
    same ones."""

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        labels: NDArray,
        recipe: Recipe,
        epoch: int = 0,
        hard_negatives: NDArray[np.intp] = sampling.NO_PAIRS,
    ) -> None:
        super().__init__()
        self._pixels, self._labels, self._recipe, self._epoch = pixels, labels, recipe, epoch
        self._hard_negatives = hard_negatives
        self._rows = self._drawn()

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> tuple[dict[str, NDArray], NDArray]:
        rows, recipe = self._rows[step], self._recipe
        rng = np.random.default_rng([recipe.seed, self._epoch, step])
        dice = augmentation.draw(rng, len(rows), recipe.augmentation)
        dice["mining"] = rng.random((len(rows), len(rows)), np.float32)
        return {"pixels": self._pixels[np.sort(rows)][np.argsort(np.argsort(rows))], **dice}, self._labels[rows]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._rows = self._drawn()

    def _drawn(self) -> list[NDArray[np.intp]]:
        rng = np.random.default_rng([self._recipe.seed, self._epoch])
        recipe = self._recipe
        return list(sampling.batches(self._labels, recipe.p, recipe.k, recipe.steps, rng, self._hard_negatives))


class Learner(keras.Model):
    """The network with what it needs only while it learns: augmentation, the neck and the identity head (Luo 2019)."""

    def __init__(self, network: keras.Model, products: int, recipe: Recipe) -> None:
        super().__init__(name="learner")
        self.network = network
        self._recipe = recipe
        self.neck = keras.layers.BatchNormalization(name="neck", center=False, dtype="float32")
        self.identities = keras.layers.Dense(
            products, use_bias=False, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01), dtype="float32"
        )
        self._means = {
            name: keras.metrics.Mean(name)
            for name in ("triplet", "identity", "active", "positive_distance", "negative_distance")
        }

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        pixels = augmentation.augment(inputs["pixels"], inputs, self._recipe.input_size)
        embedding = self.network(pixels, training=training)["embedding"]
        logits = self.identities(self.neck(embedding, training=training))
        return {"embedding": embedding, "logits": logits}

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        recipe = self._recipe
        found = triplets(y_pred["embedding"], y, recipe.miner, x["mining"])
        triplet = triplet_loss(found, recipe.margin)
        loss = recipe.triplet_weight * triplet
        if recipe.identity_weight:
            known = ops.cast(y >= 0, "float32")
            targets = ops.one_hot(ops.maximum(y, 0), y_pred["logits"].shape[-1])
            targets = targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / targets.shape[-1]
            identities = ops.categorical_crossentropy(targets, y_pred["logits"], from_logits=True)
            identity = ops.sum(identities * known) / ops.maximum(ops.sum(known), 1)
            loss = loss + recipe.identity_weight * identity
            self._means["identity"].update_state(identity)
        self._means["triplet"].update_state(triplet)
        self._means["active"].update_state(active_share(found, recipe.margin))
        count = ops.maximum(ops.sum(found.weight), 1)
        self._means["positive_distance"].update_state(ops.sum(found.positive) / count)
        self._means["negative_distance"].update_state(ops.sum(found.negative) / count)
        return loss


class DiscriminativeAdamW(keras.optimizers.AdamW):
    """AdamW (Loshchilov 2019) with a lower rate for the backbone, which does not move at all for the first steps."""

    def __init__(self, backbone_rate: float, frozen_steps: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._backbone_rate, self._frozen_steps = backbone_rate, frozen_steps

    def build(self, variables: list[Any]) -> None:
        super().build(variables)
        self._of_backbone = {number for number, variable in enumerate(variables) if is_backbone(variable)}

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if self._get_variable_index(variable) in self._of_backbone:
            moving = ops.cast(self.iterations >= self._frozen_steps, learning_rate.dtype)
            learning_rate = learning_rate * self._backbone_rate * moving
        if keras.backend.backend() == "torch":
            self._fused_update_step(gradient, variable, float(learning_rate))
        else:
            super().update_step(gradient, variable, learning_rate)

    def _fused_update_step(self, gradient: Any, variable: Any, learning_rate: float) -> None:
        """The same step by PyTorch's kernel: one pass over the memory where Keras makes a dozen."""
        import torch
        from torch.optim.adamw import adamw

        index = self._get_variable_index(variable)
        adamw(
            [variable.value.data],
            [gradient],
            [self._momentums[index].value.data],
            [self._velocities[index].value.data],
            [],
            [torch.tensor(float(self.iterations.value))],  # it counts on by itself
            fused=True,
            amsgrad=False,
            beta1=self.beta_1,
            beta2=self.beta_2,
            lr=learning_rate,
            weight_decay=0.0,  # Keras has applied it
            eps=self.epsilon,
            maximize=False,
        )

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        if keras.backend.backend() != "torch" or not self.use_ema:
            super()._update_model_variables_moving_average(trainable_variables)
            return
        weight = 1 - self.ema_momentum if int(self.iterations.value) > 0 else 1.0
        for variable, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
            average.value.data.lerp_(variable.value.data, weight)


def make_learner(recipe: Recipe, products: int, network: keras.Model, kind: type[Learner] = Learner) -> Learner:
    learner = kind(network, products, recipe)
    total = recipe.epochs * recipe.steps
    warm_up = max(1, min(total // 20, 500))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 100, total - warm_up, warmup_target=recipe.learning_rate, warmup_steps=warm_up
    )
    optimizer = DiscriminativeAdamW(
        recipe.backbone_rate,
        recipe.head_epochs * recipe.steps,
        learning_rate=schedule,
        weight_decay=recipe.weight_decay,
        use_ema=bool(recipe.ema),
        ema_momentum=recipe.ema or 0.99,
        global_clipnorm=5.0,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    learner.compile(optimizer=optimizer)
    side = recipe.input_size
    dice = augmentation.draw(np.random.default_rng(0), 2, 0)
    inputs = {"pixels": np.zeros((2, side, side, 3), np.uint8), **dice}
    learner(inputs)
    if keras.backend.backend() == "torch":
        import torch

        learner.to(memory_format=torch.channels_last)
    return learner


@dataclass(frozen=True)
class Labelled:
    """Photos ready to learn from or to measure on.

    pixels: uint8 [n, s, s, 3]. products: n names; "" where no one knows what the photo shows.
    hard_negatives: (row, product) of photos that were taken for a product which they do not show. Each row without a
    product is in exactly one of them.
    """

    pixels: NDArray[np.uint8]
    products: NDArray[np.str_]
    hard_negatives: Sequence[tuple[int, str]] = ()

    def numbered(self) -> tuple[int, NDArray[np.int32], NDArray[np.intp]]:
        """(products, labels int32 [n] as the miners read them, hard_negatives int [m, 2] as the sampler reads it)."""
        names, labels = np.unique(self.products[self.products != ""], return_inverse=True)
        all_labels = np.full(len(self.products), -1, np.int32)
        all_labels[self.products != ""] = labels
        rows = np.array([row for row, _ in self.hard_negatives], np.intp)
        others = np.searchsorted(names, np.array([product for _, product in self.hard_negatives], str))
        unknown = self.products[rows] == ""
        all_labels[rows[unknown]] = negative_only_label(others[unknown])
        return len(names), all_labels, np.stack([rows, others], 1)


@dataclass(frozen=True)
class Validation:
    """Queries and the gallery they search; without a gallery each query searches the others."""

    queries: Labelled
    gallery: Labelled | None = None

    def recall_1(self, network: keras.Model) -> float:
        """Recall@1 of queries whose product the gallery holds, in 0..1."""
        queries = embed(network, self.queries.pixels)
        gallery = embed(network, self.gallery.pixels) if self.gallery else None
        products = self.gallery.products if self.gallery else None
        found = retrieve(queries, self.queries.products, gallery, products, k=1)
        return recall_at_k(found[found.answerable].matches, 1)


def embed(network: keras.Model, pixels: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """float32 [n, dim] of uint8 [n, s, s, 3]."""
    chunks = (np.asarray(pixels[start : start + batch]) for start in range(0, len(pixels), batch))
    return np.concatenate([network.predict_on_batch(chunk)["embedding"] for chunk in chunks])


def train(
    recipe: Recipe,
    network: keras.Model,
    train: Labelled,
    validation: Validation | None,
    folder: Path,
    report: Callable[[dict[str, float]], None] = lambda row: None,
    learner: type[Learner] = Learner,
) -> list[dict[str, float]]:
    """Train `network` in place, to the weights of the best validated epoch (the last one without validation).

    train.pixels may be larger than the input; validation's are exactly of its size.
    After every epoch `folder` holds all that it takes to go on exactly from there (checkpoint.npz, best.weights.h5,
    history.csv); if it does already, training goes on. Returns the history, a row of figures an epoch.
    """
    products, labels, hard_negatives = train.numbered()
    learning = make_learner(recipe, products, network, learner)
    progress = Progress(learning, validation, folder, recipe, report)
    progress.restore()
    if progress.next_epoch < recipe.epochs and not progress.stopped:
        learning.fit(
            Batches(train.pixels, labels, recipe, progress.next_epoch, hard_negatives),
            initial_epoch=progress.next_epoch,
            epochs=recipe.epochs,
            callbacks=[progress],
            shuffle=False,
            verbose=0,
        )
    network.load_weights(folder / BEST_WEIGHTS)
    return progress.history


CHECKPOINT, BEST_WEIGHTS, HISTORY = "checkpoint.npz", "best.weights.h5", "history.csv"


class Progress(keras.callbacks.Callback):
    """After each epoch: validate, keep the best weights, write the checkpoint, stop when it gets no better."""

    def __init__(
        self,
        learner: Learner,
        validation: Validation | None,
        folder: Path,
        recipe: Recipe,
        report: Callable[[dict[str, float]], None],
    ) -> None:
        super().__init__()
        self._learner, self._validation, self._folder = learner, validation, folder
        self._recipe, self._report = recipe, report
        self.history: list[dict[str, float]] = []

    @property
    def next_epoch(self) -> int:
        return len(self.history)

    @property
    def stopped(self) -> bool:
        if not self._validation or not self._recipe.patience:
            return False
        recalls = [row["val_recall_1"] for row in self.history]
        return bool(recalls) and len(recalls) - 1 - int(np.argmax(recalls)) >= self._recipe.patience

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._started = time.monotonic()
        name = f"epoch {epoch + 1} of {self._recipe.epochs}"
        self._bar = tqdm(desc=name, total=self._recipe.steps, unit="batch", leave=False, disable=None)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        learner = self.model  # asking for it brings JAX' values up to date
        self._bar.close()
        seconds = time.monotonic() - self._started
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        row["photos_per_second"] = self._recipe.steps * self._recipe.p * self._recipe.k / seconds
        raw = [ops.convert_to_numpy(variable) for variable in learner.trainable_variables]
        if self._recipe.ema:
            learner.optimizer.finalize_variable_values(learner.trainable_variables)
            for variable in learner.trainable_variables:  # JAX shares the arrays, and frees them after a prediction
                variable.assign(np.array(ops.convert_to_numpy(variable)))
        if self._validation:
            row["val_recall_1"] = self._validation.recall_1(learner.network)
        best = max((old["val_recall_1"] for old in self.history), default=-1.0) if self._validation else -1.0
        if row.get("val_recall_1", 0.0) > best:
            size = sum(weights.nbytes for weights in learner.network.get_weights())
            with whole(self._folder / BEST_WEIGHTS, size) as unfinished:
                learner.network.save_weights(unfinished)
        for variable, value in zip(learner.trainable_variables, raw, strict=True):
            variable.assign(value)
        self.history.append(row)
        self._save()
        self._report(row)
        learner.stop_training = self.stopped

    def restore(self) -> None:
        """Take up the checkpoint in the folder, if there is one."""
        path = self._folder / CHECKPOINT
        if not path.exists():
            return
        with np.load(path) as saved:
            self.history = json.loads(str(saved["history"]))
            for number, variable in enumerate(self._variables()):
                variable.assign(saved[str(number)])

    def _save(self) -> None:
        values = {str(n): ops.convert_to_numpy(variable) for n, variable in enumerate(self._variables())}
        with whole(self._folder / CHECKPOINT, sum(value.nbytes for value in values.values())) as unfinished:
            np.savez(unfinished, history=json.dumps(self.history), **values)
        write_history(self.history, self._folder / HISTORY)

    def _variables(self) -> list[Any]:
        optimizer = self._learner.optimizer
        if not optimizer.built:
            optimizer.build(self._learner.trainable_variables)
        return [*self._learner.variables, *optimizer.variables]


def write_history(history: list[dict[str, float]], path: Path) -> None:
    columns = list(history[0])
    lines = [",".join(columns), *(",".join(f"{row[name]:.6g}" for name in columns) for row in history)]
    with whole(path) as unfinished:
        unfinished.write_text("\n".join(lines) + "\n")


@contextlib.contextmanager
def whole(path: Path, size: int = 0) -> Iterator[Path]:
    """A file to write in place of `path`, which it becomes when all of it is written; else `path` stays as it was.

    Raises OSError, at once where the disk has less than `size` bytes left.
    """
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    unfinished = path.with_name(f"new.{path.name}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
