"""The similarity query: a vector and filters in, products out, each once, by its best view.

One of two paths answers, by how many products the planner expects to pass the filter
(docs/decisions/filtered-search.md):

- The ANN path walks the model's HNSW index; rows that fail the filter are passed over and the scan goes on, in relaxed
  order (docs/decisions/relaxed-order.md). The filter compares facts copied onto the embedding, so no join disturbs the
  index (docs/decisions/facts-on-embedding.md).
- The exact path is for filters so narrow that the walk would pass over too much of the graph: the products that pass
  are looked up in their own table by its indexes, and their embeddings are compared one by one.

Several photos of one product are one result, so more rows than products are fetched; when they hold too few
products, four times as many are. Answers of different length are therefore not always beginnings of one another: pages
of one list are cut from one answer.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import connections, models
from numpy.typing import NDArray
from pgvector import HalfVector

from catalog.filters import ProductFilter

if TYPE_CHECKING:
    from ml.models import ModelVersion
    from search.models import Embedding  # noqa: F401

# Passing over one photo in a walk takes as long as looking up and comparing the photos of so many products: 2.5 to 5 at
# 100,000 photos (docs/decisions/filtered-search.md).
WALK_COST = 3.0
ROWS_PER_PRODUCT = 2.5  # photos of one product are neighbours: fetch more rows than products are wanted
MANY_ROWS = 400  # where all that passes is compared anyway, more rows cost little, and a second search costs the whole
MAX_EF_SEARCH = 600  # a longer list of candidates costs more than it spares in new stretches of the walk


class Path(Enum):
    WALK = "walk"  # the index, past what does not pass
    NARROW = "narrow"  # only what passes, found by the indexes of products
    EVERYTHING = "everything"  # all embeddings


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
        narrows = bool(product_filter.sql()[0] or product_filter.words)
        seen_anyway = 0 if narrows else settings.HNSW_EF_SEARCH  # by the shortest walk
        rows = max(round(ROWS_PER_PRODUCT * k), seen_anyway, 40)
        share, passing = (1.0, 0) if exact or not narrows else _expected_to_pass(product_filter, self.db)
        while True:
            path = Path.WALK
            if exact:
                path = Path.EVERYTHING
            elif narrows and _is_narrow(share, passing, rows):
                path = Path.NARROW
                rows = max(rows, MANY_ROWS)
            matches, scanned = _run(vector, model, product_filter, rows, path, share, using=self.db)
            if len(matches) >= k:
                return matches[:k]
            if scanned >= rows:
                rows *= 4
            elif path != Path.WALK:
                return matches
            elif narrows:
                share = 0.0  # the scan met its limit (hnsw.max_scan_tuples) before enough rows passed
            else:
                exact = True


def _is_narrow(share: float, passing: int, rows: int) -> bool:
    """Whether comparing all `passing` products is quicker than walking to `rows` photos of them."""
    return share <= 0 or passing <= WALK_COST * rows / share


def _ef_search(share: float, rows: int) -> int:
    """As many candidates as the walk will need: one long stretch is quicker than several, which overlap."""
    return max(settings.HNSW_EF_SEARCH, min(MAX_EF_SEARCH, math.ceil(1.2 * rows / share)))


def _expected_to_pass(product_filter: ProductFilter, using: str) -> tuple[float, int]:
    """(share of products, products) that the planner expects to pass: from its statistics, in 0.2 ms.

    Counting a tenth of 50,000 products takes ten times as long.
    """
    conditions, parameters = product_filter.sql()
    narrowed = " AND ".join(conditions) or "true"
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"EXPLAIN (FORMAT JSON) SELECT FROM catalog_product UNION ALL SELECT FROM catalog_product WHERE {narrowed}",
            parameters,
        )
        (found,) = cursor.fetchone() or ("[]",)
    plans = (found if isinstance(found, list) else json.loads(found))[0]["Plan"].get("Plans", [])
    if len(plans) != 2:  # the planner knows that nothing passes
        return 0.0, 0
    total, passing = plans[0]["Plan Rows"], plans[1]["Plan Rows"]
    if product_filter.product_ids is not None:
        passing = min(passing, len(product_filter.product_ids))
    return passing / max(total, 1), passing


def _run(
    vector: NDArray[np.floating],
    model: ModelVersion,
    product_filter: ProductFilter,
    rows: int,
    path: Path,
    share: float = 1.0,
    *,
    using: str,
) -> tuple[list[Match], int]:
    """One execution: the matches, and the number of rows they were chosen from."""
    sql, parameters = knn_sql(vector, model.pk, product_filter, rows, path, share)
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        found = cursor.fetchall()
    matches = [Match(product_id, image_id, score) for product_id, image_id, score, _ in found if product_id]
    return matches, found[0][3]


def knn_sql(
    vector: NDArray[np.floating],
    model_id: int,
    product_filter: ProductFilter,
    rows: int,
    path: Path,
    share: float = 1.0,
) -> tuple[str, dict[str, Any]]:
    """The statement and its parameters. It returns (product, image, score, rows seen) per product; one row of nulls
    with the count where nothing passed. `share` of the products pass, about."""
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
    if conditions or product_filter.words:  # set before the walk begins, until the transaction ends
        on_embedding.insert(0, "(SELECT set_config('hnsw.ef_search', %(ef_search)s, true) IS NOT NULL)")
    distance = "vector <=> %(vector)s::halfvec"
    order = distance if path == Path.WALK else f"({distance}) + 0"  # keeps the planner from answering with the index
    if path == Path.NARROW:
        # As one array, not by a join: the index is then read once from left to right, not from its root per product.
        products = f"SELECT id FROM catalog_product WHERE {' AND '.join(on_product)}"
        source = f"search_embedding WHERE product_id = ANY(ARRAY({products})) AND model_id = %(model)s"
    else:
        source = f"search_embedding WHERE {' AND '.join(on_embedding)}"
    candidates = f"SELECT product_id, image_id, {distance} AS distance FROM {source} ORDER BY {order} LIMIT %(rows)s"
    statement = f"""
        WITH candidates AS MATERIALIZED ({candidates}),
        best AS (
            SELECT DISTINCT ON (product_id) product_id, image_id, distance
            FROM candidates ORDER BY product_id, distance, image_id
        )
        SELECT best.product_id, best.image_id, 1 - best.distance, seen.rows
        FROM (SELECT count(*) AS rows FROM candidates) AS seen LEFT JOIN best ON true
        ORDER BY best.distance, best.product_id"""
    parameters |= {
        "model": model_id,
        "vector": HalfVector(vector).to_text(),
        "rows": rows,
        "ef_search": str(_ef_search(share or 1.0, rows)),
        "without": product_filter.without_product,
    }
    return statement, parameters
