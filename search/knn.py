"""The similarity query: a vector and filters in, products out, each once, by its best view.

One statement answers. Two paths lie in it, and the database takes one:

- The ANN path walks the model's HNSW index; rows that fail the filter are passed over and the scan goes on, in relaxed
  order (docs/decisions/relaxed-order.md). The filter compares facts copied onto the embedding, so no join disturbs the
  index (docs/decisions/facts-on-embedding.md).
- The exact path is for filters so narrow that the walk would pass over most of the graph: when few products pass
  (probed first, on the small product table with its own indexes), their embeddings are compared one by one. How few:
  see _narrow.

Several photos of one product are one result, so more rows than products are fetched; when they hold too few
products, four times as many are. Answers of different length are therefore not always beginnings of one another: pages
of one list are cut from one answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import connection, models
from numpy.typing import NDArray
from pgvector import HalfVector

from catalog.filters import ProductFilter

if TYPE_CHECKING:
    from ml.models import ModelVersion
    from search.models import Embedding  # noqa: F401

# Comparing the photos of so many one by one takes about as long as walking past all others to 50 rows: measured at
# 100,000 photos. In a larger shop the walk is the longer one still.
EXACT_PRODUCTS = 2500
ROWS_PER_PRODUCT = 2.5  # photos of one product are neighbours: fetch more rows than products are wanted


@dataclass(frozen=True)
class Match:
    product_id: int
    image_id: int  # the product's best view
    score: float  # cosine, -1..1


class EmbeddingManager(models.Manager["Embedding"]):
    def knn(
        self,
        vector: NDArray[np.floating],
        model: ModelVersion,
        k: int,
        product_filter: ProductFilter | None = None,
        *,
        exact: bool = False,
    ) -> list[Match]:
        """The `k` products nearest to `vector` (float [256], unit length), best first.

        Fewer than `k` only where fewer exist. `exact` compares every embedding and uses no index.
        """
        if product_filter is None:
            product_filter = ProductFilter()
        conditions, _ = product_filter.sql()
        narrows = conditions or product_filter.words
        seen_anyway = 0 if narrows else settings.HNSW_EF_SEARCH  # by the shortest walk
        rows = max(round(ROWS_PER_PRODUCT * k), seen_anyway, 40)
        while True:
            matches, scanned, was_exact = _run(vector, model, product_filter, rows, exact)
            if len(matches) >= k:
                return matches[:k]
            if scanned >= rows:
                rows *= 4
            elif was_exact:
                return matches
            else:
                exact = True  # the scan met its limit (hnsw.max_scan_tuples) before enough rows passed


def _run(
    vector: NDArray[np.floating], model: ModelVersion, product_filter: ProductFilter, rows: int, exact: bool
) -> tuple[list[Match], int, bool]:
    """One execution: the matches, the number of rows they were chosen from, and whether the exact path was taken."""
    sql, parameters = knn_sql(vector, model.pk, product_filter, rows, exact)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = cursor.fetchall()
    matches = [Match(product_id, image_id, score) for product_id, image_id, score, *_ in found if product_id]
    _, _, _, scanned, was_exact = found[0]
    return matches, scanned, was_exact


def knn_sql(
    vector: NDArray[np.floating], model_id: int, product_filter: ProductFilter, rows: int, exact: bool
) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters. It returns (product, image, score, rows seen, whether exactly) per product;
    one row of nulls with the counts where nothing passed."""
    conditions, parameters = product_filter.sql()
    on_embedding = ["model_id = %(model)s", *conditions]
    on_product = ["true", *conditions]
    if not product_filter.hidden_too:
        on_embedding.append("is_active")
        on_product.append("is_active")
    if product_filter.without_product is not None:
        on_embedding.append("product_id <> %(without)s")
        on_product.append("id <> %(without)s")
    if product_filter.words:
        on_embedding.append("product_id = ANY(%(product_ids)s)")
        on_product.append("id = ANY(%(product_ids)s)")
        parameters["product_ids"] = product_filter.product_ids
    passing = "\n              AND ".join(on_embedding)

    if exact:  # "+ 0" keeps the planner from answering with the index
        narrow = "SELECT true AS narrow"
        candidates = f"""
            SELECT product_id, image_id, vector <=> %(vector)s::halfvec AS distance
            FROM search_embedding
            WHERE {passing}
            ORDER BY (vector <=> %(vector)s::halfvec) + 0 LIMIT %(rows)s"""
    elif not conditions and not product_filter.words:
        narrow = "SELECT false AS narrow"
        candidates = f"""
            SELECT product_id, image_id, vector <=> %(vector)s::halfvec AS distance
            FROM search_embedding
            WHERE {passing}
            ORDER BY vector <=> %(vector)s::halfvec LIMIT %(rows)s"""
    else:
        probe = f"SELECT id FROM catalog_product WHERE {' AND '.join(on_product)} LIMIT %(exact_products)s + 1"
        narrow = f"SELECT count(*) <= %(exact_products)s AS narrow FROM ({probe}) AS probe"
        candidates = f"""
            (SELECT product_id, image_id, vector <=> %(vector)s::halfvec AS distance
             FROM search_embedding
             WHERE NOT (SELECT narrow FROM verdict)
              AND {passing}
             ORDER BY vector <=> %(vector)s::halfvec LIMIT %(rows)s)
            UNION ALL
            (SELECT product_id, image_id, vector <=> %(vector)s::halfvec AS distance
             FROM ({probe}) AS probe JOIN search_embedding ON product_id = probe.id
             WHERE (SELECT narrow FROM verdict) AND model_id = %(model)s
             ORDER BY (vector <=> %(vector)s::halfvec) + 0 LIMIT %(rows)s)"""
    statement = f"""
        WITH verdict AS MATERIALIZED ({narrow}),
        candidates AS MATERIALIZED ({candidates}),
        best AS (
            SELECT DISTINCT ON (product_id) product_id, image_id, distance
            FROM candidates ORDER BY product_id, distance, image_id
        )
        SELECT best.product_id, best.image_id, 1 - best.distance, seen.rows, verdict.narrow
        FROM verdict CROSS JOIN (SELECT count(*) AS rows FROM candidates) AS seen LEFT JOIN best ON true
        ORDER BY best.distance, best.product_id"""
    parameters |= {
        "model": model_id,
        "vector": HalfVector(vector).to_text(),
        "rows": rows,
        "exact_products": _narrow(rows),
        "without": product_filter.without_product,
    }
    return statement, parameters


def _narrow(rows: int) -> int:
    """How many products may pass a filter for the exact path: both ways take as long when `rows` are wanted.

    Comparing n products takes time in proportion to n, the walk in proportion to rows / n.
    """
    return round(EXACT_PRODUCTS * math.sqrt(rows / 50))
