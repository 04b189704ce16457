"""Validation during training: retrieval of the validation photos."""

from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np
from numpy.typing import NDArray

from ml.data.pixels import Labelled
from ml.evaluation.metrics import recall_at_k, retrieve


@dataclass(frozen=True)
class Validation:
    """Queries and the gallery they search; without a gallery the queries search one another."""

    queries: Labelled
    gallery: Labelled | None = None

    @cached_property
    def answerable(self) -> NDArray[np.bool_]:
        """bool [n]: the query's product is in the gallery."""
        searched = self.gallery.products if self.gallery else self.queries.products
        found, counts = np.unique(searched, return_counts=True)
        return np.isin(self.queries.products, found[counts > (not self.gallery)])

    @property
    def asked(self) -> NDArray[np.str_]:
        """The products of the answerable queries."""
        return self.queries.products[self.answerable]

    def recall_1(self, network: keras.Model) -> float:
        """Recall@1 of the answerable queries, in 0..1."""
        queries = embed(network, self.queries.pixels)
        gallery = embed(network, self.gallery.pixels) if self.gallery else None
        products = self.gallery.products if self.gallery else None
        found = retrieve(queries, self.queries.products, gallery, products, k=1)
        return recall_at_k(found[found.answerable].matches, 1)


def embed(network: keras.Model, pixels: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """float32 [n, dim] of uint8 [n, s, s, 3]."""
    chunks = (np.asarray(pixels[start : start + batch]) for start in range(0, len(pixels), batch))
    return np.concatenate([network.predict_on_batch(chunk)["embedding"] for chunk in chunks])
