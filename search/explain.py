"""Explains a result: heat maps of the regions that made the query photo and a product's picture similar.

Feature maps are computed from the stored thumbnail when they are requested; nothing more is stored.
"""

from __future__ import annotations

from io import BytesIO

from django.conf import settings
from PIL import Image

from catalog.models import ProductImage
from catalog.photos.decoders import decode_photo
from ml.images import Crop, model_input
from ml.localisation import overlay, similarity_maps
from search.models import Query

SIDE = 480  # pixels of the longest side of an overlay


def overlays(query: Query, image: ProductImage) -> tuple[Image.Image, Image.Image]:
    """The searched photo and the product's picture, each with the regions highlighted that made them similar.

    Raises UnreadablePhoto if the product's picture cannot be decoded or is missing.
    """
    embedder = query.model.embedder()
    crop = Crop.parse(query.crop) if query.crop else None
    ours = Image.open(BytesIO(bytes(query.thumbnail))).convert("RGB")
    theirs = _picture(image)
    inputs = [model_input(ours, embedder.input_size, crop), model_input(theirs, embedder.input_size)]
    features = [embedder.embed_with_features(pixels[None])[1][0] for pixels in inputs]
    our_map, their_map = similarity_maps(features[0], features[1])
    return overlay(ours, our_map, crop), overlay(theirs, their_map)


def _picture(image: ProductImage) -> Image.Image:
    try:
        with image.file.open() as file:
            data = file.read()
    except FileNotFoundError:
        data = b""
    limits = {"max_bytes": settings.PHOTO_MAX_BYTES, "max_pixels": settings.PHOTO_MAX_PIXELS}
    picture = decode_photo(data, **limits, target=SIDE, patience=5.0)
    picture.thumbnail((SIDE, SIDE))
    return picture
