"""Chooses the item in a photo that a shopper probably means, if searching for it is clearly better than for the whole
photo.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image

from ml.images import model_input
from ml.objects import propose_boxes
from search.models import Embedding, Query
from search.query import written

# The crop of the most likely item is used if its best cosine exceeds that of the whole photo by GAIN. Measured by
# bench_objects: collages and screenshots gain, photos of a single item keep their answer.
GAIN = 0.05


def choose_item(query: Query) -> Query:
    """`query`, new and for one whole photo, restricted to the most likely item in it if that finds a clearly better
    match.
    """
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
