"""The training loop: P x K batches through the learner, epoch by epoch, resumable."""

from collections.abc import Callable
from pathlib import Path

import keras

from ml.data.pixels import Labelled
from ml.training.batches import Batches
from ml.training.callbacks import BEST_WEIGHTS, Progress
from ml.training.frozen import FrozenBatches, FrozenLearner, freeze_lower_stages
from ml.training.learner import Learner, make_learner
from ml.training.recipe import Recipe
from ml.training.validation import Validation


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
    """Train `network` in place, to the weights of the best validated epoch (without validation, the last epoch).

    train.pixels may be larger than the input; validation's have exactly its size. If the recipe freezes the lower
    stages, only the layers above them learn, without a teacher. After every epoch `folder` contains everything needed
    to resume exactly there (checkpoint.npz, best.weights.h5, history.csv); if it does already, training resumes.
    Returns the history, one row of metrics per epoch.
    report, report_batch: called after each epoch (with its row), and after each batch (with epoch and batch, from 1).
    """
    learned, batches = network, Batches
    if recipe.frozen_stages:
        learned, train, validation = freeze_lower_stages(network, recipe, train, validation, folder)
        learner, batches = FrozenLearner, FrozenBatches
    products, labels, hard_negatives, kind_count, kinds = train.numbered()
    wanted = recipe.kind_weight or recipe.contrast_weight
    learning = make_learner(recipe, products, learned, learner, kind_count if wanted else 0, teacher)
    progress = Progress(learning, network, validation, folder, recipe, report, report_batch)
    progress.restore()
    if progress.next_epoch < recipe.epochs and not progress.stopped:
        learning.fit(
            batches(train.pixels, labels, recipe, progress.next_epoch, hard_negatives, kinds),
            initial_epoch=progress.next_epoch,
            epochs=recipe.epochs,
            callbacks=[progress],
            shuffle=False,
            verbose=0,
        )
    network.load_weights(folder / BEST_WEIGHTS)
    return progress.history
