import os
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings
from sklearn.metrics import average_precision_score
from sklearn.neighbors import NearestNeighbors

from ml.evaluation.metrics import (
    average_precision_at_r,
    bootstrap_interval,
    calibrate_min_score,
    closeness_steps,
    map_at_r,
    mean_reciprocal_rank,
    nearest_neighbours,
    recall_at_k,
    retrieve,
    threshold_at_precision,
)


def at_degrees(*angles: float) -> np.ndarray:
    radians = np.radians(angles)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def random_units(n: int, seed: int, dim: int = 16) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_gallery_one_can_work_out_by_hand() -> None:
    gallery, products = at_degrees(0, 10, 20, 90, 180), ["A", "B", "A", "B", "C"]
    # From 2 degrees: A B A B C. From 94: B A B C A. From 80: B A B A C. D is not there.
    found = retrieve(at_degrees(2, 94, 80, 45), ["A", "B", "C", "D"], gallery, products, k=5)
    assert found.neighbours[:3].tolist() == [[0, 1, 2, 3, 4], [3, 2, 1, 4, 0], [3, 2, 1, 0, 4]]
    assert found.relevant.tolist() == [2, 2, 1, 0]
    assert found.first_match.tolist() == [1, 1, 5, 0]

    found = found[found.answerable]
    assert recall_at_k(found.matches, 1) == pytest.approx(2 / 3)
    assert recall_at_k(found.matches, 4) == pytest.approx(2 / 3)
    assert recall_at_k(found.matches, 5) == 1
    assert map_at_r(found.matches, found.relevant) == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert mean_reciprocal_rank(found.first_match) == pytest.approx((1 + 1 + 1 / 5) / 3)
    assert found.best_other == pytest.approx(np.cos(np.radians([8, 74, 10])))


def test_map_at_r_as_worked_out_in_the_paper() -> None:
    # Musgrave 2020, section 3.2 and figure 2: R = 10; the first correct only; then the first and the last.
    first_only = np.array([[True] + [False] * 9])
    first_and_last = np.array([[True] + [False] * 8 + [True]])
    ten = np.array([10], np.int32)
    assert average_precision_at_r(first_only, ten) == pytest.approx([0.1])
    assert average_precision_at_r(first_and_last, ten) == pytest.approx([(1 + 2 / 10) / 10])


def test_matches_beyond_the_rth_do_not_count_for_map_at_r() -> None:
    assert average_precision_at_r(np.array([[False, True, True]]), np.array([1], np.int32)) == [0]


def test_leave_one_out_agrees_with_scikit_learn_on_random_data() -> None:
    rows, products = random_units(300, seed=1), np.random.default_rng(2).integers(40, size=300)
    found = retrieve(rows, products, k=10)

    reference = NearestNeighbors(metric="cosine", algorithm="brute").fit(rows)
    distances, order = reference.kneighbors(n_neighbors=299)  # no query given: a row is not its own neighbour
    right = products[order] == products[:, None]
    assert (found.neighbours == order[:, :10]).all()
    assert found.scores == pytest.approx(1 - distances[:, :10], abs=1e-5)
    assert recall_at_k(found.matches, 5) == right[:, :5].any(axis=1).mean()

    answerable = right.any(axis=1)
    assert (found.answerable == answerable).all()
    assert (found.first_match == np.where(answerable, right.argmax(axis=1) + 1, 0)).all()
    for i in range(300):
        r = right[i].sum()
        hits = right[i, :r].sum()
        # scikit-learn divides by the hits it was shown, mAP@R by all R.
        expected = average_precision_score(right[i, :r], np.arange(r, 0, -1)) * hits / r if hits else 0
        assert found.average_precision[i] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_the_block_size_changes_nothing(block: int) -> None:
    queries, gallery = random_units(130, seed=3), random_units(90, seed=4)
    neighbours, scores = nearest_neighbours(queries, gallery, k=5)
    in_blocks, block_scores = nearest_neighbours(queries, gallery, k=5, block=block)
    assert (in_blocks == neighbours).all()
    assert block_scores == pytest.approx(scores, abs=1e-6)


def test_no_photo_finds_itself_and_equal_scores_keep_the_order_of_the_gallery() -> None:
    neighbours, scores = nearest_neighbours(at_degrees(0, 0, 90, 0), at_degrees(0, 0, 90, 0), 3, exclude_self=True)
    assert neighbours.tolist() == [[1, 3, 2], [0, 3, 2], [0, 1, 3], [0, 1, 2]]
    assert scores[0] == pytest.approx([1, 1, 0], abs=1e-6)


def test_k_larger_than_the_gallery_is_refused() -> None:
    with pytest.raises(ValueError, match="K = 3 is larger than the 2 photos"):
        nearest_neighbours(at_degrees(0, 1, 2), at_degrees(0, 1, 2), 3, exclude_self=True)


def test_the_bootstrap_interval_has_the_width_theory_gives_it() -> None:
    hits = np.random.default_rng(0).random(2000) < 0.5
    low, high = bootstrap_interval(hits)
    assert low < hits.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 2000), rel=0.15)
    assert (low, high) == bootstrap_interval(hits)


def test_the_interval_is_wider_when_whole_products_succeed_or_fail() -> None:
    products = np.arange(2000) // 100
    hits = products % 2 == 0
    low, high = bootstrap_interval(hits, products)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 20), rel=0.15)


def test_the_threshold_is_the_lowest_score_that_keeps_the_precision() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    correct = np.array([True, True, False, True, False])
    best = threshold_at_precision(scores, correct, precision=0.75)
    assert best and (best.score, best.precision, best.kept) == pytest.approx((0.6, 0.75, 1))
    strict = threshold_at_precision(scores, correct, precision=0.9)
    assert strict and (strict.score, strict.precision, strict.kept) == pytest.approx((0.8, 1, 2 / 3))
    assert threshold_at_precision(scores, np.zeros(5, bool), precision=0.1) is None


def test_equal_scores_are_shown_or_hidden_together() -> None:
    scores, correct = np.array([0.9, 0.5, 0.5], np.float32), np.array([True, True, False])
    best = threshold_at_precision(scores, correct, precision=0.9)
    assert best and best.score == pytest.approx(0.9)


def test_the_min_score_lies_between_what_the_shop_has_and_what_it_has_not() -> None:
    # Photos of one product lie 2 degrees apart, products 60: cos 2 = .999, cos 58 = .530.
    found = retrieve(at_degrees(0, 2, 60, 62, 120, 122), ["a", "a", "b", "b", "c", "c"], k=1)
    calibrated = calibrate_min_score(found, precision=0.9)
    assert calibrated and calibrated.score == pytest.approx(np.cos(np.radians(2)))
    assert (calibrated.precision, calibrated.kept) == (1, 1)


def test_a_weak_model_hides_few_of_its_right_answers_rather_than_nearly_all() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5], np.float32)
    correct = np.array([True, False, True, False, True])
    lenient = threshold_at_precision(scores, correct, precision=0.9, least_kept=0.6)
    assert lenient and (lenient.score, lenient.precision, lenient.kept) == pytest.approx((0.7, 2 / 3, 2 / 3))


def test_a_step_of_closeness_is_the_lowest_score_from_which_on_what_is_listed_is_right_as_often() -> None:
    # Photos of a product lie 1 degree apart, the products 30: of three that are found, one is right, and the best match
    # always is. Wrong ones count twice, for those who ask for what is not there.
    products = [str(product) for product in range(12) for _ in range(2)]
    found = retrieve(at_degrees(*(30 * (row // 2) + row % 2 for row in range(24))), products, k=3)
    always, seldom = closeness_steps(found, precisions=(0.2, 1))
    assert always.score == pytest.approx(np.cos(np.radians(1)), abs=1e-6)
    assert (always.precision, always.kept) == (1, 1)
    assert seldom.score < np.cos(np.radians(28)) and seldom.precision == pytest.approx(0.2, abs=0.01)


def test_a_precision_that_rests_on_a_few_answers_has_no_step() -> None:
    found = retrieve(at_degrees(0, 2, 60, 62, 120, 122), ["a", "a", "b", "b", "c", "c"], k=1)
    assert closeness_steps(found, precisions=(1,)) == []


SEARCH_IN_2_GB = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2_000_000_000, 2_000_000_000))
import numpy as np
from ml.evaluation.metrics import retrieve

def vectors(seed):
    rows = np.random.default_rng(seed).standard_normal((100_000, 256), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows

queries, gallery = vectors(1), vectors(2)
products = np.arange(100_000) // 4
found = retrieve(queries[:ASKED], products[:ASKED], gallery, products, k=10)
assert len(found) == ASKED and found.answerable.all()
"""


def test_a_hundred_thousand_photos_among_a_hundred_thousand_are_searched_within_2_gb() -> None:
    # Queries go in blocks of 160: a few blocks take the memory that all 625 take, but for 12 MB of results.
    code = SEARCH_IN_2_GB.replace("ASKED", "800")
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment, check=True)
