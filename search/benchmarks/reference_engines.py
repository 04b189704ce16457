"""Other vector search engines on the same vectors, for bench_search. Engines that are not installed are skipped, with a
message.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

M, EF_CONSTRUCTION, EF_SEARCH = 16, 160, 150  # as in search.indexing.rollout and the settings

Rows = NDArray[np.int64]  # row numbers of photos, nearest first
Find = Callable[
    [NDArray[np.float32], float | None], Rows
]  # (query, maximum price) -> the nearest rows that pass the filter


@dataclass(frozen=True)
class ReferenceEngine:
    name: str
    find: Find
    build_seconds: float
    filters: bool = False


def installed_engines(
    vectors: NDArray[np.float16], prices: NDArray[np.float64], rows: int
) -> Iterator[ReferenceEngine | str]:
    """Each engine in turn, its index built from `vectors` (float16 [n, d], unit rows); or a message that it is not
    installed.

    prices: float64 [n], for engines that filter. rows: neighbours per query.
    """
    for package, make in (
        ("faiss", _faiss_flat), ("faiss", _faiss_hnsw), ("hnswlib", _hnswlib), ("usearch", _usearch),
        ("lancedb", _lancedb),
    ):  # fmt: skip
        try:
            importlib.import_module(package)
        except ImportError:
            yield f"{package} is not installed (pip install -r requirements-bench.txt): not measured."
            continue
        started = time.perf_counter()
        name, find, filters = make(vectors, prices, rows)
        yield ReferenceEngine(name, find, time.perf_counter() - started, filters)


Made = tuple[str, Find, bool]


def _faiss_flat(vectors: NDArray[np.float16], prices: NDArray[np.float64], rows: int) -> Made:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    return "FAISS flat", _faiss(index, vectors, rows), False


def _faiss_hnsw(vectors: NDArray[np.float16], prices: NDArray[np.float64], rows: int) -> Made:
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], M, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction, index.hnsw.efSearch = EF_CONSTRUCTION, EF_SEARCH
    return "FAISS HNSW, same m and ef", _faiss(index, vectors, rows), False


def _faiss(index: Any, vectors: NDArray[np.float16], rows: int) -> Find:
    for start in range(0, len(vectors), 50_000):
        index.add(vectors[start : start + 50_000].astype(np.float32))
    return lambda query, max_price: index.search(query[None], rows)[1][0]


def _hnswlib(vectors: NDArray[np.float16], prices: NDArray[np.float64], rows: int) -> Made:
    import hnswlib

    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=M, ef_construction=EF_CONSTRUCTION)
    for start in range(0, len(vectors), 50_000):
        part = vectors[start : start + 50_000].astype(np.float32)
        index.add_items(part, np.arange(start, start + len(part)))
    index.set_ef(max(EF_SEARCH, rows))
    return "hnswlib, same m and ef", lambda query, max_price: index.knn_query(query, rows)[0][0].astype(np.int64), False


def _usearch(vectors: NDArray[np.float16], prices: NDArray[np.float64], rows: int) -> Made:
    from usearch.index import Index

    index = Index(
        ndim=vectors.shape[1], metric="ip", dtype="f16", connectivity=M, expansion_add=EF_CONSTRUCTION,
        expansion_search=EF_SEARCH,
    )  # fmt: skip
    index.add(np.arange(len(vectors)), vectors)
    return (
        "usearch, float16, same m and ef",
        lambda query, max_price: index.search(query, rows).keys.astype(np.int64),
        False,
    )


def _lancedb(vectors: NDArray[np.float16], prices: NDArray[np.float64], rows: int) -> Made:
    """A vector database: IVF-PQ re-ranked with full vectors, filtered during the search by an index on the price."""
    import lancedb
    import pyarrow as pa
    from lancedb.index import BTree

    folder = tempfile.TemporaryDirectory(prefix="bench-lancedb-")
    dim = vectors.shape[1]
    table = None
    for start in range(0, len(vectors), 50_000):
        part = vectors[start : start + 50_000].astype(np.float32)
        batch = pa.table(
            {
                "row": pa.array(np.arange(start, start + len(part))),
                "price": pa.array(prices[start : start + len(part)]),
                "vector": pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), dim),
            }
        )
        if table is None:
            table = lancedb.connect(folder.name).create_table("photos", batch)
        else:
            table.add(batch)
    assert table is not None
    name = "LanceDB, exact"
    if len(vectors) >= 5_000:
        partitions = max(1, round(len(vectors) ** 0.5))
        table.create_index(metric="cosine", num_partitions=partitions, num_sub_vectors=dim // 8)
        name = "LanceDB, IVF-PQ re-ranked"
    table.create_index("price", config=BTree())

    def find(query: NDArray[np.float32], max_price: float | None, folder: Any = folder) -> Rows:
        search: Any = table.search(query)
        search = search.distance_type("cosine").nprobes(20).refine_factor(10)
        if max_price is not None:
            search = search.where(f"price <= {max_price}", prefilter=True)
        return search.limit(rows).select(["row"]).to_arrow()["row"].to_numpy()

    return name, find, True
