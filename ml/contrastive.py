"""The supervised contrastive loss, as a function of arrays (keras.ops, any backend)."""

from typing import Any

from keras import ops


def supervised_contrastive_loss(embeddings: Any, labels: Any, temperature: float = 0.1) -> Any:
    """Supervised contrastive loss (Khosla 2020, L_out), a scalar.

    embeddings: float32 [n, d], unit rows. labels: int [n]; rows with -1 are ignored. 0 if no two rows share a label.
    """
    known = labels >= 0
    itself = ops.eye(ops.shape(labels)[0], dtype="bool")
    others = ops.logical_and(known[None], ops.logical_not(itself))
    positive = ops.cast(
        ops.logical_and(ops.logical_and(labels[:, None] == labels[None], known[:, None]), others), "float32"
    )
    scores = ops.matmul(embeddings, ops.transpose(embeddings)) / temperature
    log_share = scores - ops.logsumexp(ops.where(others, scores, -1e9), axis=1, keepdims=True)
    count = ops.sum(positive, axis=1)
    of_anchor = -ops.sum(log_share * positive, axis=1) / ops.maximum(count, 1)
    anchors = ops.cast(count > 0, "float32")
    return ops.sum(of_anchor * anchors) / ops.maximum(ops.sum(anchors), 1)
