"""P x K batches: P products with K photos each, so that every batch contains positive and negative pairs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

MANY = 40  # photos; products with more are sampled as if they had this many
MANY_OF_A_KIND = 160  # the same limit for a kind's single-photo products together
NO_PAIRS = np.zeros((0, 2), np.intp)


def batches(
    labels: NDArray,
    p: int,
    k: int,
    count: int,
    rng: np.random.Generator,
    hard_negatives: NDArray[np.intp] = NO_PAIRS,
    kinds: NDArray | None = None,
) -> Iterator[NDArray[np.intp]]:
    """`count` batches of p * k rows: k photos of each of p different groups; int [p * k].

    A group is a product, or the single-photo products of one kind together: these cannot be anchors for their own
    product, but they show what their kind looks like.

    labels: int [n], the product of each photo; photos with a negative label are sampled only through `hard_negatives`.
    kinds: int [n], the kind (category) of each photo, -1 if unknown; None: no kinds.
    hard_negatives: int [m, 2], (row, label) of photos mistaken for a product that they do not show. Every batch begins
    with one of them, in turn: the photo among k of its own product (repeated k times if its label is negative), then k
    photos of the other product. So both are always in the same batch, whatever p is.

    Photos are sampled equally often, up to MANY per product: a product of 1,000 photos does not displace one of 2, and
    2 photos are not overrepresented. Each group goes through all its photos before any is repeated; groups of fewer
    than k photos repeat some, which augmentation makes different. With fewer than p groups, batches are smaller.
    """
    rows_of, group_of, weights = _groups(labels, np.full(len(labels), -1) if kinds is None else kinds)
    photos = [_turns(rows, rng) for rows in rows_of]
    pairs = _turns(np.arange(len(hard_negatives)), rng)
    size = min(p, len(rows_of))
    for _ in range(count):
        batch: list[int] = []
        allowed = weights.copy()
        if len(hard_negatives) and size > 1:
            row, other = hard_negatives[next(pairs)]
            if labels[row] < 0:
                batch += [row] * k
            else:
                own = group_of[labels[row]]
                batch += [row, *(next(photos[own]) for _ in range(k - 1))]
                allowed[own] = 0
            batch += [next(photos[group_of[other]]) for _ in range(k)]
            allowed[group_of[other]] = 0
        if missing := size - len(batch) // k:
            chosen = rng.choice(len(rows_of), missing, replace=False, p=allowed / allowed.sum())
            batch += [next(photos[group]) for group in chosen for _ in range(k)]
        yield np.array(batch)


def _groups(labels: NDArray, kinds: NDArray) -> tuple[list[NDArray], dict[int, int], NDArray]:
    """(rows of each group, group of each product, weight of each group)."""
    products, photos = np.unique(labels[labels >= 0], return_counts=True)
    single = np.isin(labels, products[photos == 1]) & (kinds >= 0)
    several = np.setdiff1d(products, labels[single])
    rows_of = [np.flatnonzero(labels == product) for product in several]
    weights = [min(len(rows), MANY) for rows in rows_of]
    group_of = {int(product): group for group, product in enumerate(several)}
    for kind in np.unique(kinds[single]):
        rows = np.flatnonzero(single & (kinds == kind))
        group_of |= {int(product): len(rows_of) for product in labels[rows]}
        rows_of.append(rows)
        weights.append(min(len(rows), MANY_OF_A_KIND))
    return rows_of, group_of, np.array(weights, float)


def _turns(items: NDArray, rng: np.random.Generator) -> Iterator[int]:
    """All items in random order, endlessly, reshuffled after each pass."""
    while True:
        yield from rng.permutation(items)
