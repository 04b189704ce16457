"""The training loop: batches of P x K photos through the learner, epoch by epoch; resumed where it was left."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from ml.data import augmentation, sampling
from ml.data.pixels import Labelled
from ml.training.callbacks import BEST_WEIGHTS, Progress
from ml.training.learner import Learner, make_learner
from ml.training.recipe import Recipe
from ml.training.validation import Validation


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
        kinds: NDArray | None = None,
    ) -> None:
        super().__init__()
        self._pixels, self._labels, self._recipe, self._epoch = pixels, labels, recipe, epoch
        self._kinds = np.full(len(labels), -1, np.int32) if kinds is None else kinds
        self._hard_negatives = hard_negatives
        self._rows = self._drawn()

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> tuple[dict[str, NDArray], NDArray]:
        rows, recipe = self._rows[step], self._recipe
        rng = np.random.default_rng([recipe.seed, self._epoch, step])
        dice = augmentation.draw(rng, len(rows), recipe.augmentation)
        dice["mining"] = rng.random((len(rows), len(rows)), np.float32)
        dice["kinds"] = self._kinds[rows]
        return {"pixels": self._pixels[np.sort(rows)][np.argsort(np.argsort(rows))], **dice}, self._labels[rows]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._rows = self._drawn()

    def _drawn(self) -> list[NDArray[np.intp]]:
        rng = np.random.default_rng([self._recipe.seed, self._epoch])
        recipe = self._recipe
        return list(
            sampling.batches(self._labels, recipe.p, recipe.k, recipe.steps, rng, self._hard_negatives, self._kinds)
        )


def train(
    recipe: Recipe,
    network: keras.Model,
    train: Labelled,
    validation: Validation | None,
    folder: Path,
    report: Callable[[dict[str, float]], None] = lambda row: None,
    learner: type[Learner] = Learner,
    teacher: keras.Model | None = None,
    report_batch: Callable[[int, int], None] = lambda epoch, batch: None,
) -> list[dict[str, float]]:
    """Train `network` in place, to the weights of the best validated epoch (the last one without validation).

    train.pixels may be larger than the input; validation's are exactly of its size.
    After every epoch `folder` holds all that it takes to go on exactly from there (checkpoint.npz, best.weights.h5,
    history.csv); if it does already, training goes on. Returns the history, a row of figures an epoch.
    report, report_batch: told of each finished epoch (its row), and of each batch (epoch and batch, from 1).
    """
    products, labels, hard_negatives, kind_count, kinds = train.numbered()
    wanted = recipe.kind_weight or recipe.contrast_weight
    learning = make_learner(recipe, products, network, learner, kind_count if wanted else 0, teacher)
    progress = Progress(learning, validation, folder, recipe, report, report_batch)
    progress.restore()
    if progress.next_epoch < recipe.epochs and not progress.stopped:
        learning.fit(
            Batches(train.pixels, labels, recipe, progress.next_epoch, hard_negatives, kinds),
            initial_epoch=progress.next_epoch,
            epochs=recipe.epochs,
            callbacks=[progress],
            shuffle=False,
            verbose=0,
        )
    network.load_weights(folder / BEST_WEIGHTS)
    return progress.history
