"""Calibrated scores: the probability that a result is the product in the photo, or at least of its kind. NumPy only.

The same cosine means different things in different shops: unrelated pears score as high as near-identical lamps. Each
score is therefore read relative to the other scores of the same answer: its distance to the next product, and to the
cohort, the products ranked behind the best one. This is the idea of cohort normalisation (adaptive s-norm of speaker
verification: Cumani 2011, "Comparison of speaker recognition approaches for real applications"). A logistic regression
turns these features into a probability. `ml.evaluation.calibration` fits it on queries whose product is in the gallery,
and on the same queries with their product taken out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

COHORT = 30  # size of the cohort: the products ranked behind the best one; every answer fetches more rows than that
MIN_COHORT = 3  # products; statistics of a smaller cohort are not used
ROUNDING = 1e-4  # of the scores stored with a search; the best one is recognised within this tolerance
MIN_DEVIATION = 0.01  # lower bound of the cohort's standard deviation; equal scores would divide by zero


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-values)), without overflow."""
    return 0.5 + 0.5 * np.tanh(values / 2)


@dataclass(frozen=True)
class Logistic:
    """Probability 1 / (1 + exp(-(bias + weights . features))). Weights are never negative, so that within one answer a
    higher score never has a lower probability."""

    bias: float
    weights: tuple[float, ...]

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """features: float [n, 5] -> float [n] in 0..1. A card with fewer weights than features knows the first ones."""
        known = features[:, : len(self.weights)]
        return sigmoid(self.bias + known @ np.asarray(self.weights))


class Likelihood(NamedTuple):
    """Probabilities in 0..1 that a result is the product in the photo, and that it is of its kind."""

    product: float
    kind: float

    @property
    def is_alike(self) -> bool:
        """One of the two is ALIKE or more. If no result is alike, the page says that nothing similar was found."""
        return max(self.product, self.kind) >= ALIKE


@dataclass(frozen=True)
class Calibration:
    """Two regressions: `product`, that a result is the product in the photo; `kind`, that it is of its kind."""

    product: Logistic
    kind: Logistic

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Calibration | None":
        """From the "calibration" entry of card.json; None if the model has not been calibrated."""
        noted = card.get("calibration")
        if not noted:
            return None
        return cls(*(Logistic(noted[name]["bias"], tuple(noted[name]["weights"])) for name in ("product", "kind")))

    def likelihoods(self, scores: ArrayLike, answer: ArrayLike) -> list[Likelihood]:
        """One Likelihood for each of `scores`, float [n], given the scores of the whole answer: see `features`."""
        inputs = features(scores, answer)
        pairs = zip(self.product(inputs), self.kind(inputs), strict=True)
        return [Likelihood(float(product), float(kind)) for product, kind in pairs]

    def as_card(self) -> dict[str, Any]:
        return asdict(self)


def features(scores: ArrayLike, answer: ArrayLike) -> NDArray[np.float64]:
    """Inputs of the logistic regressions, one row a score: float64 [n, 5].

    scores: float [n], cosines of results: of this answer's products, of lower ranks, or found under a filter.
    answer: float [m], the best cosine of each product of the unfiltered answer, in descending order.

    Columns: the cosine; for the best product the square root of its lead over the second, 0 for all others; for all
    others the difference to the best (0 or less), 0 for the best; the z-score within the cohort; for the best product
    its distance to the cohort's mean, 0 for all others.
    With fewer than MIN_COHORT products behind the best, all columns but the first are 0.
    """
    scores, ranked = np.asarray(scores, float), np.asarray(answer, float)
    cohort = ranked[1 : 1 + COHORT]
    if len(cohort) < MIN_COHORT:
        return np.column_stack([scores, np.zeros((len(scores), 4))])
    best, second = ranked[0], ranked[1]
    leads = scores >= best - ROUNDING
    lead, lag = np.where(leads, scores - second, 0), np.where(leads, 0, scores - best)
    above = scores - cohort.mean()
    z_score = above / max(float(cohort.std()), MIN_DEVIATION)
    return np.column_stack(
        [scores, np.sqrt(np.maximum(lead, 0)), np.minimum(lag, 0), z_score, np.where(leads, above, 0)]
    )


# Least probabilities of the three labels on the page. Results below ALIKE are shown in the tail.
VERY_CLOSE, CLOSE, ALIKE = 0.9, 0.67, 0.5
