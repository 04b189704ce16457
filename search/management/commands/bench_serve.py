"""What a search costs from photo to products, beside bare inference and beside what the research demo did."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
import urllib.request
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management.base import BaseCommand, CommandError
from django.test import Client
from PIL import Image

from ml.images import model_input, read_photo
from ml.models import ModelVersion
from search.benchmarks.photos import ordinary_photo
from search.benchmarks.scratch_database import scratch_database
from search.benchmarks.synthetic_catalogue import fill_with_random_products
from search.benchmarks.web_process import web_process
from search.indexing.rollout import build_index
from search.rate_limits import SearchRate

ROUNDS = 60


class Command(BaseCommand):
    help = (
        "Measure POST /api/v1/search/ with a 1024 px photo in a scratch database, and the web process that serves it."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--photos", type=int, default=100_000, help="embeddings in the catalogue (default 100,000)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

    def handle(self, *args: Any, **options: Any) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        SearchRate.THROTTLE_RATES = {"search": None}
        self.figures: dict[str, Any] = {"photos": options["photos"]}
        with scratch_database(options["photos"]):
            model = ModelVersion.objects.active()
            if model is None:
                raise CommandError("There is no bundled model to measure.")
            catalogue = fill_with_random_products(model, options["photos"] // 2)
            build_index(model)
            self.stdout.write(
                f"{len(catalogue.vectors):,} photos in the catalogue; {model} at {model.input_size} px;"
                f" medians of {ROUNDS} in turns; load {os.getloadavg()[0]:.1f} before the start"
            )
            self._search(model, catalogue.vectors)
            self._web_process()
        if options["json"]:
            options["json"].write_text(json.dumps(self.figures, indent=2))

    def _search(self, model: ModelVersion, vectors: Any) -> None:
        photo = ordinary_photo()
        embedder = model.embedder().warm_up()
        pixels = model_input(_decoded(photo, embedder.input_size), embedder.input_size)[None]
        client = Client()

        def search() -> None:
            upload = SimpleUploadedFile("photo.jpg", photo, "image/jpeg")
            response = client.post("/api/v1/search/", {"image": upload})
            if response.status_code != 200:
                raise CommandError(f"A search failed: {response.content[:300]!r}")

        bare, whole = _medians(lambda: embedder.embed(pixels), search)
        self._row("bare ONNX inference", bare)
        self._row("photo -> JSON, in process", whole, f"{whole / bare:.2f} x the inference (budget 1.6)")
        self.figures |= {"inference_ms": bare, "search_ms": whole, "search_to_inference": whole / bare}
        steps = ("decode", "embed", "search")
        took = [client.post("/api/v1/search/", {"image": BytesIO(photo)}).json()["took_ms"] for _ in range(20)]
        parts = ", ".join(f"{step} {statistics.median(row[step] for row in took):.1f} ms" for step in steps)
        self.stdout.write(f"  of which {parts}")
        try:
            import keras  # noqa: F401
        except ImportError:
            self.stdout.write("reference not measured: Keras is not installed (requirements.txt)")
            return
        from ml.network import build_network

        network = build_network(**model.config.get("training", {}).get("network", {"input_size": model.input_size}))
        gallery = vectors.astype(np.float32)

        def demo() -> None:
            picture = model_input(_decoded(photo, embedder.input_size), embedder.input_size)[None]
            scores = gallery @ network.predict(picture, verbose=0)["embedding"][0]
            np.argsort(-scores)[:20]

        reference, whole = _medians(demo, search)
        self.figures |= {"keras_numpy_ms": reference, "keras_numpy_to_search": reference / whole}
        self._row("reference: Keras predict + NumPy", reference, f"{reference / whole:.1f} x ours (budget: at least 5)")

    def _web_process(self) -> None:
        started = time.perf_counter()
        with web_process(LOG_LEVEL="CRITICAL") as web:
            web.wait_for("/healthz/ready")
            ready = time.perf_counter() - started
            for _ in range(20):
                _post_photo(f"http://127.0.0.1:{web.port}/api/v1/search/", ordinary_photo())
            resident = web.worker.memory_info().rss / 1e6
            loaded = {Path(mapped.path).name for mapped in web.worker.memory_maps()}
        self.figures |= {"ready_s": ready, "resident_mb": resident}
        heavy = sorted(name for name in loaded if "tensorflow" in name or "torch" in name)
        self.stdout.write(
            f"web process: ready in {ready:.1f} s (budget 3), {resident:.0f} MB resident after 20 searches"
            f" (budget 250), TensorFlow {'LOADED: ' + heavy[0] if heavy else 'not loaded'}"
        )

    def _row(self, name: str, milliseconds: float, remark: str = "") -> None:
        self.stdout.write(f"{name:<30} {milliseconds:7.1f} ms  {remark}")


def _medians(*actions: Callable[[], object]) -> list[float]:
    """Median milliseconds of each, taken in turns, so that whatever else the machine does falls on all."""
    took: list[list[float]] = [[] for _ in actions]
    for round_number in range(ROUNDS + 3):
        for times, action in zip(took, actions, strict=True):
            started = time.perf_counter()
            action()
            if round_number >= 3:
                times.append((time.perf_counter() - started) * 1000)
    return [statistics.median(times) for times in took]


def _decoded(photo: bytes, size: int) -> Image.Image:
    return read_photo(photo, max_bytes=len(photo), max_pixels=10**7, target=size)


def _post_photo(url: str, photo: bytes) -> None:
    boundary = "visualsearch"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="p.jpg"\r\n\r\n'.encode()
    body = head + photo + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as response:
        response.read()
