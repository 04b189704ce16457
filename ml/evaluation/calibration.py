"""From answers whose truth is known to probabilities, and how far those can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluation.metrics import Floats
from ml.verdict import CLOSE, COHORT, Calibration, Logistic, features

LISTED = 10  # of each answer: what a shopper looks at, and what the words stand beside
RIDGE = 1e-6  # keeps the weights finite where right and wrong do not overlap
FEWEST = 20  # answers of either sort; fewer calibrate nothing
BINS = 10


@dataclass(frozen=True)
class Answer:
    """The products found for one query, best first: float [m] cosines, whether each is its product, and of its kind.

    query: its row. present: whether its product is in the gallery.
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
    """Each query asked of the gallery, and, where its product is there, of the gallery without it.

    queries: float32 [n, d], gallery: float32 [m, d], unit rows; None: each query searches the others. products, kinds:
    n and m names; "" is no kind. Without kinds, only the product itself is of its kind.
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
    """Logistic regressions on the first LISTED products of each answer, queries whose product is not there included.

    None where right or wrong ones are fewer than FEWEST.
    """
    listed = [answer for answer in known if len(answer.scores)]
    if not listed:
        return None
    inputs = np.concatenate([features(answer.scores[:LISTED], answer.scores) for answer in listed])
    right, kind = (np.concatenate([getattr(answer, name)[:LISTED] for answer in listed]) for name in ("right", "kind"))
    if min(right.sum(), (~right).sum()) < FEWEST:
        return None
    product = _logistic(inputs, right)
    return Calibration(product, product if (kind == right).all() else _logistic(inputs, kind))


@dataclass(frozen=True)
class Trust:
    """How often the words are wrong, as fractions.

    false_nothing: queries whose product is there, and are told that nothing like it is. false_close: queries whose
    product is not there, of which a result is called a close match. expected_error: between the probability told and
    the share that is right (ECE, Guo 2017), over BINS of equal width; of the first LISTED results, and of the first
    alone. present, absent: how many queries of either sort.
    """

    false_nothing: float
    false_close: float
    expected_error: float
    expected_error_of_the_first: float
    present: int
    absent: int


def trust(calibration: Calibration, known: Sequence[Answer]) -> Trust:
    """Measure on answers that `fit` has not seen."""
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


def _logistic(inputs: NDArray[np.float64], truth: NDArray[np.bool_]) -> Logistic:
    """The regression by Newton's method, features that would count against a result left out one by one."""
    mean, spread = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-9)
    scaled = np.column_stack([np.ones(len(inputs)), (inputs - mean) / spread])
    used = np.ones(scaled.shape[1], bool)
    while True:
        weights = np.zeros(scaled.shape[1])
        weights[used] = _newton(scaled[:, used], truth.astype(float))
        worst = 1 + int(np.argmin(weights[1:]))
        if weights[worst] >= 0:
            break
        used[worst] = False
    slopes = weights[1:] / spread
    return Logistic(float(weights[0] - slopes @ mean), tuple(float(slope) for slope in slopes))


def _newton(inputs: NDArray[np.float64], truth: NDArray[np.float64], steps: int = 50) -> NDArray[np.float64]:
    penalty = RIDGE * len(inputs) * np.diag([0.0] + [1.0] * (inputs.shape[1] - 1))
    weights = np.zeros(inputs.shape[1])
    for _ in range(steps):
        told = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        gradient = inputs.T @ (told - truth) + penalty @ weights
        curvature = (inputs * (told * (1 - told))[:, None]).T @ inputs + penalty
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(weights)), gradient)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights
