"""The card of a finished model: what it is, how it was trained, its retrieval metrics, and its calibration."""

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from ml.evaluation import calibration
from ml.evaluation.metrics import (
    Retrieval,
    bootstrap_interval,
    hit_at_k,
    mean_reciprocal_rank,
    recall_at_k,
    same_kind_precision,
)
from ml.training import export
from ml.training.recipe import Recipe
from ml.training.validation import Validation


def model_card(
    folder: Path, facts: dict[str, Any], recipe: Recipe, exported: export.Exported, judged: Validation
) -> dict[str, Any]:
    """facts: the contents of run.json. judged: the photos that `exported` was evaluated on."""
    known = [listed for listed in facts["train"] if listed[1]]
    figures = _figures(exported.found, judged)
    on = "validation photos" if facts["queries"] else "training photos: there was no validation"
    return {
        "version": facts["version"],
        "backbone": recipe.backbone,
        "dim": recipe.dim,
        "input_size": recipe.input_size,
        "sha256": export.sha256(folder / export.SERVED),
        "precision": exported.precision,
        "created": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "network": recipe.network,
        "training": {
            "recipe": asdict(recipe),
            "weights": facts["weights"],
            "teacher": Path(facts["teacher"]).name if facts["teacher"] else None,
            "epochs": facts.get("epochs"),
            "seconds": round(facts.get("seconds", 0)),
            "backend": facts.get("backend"),
            "keras": keras.__version__,
            "python": platform.python_version(),
        },
        "data": {
            "sources": facts["sources"],
            "photos": len(known),
            "products": len({product for _, product, _ in known}),
            "kinds": len({kind for _, _, kind in known if kind}),
            "judged_searches": facts["judged"],
            "validation_photos": len(facts["queries"]),
            "validation_products": len({product for _, product, _ in facts["queries"]}),
        },
        "metrics": {
            "measured_on": on,
            **figures,
            "fp32_recall_1": round(exported.fp32_recall_1, 4),
            "int8_recall_1": round(exported.int8_recall_1, 4),
            "keras_onnx_cosine": round(exported.cosine, 6),
        },
        "headline": _headline(figures, facts),
        **_meaning_of_scores(judged, folder / export.SERVED, on),
    }


def distances(judged: Validation, onnx_file: Path, most: int = 600) -> tuple[NDArray, NDArray]:
    """Distances between photos of the same product and of different products, for at most `most` validation photos."""
    chosen = np.random.default_rng(0).permutation(len(judged.queries.pixels))[:most]
    vectors = export.embed(onnx_file, np.asarray(judged.queries.pixels)[chosen])
    products = judged.queries.products[chosen]
    upper = np.triu_indices(len(chosen), 1)
    apart = np.sqrt(np.maximum(2 - 2 * vectors @ vectors.T, 0))[upper]
    same = (products[:, None] == products)[upper]
    return apart[same], apart[~same]


def _figures(found: Retrieval, judged: Validation) -> dict[str, Any]:
    hits = hit_at_k(found.matches, 1)
    figures = {
        "queries": len(found),
        "gallery": len(judged.gallery.pixels) if judged.gallery else "leave-one-out",
        "recall": {str(k): round(recall_at_k(found.matches, k), 4) for k in (1, 5, 10) if k <= found.matches.shape[1]},
        "recall_1_ci95": [round(bound, 4) for bound in bootstrap_interval(hits, judged.asked)],
        "map_at_r": round(float(found.average_precision.mean()), 4),
        "mrr": round(mean_reciprocal_rank(found.first_match), 4),
    }
    searched = judged.gallery or judged.queries
    if judged.queries.kinds is not None and searched.kinds is not None and len(set(searched.kinds) - {""}) > 1:
        kinds = judged.queries.kinds[judged.answerable]
        precision = same_kind_precision(found.other_neighbours, kinds, searched.kinds)[kinds != ""]
        figures["same_kind_precision_6"] = round(float(precision.mean()), 4)
    return figures


def _headline(figures: dict[str, Any], facts: dict[str, Any]) -> dict[str, float]:
    """The figures by which `list_models` and the admin compare models, as far as validation photos tell them."""
    if not facts["queries"]:
        return {}
    trained_on = {product for _, product, _ in facts["train"]}
    known = any(product in trained_on for _, product, _ in facts["queries"])
    headline = {"recall_1" if known else "unseen_recall_1": figures["recall"]["1"]}
    if "same_kind_precision_6" in figures:
        headline["same_kind_precision_6"] = figures["same_kind_precision_6"]
    return headline


def _meaning_of_scores(judged: Validation, onnx_file: Path, on: str) -> dict[str, Any]:
    """The calibration and its error rates; empty if there are too few photos to fit it."""
    searched = judged.gallery or judged.queries
    known = calibration.answers(
        export.embed(onnx_file, judged.queries.pixels),
        judged.queries.products,
        export.embed(onnx_file, judged.gallery.pixels) if judged.gallery else None,
        searched.products,
        judged.queries.kinds,
        searched.kinds,
    )
    # Error rates: fitted on one half of the products, measured on the other. The stored fit uses all products.
    half = np.isin(judged.queries.products, np.unique(judged.queries.products)[::2])
    fitted = calibration.fit([answer for answer in known if half[answer.query]])
    whole = calibration.fit(known)
    meaning: dict[str, Any] = {}
    if whole:
        meaning["calibration"] = whole.as_card()
    if fitted:
        trust = asdict(calibration.trust(fitted, [answer for answer in known if not half[answer.query]]))
        meaning["calibration_how"] = {"on": f"{on}; fitted on half of the products, judged on the others", **trust}
    return meaning
