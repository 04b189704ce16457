"""The item in a photo that a shopper probably means, chosen for her where the shop knows it clearly better."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ml.images import model_input
from ml.objects import propose_boxes
from search.models import Embedding, Query
from search.query import written

# Cosine by which the likeliest item must find a product better than the whole photo does. Measured by bench_objects:
# collages and screenshots gain, photos of one item, which the network knows as a whole, keep their answer.
GAIN = 0.05


def choose_item(query: Query) -> Query:
    """`query`, not stored yet and for one whole photo, narrowed to the likeliest item in it if that clearly wins."""
    photo = Image.open(BytesIO(bytes(query.thumbnail))).convert("RGB")
    boxes = propose_boxes(photo, limit=1)
    if not boxes:
        return query
    embedder = query.model.embedder()
    (vector,) = embedder.embed(model_input(photo, embedder.input_size, boxes[0])[None])
    whole, part = (
        Embedding.objects.knn(np.asarray(asked, np.float32), query.model, 1) for asked in (query.vector, vector)
    )
    if whole and part and part[0].score > whole[0].score + GAIN:
        query.vector, query.crop = vector.tolist(), written(boxes[0])
    return query
