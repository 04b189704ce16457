"""A student network and its teacher: what the one loses against the other's embeddings, and where it starts from."""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ml.triplet import pairwise_distances


def cosine_loss(student: Any, teacher: Any) -> Any:
    """1 - the mean cosine of each photo's two embeddings, 0..2. Both float32 [n, d], unit rows."""
    return 1 - ops.mean(ops.sum(student * teacher, axis=1))


def relational_distance_loss(student: Any, teacher: Any) -> Any:
    """RKD-D (Park 2019): how the distances between the photos of a batch differ, each network's divided by their mean.

    Both float32 [n, d], unit rows, n at least 2. The Huber loss (delta 1), a scalar.
    """
    relative = [_over_their_mean(pairwise_distances(embeddings)) for embeddings in (student, teacher)]
    difference = ops.abs(relative[0] - relative[1])
    return ops.mean(ops.where(difference < 1, difference * difference / 2, difference - 0.5))


def align_projection(
    student: keras.Model, pixels: NDArray[np.uint8], taught: NDArray[np.float32], ridge: float = 1.0
) -> None:
    """Set the student's projection to the least squares fit of the teacher's embeddings, so that it starts in their
    space.

    A new projection would otherwise have to be learned first, which takes hundreds of steps and pulls the backbone
    about.
    pixels: uint8 [n, s, s, 3] at the student's size. taught: float32 [n, d], the teacher's unit rows for the same
    photos.
    """
    pooled = keras.Model(student.input, student.get_layer("pooled_norm").output)
    chunks = (np.asarray(pixels[start : start + 64]) for start in range(0, len(pixels), 64))
    features = np.concatenate([pooled.predict_on_batch(chunk) for chunk in chunks]).astype(np.float64)
    regularised = features @ features.T + ridge * features.shape[1] / 100 * np.eye(len(features))
    student.get_layer("projection").set_weights([features.T @ np.linalg.solve(regularised, taught)])


def _over_their_mean(distances: Any) -> Any:
    n = ops.cast(ops.shape(distances)[0], "float32")
    return distances * (n * (n - 1)) / ops.maximum(ops.sum(distances), 1e-6)
