"""A model directory that takes milliseconds to make: a real, if random, network with the graph's contract."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 16


def write_tiny_model(
    directory: Path, *, size: int = 32, dim: int = 256, seed: int = 0, card: Mapping[str, Any] | None = None
) -> Path:
    """Writes model.onnx (pixels -> one convolution -> average -> dense -> unit length) and card.json."""
    random = np.random.default_rng(seed)
    weights = {
        "half": np.float32(127.5),
        "one": np.float32(1),
        "kernel": random.normal(size=(CHANNELS, 3, 8, 8)).astype(np.float32),
        "dense": random.normal(size=(CHANNELS, dim)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["float", "half"], ["scaled"]),
        helper.make_node("Sub", ["scaled", "one"], ["centred"]),
        helper.make_node("Transpose", ["centred"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["nchw", "kernel"], ["convolved"], strides=[8, 8]),
        helper.make_node("Relu", ["convolved"], ["map"]),
        helper.make_node("Transpose", ["map"], ["features"], perm=[0, 2, 3, 1]),
        helper.make_node("GlobalAveragePool", ["map"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["raw"]),
        helper.make_node("LpNormalization", ["raw"], ["embedding"], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", size, size, 3])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", dim]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", size // 8, size // 8, CHANNELS]),
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    directory.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString()
    (directory / "model.onnx").write_bytes(data)
    facts = {
        "version": f"tiny-20261123-{seed:07x}",
        "backbone": "tiny",
        "dim": dim,
        "input_size": size,
        "sha256": hashlib.sha256(data).hexdigest(),
        "precision": "fp32",
        "created": "2026-11-23T00:00:00Z",
        "training": {},
        "data": {},
        "metrics": {},
    }
    (directory / "card.json").write_text(json.dumps(facts | dict(card or {})))
    return directory
