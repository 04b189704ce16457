"""The triplet loss and its miners, as functions of arrays (keras.ops, any backend).

A miner selects triplets from a batch: `Triplets(positive, negative, weight)`, three arrays of one shape.
"""

from typing import Any, NamedTuple

from keras import ops

MINERS = ("batch-hard", "semi-hard", "random")
FAR = 1e6  # distance that stands for "no such photo"; distances of unit rows are at most 2


class Triplets(NamedTuple):
    """positive, negative: float32, distances of an anchor to a photo of its product and to a photo of another product.

    weight: float32 of the same shape, 1 for a triplet, 0 if the anchor has no positive or no negative.
    """

    positive: Any
    negative: Any
    weight: Any


def pairwise_distances(embeddings: Any) -> Any:
    """Euclidean distances float32 [n, n] between the rows of `embeddings`, float32 [n, d], unit rows."""
    squared = 2 - 2 * ops.matmul(embeddings, ops.transpose(embeddings))
    return ops.sqrt(ops.maximum(squared, 1e-8))  # the root's slope at 0 is infinite


def triplets(embeddings: Any, labels: Any, miner: str, dice: Any = None) -> Triplets:
    """The triplets that `miner` selects from a batch.

    embeddings: float32 [n, d], unit rows. labels: int [n]; rows with -1 are ignored; a row with
    `negative_only_label(label)` is a negative for the photos of that label, and is not used otherwise. dice: float32
    [n, n] in 0..1, only for "random": the partner with the highest number is selected.
    """
    distances = pairwise_distances(embeddings)
    known = ops.logical_and(labels[:, None] >= 0, labels[None] >= 0)
    same = ops.logical_and(known, labels[:, None] == labels[None])
    other = ops.logical_and(known, ops.logical_not(same))
    for denied, product in ((labels[:, None], labels[None]), (labels[None], labels[:, None])):
        other = ops.logical_or(other, ops.logical_and(denied == negative_only_label(product), product >= 0))
    same = ops.logical_and(same, ops.logical_not(ops.eye(distances.shape[0] or ops.shape(labels)[0], dtype="bool")))
    if miner == "batch-hard":
        return _batch_hard(distances, same, other)
    if miner == "semi-hard":
        return _semi_hard(distances, same, other)
    if miner == "random":
        return _random(distances, same, other, dice)
    raise ValueError(f"“{miner}” is no miner; there are {', '.join(MINERS)}.")


def negative_only_label(label: Any) -> Any:
    """The label, below -1, of a photo of which it is only known that it does not show the product with this label."""
    return -2 - label


def triplet_loss(found: Triplets, margin: float | None, sharpness: float = 1.0) -> Any:
    """Mean loss, a scalar; 0 if there is no triplet.

    margin: relu(positive - negative + margin); None: the soft margin log(1 + exp(sharpness * (positive - negative))),
    whose gradient vanishes the sooner the larger `sharpness` is.
    """
    difference = found.positive - found.negative
    losses = ops.softplus(sharpness * difference) if margin is None else ops.relu(difference + margin)
    return ops.sum(losses * found.weight) / ops.maximum(ops.sum(found.weight), 1)


def active_share(found: Triplets, margin: float | None) -> Any:
    """Share of the triplets, in 0..1, that violate the margin (with the soft margin: that are in the wrong order)."""
    violated = ops.cast(found.positive + (margin or 0.0) > found.negative, "float32")
    return ops.sum(violated * found.weight) / ops.maximum(ops.sum(found.weight), 1)


def _batch_hard(distances: Any, same: Any, other: Any) -> Triplets:
    """Each anchor with its farthest positive and its nearest negative (Hermans, Beyer, Leibe 2017). Shapes [n]."""
    positive = ops.max(ops.where(same, distances, -1.0), axis=1)
    negative = ops.min(ops.where(other, distances, FAR), axis=1)
    return _whole(positive, negative, ops.logical_and(ops.any(same, axis=1), ops.any(other, axis=1)))


def _semi_hard(distances: Any, same: Any, other: Any) -> Triplets:
    """Every anchor and positive with the nearest negative that is farther than the positive, and where there is none
    with the farthest negative (Schroff, Kalenichenko, Philbin 2015). Shapes [n, n]."""
    farther = ops.logical_and(other[:, None, :], distances[:, None, :] > distances[:, :, None])
    nearest_farther = ops.min(ops.where(farther, distances[:, None, :], FAR), axis=2)
    farthest = ops.max(ops.where(other, distances, -1.0), axis=1, keepdims=True)
    negative = ops.where(ops.any(farther, axis=2), nearest_farther, farthest)
    return _whole(distances, negative, ops.logical_and(same, ops.any(other, axis=1, keepdims=True)))


def _random(distances: Any, same: Any, other: Any, dice: Any) -> Triplets:
    """Each anchor with one positive and one negative drawn by `dice`. Shapes [n]."""
    chosen = [ops.argmax(ops.where(allowed, dice, -1.0), axis=1)[:, None] for allowed in (same, other)]
    positive, negative = (ops.take_along_axis(distances, column, axis=1)[:, 0] for column in chosen)
    return _whole(positive, negative, ops.logical_and(ops.any(same, axis=1), ops.any(other, axis=1)))


def _whole(positive: Any, negative: Any, valid: Any) -> Triplets:
    weight = ops.cast(valid, "float32")
    return Triplets(positive * weight, negative * weight, weight)
