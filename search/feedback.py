"""Relevance feedback of staff, as training data."""

import hashlib
import math

from django.db import transaction
from django.db.models import Max

from catalog.models import Product, ProductImage
from catalog.photos.validation import check_photo
from ml.data.datasets import JudgedPicture
from ml.images import Crop, read_photo, shrink_photo
from search.models import Judgement, Query
from search.query import THUMBNAIL_SIDE


def judged_pictures() -> list[JudgedPicture]:
    """One picture for each judged search, oldest first.

    If several products were judged right, `product` is None: the picture cannot show all of them.
    """
    queries = Query.objects.exclude(judgements=None).prefetch_related("judgements__product").order_by("created", "pk")
    return [_picture(query) for query in queries]


def add_photo(query: Query, product: Product) -> bool:
    """Append the thumbnail of the search to the photos of `product`. False if the product has this file already."""
    data = _searched_part(query)
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        images = Product.objects.select_for_update().get(pk=product.pk).images
        if images.filter(sha256=sha256).exists():
            return False
        position = (images.aggregate(last=Max("position"))["last"] or 0) + 1
        view_id = f"search-{str(query.pk)[:13]}-{sha256[:8]}"
        image = ProductImage(product=product, view_id=view_id, position=position)
        image.replace_file(data, check_photo(data).suffix)
    return True


def _picture(query: Query) -> JudgedPicture:
    said = sorted((judgement.product.sku, judgement.verdict) for judgement in query.judgements.all())
    right = [sku for sku, verdict in said if verdict == Judgement.Verdict.RIGHT]
    wrong = [sku for sku, verdict in said if verdict == Judgement.Verdict.WRONG]
    return JudgedPicture(str(query.pk), _searched_part(query), right[0] if len(right) == 1 else None, tuple(wrong))


def _searched_part(query: Query) -> bytes:
    """JPEG of the thumbnail, or of its searched crop."""
    if not query.crop:
        return bytes(query.thumbnail)
    thumbnail = read_photo(bytes(query.thumbnail), max_bytes=len(query.thumbnail), max_pixels=THUMBNAIL_SIDE**2)
    left, top, right, bottom = Crop.parse(query.crop).box(*thumbnail.size)
    part = thumbnail.crop((int(left), int(top), math.ceil(right), math.ceil(bottom)))
    return shrink_photo(part, THUMBNAIL_SIDE, quality=95)
