"""Distillation of a teacher into a student network: losses between their embeddings, and the student's initial
projection.
"""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ml.triplet import pairwise_distances


def cosine_loss(student: Any, teacher: Any) -> Any:
    """1 - the mean cosine between both embeddings of each photo, in 0..2. Both float32 [n, d], unit rows."""
    return 1 - ops.mean(ops.sum(student * teacher, axis=1))


def relational_distance_loss(student: Any, teacher: Any) -> Any:
    """RKD-D (Park 2019): the Huber loss (delta 1) between both networks' distances in a batch, each divided by their
    mean.

    Both float32 [n, d], unit rows, n at least 2. A scalar.
    """
    relative = [_over_their_mean(pairwise_distances(embeddings)) for embeddings in (student, teacher)]
    difference = ops.abs(relative[0] - relative[1])
    return ops.mean(ops.where(difference < 1, difference * difference / 2, difference - 0.5))


def align_projection(
    student: keras.Model, pixels: NDArray[np.uint8], taught: NDArray[np.float32], ridge: float = 1.0
) -> None:
    """Initialise the student's projection with the least-squares fit to the teacher's embeddings.

    A random projection would need hundreds of steps first, whose gradients damage the backbone.

    pixels: uint8 [n, s, s, 3] at the student's size. taught: float32 [n, d], unit rows, the teacher's embeddings of the
    same photos.
    """
    pooled = keras.Model(student.input, student.get_layer("pooled_norm").output)
    chunks = (np.asarray(pixels[start : start + 64]) for start in range(0, len(pixels), 64))
    features = np.concatenate([pooled.predict_on_batch(chunk) for chunk in chunks]).astype(np.float64)
    regularised = features @ features.T + ridge * features.shape[1] / 100 * np.eye(len(features))
    student.get_layer("projection").set_weights([features.T @ np.linalg.solve(regularised, taught)])


def _over_their_mean(distances: Any) -> Any:
    n = ops.cast(ops.shape(distances)[0], "float32")
    return distances * (n * (n - 1)) / ops.maximum(ops.sum(distances), 1e-6)
