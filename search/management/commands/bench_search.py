"""How fast and how complete the similarity query is: filtered or not, with many clients and while photos come in,
beside other engines and post-filtering."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand
from django.db import connection
from numpy.typing import NDArray
from pgvector import HalfVector

from catalog.filters import ProductFilter
from catalog.models import Product
from ml.models import ModelVersion
from search import knn
from search.benchmarks.reference_engines import installed_engines
from search.benchmarks.scratch_database import bench_model, scratch_database
from search.benchmarks.synthetic_catalogue import MAX_PRICE, SyntheticCatalogue, fill_with_random_products
from search.indexing.rollout import HNSW, build_index, index_name
from search.models import Embedding

K = 20
SHARES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.03, 0.01, 0.001)
CLIENTS = (1, 4, 16)
INSERTS = 100  # photos a second
SECONDS = 4.0  # that several clients, or inserts, go on

Products = list[int]
Search = Callable[[NDArray[np.float32]], Products]
Row = dict[str, Any]

# The candidates by binary quantisation, compared exactly afterwards.
QUANTISED = """
SELECT product_id FROM (
    SELECT product_id, vector FROM search_embedding WHERE model_id = %(model)s
    ORDER BY binary_quantize(vector)::bit(256) <~> binary_quantize(%(vector)s::halfvec)::bit(256) LIMIT %(candidates)s
) AS candidate ORDER BY vector <=> %(vector)s::halfvec LIMIT %(rows)s
"""


class Command(BaseCommand):
    help = "Fill a scratch database with random products and measure searches in it. Your own data is not touched."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--photos", type=int, default=100_000, help="embeddings (default 100,000)")
        parser.add_argument("--queries", type=int, default=200, help="searches a row (default 200)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="the same figures, for `manage.py bench`")

    def handle(self, *args: Any, **options: Any) -> None:
        with scratch_database(options["photos"]):
            model = bench_model()
            started = time.perf_counter()
            catalogue = fill_with_random_products(model, max(options["photos"] // 2, 30))
            filled = time.perf_counter()
            build_index(model)
            built = time.perf_counter()
            report: Row = {
                "photos": len(catalogue.vectors),
                "products": len(np.unique(catalogue.product_ids)),
                "write_seconds": filled - started,
                "build_seconds": built - filled,
                "index_megabytes": _megabytes(index_name(model)),
                "table_megabytes": _megabytes("search_embedding"),
                "index": HNSW,
                "ef_search": _setting("hnsw.ef_search"),
                "shared_buffers": _setting("shared_buffers"),
                "queries": options["queries"],
            }
            self.stdout.write(
                f"{report['photos']:,} embeddings of {report['products']:,} products"
                f" (search/benchmarks/synthetic_catalogue.py): written in {report['write_seconds']:.0f} s,"
                f" HNSW ({HNSW}) built in {report['build_seconds']:.0f} s, {report['index_megabytes']:,.0f} MB;"
                f" ef_search {report['ef_search']}, shared_buffers {report['shared_buffers']}."
            )
            self.stdout.write(
                f"{options['queries']} queries a row, one after the other, K = {K} products; ms are of the whole call"
                f" from Python. Recall@10 against brute force in NumPy."
            )
            measure = _Measurement(self, model, catalogue, options["queries"])
            measure.everything()
            report |= {"rows": measure.rows, "not_measured": measure.missing}
        if options["json"]:
            options["json"].write_text(json.dumps(report, indent=1))


class _Measurement:
    def __init__(self, command: Command, model: ModelVersion, catalogue: SyntheticCatalogue, queries: int) -> None:
        self.command, self.model, self.catalogue = command, model, catalogue
        self.queries = _queries(catalogue, queries)
        self.rows: list[Row] = []
        self.missing: list[str] = []
        prices = {pk: float(price or 0) for pk, price in Product.objects.values_list("pk", "price")}
        self.product_prices = prices
        self.prices = np.array([prices[product] for product in catalogue.product_ids])

    def everything(self) -> None:
        self.command.stdout.write(_line("", "p50 ms", "p95 ms", "x p95 all", "recall@10", "found"))
        truths = {share: [self._brute_force(query, share) for query in self.queries] for share in SHARES}
        for query in self.queries:  # the index into memory, before anything is timed
            Embedding.objects.knn(query, self.model, K)
        for share in SHARES:
            filters = ProductFilter(max_price=_max_price(share)) if share < 1 else ProductFilter()

            def ours(query: NDArray[np.float32], filters: ProductFilter = filters) -> Products:
                return [match.product_id for match in Embedding.objects.knn(query, self.model, K, filters)]

            self._report("ours", share, ours, truths[share])
        for share in SHARES[1:]:

            def post_filtering(query: NDArray[np.float32], limit: float = float(_max_price(share))) -> Products:
                nearest_first = Embedding.objects.knn(query, self.model, 5 * K)
                return [m.product_id for m in nearest_first if self.product_prices[m.product_id] <= limit][:K]

            self._report("post-filtering the best 100", share, post_filtering, truths[share])
        self._clients(truths[1.0])
        self._quantised(truths[1.0])
        self._reference_engines(truths)

    def _report(self, name: str, share: float, search: Search, truth: list[Products], **more: Any) -> None:
        search(self.queries[0])
        found, milliseconds = [], []
        for query in self.queries:
            started = time.perf_counter()
            found.append(search(query))
            milliseconds.append((time.perf_counter() - started) * 1000)
        p50, p95 = (float(value) for value in np.percentile(milliseconds, [50, 95]))
        recall = _recall(found, truth)
        whole = next((row["p95"] for row in self.rows if row["name"] == "ours" and row["share"] == 1), p95)
        enough = all(len(a) >= min(K, len(b)) for a, b in zip(found, truth, strict=True))
        self._keep(
            {
                "name": name, "share": share, "p50": p50, "p95": p95, "ratio": p95 / whole, "recall": recall,
                "found": [min(map(len, found)), max(map(len, found))], "k_found": enough, **more,
            }
        )  # fmt: skip

    def _keep(self, row: Row) -> None:
        self.rows.append(row)
        name = row["name"] + (f", {100 * row['share']:g} % pass" if row["share"] < 1 else "")
        self.command.stdout.write(
            _line(
                name, f"{row['p50']:.1f}", f"{row['p95']:.1f}", f"{row['ratio']:.1f}", f"{row['recall']:.3f}",
                f"{row['found'][0]}..{row['found'][1]}",
            )
        )  # fmt: skip

    def _clients(self, truth: list[Products]) -> None:
        """Several at a time, each with a connection of its own; then one while photos come in."""
        for clients in CLIENTS:
            self._at_once(f"{clients} client{'s' * (clients > 1)}", clients, truth)
        stop = threading.Event()
        written: list[int] = []
        writer = threading.Thread(target=self._insert, args=[stop, written], daemon=True)
        writer.start()
        started = time.perf_counter()
        try:
            self._at_once("1 client, photos coming in", 1, truth)
        finally:
            stop.set()
            writer.join()
        self.rows[-1]["inserts_per_second"] = sum(written) / (time.perf_counter() - started)

    def _at_once(self, name: str, clients: int, truth: list[Products]) -> None:
        deadline = time.perf_counter() + SECONDS * min(1.0, len(self.queries) / 100)

        def client(first: int) -> list[tuple[float, int, Products]]:
            took: list[tuple[float, int, Products]] = []
            number = first
            try:
                while time.perf_counter() < deadline or not took:
                    query = self.queries[number % len(self.queries)]
                    started = time.perf_counter()
                    found = [match.product_id for match in Embedding.objects.knn(query, self.model, K)]
                    took.append(((time.perf_counter() - started) * 1000, number % len(self.queries), found))
                    number += 1
            finally:
                connection.close()  # this thread's
            return took

        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            searches = [search for took in pool.map(client, range(clients)) for search in took]
        seconds = time.perf_counter() - started
        p50, p95 = (float(value) for value in np.percentile([took for took, _, _ in searches], [50, 95]))
        found = [products for _, _, products in searches]
        whole = next(row["p95"] for row in self.rows if row["name"] == "ours" and row["share"] == 1)
        self._keep(
            {
                "name": name, "share": 1.0, "p50": p50, "p95": p95, "ratio": p95 / whole,
                "recall": _recall(found, [truth[number] for _, number, _ in searches]),
                "found": [min(map(len, found)), max(map(len, found))], "per_second": len(searches) / seconds,
            }
        )  # fmt: skip

    def _insert(self, stop: threading.Event, written: list[int]) -> None:
        """INSERTS photos a second, in batches of ten, of products that are there; their vectors are others'."""
        number = 0
        try:
            while not stop.wait(10 / INSERTS):
                with connection.cursor() as cursor:
                    cursor.execute(INSERT, {"model": self.model.pk, "batch": number})
                    written.append(cursor.rowcount)
                number += 1
        finally:
            connection.close()

    def _quantised(self, truth: list[Products]) -> None:
        name = "bench_quantised"
        started = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('maintenance_work_mem', '1GB', false)")
            cursor.execute(
                f"CREATE INDEX {name} ON search_embedding"
                f" USING hnsw ((binary_quantize(vector)::bit(256)) bit_hamming_ops) WITH ({HNSW}) "
                f"WHERE model_id = {self.model.pk:d}"
            )
            cursor.execute("RESET maintenance_work_mem")
        build, size = time.perf_counter() - started, _megabytes(name)
        for candidates in (100, 400):

            def search(query: NDArray[np.float32], candidates: int = candidates) -> Products:
                with connection.cursor() as cursor:
                    cursor.execute(f"SET hnsw.ef_search = {candidates}")
                    vector = HalfVector(query).to_text()
                    parameters: Row = {"model": self.model.pk, "vector": vector, "candidates": candidates, "rows": 100}
                    cursor.execute(QUANTISED, parameters)
                    return list(dict.fromkeys(product for (product,) in cursor.fetchall()))[:K]

            title = f"pgvector, 256 bits, best {candidates} re-ranked"
            self._report(title, 1.0, search, truth, build_seconds=build, index_megabytes=size)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX {name}")
            cursor.execute(f"SET hnsw.ef_search = {knn.settings.HNSW_EF_SEARCH:d}")

    def _reference_engines(self, truths: dict[float, list[Products]]) -> None:
        rows = min(round(knn.ROWS_PER_PRODUCT * K), len(self.catalogue.vectors))
        for engine in installed_engines(self.catalogue.vectors, self.prices, rows):
            if isinstance(engine, str):
                self.missing.append(engine)
                self.command.stdout.write(engine)
                continue
            for share in SHARES if engine.filters else (1.0,):

                def search(query: NDArray[np.float32], share: float = share, engine: Any = engine) -> Products:
                    found = engine.find(query, float(_max_price(share)) if share < 1 else None)
                    return list(dict.fromkeys(self.catalogue.product_ids[found].tolist()))[:K]

                self._report(engine.name, share, search, truths[share], build_seconds=engine.build_seconds)

    def _brute_force(self, query: NDArray[np.float32], share: float) -> Products:
        rows = np.flatnonzero(self.prices <= float(_max_price(share)))
        vectors = self.catalogue.vectors
        scores = np.concatenate(
            [vectors[rows[start : start + 50_000]].astype(np.float32) @ query for start in range(0, len(rows), 50_000)]
            or [np.empty(0, np.float32)]
        )
        best = np.argpartition(-scores, 10 * K)[: 10 * K] if len(scores) > 10 * K else np.arange(len(scores))
        best = rows[best[np.argsort(-scores[best])]]
        return list(dict.fromkeys(self.catalogue.product_ids[best].tolist()))[:K]


# Ten new photos, with embeddings, of ten products; the vectors are those of the photos before.
INSERT = """
WITH source AS (
    SELECT e.product_id, e.vector, row_number() OVER () AS n FROM search_embedding AS e
    WHERE e.model_id = %(model)s AND e.image_id BETWEEN 10 * %(batch)s + 1 AND 10 * %(batch)s + 10
), photo AS (
    INSERT INTO catalog_productimage (product_id, file, view_id, position, sha256, error, created)
    SELECT product_id, 'absent.jpg', 'new-' || %(batch)s || '-' || n, 100 + n, repeat('b', 64), '', now() FROM source
    RETURNING id, product_id, view_id
)
INSERT INTO search_embedding (image_id, model_id, vector, photo_sha256)
SELECT photo.id, %(model)s, source.vector, repeat('b', 64)
FROM photo JOIN source ON photo.view_id = 'new-' || %(batch)s || '-' || source.n
"""


def _line(*columns: str) -> str:
    return "{:<46} {:>8} {:>8} {:>10} {:>9} {:>8}".format(*columns)


def _max_price(share: float) -> Decimal:
    return Decimal(MAX_PRICE) * Decimal(str(share))


def _recall(found: list[Products], truth: list[Products]) -> float:
    shares = [len(set(a[:10]) & set(b[:10])) / len(b[:10]) for a, b in zip(found, truth, strict=True) if b]
    return float(np.mean(shares)) if shares else 1.0


def _queries(catalogue: SyntheticCatalogue, n: int) -> NDArray[np.float32]:
    """New views of products of the catalogue: float32 [n, 256], unit rows."""
    random = np.random.default_rng(99)
    vectors = catalogue.vectors[random.integers(len(catalogue.vectors), size=n)].astype(np.float32)
    vectors += 0.02 * random.normal(size=vectors.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _megabytes(relation: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size(%s::regclass) / 1e6", [relation])
        return float(cursor.fetchone()[0])


def _setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return cursor.fetchone()[0]
