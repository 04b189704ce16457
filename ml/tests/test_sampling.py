"""P x K batches from products of very different size."""

import numpy as np

from ml.sampling import batches

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
