"""Export from Keras to ONNX, the graph that web and worker processes run, in float32 and int8; each is checked before
it is kept.

TensorFlow does the conversion (tf2onnx) in a subprocess, whichever backend trained the network.
"""

import contextlib
import errno
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from ml.evaluation.metrics import SAME_KIND_AMONG, Retrieval, recall_at_k, retrieve
from ml.files import whole
from ml.training.validation import Validation

MIN_COSINE = 0.9999  # between Keras and ONNX, every photo
MAX_INT8_LOSS = 0.005  # of Recall@1
CALIBRATION_PHOTOS = 256
OPSET = 17


FP32, INT8, SERVED = "model-fp32.onnx", "model-int8.onnx", "model.onnx"


@dataclass(frozen=True)
class Exported:
    """precision: of the served graph, "int8" or "fp32". found: its retrieval of the answerable validation queries.
    cosine: the lowest between Keras' embeddings and the float32 graph's.
    """

    precision: str
    found: Retrieval
    fp32_recall_1: float
    int8_recall_1: float
    cosine: float


class ExportMismatch(RuntimeError):
    """The ONNX graph's embeddings differ from the Keras network's."""


def export_model(
    config: dict[str, Any], weights: Path, sample: NDArray[np.uint8], judged: Validation, folder: Path
) -> Exported:
    """Write model.onnx to `folder`, in int8 unless that loses more than MAX_INT8_LOSS of Recall@1 on `judged`.

    config: keyword arguments of `build_network`. sample: uint8 [n, s, s, 3], to calibrate int8's ranges with. Raises
    ExportMismatch, OSError.
    """
    cosine = export_fp32(config, weights, sample[:32], folder / FP32)
    with whole(folder / INT8) as unfinished:
        quantise(folder / FP32, sample, unfinished)
    fp32, int8 = (_found(judged, folder / name) for name in (FP32, INT8))
    recall, int8_recall = (recall_at_k(found.matches, 1) for found in (fp32, int8))
    if recall - int8_recall <= MAX_INT8_LOSS:
        (folder / INT8).replace(folder / SERVED)
        return Exported("int8", int8, recall, int8_recall, cosine)
    (folder / INT8).unlink()
    shutil.copy2(folder / FP32, folder / SERVED)
    return Exported("fp32", fp32, recall, int8_recall, cosine)


def export_fp32(config: dict[str, Any], weights: Path, pixels: NDArray[np.uint8], out: Path) -> float:
    """Write the network as ONNX to `out`; returns the lowest cosine between Keras' and ONNX' embeddings of `pixels`.

    config: keyword arguments of `build_network`. weights: a .weights.h5 file of that network. pixels: uint8 [n, s, s,
    3]. Raises ExportMismatch if a cosine is below MIN_COSINE, OSError if the disk is full; `out` is then not written.
    """
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.npy"
        np.save(sample, pixels)
        command = [sys.executable, "-m", "ml.training.export", json.dumps(config), str(weights), str(sample), str(out)]
        environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
        if done.returncode == os.EX_IOERR:
            out.unlink(missing_ok=True)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(out))
        if done.returncode:
            out.unlink(missing_ok=True)
            raise ExportMismatch(f"The conversion to ONNX failed:\n{done.stderr[-2000:]}")
        lowest = float(done.stdout.split()[-1])
    if not lowest >= MIN_COSINE:
        out.unlink()
        raise ExportMismatch(f"Keras and ONNX disagree: cosine {lowest:.6f}, at least {MIN_COSINE} is needed.")
    return lowest


def quantise(fp32: Path, photos: NDArray[np.uint8], out: Path) -> None:
    """Write `fp32` as int8 (QDQ, per channel), calibrated on `photos`, uint8 [n, s, s, 3], with both outputs.

    Only convolutions and the ReLU6 (Clip) after them are quantised. The ReLU6 costs nothing then, and bounds the range
    of the activations: without it EfficientNet-Lite2's embeddings have a mean cosine of .89 to float32, with it .994,
    in half the time. The sums of residual branches stay float32, because the pooled early stages read them: in int8
    they cost 1.2 points of Recall@1, and were slower.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Photos(CalibrationDataReader):
        def __init__(self) -> None:
            self._batches = iter(np.array_split(photos, max(1, len(photos) // 8)))

        def get_next(self) -> dict[str, NDArray] | None:
            batch = next(self._batches, None)
            return None if batch is None else {"pixels": batch}

    with tempfile.TemporaryDirectory() as folder, _without_chatter():
        folded = Path(folder) / "folded.onnx"  # batch norms folded into convolutions
        quant_pre_process(str(fp32), str(folded), skip_symbolic_shape=True)
        quantize_static(
            str(folded),
            str(out),
            Photos(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            op_types_to_quantize=["Conv", "Clip"],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Suppresses ONNX Runtime's log line for each channel whose scale it adjusts."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def embed(onnx_file: Path, pixels: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
    """The embeddings float32 [n, dim] of `pixels`, uint8 [n, s, s, 3], by an ONNX file."""
    session = ort.InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    chunks = (np.ascontiguousarray(pixels[i : i + batch]) for i in range(0, len(pixels), batch))
    return np.concatenate([session.run(["embedding"], {"pixels": chunk})[0] for chunk in chunks])


def _found(judged: Validation, onnx_file: Path) -> Retrieval:
    queries = embed(onnx_file, judged.queries.pixels)
    gallery = embed(onnx_file, judged.gallery.pixels) if judged.gallery else None
    products = judged.gallery.products if judged.gallery else None
    k = min(10, len(gallery) if gallery is not None else len(queries) - 1)
    found = retrieve(queries, judged.queries.products, gallery, products, k=k, others=SAME_KIND_AMONG)
    return found[found.answerable]


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert(config: dict[str, Any], weights: Path, sample: Path, out: Path) -> float:
    """Runs in the subprocess: build, load, convert, compare."""
    import tensorflow as tf
    import tf2onnx

    from ml.network import build_network

    network = build_network(**config)
    network.load_weights(weights)
    side = config["input_size"]
    signature = [tf.TensorSpec((None, side, side, 3), tf.uint8, name="pixels")]

    @tf.function(input_signature=signature)
    def forward(pixels: Any) -> dict[str, Any]:
        return network(pixels, training=False)

    graph, _ = tf2onnx.convert.from_function(forward, signature, opset=OPSET)
    _name_outputs(graph, {"embedding": 2, "features": 4})
    onnx.checker.check_model(graph, full_check=True)
    onnx.save(graph, out)
    pixels = np.load(sample)
    expected = network.predict(pixels, verbose=0, batch_size=32)["embedding"]
    return float((expected * embed(out, pixels)).sum(1).min())


def _name_outputs(graph: onnx.ModelProto, ranks: dict[str, int]) -> None:
    """tf2onnx names outputs Identity, Identity_1...; they are told apart by their rank and renamed."""
    for name, rank in ranks.items():
        (output,) = (o for o in graph.graph.output if len(o.type.tensor_type.shape.dim) == rank)
        for node in graph.graph.node:
            node.output[:] = [name if o == output.name else o for o in node.output]
            node.input[:] = [name if i == output.name else i for i in node.input]
        output.name = name
        output.type.tensor_type.shape.dim[0].dim_param = "N"
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"


if __name__ == "__main__":
    settings, weights_file, sample_file, onnx_out = sys.argv[1:]
    try:
        print(_convert(json.loads(settings), Path(weights_file), Path(sample_file), Path(onnx_out)))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            sys.exit(os.EX_IOERR)
        raise
