"""Retrieval metrics: exact search and the metrics of its results, as functions of arrays.

`retrieve` searches; `recall_at_k`, `map_at_r` and `mean_reciprocal_rank` summarise its result:

    found = retrieve(embeddings, products, k=10)                       # leave-one-out
    found = retrieve(queries, query_products, gallery, gallery_products, k=10)
    recall_at_k(found.matches, 1)

A query is correct at K if at least one photo of its product is among the K nearest. Queries whose product is not in the
gallery are not part of the metrics: leave them out with `found[found.answerable]`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# Scores held at a time, in elements: 64 MB of float32. Measured on 100,000 x 100,000 x 256: the process peaked at
# 0.54 GB in `retrieve`, 0.44 GB in `nearest_neighbours`, 0.34 GB of it before either began.
BLOCK_ELEMENTS = 16_000_000
SAME_KIND_AMONG = 6  # nearest photos: about one row of results


@dataclass(frozen=True)
class Retrieval:
    """What n queries found among m photos.

    neighbours: int32 [n, k], gallery rows, nearest first
    scores: float32 [n, k], their cosines
    matches: bool [n, k], whether they show the query's product
    relevant: int32 [n], gallery photos of the query's product, itself excluded
    first_match: int32 [n], rank from 1 in the whole gallery of the nearest photo of the product; 0: none
    average_precision: float32 [n], at R = relevant, in 0..1; 0 where relevant is 0
    best_other: float32 [n], cosine of the nearest photo of another product; -inf if there is none
    other_neighbours: int32 [n, others], gallery rows of the nearest photos of other products; -1 where there are no
    more
    """

    neighbours: NDArray[np.int32]
    scores: Floats
    matches: NDArray[np.bool_]
    relevant: NDArray[np.int32]
    first_match: NDArray[np.int32]
    average_precision: Floats
    best_other: Floats
    other_neighbours: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.neighbours)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Retrieval":
        return Retrieval(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def answerable(self) -> NDArray[np.bool_]:
        """bool [n]: the gallery holds the query's product."""
        return self.relevant > 0


def nearest_neighbours(
    queries: Floats, gallery: Floats, k: int, exclude_self: bool = False, block: int | None = None
) -> tuple[NDArray[np.int32], Floats]:
    """The k nearest rows of the gallery by cosine, exactly, `block` queries at a time.

    queries: float32 [n, d], gallery: float32 [m, d], both unit rows.
    exclude_self: queries and gallery are the same rows, and no row is its own neighbour.
    Returns (int32 [n, k] gallery rows, float32 [n, k] cosines), nearest first, equal ones in gallery order.
    Raises ValueError when k is larger than the gallery.
    """
    _check_k(k, len(gallery) - exclude_self)
    neighbours = np.empty((len(queries), k), np.int32)
    scores = np.empty((len(queries), k), np.float32)
    for rows, block_scores in _score_blocks(queries, gallery, exclude_self, block):
        neighbours[rows], scores[rows] = _top_k(block_scores, k)
    return neighbours, scores


def retrieve(
    queries: Floats,
    query_products: Sequence[str] | NDArray,
    gallery: Floats | None = None,
    gallery_products: Sequence[str] | NDArray | None = None,
    k: int = 10,
    block: int | None = None,
    others: int = 0,
) -> Retrieval:
    """Search the gallery with every query; without a gallery, each query searches the others (leave-one-out).

    queries: float32 [n, d], gallery: float32 [m, d], unit rows; products: n and m labels of any one kind.
    others: how many photos of other products to note, too.
    Raises ValueError when k is larger than the gallery (less the query itself).
    """
    alone = gallery is None
    if gallery is None or gallery_products is None:
        gallery, gallery_products = queries, query_products
    _check_k(k, len(gallery) - alone)
    _, labels = np.unique(np.concatenate([query_products, gallery_products]), return_inverse=True)
    query_labels, gallery_labels = labels[: len(queries)], labels[len(queries) :]
    relevant = (np.bincount(gallery_labels, minlength=labels.max() + 1)[query_labels] - alone).astype(np.int32)

    parts = []
    for rows, scores in _score_blocks(queries, gallery, exclude_self=alone, block=block):
        of_product = query_labels[rows, None] == gallery_labels
        other_scores = np.where(of_product, -np.inf, scores).astype(np.float32)
        best_match = np.where(of_product, scores, -np.inf).max(axis=1)
        first_match = 1 + (other_scores > best_match[:, None]).sum(axis=1)
        # mAP@R needs the R nearest, which may be more than k.
        depth = max(k, int(relevant[rows].max()))
        neighbours, nearest_scores = _top_k(scores, depth)
        matches = gallery_labels[neighbours] == query_labels[rows, None]
        other_neighbours, nearest_other_scores = _top_k(other_scores, min(others, len(gallery)))
        parts.append(
            Retrieval(
                neighbours=neighbours[:, :k],
                scores=nearest_scores[:, :k],
                matches=matches[:, :k],
                relevant=relevant[rows],
                first_match=np.where(relevant[rows] > 0, first_match, 0).astype(np.int32),
                average_precision=average_precision_at_r(matches, relevant[rows]),
                best_other=other_scores.max(axis=1),
                other_neighbours=np.where(np.isfinite(nearest_other_scores), other_neighbours, -1).astype(np.int32),
            )
        )
    return Retrieval(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Retrieval)))


def hit_at_k(matches: NDArray[np.bool_], k: int) -> NDArray[np.bool_]:
    """bool [n]: at least one of the k nearest shows the product. matches: bool [n, >= k]."""
    _check_k(k, matches.shape[1])
    return np.asarray(matches[:, :k].any(axis=1))


def recall_at_k(matches: NDArray[np.bool_], k: int) -> float:
    """Share of queries with a hit among the k nearest, in 0..1. matches: bool [n, >= k]."""
    return float(hit_at_k(matches, k).mean())


def average_precision_at_r(matches: NDArray[np.bool_], relevant: NDArray[np.int32]) -> Floats:
    """Per query, the sum over i = 1..R of (precision at i, where i is a match), divided by R (Musgrave 2020).

    matches: bool [n, >= max R], nearest first. relevant: int [n], R of each query.
    Returns float32 [n] in 0..1, 0 where R is 0. Unlike Recall@K it is 1 only when all R are found first.
    """
    _check_k(int(relevant.max(initial=0)), matches.shape[1])
    ranks = np.arange(1, matches.shape[1] + 1)
    within_r = matches & (ranks <= relevant[:, None])
    precision = np.cumsum(within_r, axis=1) / ranks
    return ((precision * within_r).sum(axis=1) / np.maximum(relevant, 1)).astype(np.float32)


def map_at_r(matches: NDArray[np.bool_], relevant: NDArray[np.int32]) -> float:
    """Mean of `average_precision_at_r`: Musgrave, Belongie, Lim, "A Metric Learning Reality Check", 2020."""
    return float(average_precision_at_r(matches, relevant).mean())


def same_kind_precision(
    other_neighbours: NDArray[np.int32], query_kinds: Sequence[str] | NDArray, gallery_kinds: Sequence[str] | NDArray
) -> Floats:
    """Per query, the share of its nearest photos of other products that are of its kind: float32 [n] in 0..1.

    other_neighbours: int [n, k], as in `Retrieval`; -1 for none. query_kinds, gallery_kinds: n and m names. 0 if there
    is no other product.
    """
    there = other_neighbours >= 0
    same = there & (np.asarray(gallery_kinds)[other_neighbours] == np.asarray(query_kinds)[:, None])
    return (same.sum(axis=1) / np.maximum(there.sum(axis=1), 1)).astype(np.float32)


def mean_reciprocal_rank(first_match: NDArray[np.int32]) -> float:
    """Mean of 1 / rank of the first match, in 0..1. first_match: int [n], from 1; 0 counts as never found."""
    return float(np.divide(1, first_match, where=first_match > 0, out=np.zeros(len(first_match))).mean())


def bootstrap_interval(
    values: NDArray,
    groups: Sequence[str] | NDArray | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """(low, high) of the mean of `values`: the percentile bootstrap (Efron 1979).

    values: [n]. groups: n labels; whole groups are resampled. Photos of one product are correlated, so resampling
    single photos would give an interval that is far too narrow: pass their products as groups.
    """
    _, labels = np.unique(np.arange(len(values)) if groups is None else np.asarray(groups), return_inverse=True)
    sums, counts = np.bincount(labels, weights=values), np.bincount(labels)
    random = np.random.default_rng(seed)
    means = np.empty(resamples)
    for i in range(resamples):
        drawn = random.integers(len(sums), size=len(sums))
        means[i] = sums[drawn].sum() / counts[drawn].sum()
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class MinScore:
    """A cosine threshold for showing the best match.

    score: the threshold. precision: share of right best matches among those at or above it. kept: share of the right
    best matches that are at or above it.
    """

    score: float
    precision: float
    kept: float


def threshold_at_precision(
    scores: Floats, correct: NDArray[np.bool_], precision: float, least_kept: float = 0.0
) -> MinScore | None:
    """The lowest score at or above which at least `precision` of the answers are correct.

    If that keeps less than `least_kept` of the correct answers, the highest score that keeps as many, whatever its
    precision.

    scores: float [n]. correct: bool [n]. precision, least_kept: in 0..1. None if there is no such score.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, right = scores[order], np.cumsum(correct[order])
    if not len(ranked) or not right[-1]:
        return None
    shown = np.arange(1, len(ranked) + 1)
    # Equal scores are on the same side of any threshold: only the last of them can be one.
    possible = np.append(ranked[1:] != ranked[:-1], True) & (right > 0)
    precise = np.flatnonzero(possible & (right >= precision * shown))
    lenient = np.flatnonzero(possible & (right >= least_kept * right[-1]))
    if not len(precise) and not least_kept:
        return None
    i = max(precise[-1] if len(precise) else 0, lenient[0] if least_kept else 0)
    return MinScore(float(ranked[i]), float(right[i] / shown[i]), float(right[i] / right[-1]))


def calibrate_min_score(found: Retrieval, precision: float = 0.9, least_kept: float = 0.9) -> MinScore | None:
    """The threshold that separates "in the catalogue" from "not in the catalogue", if both occur equally often.

    Every query is evaluated twice: with the whole gallery, where its best match is right or wrong, and with its product
    removed, where every match is wrong. The threshold is the lowest score with at least `precision`, but it keeps at
    least `least_kept` of the right answers: a shop loses more by hiding a product that it has. None if no best match is
    right.
    """
    return threshold_at_precision(*_best_matches(found), precision, least_kept)


CLOSENESS = (0.9, 0.67)  # precisions of the labels "very close match" and "close match"
FEWEST_ANSWERS = 10  # results needed at or above a threshold


def closeness_steps(found: Retrieval, precisions: Sequence[float] = CLOSENESS) -> list[MinScore]:
    """For each of `precisions`, the lowest score at or above which results are right that often; the strictest first.

    All results in `found` count, not only the best match, since every result has a label. Each query is evaluated
    twice, as in `calibrate_min_score`. A precision that is not reached, or with fewer than FEWEST_ANSWERS results, is
    left out.
    """
    present = found[found.answerable]
    listed = np.isfinite(present.scores)
    right, wrong = present.scores[present.matches & listed], present.scores[~present.matches & listed]
    scores = np.concatenate([right, wrong, wrong])  # wrong results are found with and without the product
    correct = np.arange(len(scores)) < len(right)
    steps = (threshold_at_precision(scores, correct, precision) for precision in sorted(precisions, reverse=True))
    return [step for step in steps if step and (scores >= step.score).sum() >= FEWEST_ANSWERS]


def _best_matches(found: Retrieval) -> tuple[Floats, NDArray[np.bool_]]:
    """(float [n] scores, bool [n] whether right) of each query's best match, with and without its product in the
    gallery.
    """
    present = found[found.answerable]
    absent = present.best_other[np.isfinite(present.best_other)]
    scores = np.concatenate([present.scores[:, 0], absent])
    correct = np.concatenate([present.matches[:, 0], np.zeros(len(absent), bool)])
    return scores, correct


def _score_blocks(
    queries: Floats, gallery: Floats, exclude_self: bool, block: int | None
) -> Iterator[tuple[slice, Floats]]:
    """(rows, float32 [rows, m] cosines) for all queries; a row's own score is -inf when excluded."""
    block = block or max(1, BLOCK_ELEMENTS // len(gallery))
    for start in range(0, len(queries), block):
        rows = slice(start, min(start + block, len(queries)))
        scores = queries[rows] @ gallery.T
        if exclude_self:
            scores[np.arange(len(scores)), np.arange(rows.start, rows.stop)] = -np.inf
        yield rows, scores


def _top_k(scores: Floats, k: int) -> tuple[NDArray[np.int32], Floats]:
    """The k highest of each row, highest first, equal ones by column."""
    if not k:
        return np.zeros((len(scores), 0), np.int32), np.zeros((len(scores), 0), np.float32)
    candidates = np.sort(np.argpartition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k :], axis=1)
    candidate_scores = np.take_along_axis(scores, candidates, axis=1)
    order = np.argsort(-candidate_scores, axis=1, kind="stable")
    return (
        np.take_along_axis(candidates, order, axis=1).astype(np.int32),
        np.take_along_axis(candidate_scores, order, axis=1),
    )


def _check_k(k: int, most: int) -> None:
    if k > most:
        raise ValueError(f"K = {k} is larger than the {most} photos there are to find.")
