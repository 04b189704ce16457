"""Miners and loss against numbers worked out by hand and against plain loops."""

import numpy as np
import pytest
from keras import ops

from ml.triplet import active_share, negative_only_label, pairwise_distances, triplet_loss, triplets


def unit_rows(*degrees: float) -> np.ndarray:
    """Points on the unit circle: the distance of two is 2 sin(half the angle between them)."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def chord(degrees: float) -> float:
    return 2 * np.sin(np.radians(degrees) / 2)


# Product 0 at 0 and 20 degrees, product 1 at 60 and 180.
EMBEDDINGS, LABELS = unit_rows(0, 20, 60, 180), np.array([0, 0, 1, 1])


def test_distances_are_euclidean() -> None:
    distances = ops.convert_to_numpy(pairwise_distances(EMBEDDINGS))
    np.testing.assert_allclose(distances[0, 1:], [chord(20), 1.0, 2.0], atol=1e-5)


def test_batch_hard_takes_the_farthest_positive_and_the_nearest_negative_of_each_anchor() -> None:
    found = triplets(EMBEDDINGS, LABELS, "batch-hard")
    np.testing.assert_allclose(found.positive, [chord(20), chord(20), chord(120), chord(120)], atol=1e-5)
    np.testing.assert_allclose(found.negative, [chord(60), chord(40), chord(40), chord(160)], atol=1e-5)


def test_the_loss_of_a_hand_worked_batch() -> None:
    found = triplets(EMBEDDINGS, LABELS, "batch-hard")
    gaps = np.array([chord(20) - chord(60), chord(20) - chord(40), chord(120) - chord(40), chord(120) - chord(160)])
    # .347 - 1 and .347 - .684 are beyond a margin of .3, 1.732 - .684 is not, nor is 1.732 - 1.970
    assert float(triplet_loss(found, 0.3)) == pytest.approx((0 + 0 + gaps[2] + 0.3 + gaps[3] + 0.3) / 4, abs=1e-5)
    assert float(triplet_loss(found, None)) == pytest.approx(np.log1p(np.exp(gaps)).mean(), abs=1e-5)
    assert float(active_share(found, 0.3)) == 0.5
    assert float(active_share(found, None)) == 0.25


def test_a_product_with_one_photo_and_a_photo_without_label_make_no_triplet() -> None:
    found = triplets(unit_rows(0, 10, 90, 180), np.array([0, 0, 1, -1]), "batch-hard")
    np.testing.assert_array_equal(found.weight, [1, 1, 0, 0])
    np.testing.assert_allclose(found.negative[:2], [chord(90), chord(80)], atol=1e-5)


def test_a_batch_of_one_product_has_no_loss() -> None:
    for miner in ("batch-hard", "semi-hard", "random"):
        found = triplets(EMBEDDINGS, np.zeros(4, int), miner, np.zeros((4, 4), np.float32))
        assert float(triplet_loss(found, None)) == 0


def test_semi_hard_agrees_with_a_plain_loop_over_anchors_and_positives() -> None:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(14, 5))
    embeddings = (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(np.float32)
    labels = rng.integers(0, 4, 14)
    distances = np.sqrt(((embeddings[:, None] - embeddings[None]) ** 2).sum(-1))
    expected = []
    for anchor in range(14):
        negatives = distances[anchor, labels != labels[anchor]]
        for positive in range(14):
            if positive == anchor or labels[positive] != labels[anchor]:
                continue
            farther = negatives[negatives > distances[anchor, positive]]
            negative = farther.min() if len(farther) else negatives.max()
            expected.append(max(0, distances[anchor, positive] - negative + 0.2))
    loss = triplet_loss(triplets(embeddings, labels, "semi-hard"), 0.2)
    assert float(loss) == pytest.approx(np.mean(expected), abs=1e-5)


def test_random_takes_the_partners_with_the_highest_dice() -> None:
    dice = np.array([[9, 1, 2, 3], [1, 9, 3, 2], [1, 2, 9, 0], [2, 1, 0, 9]], np.float32) / 10
    found = triplets(EMBEDDINGS, LABELS, "random", dice)
    np.testing.assert_allclose(found.positive, [chord(20), chord(20), chord(120), chord(120)], atol=1e-5)
    np.testing.assert_allclose(found.negative, [chord(180), chord(40), chord(40), chord(180)], atol=1e-5)


def test_an_unknown_miner_is_named() -> None:
    with pytest.raises(ValueError, match="hardest"):
        triplets(EMBEDDINGS, LABELS, "hardest")


@pytest.mark.parametrize("miner", ["batch-hard", "semi-hard", "random"])
def test_a_photo_that_is_anything_but_a_product_is_a_negative_of_that_product_alone(miner: str) -> None:
    # Products 0 and 1 as above, and at 30 degrees something of which only is known that it is not product 0.
    embeddings, labels = unit_rows(0, 20, 60, 180, 30), np.array([0, 0, 1, 1, negative_only_label(0)])
    dice = np.zeros((5, 5), np.float32)
    dice[:, 4] = 1
    found = triplets(embeddings, labels, miner, dice)
    without = triplets(EMBEDDINGS, LABELS, miner, dice[:4, :4])
    negative, weight = (ops.convert_to_numpy(values) for values in (found.negative, found.weight))
    assert not weight[4].any()  # nothing is known to be like it
    if miner == "semi-hard":  # from 20 degrees it is nearer than the positive, so the nearest that is farther remains
        np.testing.assert_allclose([negative[0, 1], negative[1, 0]], [chord(30), chord(40)], atol=1e-5)
        negative = negative[:, :4]
    else:
        np.testing.assert_allclose(negative[:2], [chord(30), chord(10)], atol=1e-5)
    np.testing.assert_array_equal(negative[2:4], ops.convert_to_numpy(without.negative)[2:4])
