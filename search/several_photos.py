"""Searches by several photos: which photos show the same item."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.models import ModelVersion
from ml.verdict import COHORT
from search.models import Embedding


def tell_apart(vectors: NDArray[np.float32], model: ModelVersion) -> list[int]:
    """The item number of each photo, 0 for the first photo's item. vectors: float32 [n, 256], unit rows.

    Two photos show the same item if one would be alike (Likelihood.is_alike) as a result of a search for the other.
    Under a model without calibration all photos show one item.
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
    """The normalised mean of unit vectors: float [n, 256] -> float32 [256]."""
    mean = vectors.mean(axis=0, dtype=np.float32)
    return mean / max(float(np.linalg.norm(mean)), 1e-6)
