"""How fast and how complete the similarity query is, filtered or not, beside FAISS and post-filtering."""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand
from django.db import connection
from numpy.typing import NDArray

from catalog.filters import ProductFilter
from catalog.models import Product
from ml.models import ModelVersion
from search import knn
from search.benchmarks.scratch_database import bench_model, scratch_database
from search.benchmarks.synthetic_catalogue import MAX_PRICE, SyntheticCatalogue, fill_with_random_products
from search.indexing.rollout import HNSW, build_index
from search.models import Embedding

K = 20
SHARES = (1.0, 0.5, 0.1, 0.03, 0.01, 0.001)

Products = list[int]
Search = Callable[[NDArray[np.float32]], Products]


class Command(BaseCommand):
    help = "Fill a scratch database with random products and measure searches in it. Your own data is not touched."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--photos", type=int, default=100_000, help="embeddings (default 100,000)")
        parser.add_argument("--queries", type=int, default=200, help="searches a row (default 200)")

    def handle(self, *args: Any, **options: Any) -> None:
        with scratch_database():
            model = bench_model()
            started = time.perf_counter()
            catalogue = fill_with_random_products(model, options["photos"] // 2)
            filled = time.perf_counter()
            build_index(model)
            built = time.perf_counter()
            self.stdout.write(
                f"{len(catalogue.vectors):,} embeddings of {len(np.unique(catalogue.product_ids)):,} products"
                f" (search/benchmarks/synthetic_catalogue.py):"
                f" written in {filled - started:.0f} s, HNSW ({HNSW}) built in {built - filled:.0f} s,"
                f" {_megabytes(f'search_embedding_hnsw_{model.pk}'):,.0f} MB; ef_search {_setting('hnsw.ef_search')}."
            )
            self.stdout.write(
                f"{options['queries']} queries a row, one after the other, K = {K} products; ms are of the whole call"
                f" from Python. Recall@10 against brute force in NumPy."
                f" Exact below {knn.EXACT_PRODUCTS:,} products."
            )
            self._measure(model, catalogue, _queries(catalogue, options["queries"]))

    def _measure(self, model: ModelVersion, catalogue: SyntheticCatalogue, queries: NDArray[np.float32]) -> None:
        row = "{:<34} {:>8} {:>8} {:>10} {:>9} {:>8}".format
        self.stdout.write(row("", "p50 ms", "p95 ms", "x p95 all", "recall@10", "found"))
        baseline = 0.0

        def report(name: str, search: Search, truth: list[Products]) -> float:
            search(queries[0])
            found, milliseconds = [], []
            for query in queries:
                started = time.perf_counter()
                found.append(search(query))
                milliseconds.append((time.perf_counter() - started) * 1000)
            p50, p95 = np.percentile(milliseconds, [50, 95])
            recall = np.mean(
                [len(set(a[:10]) & set(b[:10])) / max(len(b[:10]), 1) for a, b in zip(found, truth, strict=True)]
            )
            ratio = f"{p95 / baseline:.1f}" if baseline else "1.0"
            least = f"{min(map(len, found))}..{max(map(len, found))}"
            self.stdout.write(row(name, f"{p50:.1f}", f"{p95:.1f}", ratio, f"{recall:.3f}", least))
            return float(p95)

        prices = {pk: float(price or 0) for pk, price in Product.objects.values_list("pk", "price")}
        photo_prices = np.array([prices[product] for product in catalogue.product_ids])
        for share in SHARES:
            max_price = Decimal(MAX_PRICE) * Decimal(str(share))
            filters = ProductFilter(max_price=max_price) if share < 1 else ProductFilter()
            passing = photo_prices <= float(max_price)
            truth = [_brute_force(catalogue, query, passing) for query in queries]
            name = f"{100 * share:g} % pass" if share < 1 else "all pass"

            def ours(query: NDArray[np.float32], filters: ProductFilter = filters) -> Products:
                return [match.product_id for match in Embedding.objects.knn(query, model, K, filters)]

            p95 = report(name, ours, truth)
            baseline = baseline or p95
            if share < 1:

                def post_filtering(query: NDArray[np.float32], limit: float = float(max_price)) -> Products:
                    nearest_first = Embedding.objects.knn(query, model, 5 * K)
                    return [m.product_id for m in nearest_first if prices[m.product_id] <= limit][:K]

                report("   reference: post-filtering the best 100", post_filtering, truth)
            else:
                for name, search in _faiss(catalogue):
                    report(name, search, truth)


def _queries(catalogue: SyntheticCatalogue, n: int) -> NDArray[np.float32]:
    """New views of products of the catalogue: float32 [n, 256], unit rows."""
    random = np.random.default_rng(99)
    vectors = catalogue.vectors[random.integers(len(catalogue.vectors), size=n)].astype(np.float32)
    vectors += 0.02 * random.normal(size=vectors.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _brute_force(catalogue: SyntheticCatalogue, query: NDArray[np.float32], passing: NDArray[np.bool_]) -> Products:
    rows = np.flatnonzero(passing)
    scores = np.concatenate(
        [
            catalogue.vectors[rows[start : start + 50_000]].astype(np.float32) @ query
            for start in range(0, len(rows), 50_000)
        ]
        or [np.empty(0, np.float32)]
    )
    best = rows[np.argsort(-scores)[: 10 * K]]
    return list(dict.fromkeys(catalogue.product_ids[best].tolist()))[:K]


def _faiss(catalogue: SyntheticCatalogue) -> Iterator[tuple[str, Search]]:
    try:
        faiss = importlib.import_module("faiss")
    except ImportError:
        yield (
            "   reference: NumPy (pip install faiss-cpu)",
            lambda query: _brute_force(catalogue, query, np.ones(len(catalogue.vectors), bool)),
        )
        return
    vectors = catalogue.vectors.astype(np.float32)
    flat = faiss.IndexFlatIP(256)
    hnsw = faiss.IndexHNSWFlat(256, 16, faiss.METRIC_INNER_PRODUCT)
    hnsw.hnsw.efConstruction, hnsw.hnsw.efSearch = 64, 100
    for name, index in (("   reference: FAISS flat", flat), ("   reference: FAISS HNSW, same m and ef", hnsw)):
        index.add(vectors)

        def search(query: NDArray[np.float32], index: Any = index) -> Products:
            _, rows = index.search(query[None], knn.ROWS_PER_PRODUCT * K)
            return list(dict.fromkeys(catalogue.product_ids[rows[0]].tolist()))[:K]

        yield name, search


def _megabytes(relation: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass) / 1e6", [relation])
        return float(cursor.fetchone()[0])


def _setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return cursor.fetchone()[0]
