"""P x K batches from products of very different size."""

import numpy as np

from ml.data.sampling import batches

# One product of 1,000 photos, one of 100, twenty of 4, one of 1.
LABELS = np.repeat(np.arange(23), [1000, 100, *[4] * 20, 1])


def drawn(p: int = 6, k: int = 4, count: int = 200, seed: int = 0) -> list[np.ndarray]:
    return list(batches(LABELS, p, k, count, np.random.default_rng(seed)))


def test_every_batch_holds_k_photos_of_each_of_p_products() -> None:
    for rows in drawn():
        _, counts = np.unique(LABELS[rows], return_counts=True)
        assert counts.tolist() == [4] * 6


def test_photos_of_a_product_differ_where_it_has_enough() -> None:
    for rows in drawn():
        large = rows[LABELS[rows] < 22]
        assert len(set(large.tolist())) == len(large)


def test_a_thousand_photos_are_drawn_no_more_often_than_a_hundred_and_one_photo_is_drawn_too() -> None:
    products = np.concatenate([np.unique(LABELS[rows]) for rows in drawn(p=2, count=2000)])
    times = np.bincount(products, minlength=23)
    assert 0.9 < times[0] / times[1] < 1.1
    assert 0 < times[22] < times[21] < times[1]


def test_a_product_shows_all_its_photos_before_any_comes_again() -> None:
    rows = np.concatenate(drawn(count=300))
    seen = rows[LABELS[rows] == 1]
    assert len(set(seen[:100].tolist())) == 100


def test_the_same_seed_draws_the_same_batches() -> None:
    assert all((a == b).all() for a, b in zip(drawn(seed=5), drawn(seed=5), strict=True))
    assert any((a != b).any() for a, b in zip(drawn(seed=5), drawn(seed=6), strict=True))


def test_fewer_than_p_products_make_smaller_batches() -> None:
    (rows,) = batches(np.array([0, 0, 1, -1]), 16, 2, 1, np.random.default_rng(0))
    assert sorted(rows.tolist()) in ([0, 1, 2, 2],)


# Row 1180 was taken for product 5, row 0 for product 1, and row 1181, of no known product, for product 7.
CONFUSED = np.array([[1180, 5], [0, 1], [1181, 7]])
WITH_UNKNOWN = np.append(LABELS, -9)


def drawn_with_pairs(p: int = 6, k: int = 4, count: int = 30, seed: int = 0) -> list[np.ndarray]:
    return list(batches(WITH_UNKNOWN, p, k, count, np.random.default_rng(seed), CONFUSED))


def test_every_batch_begins_with_a_photo_and_the_product_it_was_taken_for_each_pair_in_turn() -> None:
    pairs = []
    for rows in drawn_with_pairs():
        (wrong,) = set(WITH_UNKNOWN[rows[4:8]])
        pairs.append((rows[0], wrong))
    for turn in range(0, 30, 3):
        assert set(pairs[turn : turn + 3]) == {(1180, 5), (0, 1), (1181, 7)}


def test_a_photo_of_an_unknown_product_stands_alone_and_comes_only_with_the_product_it_was_taken_for() -> None:
    for rows in drawn_with_pairs():
        assert (rows == 1181).sum() in (0, 4)
        assert (rows[:4] == 1181).all() == (1181 in rows)
        if rows[0] != 1181:
            assert set(WITH_UNKNOWN[rows[:4]]) == {LABELS[rows[0]]}


def test_pairs_leave_p_different_products_in_every_batch() -> None:
    for rows in drawn_with_pairs():
        assert len(rows) == 24 and len(set(WITH_UNKNOWN[rows])) == 6
    two = list(batches(np.array([0, 0, 1, 1]), 16, 2, 5, np.random.default_rng(0), np.array([[3, 0]])))
    assert all(rows[0] == 3 and len(rows) == 4 and set(rows[2:]) == {0, 1} for rows in two)
