"""What a student network loses against its teacher's embeddings, as functions of arrays (keras.ops)."""

from typing import Any

from keras import ops

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


def _over_their_mean(distances: Any) -> Any:
    n = ops.cast(ops.shape(distances)[0], "float32")
    return distances * (n * (n - 1)) / ops.maximum(ops.sum(distances), 1e-6)
