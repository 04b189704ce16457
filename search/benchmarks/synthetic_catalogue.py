"""Random products with embeddings in bulk, for benchmarks and for tests of query plans: rows without photo files.

The vectors resemble learned ones: a product is a point in a 32-dimensional latent space of clusters, its photos lie
around it, and everything is projected to 256 dimensions. (Uniform noise in 256 dimensions has no neighbours to find.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray
from pgvector import HalfVector

from catalog.models import Category
from ml.models import ModelVersion

LATENT = 32
CLUSTERS = 500
CATEGORIES = 10
BRANDS = 20
MAX_PRICE = 1000  # prices are uniform below it: max_price = 10 passes 1 %

# Photo i of product p: 1, 2 or 3 photos, in turn. Everything follows from the product's number.
PRODUCTS = f"""
INSERT INTO catalog_product
    (sku, title, description, category_id, brand, price, currency, attributes, is_active, created, updated)
SELECT 'synthetic-' || n, 'Product ' || n, '', (%(categories)s::bigint[])[1 + n %% {CATEGORIES}],
       'Brand ' || n %% {BRANDS},
       round((hashint8(n)::bigint + 2147483648) / 4294967296.0 * {MAX_PRICE}, 2), 'EUR',
       jsonb_build_object('colour', (ARRAY['red', 'green', 'blue', 'black'])[1 + n %% 4]), true, now(), now()
FROM generate_series(%(first)s, %(last)s) AS n
RETURNING id
"""

PHOTOS = """
INSERT INTO catalog_productimage (product_id, file, view_id, position, sha256, error, created)
SELECT product.id, 'absent.jpg', n::text, n,
       encode(sha256(convert_to(product.id || '/' || n, 'UTF8')), 'hex'), '', now()
FROM catalog_product AS product, generate_series(0, product.id %% 3) AS view (n)
WHERE product.id = ANY(%(products)s)
ORDER BY product.id, view.n
RETURNING id, product_id, sha256
"""


@dataclass(frozen=True)
class SyntheticCatalogue:
    """What was written, row by row; float16 as stored."""

    image_ids: NDArray[np.int64]
    product_ids: NDArray[np.int64]
    vectors: NDArray[np.float16]  # [n, 256], unit rows


def fill_with_random_products(
    model: ModelVersion, products: int, seed: int = 0, batch: int = 10_000
) -> SyntheticCatalogue:
    """Write `products` random products with 1 to 3 photos each, embedded under `model`; return the embeddings."""
    random = np.random.default_rng(seed)
    space = _Space(random)
    categories = [Category.objects.named(f"Category {number}").pk for number in range(CATEGORIES)]
    parts = [
        _write(model, space, categories, first, min(batch, products - first)) for first in range(0, products, batch)
    ]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product, catalog_productimage, search_embedding")
    return SyntheticCatalogue(*(np.concatenate(column) for column in zip(*parts, strict=True)))


class _Space:
    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.centres = random.normal(size=(CLUSTERS, LATENT)).astype(np.float32)
        self.projection = random.normal(size=(LATENT, 256)).astype(np.float32)

    def products(self, n: int) -> NDArray[np.float32]:
        """Latent points, float32 [n, LATENT]."""
        return self.centres[self.random.integers(CLUSTERS, size=n)] + 0.5 * self._noise(n)

    def photos(self, products: NDArray[np.float32]) -> NDArray[np.float16]:
        """One photo of each latent product: float16 [n, 256], unit rows."""
        vectors = (products + 0.2 * self._noise(len(products))) @ self.projection
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)

    def _noise(self, n: int) -> NDArray[np.float32]:
        return self.random.normal(size=(n, LATENT)).astype(np.float32)


def _write(
    model: ModelVersion, space: _Space, categories: list[int], first: int, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float16]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PRODUCTS, {"categories": categories, "first": first, "last": first + count - 1})
        products = [row[0] for row in cursor.fetchall()]
        cursor.execute(PHOTOS, {"products": products})
        photos = cursor.fetchall()
        image_ids, product_ids, sha256s = zip(*sorted(photos), strict=True)
        latent = space.products(count)
        vectors = space.photos(latent[np.searchsorted(products, product_ids)])
        with cursor.copy("COPY search_embedding (image_id, model_id, vector, photo_sha256) FROM STDIN") as copy:
            for row in _rows(image_ids, model.pk, vectors, sha256s):
                copy.write_row(row)
    return np.asarray(image_ids), np.asarray(product_ids), vectors


def _rows(
    image_ids: tuple[int, ...], model_id: int, vectors: NDArray[np.float16], sha256s: tuple[str, ...]
) -> Iterator[tuple[int, int, str, str]]:
    for image_id, vector, sha256 in zip(image_ids, vectors, sha256s, strict=True):
        yield image_id, model_id, HalfVector(vector).to_text(), sha256
