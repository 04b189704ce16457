"""Embeds photos with ONNX Runtime: the only part of a model that web and worker processes load.

A model directory contains `model.onnx` and `card.json`. The graph takes uint8 pixels and returns unit vectors; scaling
and normalisation are part of it. Nothing here imports TensorFlow, Keras or a Django model.
"""

import ctypes
import hashlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakSet

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from catalog.photos.decoders import decode_photo_views
from catalog.photos.decoding import View
from ml.images import WHOLE, UnreadablePhoto

Vectors = NDArray[np.float32]
Pixels = NDArray[np.uint8]


class ModelMismatch(RuntimeError):
    """The network in a model directory does not match its card."""


class Embedder:
    """One model version. Thread-safe; may be created before a fork."""

    def __init__(self, directory: Path) -> None:
        """Reads the card and verifies the checksum of model.onnx.

        Raises FileNotFoundError if either is missing, ModelMismatch if they do not belong together.
        """
        self._path = directory / "model.onnx"
        self.card: dict[str, Any] = json.loads((directory / "card.json").read_text())
        try:
            self.version: str = self.card["version"]
            self.dim: int = self.card["dim"]
            self.input_size: int = self.card["input_size"]
            expected: str = self.card["sha256"]
        except KeyError as error:
            raise ModelMismatch(f"{directory / 'card.json'} lacks {error}") from None
        with self._path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
        if actual != expected:
            raise ModelMismatch(f"{self._path} has sha256 {actual}, its card says {expected}")
        self._session: ort.InferenceSession | None = None
        _embedders.add(self)

    def __repr__(self) -> str:
        return f"<Embedder {self.version}>"

    def warm_up(self) -> "Embedder":
        """Load the network now rather than for the first photo. Raises ModelMismatch like `embed`."""
        self._loaded()
        return self

    def embed(self, pixels: Pixels) -> Vectors:
        """Unit vectors, float32 [n, dim], of `pixels`: uint8 [n, input_size, input_size, 3]; n may be 0.

        Raises ValueError for another shape or dtype, ModelMismatch when the graph is not what the card says.
        """
        (embeddings,) = self._run(["embedding"], pixels)
        return embeddings

    def embed_with_features(self, pixels: Pixels) -> tuple[Vectors, Vectors]:
        """As `embed`, and the last feature map, float32 [n, h, w, c], which `embed` does not compute."""
        embeddings, features = self._run(["embedding", "features"], pixels)
        return embeddings, features

    def embed_photos(
        self,
        sources: Iterable[bytes | Path | BinaryIO],
        *,
        max_bytes: int,
        max_pixels: int,
        batch: int = 16,
        threads: int = 2,
        on_pixels: Callable[[int, Pixels], None] = lambda index, pixels: None,
    ) -> Iterator[tuple[int, Vectors | UnreadablePhoto]]:
        """(index, unit vector float32 [dim] or the UnreadablePhoto) for each photo, in order.

        `threads` decoder processes read the next photos while the network processes the current `batch`; a hostile
        photo can crash or stall only its decoder process. `sources` is consumed at most two batches ahead, so it may be
        a generator over a whole catalogue. `on_pixels` is called with the index and the network's input of each
        readable photo, before its vector is yielded.
        """

        def view(source: bytes | Path | BinaryIO) -> Pixels | UnreadablePhoto:
            try:
                square = View(WHOLE, self.input_size, fitted=True)  # model_input, made in the decoder process
                ((picture, _),) = decode_photo_views(source, max_bytes=max_bytes, max_pixels=max_pixels, views=[square])
                return np.asarray(picture)
            except UnreadablePhoto as unreadable:
                return unreadable

        sources, index = iter(sources), 0
        pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        try:
            ahead = deque(pool.submit(view, source) for source in islice(sources, 2 * batch))
            while ahead:
                views = [ahead.popleft().result() for _ in range(min(batch, len(ahead)))]
                ahead.extend(pool.submit(view, source) for source in islice(sources, batch))
                readable = [seen for seen in views if not isinstance(seen, UnreadablePhoto)]
                vectors = iter(self.embed(np.stack(readable)) if readable else ())
                for seen in views:
                    if isinstance(seen, UnreadablePhoto):
                        yield index, seen
                    else:
                        on_pixels(index, seen)
                        yield index, next(vectors)
                    index += 1
        finally:
            pool.shutdown(cancel_futures=True)

    def _run(self, outputs: list[str], pixels: Pixels) -> list[Vectors]:
        shape = (self.input_size, self.input_size, 3)
        if pixels.dtype != np.uint8 or pixels.shape[1:] != shape:
            raise ValueError(f"{self.version} takes uint8 {('n', *shape)}, not {pixels.dtype} {pixels.shape}")
        session = self._loaded()
        if len(pixels):
            return session.run(outputs, {"pixels": pixels})
        # Not every kernel accepts an empty batch: run one row and discard it.
        return [rows[:0] for rows in session.run(outputs, {"pixels": np.zeros((1, *shape), np.uint8)})]

    def _loaded(self) -> ort.InferenceSession:
        if (session := self._session) is None:
            with _loading:
                session = self._session = self._session or self._open()
        return session

    def _open(self) -> ort.InferenceSession:
        options = ort.SessionOptions()
        options.intra_op_num_threads = inference_threads()
        options.inter_op_num_threads = 1
        # Spinning threads would take the cores from the decoders and from other web workers.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        session = ort.InferenceSession(self._path, options, providers=["CPUExecutionProvider"])
        self._check(session)
        _give_memory_back()
        return session

    def _check(self, session: ort.InferenceSession) -> None:
        inputs = {node.name: (node.type, node.shape[1:]) for node in session.get_inputs()}
        side = self.input_size
        if inputs != {"pixels": ("tensor(uint8)", [side, side, 3])}:
            raise ModelMismatch(f"{self._path} takes {inputs}, its card says pixels uint8 [n, {side}, {side}, 3]")
        outputs = {node.name: node.shape[1:] for node in session.get_outputs()}
        if outputs.get("embedding") != [self.dim] or len(outputs.get("features", ())) != 3:
            raise ModelMismatch(
                f"{self._path} returns {outputs}, not embedding [n, {self.dim}] and features [n, h, w, c]"
            )


def inference_threads() -> int:
    """Threads per inference: EMBED_THREADS, else the cores available to this process, at most four."""
    return int(os.environ.get("EMBED_THREADS") or min(4, len(os.sched_getaffinity(0))))


def load_embedder(directory: Path) -> Embedder:
    """The embedder of a model directory; the two used last stay loaded in each process."""
    with _loading:
        return _cached(directory.resolve())


_cached = lru_cache(maxsize=2)(Embedder)


def _give_memory_back() -> None:
    """Return freed memory to the system: loading allocates two to three times the size of the weights.

    Measured: a ResNet50 then holds 104 MB instead of 252 as fp32, 37 instead of 59 as int8.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):  # glibc
        libc.malloc_trim(0)


_loading = threading.RLock()
_embedders: WeakSet[Embedder] = WeakSet()


def _close_sessions() -> None:
    """Before a fork: the threads of a session stay in the parent, so the child could neither use nor free it. Parent
    and child create a new session when they next embed.
    """
    # no fork while a session is being created: the child would inherit a lock that is never released
    _loading.acquire()
    for embedder in _embedders:
        embedder._session = None


os.register_at_fork(before=_close_sessions, after_in_parent=_loading.release, after_in_child=_loading.release)
