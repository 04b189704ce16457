"""What scores mean: the probability that a product found is the one in the photo, or at least of its kind. NumPy only.

A cosine means little by itself: in a shop of pears strangers score what in a shop of lamps only twins do. So each
score is
read beside the others of the same answer: how far it lies from the next product, and from the crowd behind (the idea of
cohort normalisation, as speaker verification's adaptive s-norm: Cumani 2011, "Comparison of speaker recognition
approaches for real applications"). A logistic regression turns them into a probability;
`ml.evaluation.calibration` fits it on photos whose product is there, and the same photos with their product taken
away.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

COHORT = 30  # the crowd: the products behind the best one, as many as this; every answer has fetched more
FEW = 3  # a smaller crowd tells nothing
ROUNDING = 1e-4  # of the scores that a search keeps: the best one must know itself again
LEAST_SPREAD = 0.01  # of the crowd's scores: equal ones would make any difference look infinite


@dataclass(frozen=True)
class Logistic:
    """A probability from `features`: 1 / (1 + exp(-(bias + weights . features))). No weight is negative, so a higher
    score in the same answer never means a lower probability."""

    bias: float
    weights: tuple[float, ...]

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """features: float [n, 4] -> float [n] in 0..1."""
        return 1 / (1 + np.exp(-(self.bias + features @ np.asarray(self.weights))))


class Likelihood(NamedTuple):
    """Probabilities in 0..1 that a result is the product in the photo, and that it is of its kind."""

    product: float
    kind: float

    @property
    def is_alike(self) -> bool:
        """Worth calling alike. Where no result is, nothing like this is here."""
        return max(self.product, self.kind) >= ALIKE


@dataclass(frozen=True)
class Calibration:
    """What scores mean: `product`, that a result is the product in the photo; `kind`, that it is of its kind."""

    product: Logistic
    kind: Logistic

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> "Calibration | None":
        """None where the model was never calibrated."""
        noted = card.get("calibration")
        if not noted:
            return None
        return cls(*(Logistic(noted[name]["bias"], tuple(noted[name]["weights"])) for name in ("product", "kind")))

    def likelihoods(self, scores: ArrayLike, answer: ArrayLike) -> list[Likelihood]:
        """Of each of `scores`, beside the others of `answer`: see `features`."""
        inputs = features(scores, answer)
        pairs = zip(self.product(inputs), self.kind(inputs), strict=True)
        return [Likelihood(float(product), float(kind)) for product, kind in pairs]

    def as_card(self) -> dict[str, Any]:
        return asdict(self)


def features(scores: ArrayLike, answer: ArrayLike) -> NDArray[np.float64]:
    """float [n, 4] for `scores`, float [n]: the cosine; of the best product the root of its lead over the second, for
    the others 0; how far they lie behind the best (0 or less); the distance to the crowd in the crowd's deviations.

    answer: float [m], the products' best cosines of the unfiltered answer, best first; `scores` are among them, or
    lower down, or under a filter. Where fewer than FEW products lie behind the best, all but the cosine are 0.
    """
    scores, ranked = np.asarray(scores, float), np.asarray(answer, float)
    crowd = ranked[1 : 1 + COHORT]
    if len(crowd) < FEW:
        return np.column_stack([scores, np.zeros((len(scores), 3))])
    best, second = ranked[0], ranked[1]
    leads = scores >= best - ROUNDING
    lead, lag = np.where(leads, scores - second, 0), np.where(leads, 0, scores - best)
    deviations = (scores - crowd.mean()) / max(float(crowd.std()), LEAST_SPREAD)
    return np.column_stack([scores, np.sqrt(np.maximum(lead, 0)), np.minimum(lag, 0), deviations])


# From these probabilities on the words hold; what is less likely of its kind than ALIKE belongs to the tail.
VERY_CLOSE, CLOSE, ALIKE = 0.9, 0.67, 0.5
