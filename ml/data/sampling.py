"""P x K batches: P products with K photos each, so that every batch holds pairs to pull and pairs to push."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

MANY = 40  # photos; a product of more is drawn no more often
MANY_OF_A_KIND = 160  # photos of single-photo products; a kind of more is drawn no more often
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
    """`count` batches of p * k rows: k photos each of p different groups; int [p * k].

    A group is a product, or, of products with a single photo, those of one kind: they cannot be anchors for their own
    product, but show what their kind looks like.

    labels: int [n], the product of each photo; a negative label is drawn only where `hard_negatives` names its row.
    kinds: int [n], the kind (category) of each photo, -1 where it is not known; None: of none.
    hard_negatives: int [m, 2], (row, label) of photos taken for a product that they do not show. Every batch begins
    with
    one of them, each in turn: the photo among k of its own product (k times where its label is negative), then k of
    the other product. So the miner meets them in one batch, whatever p and the number of products are.
    Every photo is drawn as often as any other, up to MANY a product: one of 1,000 photos does not displace one of 2,
    nor are 2 photos shown until they are known by heart. Each group goes through all of its photos before any comes
    again; one of fewer than k photos repeats some, and augmentation makes them differ.
    Fewer than p groups give smaller batches.
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
    """All items in random order, again and again."""
    while True:
        yield from rng.permutation(items)
