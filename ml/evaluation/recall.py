"""Evaluation of a model on photos: embed, search exactly, compute the metrics, optionally beside
the colour baseline.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from tqdm import tqdm

from ml.data.datasets import Photo, UnusableDataset, same_bytes
from ml.embedder import Embedder
from ml.evaluation.baseline import colour_histogram
from ml.evaluation.metrics import (
    SAME_KIND_AMONG,
    Floats,
    MinScore,
    Retrieval,
    bootstrap_interval,
    calibrate_min_score,
    closeness_steps,
    hit_at_k,
    retrieve,
    same_kind_precision,
)
from ml.images import UnreadablePhoto, read_photo

Embed = Callable[[Sequence[Path]], Floats]


@dataclass(frozen=True)
class Metric:
    """One metric over the queries, as fractions: its mean, its 95 % interval over products, and the value of each
    query.
    """

    name: str
    values: NDArray
    interval: tuple[float, float]

    @property
    def value(self) -> float:
        return float(self.values.mean())


@dataclass(frozen=True)
class GroupMetrics:
    """Metrics of the queries of one category or product.

    mistaken_for: the category or product that its wrong best matches show most often (for a category often itself).
    """

    name: str
    queries: int
    recall: dict[int, float]
    mistaken_for: str | None


@dataclass(frozen=True)
class Evaluation:
    """The result of `evaluate`. Row i of `found` belongs to `queries[i]`; neighbours are rows of `gallery`.

    queries: photos whose product is in the gallery. left_out: number of the others. copies: queries whose very file is
    in the gallery, which inflates all metrics.
    """

    model: str
    queries: list[Photo]
    gallery: list[Photo]
    found: Retrieval
    ks: list[int]
    left_out: int
    copies: int
    leave_one_out: bool
    same_kind: Metric | None = None  # share of the nearest photos of other products that show the query's kind

    @cached_property
    def recalls(self) -> dict[int, Metric]:
        return {k: self._metric(f"Recall@{k}", hit_at_k(self.found.matches, k)) for k in {1, *self.ks}}

    @cached_property
    def metrics(self) -> list[Metric]:
        """Recall at each K, mAP@R and MRR if a query has its product in the gallery; same-kind precision if kinds are
        known.
        """
        return [*self._product_figures, *([self.same_kind] if self.same_kind else [])]

    @cached_property
    def _product_figures(self) -> list[Metric]:
        if not self.queries:
            return []
        return [
            *(self.recalls[k] for k in self.ks),
            self._metric("mAP@R", self.found.average_precision),
            self._metric("MRR", 1 / self.found.first_match),
        ]

    @cached_property
    def products(self) -> list[str]:
        """The product of each query."""
        return [photo.product for photo in self.queries]

    @property
    def gallery_products(self) -> int:
        return len({photo.product for photo in self.gallery})

    @cached_property
    def min_score(self) -> MinScore | None:
        return calibrate_min_score(self.found) if self.queries else None

    @cached_property
    def categories(self) -> list[GroupMetrics]:
        """Metrics by category, the worst first; empty unless two categories are known."""
        known = _kinds(self.queries, self.gallery)
        if not known or not self.queries:
            return []
        of_gallery = [known.get(photo.product, "—") for photo in self.gallery]
        return self._group_metrics([known.get(product, "—") for product in self.products], of_gallery)

    def worst_products(self, most: int = 10) -> list[GroupMetrics]:
        """The products with the lowest Recall@1, of equals those with the most queries."""
        if not self.queries:
            return []
        groups = self._group_metrics(self.products, [photo.product for photo in self.gallery])
        return [group for group in groups if group.recall[1] < 1][:most]

    def as_json(self) -> dict[str, Any]:
        """The metrics as fractions. "products" counts those of the gallery."""
        kinds = {f"same_kind_precision_{SAME_KIND_AMONG}": self.same_kind.value} if self.same_kind else {}
        figures = {figure.name: figure.value for figure in self.metrics}
        return {
            "model": self.model,
            "protocol": "leave-one-out" if self.leave_one_out else "queries against gallery",
            "queries": len(self.queries),
            "left_out": self.left_out,
            "copies": self.copies,
            "gallery": len(self.gallery),
            "products": self.gallery_products,
            "recall": {str(k): self.recalls[k].value for k in self.ks} if self.queries else {},
            "map_at_r": figures.get("mAP@R"),
            "mrr": figures.get("MRR"),
            "recall_1_ci95": list(self.recalls[1].interval) if self.queries else None,
            **kinds,
            "ci95": {figure.name: list(figure.interval) for figure in self.metrics},
            "min_score": vars(self.min_score) if self.min_score else None,
            "closeness": [vars(step) for step in closeness_steps(self.found)] if self.queries else [],
            "categories": [_group_as_json(group) for group in self.categories],
            "worst_products": [_group_as_json(group) for group in self.worst_products()],
        }

    def _metric(self, name: str, values: NDArray) -> Metric:
        return Metric(name, values, bootstrap_interval(values, self.products))

    def _group_metrics(self, groups: Sequence[str], gallery_groups: Sequence[str]) -> list[GroupMetrics]:
        names, labels = np.unique(groups, return_inverse=True)
        counts = np.bincount(labels)
        recall = {k: np.bincount(labels, weights=self.recalls[k].values) / counts for k in self.recalls}
        mistakes: dict[int, Counter[str]] = {}
        for row in np.flatnonzero(~self.found.matches[:, 0]):
            taken_for = gallery_groups[self.found.neighbours[row, 0]]
            mistakes.setdefault(labels[row], Counter())[taken_for] += 1
        order = np.lexsort([-counts, recall[1]])
        return [
            GroupMetrics(
                name=str(names[i]),
                queries=int(counts[i]),
                recall={k: float(recall[k][i]) for k in sorted(recall)},
                mistaken_for=mistakes[i].most_common(1)[0][0] if i in mistakes else None,
            )
            for i in order
        ]


def evaluate(
    model: str, embed: Embed, queries: list[Photo], gallery: list[Photo] | None = None, ks: Sequence[int] = (1, 5, 10)
) -> Evaluation:
    """Search `gallery` with every query; without a gallery, each query searches the others (leave-one-out).

    `embed` turns paths into float32 [n, d] unit rows; `model` is its name.
    Raises UnusableDataset: K larger than the gallery, no query with its product in the gallery, or a photo that
    cannot be read.
    """
    alone = gallery is None
    searched = queries if gallery is None else gallery
    to_find = len(searched) - alone
    if max(ks) > to_find:
        raise UnusableDataset(f"K = {max(ks)} is larger than the {to_find} photos there are to find.")
    in_gallery = Counter(photo.product for photo in searched)
    kinds = _kinds(queries, searched)
    if not any(in_gallery[photo.product] > alone for photo in queries) and not kinds:
        raise UnusableDataset(
            "No product has two photos, so no query has anything to find. Give a --gallery."
            if alone
            else f"None of the {len(queries)} queries shows a product that is in the gallery."
        )
    vectors = embed([photo.path for photo in queries])
    gallery_vectors = None if alone else embed([photo.path for photo in searched])
    found = retrieve(
        vectors,
        [photo.product for photo in queries],
        gallery_vectors,
        [photo.product for photo in searched],
        k=max(ks),
        others=SAME_KIND_AMONG if kinds else 0,
    )
    answerable = found.answerable
    return Evaluation(
        model=model,
        queries=[photo for photo, counts in zip(queries, answerable, strict=True) if counts],
        gallery=searched,
        found=found[answerable],
        ks=sorted(set(ks)),
        left_out=int((~answerable).sum()),
        copies=_copies(queries, searched, alone),
        leave_one_out=alone,
        same_kind=_same_kind(found, queries, searched, kinds) if kinds else None,
    )


def _kinds(queries: list[Photo], gallery: list[Photo]) -> dict[str, str]:
    """The category of each product, if known; empty unless there are two categories."""
    known = {photo.product: photo.category for photo in [*gallery, *queries] if photo.category}
    return known if len(set(known.values())) > 1 else {}


def _same_kind(found: Retrieval, queries: list[Photo], gallery: list[Photo], kinds: dict[str, str]) -> Metric:
    """Over all queries of a known kind, whether or not their product is in the gallery."""
    rows = np.array([row for row, photo in enumerate(queries) if photo.product in kinds], np.intp)
    of_queries = [kinds[queries[row].product] for row in rows]
    of_gallery = [kinds.get(photo.product, "") for photo in gallery]
    values = same_kind_precision(found.other_neighbours[rows], of_queries, of_gallery)
    interval = bootstrap_interval(values, [queries[row].product for row in rows])
    return Metric(f"same kind@{SAME_KIND_AMONG}", values, interval)


def with_network(embedder: Embedder) -> Embed:
    """Embeds with a model exactly as serving does."""

    def embed(paths: Sequence[Path]) -> Floats:
        vectors = np.empty((len(paths), embedder.dim), np.float32)
        results = embedder.embed_photos(paths, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS)
        for row, vector in tqdm(results, total=len(paths), unit="photo", disable=None):
            if isinstance(vector, UnreadablePhoto):
                raise _unreadable(paths[row], vector)
            vectors[row] = vector
        return vectors

    return embed


def with_colours(paths: Sequence[Path]) -> Floats:
    """Embeds by colour histogram: the baseline."""

    def histogram(path: Path) -> Floats:
        try:
            return colour_histogram(
                read_photo(path, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS)
            )
        except UnreadablePhoto as unreadable:
            raise _unreadable(path, unreadable) from unreadable

    with ThreadPoolExecutor() as threads:
        return np.stack(list(tqdm(threads.map(histogram, paths), total=len(paths), unit="photo", disable=None)))


def _unreadable(path: Path, why: UnreadablePhoto) -> UnusableDataset:
    return UnusableDataset(f"{path} cannot be read ({why.code}). Run clean_images on the folder first.")


def _copies(queries: list[Photo], gallery: list[Photo], alone: bool) -> int:
    """Number of queries whose file, under any name, is among the photos they search."""
    asked, searched = {photo.path for photo in queries}, {photo.path for photo in gallery}
    twins = {path for group in same_bytes([*asked, *searched]) for path in group if alone or searched & set(group)}
    return sum(photo.path in twins or (not alone and photo.path in searched) for photo in queries)


def _group_as_json(group: GroupMetrics) -> dict[str, Any]:
    return {**vars(group), "recall": {str(k): value for k, value in group.recall.items()}}
