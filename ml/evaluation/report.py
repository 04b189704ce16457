"""An evaluation as one web page with pictures: queries, their results, right and wrong."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from ml.evaluation.recall import Evaluation, GroupMetrics, Metric
from ml.images import read_photo, shrink_photo

WRONG, RIGHT, SHOWN = 24, 12, 6  # wrong and right queries shown, and results of each
THUMBNAIL = 144  # pixels, sharp at twice the density
BINS = 50


@dataclass(frozen=True)
class Answer:
    product: str
    picture: str
    score: float
    right: bool


@dataclass(frozen=True)
class Example:
    """One query and its results. rank: of the first right result in the whole gallery, from 1.
    Pictures are data: URIs.
    """

    product: str
    picture: str
    rank: int
    answers: list[Answer]


def render_report(evaluation: Evaluation, baseline: Evaluation | None = None) -> str:
    """Self-contained HTML with thumbnails as data: URIs."""
    page = render_to_string("ml/recall_report.html", report_context(evaluation, baseline))
    thumbnail.cache_clear()
    return page


def report_context(evaluation: Evaluation, baseline: Evaluation | None = None) -> dict[str, Any]:
    """Context of the template. Percentages are 0..100."""
    hit = evaluation.recalls[1].values
    return {
        "evaluation": evaluation,
        "now": timezone.now(),
        "figures": [
            _percentages(figure, baseline.metrics[i] if baseline else None)
            for i, figure in enumerate(evaluation.metrics)
        ],
        "baseline": baseline,
        "baseline_is_higher": baseline and baseline.recalls[1].value > evaluation.recalls[1].value,
        "examples_of": [
            (
                _("What went wrong"),
                _("Left the photo asked about, then the nearest photos found; from each product in turn."),
                _examples(evaluation, np.flatnonzero(~hit), WRONG),
                int((~hit).sum()),
            ),
            (
                _("What went right"),
                "",
                _examples(evaluation, np.flatnonzero(hit), RIGHT),
                int(hit.sum()),
            ),
        ],
        "categories": [_row(group, evaluation) for group in evaluation.categories],
        "worst": _worst(evaluation),
        "scores": _score_plot(evaluation),
    }


@lru_cache(maxsize=1024)
def thumbnail(path: Path) -> str:
    """The photo as a data: URI."""
    photo = read_photo(path, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS, target=THUMBNAIL)
    return f"data:image/jpeg;base64,{b64encode(shrink_photo(photo, THUMBNAIL, quality=70)).decode()}"


def _percentages(figure: Metric, baseline: Metric | None) -> dict[str, Any]:
    low, high = figure.interval
    return {
        "name": figure.name,
        "value": 100 * figure.value,
        "low": 100 * low,
        "high": 100 * high,
        "width": 100 * (high - low),
        "baseline": 100 * baseline.value if baseline else None,
    }


def _examples(evaluation: Evaluation, rows: NDArray[np.intp], most: int) -> list[Example]:
    """Up to `most` of the queries `rows`, products in turn, the worst ranks of each product first."""
    found = evaluation.found
    by_product: dict[str, list[int]] = {}
    for row in sorted(rows, key=lambda row: (-found.first_match[row], -found.scores[row, 0])):
        by_product.setdefault(evaluation.products[row], []).append(row)
    in_turn = chain.from_iterable(zip_longest(*by_product.values()))
    return [_example(evaluation, row) for row in [row for row in in_turn if row is not None][:most]]


def _example(evaluation: Evaluation, row: int) -> Example:
    found = evaluation.found[np.array([row])]
    nearest: Iterable[tuple[int, float, bool]] = zip(
        found.neighbours[0, :SHOWN], found.scores[0, :SHOWN], found.matches[0, :SHOWN], strict=True
    )
    return Example(
        product=evaluation.queries[row].product,
        picture=thumbnail(evaluation.queries[row].path),
        rank=int(found.first_match[0]),
        answers=[
            Answer(evaluation.gallery[column].product, thumbnail(evaluation.gallery[column].path), score, right)
            for column, score, right in nearest
        ],
    )


def _row(group: GroupMetrics, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "name": group.name,
        "queries": group.queries,
        "recall": [100 * group.recall[k] for k in evaluation.ks],
        "recall_1": 100 * group.recall[1],
        "mistaken_for": group.mistaken_for,
    }


def _worst(evaluation: Evaluation) -> list[dict[str, Any]]:
    pictures = {photo.product: photo.path for photo in reversed(evaluation.gallery)}
    rows = [_row(group, evaluation) for group in evaluation.worst_products()]
    for row in rows:
        row["picture"] = thumbnail(pictures[row["name"]])
        row["other_picture"] = thumbnail(pictures[row["mistaken_for"]])
    return rows


def _score_plot(evaluation: Evaluation) -> dict[str, Any] | None:
    """Two outlines in a box of 100 x 40: scores of right best matches, and of best matches of absent products."""
    found = evaluation.found
    right = found.scores[found.matches[:, 0], 0]
    absent = found.best_other[np.isfinite(found.best_other)]
    least = evaluation.min_score
    if not least or not len(absent):
        return None
    low = float(min(right.min(), absent.min()))
    edges = np.linspace(low, max(1.0, low + 1e-3), BINS + 1)
    heights = [np.histogram(scores, edges)[0] / len(scores) for scores in (right, absent)]
    tallest = max(height.max() for height in heights)
    return {
        "right": _outline(heights[0] / tallest),
        "absent": _outline(heights[1] / tallest),
        "low": float(edges[0]),
        "high": float(edges[-1]),
        "min_score": 100 * (least.score - float(edges[0])) / float(edges[-1] - edges[0]),
        "kept": 100 * least.kept,
        "precision": 100 * least.precision,
    }


def _outline(heights: NDArray[np.floating]) -> str:
    """An SVG path along the tops of bars of these heights (0..1)."""
    step = 100 / len(heights)
    tops = " ".join(f"V{38 - 36 * height:.2f} H{(i + 1) * step:.2f}" for i, height in enumerate(heights))
    return f"M0 38 {tops} V38"
