"""P x K batches: P products with K photos each, so that every batch holds pairs to pull and pairs to push."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

MANY = 40  # photos; a product of more is drawn no more often


def batches(labels: NDArray, p: int, k: int, count: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """`count` batches of p * k rows: k photos each of p different products; int [p * k].

    labels: int [n], the product of each photo; a negative label is never drawn.
    Every photo is drawn as often as any other, up to MANY a product: one of 1,000 photos does not crowd out one of 2,
    nor are 2 photos shown until they are known by heart. Each product goes through all of its photos before any comes
    again; one of fewer than k photos repeats some, and augmentation makes them differ.
    Fewer than p products give smaller batches.
    """
    rows_of = [np.flatnonzero(labels == product) for product in np.unique(labels[labels >= 0])]
    weights = np.array([min(len(rows), MANY) for rows in rows_of], float)
    photos = [_turns(rows, rng) for rows in rows_of]
    for _ in range(count):
        chosen = rng.choice(len(rows_of), min(p, len(rows_of)), replace=False, p=weights / weights.sum())
        yield np.array([next(photos[product]) for product in chosen for _ in range(k)])


def _turns(items: NDArray, rng: np.random.Generator) -> Iterator[int]:
    """All items in random order, again and again."""
    while True:
        yield from rng.permutation(items)
