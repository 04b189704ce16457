"""Several photos in one search: which of them show the same item, and the changes that a shopper makes to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.models import ModelVersion
from ml.verdict import COHORT
from search.models import Embedding


def tell_apart(vectors: NDArray[np.float32], model: ModelVersion) -> list[int]:
    """The number of each photo's item, the first photo's being 0. vectors: float32 [n, 256], unit rows.

    Two photos are of one item where the one would count as alike if the shop had it among its pictures: their cosine is
    read beside the answer to the other, as that of any result. All are of one item under a model never calibrated.
    """
    items = list(range(len(vectors)))
    if len(vectors) == 1 or not model.calibration:
        return [0] * len(vectors)
    for first in range(len(vectors) - 1):
        answer = [match.score for match in Embedding.objects.knn(vectors[first], model, 1 + COHORT)]
        cosines = vectors[first + 1 :] @ vectors[first]
        found = model.calibration.likelihoods(cosines, answer or cosines)
        for second, likelihood in enumerate(found, first + 1):
            if likelihood.is_alike:
                items = [items[first] if item == items[second] else item for item in items]
    numbers = {item: number for number, item in enumerate(dict.fromkeys(items))}
    return [numbers[item] for item in items]


def mean_direction(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The unit vector in the middle of unit `vectors`: float [n, 256] -> float32 [256]."""
    mean = vectors.mean(axis=0, dtype=np.float32)
    return mean / max(float(np.linalg.norm(mean)), 1e-6)
