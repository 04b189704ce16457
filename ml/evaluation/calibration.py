"""Fits the calibration of scores on queries with known answers, and measures how reliable it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics import Floats
from ml.verdict import CLOSE, COHORT, Calibration, Logistic, features, sigmoid

LISTED = 10  # results of each answer that are used: those with a label that a shopper sees
RIDGE = 1e-6  # L2 penalty; keeps the weights finite if right and wrong are separable
FEWEST = 20  # right and wrong results needed to fit
BINS = 10


@dataclass(frozen=True)
class Answer:
    """The results of one query, best first: cosines float [m], and for each whether it is the query's product, and of
    its kind.

    query: row of the query. present: whether its product is in the gallery.
    """

    query: int
    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    kind: NDArray[np.bool_]
    present: bool


def answers(
    queries: Floats,
    query_products: Sequence[str] | NDArray,
    gallery: Floats | None,
    gallery_products: Sequence[str] | NDArray,
    query_kinds: Sequence[str] | NDArray | None = None,
    gallery_kinds: Sequence[str] | NDArray | None = None,
) -> list[Answer]:
    """The answer to each query, and if its product is in the gallery, a second answer with that product removed.

    queries: float32 [n, d], gallery: float32 [m, d], unit rows; None: leave-one-out. products, kinds: n and m names; ""
    is no kind. Without kinds, only the product itself counts as of its kind.
    """
    alone = gallery is None
    photos = queries if gallery is None else gallery
    order = np.argsort(np.asarray(gallery_products), kind="stable")
    names, first = np.unique(np.asarray(gallery_products)[order], return_index=True)
    kinds = (
        np.full(len(names), "", object) if gallery_kinds is None else np.asarray(gallery_kinds, object)[order][first]
    )
    found = []
    for row, vector in enumerate(queries):
        cosines = photos @ vector
        if alone:
            cosines[row] = -np.inf
        best = np.maximum.reduceat(cosines[order], first)
        right = names == query_products[row]
        wanted = query_kinds[row] if query_kinds is not None else ""
        kind = right | ((kinds == wanted) & (wanted != ""))
        listed = np.argsort(-best, kind="stable")
        listed = listed[np.isfinite(best[listed])]
        present = bool(right[listed].any())
        for keep, there in ((listed, present), (listed[~right[listed]], False))[: 1 + present]:
            top = keep[: COHORT + LISTED]
            found.append(Answer(row, best[top].astype(float), right[top], kind[top], there))
    return found


def fit(known: Sequence[Answer]) -> Calibration | None:
    """Logistic regressions on the first LISTED results of each answer, including queries whose product is not in the
    gallery.

    The result at rank r has weight 1 / r: unweighted, nine in ten rows are wrong results of lower ranks, and the
    probability of the first result, which matters most, is off.
    None with fewer than FEWEST right or wrong results.
    """
    listed = [answer for answer in known if len(answer.scores)]
    if not listed:
        return None
    inputs = np.concatenate([features(answer.scores[:LISTED], answer.scores) for answer in listed])
    right, kind = (np.concatenate([getattr(answer, name)[:LISTED] for answer in listed]) for name in ("right", "kind"))
    if min(right.sum(), (~right).sum()) < FEWEST:
        return None
    importance = np.concatenate([1 / (1 + np.arange(len(answer.scores[:LISTED]))) for answer in listed])
    product = _logistic(inputs, right, importance)
    return Calibration(product, product if (kind == right).all() else _logistic(inputs, kind, importance))


@dataclass(frozen=True)
class Trust:
    """Error rates of the labels that the page shows, as fractions.

    false_nothing: of queries whose product is in the gallery, those answered with "nothing similar". false_close: of
    queries whose product is not in the gallery, those with a result labelled a close match. expected_error: expected
    calibration error (ECE, Guo 2017) over BINS bins of equal width, of the first LISTED results, and of the first
    result alone. present, absent: number of queries with and without their product in the gallery.
    """

    false_nothing: float
    false_close: float
    expected_error: float
    expected_error_of_the_first: float
    present: int
    absent: int


def trust(calibration: Calibration, known: Sequence[Answer]) -> Trust:
    """Measured on answers that `fit` has not seen."""
    nothing, close, told, true = [], [], [], []
    for answer in known:
        if not len(answer.scores):
            continue
        found = calibration.likelihoods(answer.scores[:LISTED], answer.scores)
        if answer.present:
            nothing.append(not any(likelihood.is_alike for likelihood in found))
        else:
            close.append(any(likelihood.product >= CLOSE for likelihood in found))
        told.append(np.array([likelihood.product for likelihood in found]))
        true.append(answer.right[:LISTED])
    return Trust(
        float(np.mean(nothing)) if nothing else 0.0,
        float(np.mean(close)) if close else 0.0,
        expected_error(np.concatenate(told), np.concatenate(true)),
        expected_error(np.array([each[0] for each in told]), np.array([each[0] for each in true])),
        len(nothing),
        len(close),
    )


def expected_error(told: NDArray[np.float64], true: NDArray[np.bool_]) -> float:
    """Expected calibration error of probabilities float [n] against bool [n], in 0..1."""
    bins = np.minimum((told * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, told - true, minlength=BINS)
    return float(np.abs(gaps).sum() / len(told))


def _logistic(inputs: NDArray[np.float64], truth: NDArray[np.bool_], importance: NDArray[np.float64]) -> Logistic:
    """Weighted logistic regression by Newton's method; features with a negative weight are removed one by one."""
    mean = np.average(inputs, axis=0, weights=importance)
    spread = np.maximum(np.sqrt(np.average((inputs - mean) ** 2, axis=0, weights=importance)), 1e-9)
    scaled = np.column_stack([np.ones(len(inputs)), (inputs - mean) / spread])
    used = np.ones(scaled.shape[1], bool)
    while True:
        weights = np.zeros(scaled.shape[1])
        weights[used] = _newton(scaled[:, used], truth.astype(float), importance)
        worst = 1 + int(np.argmin(weights[1:]))
        if weights[worst] >= 0:
            break
        used[worst] = False
    slopes = weights[1:] / spread
    return Logistic(float(weights[0] - slopes @ mean), tuple(float(slope) for slope in slopes))


def _newton(
    inputs: NDArray[np.float64], truth: NDArray[np.float64], importance: NDArray[np.float64], steps: int = 50
) -> NDArray[np.float64]:
    penalty = RIDGE * importance.sum() * np.diag([0.0] + [1.0] * (inputs.shape[1] - 1))
    weights = np.zeros(inputs.shape[1])
    for _ in range(steps):
        told = sigmoid(np.clip(inputs @ weights, -30, 30))
        gradient = inputs.T @ ((told - truth) * importance) + penalty @ weights
        curvature = (inputs * (told * (1 - told) * importance)[:, None]).T @ inputs + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(weights)), gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights
