"""What a search is answered, from ids to JSON: one statement, and no object of a model.

The fields are those of search/api/serializers.py, from which the schema is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections
from rest_framework.request import Request

from catalog.addresses import picture_path, product_path
from catalog.models import Product
from ml.verdict import Likelihood
from search.knn import Match

# Hits whose product or photo was deleted meanwhile are left out.
SHOWN = """
SELECT hit.place, product.sku, product.title, category.slug, product.brand, product.price::text, product.currency,
       lead.id, image.id, image.view_id
FROM unnest(%(products)s::bigint[], %(images)s::bigint[]) WITH ORDINALITY AS hit (product_id, image_id, place)
JOIN catalog_product AS product ON product.id = hit.product_id
LEFT JOIN catalog_category AS category ON category.id = product.category_id
LEFT JOIN LATERAL (
    SELECT id FROM catalog_productimage WHERE product_id = product.id ORDER BY position, id LIMIT 1
) AS lead ON true
LEFT JOIN catalog_productimage AS image ON image.id = coalesce(hit.image_id, lead.id)
WHERE hit.image_id IS NULL OR image.id IS NOT NULL
ORDER BY hit.place
"""


@dataclass(frozen=True, slots=True)
class Hit:
    score: float
    product_id: int
    image_id: int | None  # None: its first
    probability: float | None = None


def hits(matches: Sequence[Match], likely: Mapping[int, Likelihood], min_score: float = -1) -> list[Hit]:
    """likely: by photo, as search.query.likelihoods tells."""
    return [
        Hit(match.score, match.product_id, match.image_id, round(found.product, 3) if found else None)
        for match in matches
        if match.score >= min_score
        for found in [likely.get(match.image_id)]
    ]


def described(request: Request, found: Sequence[Hit]) -> list[dict[str, Any]]:
    """SearchResult of each hit, in order."""
    if not found:
        return []
    site = request.build_absolute_uri("/").removesuffix("/")
    with connections[Product.objects.db].cursor() as cursor:
        ids: Any = {"products": [hit.product_id for hit in found], "images": [hit.image_id for hit in found]}
        cursor.execute(SHOWN, ids)
        rows = cursor.fetchall()
    return [
        {
            "score": found[place - 1].score,
            "probability": found[place - 1].probability,
            "product": {
                "sku": sku,
                "title": title,
                "category": category,
                "brand": brand,
                "price": price,
                "currency": currency,
                "url": site + product_path(sku),
                "image": lead and site + picture_path(lead, "full"),
            },
            "image": image and {"id": image, "view_id": view, "url": site + picture_path(image, "full")},
        }
        for place, sku, title, category, brand, price, currency, lead, image, view in rows
    ]
