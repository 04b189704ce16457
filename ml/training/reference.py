"""Compares this triplet loss with pytorch-metric-learning's: same network, initial weights and batches."""

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ml.data.datasets import Photo
from ml.data.pixels import CACHE_SHARE, Labelled, cached_pixels
from ml.evaluation.metrics import recall_at_k, retrieve
from ml.network import build_network
from ml.training.learner import Learner
from ml.training.loop import train
from ml.training.recipe import Recipe, prepare_backend
from ml.training.validation import Validation, embed


class ReferenceLearner(Learner):
    """The learner with pytorch-metric-learning's miner and loss. Torch backend only."""

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        from pytorch_metric_learning import losses, miners

        embeddings = y_pred["embedding"]
        hardest = miners.BatchHardMiner()(embeddings, y)
        # smooth_loss is the soft margin: log(1 + exp(positive - negative))
        loss = losses.TripletMarginLoss(margin=0.0, smooth_loss=True)(embeddings, y, hardest)
        self._means["triplet"].update_state(loss)
        return loss


def compare(
    photos: list[Photo],
    queries: list[Photo],
    gallery: list[Photo] | None,
    *,
    backbone: str,
    input_size: int,
    steps: int,
    precision: str,
    seed: int,
) -> list[dict[str, Any]]:
    """Rows of name, recall_1, map_at_r and photos_per_second: before training, this loss, the reference's loss.

    `queries` search `gallery`, or one another without one; none of them shows a product in `photos`.
    """
    recipe = Recipe(
        backbone=backbone,
        input_size=input_size,
        epochs=1,
        steps=steps,
        identity_weight=0,
        ema=0,
        precision=precision,
        seed=seed,
    )
    prepare_backend(recipe)
    training = _labelled(photos, int(input_size * CACHE_SHARE) // 8 * 8)
    judged = Validation(_labelled(queries, input_size), _labelled(gallery, input_size) if gallery else None)
    network = build_network(**recipe.network)
    start = network.get_weights()
    rows = [{"name": "before", "photos_per_second": 0.0, **_judge(network, judged)}]
    for name, learner in (("ours", Learner), ("pytorch-metric-learning", ReferenceLearner)):
        keras.utils.set_random_seed(seed)
        network.set_weights(start)
        with tempfile.TemporaryDirectory() as folder:
            history = train(recipe, network, training, None, Path(folder), learner=learner)
        rows.append({"name": name, "photos_per_second": history[-1]["photos_per_second"], **_judge(network, judged)})
    return rows


def _labelled(photos: list[Photo], size: int) -> Labelled:
    pixels, rows = cached_pixels(photos, size)
    return Labelled(pixels, np.array([photos[row].product for row in rows]))


def _judge(network: keras.Model, judged: Validation) -> dict[str, float]:
    queries, gallery = judged.queries, judged.gallery
    found = retrieve(
        embed(network, queries.pixels),
        queries.products,
        embed(network, gallery.pixels) if gallery else None,
        gallery.products if gallery else None,
        k=1,
    )
    found = found[found.answerable]
    return {"recall_1": recall_at_k(found.matches, 1), "map_at_r": float(found.average_precision.mean())}
