"""P x K batches: P products with K photos each, so that every batch holds pairs to pull and pairs to push."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

MANY = 40  # photos; a product of more is drawn no more often
NO_PAIRS = np.zeros((0, 2), np.intp)


def batches(
    labels: NDArray, p: int, k: int, count: int, rng: np.random.Generator, hard_negatives: NDArray[np.intp] = NO_PAIRS
) -> Iterator[NDArray[np.intp]]:
    """`count` batches of p * k rows: k photos each of p different products; int [p * k].

    labels: int [n], the product of each photo; a negative label is drawn only where `hard_negatives` names its row.
    hard_negatives: int [m, 2], (row, label) of photos taken for a product that they do not show. Every batch begins
    with one of them, each in turn: the photo among k of its own product (k times where its label is negative), then k
    of the other product. So the miner meets them in one batch, whatever p and the number of products are.
    Every photo is drawn as often as any other, up to MANY a product: one of 1,000 photos does not displace one of 2,
    nor are 2 photos shown until they are known by heart. Each product goes through all of its photos before any comes
    again; one of fewer than k photos repeats some, and augmentation makes them differ.
    Fewer than p products give smaller batches.
    """
    products = np.unique(labels[labels >= 0])
    rows_of = [np.flatnonzero(labels == product) for product in products]
    weights = np.array([min(len(rows), MANY) for rows in rows_of], float)
    photos = [_turns(rows, rng) for rows in rows_of]
    pairs = _turns(np.arange(len(hard_negatives)), rng)
    size = min(p, len(rows_of))
    for _ in range(count):
        batch: list[int] = []
        allowed = weights.copy()
        if len(hard_negatives) and size > 1:
            row, other = hard_negatives[next(pairs)]
            own, other = np.searchsorted(products, [labels[row], other])
            if labels[row] < 0:
                batch += [row] * k
            else:
                batch += [row, *(next(photos[own]) for _ in range(k - 1))]
                allowed[own] = 0
            batch += [next(photos[other]) for _ in range(k)]
            allowed[other] = 0
        if missing := size - len(batch) // k:
            chosen = rng.choice(len(rows_of), missing, replace=False, p=allowed / allowed.sum())
            batch += [next(photos[product]) for product in chosen for _ in range(k)]
        yield np.array(batch)


def _turns(items: NDArray, rng: np.random.Generator) -> Iterator[int]:
    """All items in random order, again and again."""
    while True:
        yield from rng.permutation(items)
