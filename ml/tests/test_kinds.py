"""Kinds beside products: what is drawn, what is lost, and what is measured of them."""

import numpy as np
import pytest
from keras import ops

from ml.contrastive import supervised_contrastive_loss
from ml.data.pixels import Labelled
from ml.data.sampling import batches
from ml.distillation import cosine_loss, relational_distance_loss
from ml.evaluation.metrics import retrieve, same_kind_precision


def labelled() -> Labelled:
    """Two products of two photos, three single photos of two kinds, one single photo of no kind."""
    products = ["mug-1", "mug-1", "tee-1", "tee-1", "tee-2", "tee-3", "hat-1", "thing"]
    kinds = ["mug", "mug", "tee", "tee", "tee", "tee", "hat", ""]
    return Labelled(np.zeros((8, 8, 8, 3), np.uint8), np.array(products), kinds=np.array(kinds))


def test_products_that_can_be_anchors_are_numbered_before_single_photos() -> None:
    numbered = labelled().numbered()
    assert numbered.products == 3  # mug-1, tee-1, and the thing, whose own other views are its positives
    assert sorted(numbered.labels[[0, 2, 7]].tolist()) == [0, 1, 2]
    assert sorted(numbered.labels[[4, 5, 6]].tolist()) == [3, 4, 5]
    assert numbered.kind_count == 3
    assert numbered.kinds.tolist() == [1, 1, 2, 2, 2, 2, 0, -1]


def test_single_photos_are_drawn_as_a_group_of_their_kind() -> None:
    numbered = labelled().numbered()
    groups = set()
    for rows in batches(numbered.labels, 2, 2, 300, np.random.default_rng(0), kinds=numbered.kinds):
        groups |= {frozenset(rows[:2].tolist()), frozenset(rows[2:].tolist())}
    assert groups == {frozenset({0, 1}), frozenset({2, 3}), frozenset({4, 5}), frozenset({6}), frozenset({7})}


def test_the_contrastive_loss_falls_when_kinds_gather() -> None:
    labels = np.array([0, 0, 1, 1, -1])
    apart = np.eye(5, dtype=np.float32)
    gathered = apart[[0, 0, 2, 2, 4]]
    losses = [float(supervised_contrastive_loss(ops.convert_to_tensor(e), labels)) for e in (apart, gathered)]
    assert losses[1] < 0.01 < losses[0]


def test_a_kind_of_its_own_has_no_contrastive_loss() -> None:
    assert float(supervised_contrastive_loss(ops.eye(3), np.array([0, 1, -1]))) == 0


def test_a_student_that_says_what_the_teacher_says_loses_nothing() -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    others = vectors[::-1].copy()
    assert float(cosine_loss(vectors, vectors)) == pytest.approx(0, abs=1e-6)
    assert float(relational_distance_loss(vectors, vectors)) == pytest.approx(0, abs=1e-6)
    assert float(cosine_loss(vectors, others)) > 0.1
    assert float(relational_distance_loss(vectors, others)) > 0.01


def test_relational_distances_do_not_mind_how_a_space_is_turned() -> None:
    vectors = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    turned = vectors[:, [1, 2, 3, 0]] * np.array([1, -1, 1, -1], np.float32)
    assert float(relational_distance_loss(turned, vectors)) == pytest.approx(0, abs=1e-6)
    assert float(cosine_loss(turned, vectors)) > 0.1


def test_same_kind_precision_counts_photos_of_other_products_alone() -> None:
    angles = np.array([0.0, 0.1, 0.3, 0.35, 1.2, 1.25])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    products = ["a", "a", "b", "c", "d", "e"]
    kinds = ["tee", "tee", "tee", "hat", "hat", "hat"]
    found = retrieve(vectors, products, k=1, others=2)
    assert same_kind_precision(found.other_neighbours, kinds, kinds).tolist() == [0.5, 0.5, 0.5, 0.0, 1.0, 1.0]


def test_where_there_are_fewer_others_only_those_count() -> None:
    vectors = np.eye(3, dtype=np.float32)
    found = retrieve(vectors, ["a", "a", "b"], k=1, others=6)
    assert (found.other_neighbours[0] == [2, -1, -1]).all()
    assert same_kind_precision(found.other_neighbours, ["x", "x", "x"], ["x", "x", "x"])[0] == 1
