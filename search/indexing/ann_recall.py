"""Recall of the ANN index against exact search."""

import random

import numpy as np

from catalog.filters import ProductFilter
from ml.models import ModelVersion
from search.models import Embedding

SAMPLE = 500


def recall_of_the_index(model: ModelVersion, k: int, seed: int = 0) -> tuple[float, int]:
    """(share of the k products of exact search that the index finds, in 0..1; number of queries).

    Queries are a seeded sample of SAMPLE stored photos of active products, each searching for other products than its
    own. Raises ValueError if no photo is embedded under `model`, or there is no other product to find.
    """
    embedded = Embedding.objects.filter(model=model, is_active=True)
    images = list(embedded.order_by("image_id").values_list("image_id", flat=True))
    images = random.Random(seed).sample(images, min(SAMPLE, len(images)))
    found = wanted = 0
    for vector, product in embedded.filter(image_id__in=images).values_list("vector", "product_id"):
        others = ProductFilter(without_product=product)
        query = np.asarray(vector, np.float32)
        exact = {match.product_id for match in Embedding.objects.knn(query, model, k, others, exact=True)}
        index = {match.product_id for match in Embedding.objects.knn(query, model, k, others)}
        found, wanted = found + len(exact & index), wanted + len(exact)
    if not wanted:
        raise ValueError(f"fewer than two products have a photo embedded with {model}.")
    return found / wanted, len(images)
