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
from search.query import ANSWER, likelihoods, written

# Both measured by bench_objects: collages and screenshots gain, photos of a single item keep their answer.
GAIN = 0.05  # the crop of the most likely item is used if its best cosine exceeds that of the whole photo by this
SURE = 0.9  # from this probability of the whole photo's best product on, no item is looked for: it costs an inference


def choose_item(query: Query) -> Query:
    """`query`, new and for one whole photo, restricted to the most likely item in it if that finds a clearly better
    match.
    """
    whole = Embedding.objects.knn(np.asarray(query.vector, np.float32), query.model, ANSWER)
    likely = likelihoods(query, whole)
    if not whole or whole[0].score + GAIN >= 1 or (likely and likely[whole[0].image_id].product >= SURE):
        return query
    photo = Image.open(BytesIO(bytes(query.thumbnail))).convert("RGB")
    boxes = propose_boxes(photo, limit=1)
    if not boxes:
        return query
    embedder = query.model.embedder()
    (vector,) = embedder.embed(model_input(photo, embedder.input_size, boxes[0])[None])
    part = Embedding.objects.knn(vector, query.model, 1)
    if part and part[0].score > whole[0].score + GAIN:
        query.vector, query.crop = vector.tolist(), written(boxes[0])
    return query
