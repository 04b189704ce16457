"""What happens after each epoch: validation, the best weights, the checkpoint, the history, TensorBoard."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from tqdm import tqdm

from ml.files import whole
from ml.training.learner import Learner
from ml.training.recipe import Recipe
from ml.training.validation import Validation

CHECKPOINT, BEST_WEIGHTS, HISTORY = "checkpoint.npz", "best.weights.h5", "history.csv"


class LossDiverged(ArithmeticError):
    """The loss became infinite or NaN. str() says at which step and what to do."""


class Progress(keras.callbacks.Callback):
    """After each epoch: validate, save the best weights, write the checkpoint, stop early.

    network: whose weights are saved; the trained model may be a part of it.
    """

    def __init__(
        self,
        learner: Learner,
        network: keras.Model,
        validation: Validation | None,
        folder: Path,
        recipe: Recipe,
        report: Callable[[dict[str, float]], None],
        report_batch: Callable[[int, int], None] = lambda epoch, batch: None,
    ) -> None:
        super().__init__()
        self._learner, self._network = learner, network
        self._validation, self._folder = validation, folder
        self._recipe, self._report, self._report_batch = recipe, report, report_batch
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
        loss = (logs or {}).get("loss", 0.0)  # running mean of the epoch: not finite from the first such batch on
        if not np.isfinite(loss):
            self._bar.close()
            raise LossDiverged(
                f"The loss is {loss} since batch {batch + 1} of epoch {self.next_epoch + 1}: the weights ran away. "
                f"Lower --learning-rate (it was {self._recipe.learning_rate:g})"
                + (", or train in float32." if self._recipe.precision != "float32" else ".")
            )
        self._report_batch(self.next_epoch + 1, batch + 1)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        learner = self.model  # under JAX, reading this property updates the variables
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
            size = sum(weights.nbytes for weights in self._network.get_weights())
            with whole(self._folder / BEST_WEIGHTS, size) as unfinished:
                self._network.save_weights(unfinished)
        for variable, value in zip(learner.trainable_variables, raw, strict=True):
            variable.assign(value)
        self.history.append(row)
        self._save()
        self._report(row)
        learner.stop_training = self.stopped

    def restore(self) -> None:
        """Load the checkpoint in the folder, if there is one."""
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


def also_to_tensorboard(report: Callable[[dict[str, float]], None], folder: Path) -> Callable[[dict[str, float]], None]:
    """`report` that also writes each epoch's metrics as TensorBoard events below `folder`.

    Not keras.callbacks.TensorBoard, which would not see the validation done after the epoch.
    """
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        tf.config.set_visible_devices([], "GPU")  # leaves the GPU's memory to the backend in use
    writer = tf.summary.create_file_writer(str(folder))

    def both(row: dict[str, float]) -> None:
        figures = {name: value for name, value in row.items() if name != "epoch"}
        values = [tf.compat.v1.Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        with writer.as_default():
            # tf.summary.scalar would need the package tensorboard, which training does not
            summary = tf.compat.v1.Summary(value=values).SerializeToString()
            tf.summary.experimental.write_raw_pb(summary, step=int(row["epoch"]))
        writer.flush()
        report(row)

    return both
