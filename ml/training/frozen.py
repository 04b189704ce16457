"""Fast training: the backbone's lower stages are frozen and run once over every photo; its last stage, the projection
and the heads learn from the cached outputs. It takes minutes where training the whole network takes an hour.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from tqdm import tqdm

from ml.data import augmentation
from ml.data.pixels import Labelled
from ml.files import whole
from ml.network import split_network
from ml.training.batches import Batches
from ml.training.learner import Learner
from ml.training.recipe import Recipe
from ml.training.validation import Validation

STAGES = "frozen-stages.npy"  # outputs of the frozen stages for the training photos, in the run's folder
VIEWS = 20_000  # augmented views in total: about five minutes of the lower stages on two cores
MOST_VIEWS = 16  # of one photo
BATCH = 64


class FrozenLearner(Learner):
    """Its inputs are outputs of the frozen stages; augmentation was applied before, to the pixels."""

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        return self.with_heads(self.network(inputs["pixels"], training=training)["embedding"], training)


class FrozenBatches(Batches):
    """One of the cached views of each photo in a batch; which one depends only on the seed, the epoch and the step."""

    def _inputs(self, rows: NDArray[np.intp], rng: np.random.Generator) -> dict[str, NDArray]:
        return {"pixels": self._pixels[rows, rng.integers(self._pixels.shape[1], size=len(rows))]}


def freeze_lower_stages(
    network: keras.Model, recipe: Recipe, train: Labelled, validation: Validation | None, folder: Path
) -> tuple[keras.Model, Labelled, Validation | None]:
    """(the trainable part of `network`, its training inputs, its validation inputs).

    The part shares its variables with `network`. Training inputs: float16 [n, views, d], outputs of the frozen stages
    for several augmented views of each photo, cached in `folder` for a resumed run. Validation inputs: float16 [n, d],
    without augmentation. Raises OSError (no room on the disk).
    """
    frozen, learning = split_network(network)
    file = folder / STAGES
    if not file.exists():
        _write_views(frozen, recipe, train.pixels, network.input.shape[1], file)
    views = Labelled(np.load(file, mmap_mode="r"), train.products, train.hard_negatives, train.kinds)
    if validation is None:
        return learning, views, None
    gallery = validation.gallery and _outputs(frozen, validation.gallery)
    return learning, views, Validation(_outputs(frozen, validation.queries), gallery)


def _write_views(frozen: keras.Model, recipe: Recipe, pixels: NDArray[np.uint8], size: int, file: Path) -> None:
    views = int(np.clip(VIEWS // len(pixels), 2, MOST_VIEWS))
    needed = len(pixels) * views * frozen.output.shape[1] * 2
    with whole(file, needed) as unfinished:
        kept = np.lib.format.open_memmap(unfinished, "w+", np.float16, (len(pixels), views, frozen.output.shape[1]))
        progress = tqdm(
            desc="frozen stages", total=len(pixels) * views, unit="photo", unit_scale=True, leave=False, disable=None
        )
        order = np.random.default_rng(recipe.seed).permutation(len(pixels))  # a batch's photos exchange backgrounds
        for start in range(0, len(pixels), BATCH):
            rows = np.sort(order[start : start + BATCH])
            for view in range(views):
                rng = np.random.default_rng([recipe.seed, start, view])
                dice = augmentation.draw(rng, len(rows), recipe.augmentation)
                dice = {name: ops.convert_to_tensor(values) for name, values in dice.items()}
                augmented = augmentation.augment(ops.convert_to_tensor(pixels[rows]), dice, size)
                kept[rows, view] = frozen.predict_on_batch(ops.convert_to_numpy(augmented))
                progress.update(len(rows))
        progress.close()
        kept.flush()


def _outputs(frozen: keras.Model, photos: Labelled) -> Labelled:
    outputs = frozen.predict(photos.pixels, batch_size=BATCH, verbose=0).astype(np.float16)
    return Labelled(outputs, photos.products, photos.hard_negatives, photos.kinds)
