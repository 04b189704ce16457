"""The batches of an epoch: which photos, and their augmentation."""

import keras
import numpy as np
from numpy.typing import NDArray

from ml.data import augmentation, sampling
from ml.training.recipe import Recipe


class Batches(keras.utils.PyDataset):
    """The batches of an epoch. Batch i of epoch e depends only on the seed, e and i, so a resumed run sees the same
    ones.
    """

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
        inputs = self._inputs(rows, rng)
        inputs["mining"] = rng.random((len(rows), len(rows)), np.float32)
        inputs["kinds"] = self._kinds[rows]
        return inputs, self._labels[rows]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._rows = self._drawn()

    def _inputs(self, rows: NDArray[np.intp], rng: np.random.Generator) -> dict[str, NDArray]:
        """Inputs of the learner: pixels and the random parameters of their augmentation."""
        dice = augmentation.draw(rng, len(rows), self._recipe.augmentation)
        return {"pixels": self._pixels[np.sort(rows)][np.argsort(np.argsort(rows))], **dice}

    def _drawn(self) -> list[NDArray[np.intp]]:
        rng = np.random.default_rng([self._recipe.seed, self._epoch])
        recipe = self._recipe
        return list(
            sampling.batches(self._labels, recipe.p, recipe.k, recipe.steps, rng, self._hard_negatives, self._kinds)
        )
