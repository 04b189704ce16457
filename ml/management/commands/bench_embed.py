import os
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Callable
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from ml.embedder import Embedder, ModelMismatch, inference_threads, load_embedder
from ml.images import model_input, read_photo
from ml.models import ModelVersion, bundled_models

BATCH = 16
BUDGET = 0.85  # of bare inference throughput


class Command(BaseCommand):
    help = "How long a photo takes to become a vector, part by part, and how fast a catalogue is embedded."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--model", type=Path, metavar="DIR", help="default: the active model, else the bundled one")
        parser.add_argument("--photos", type=int, default=256, help="photos of the catalogue that is embedded")
        parser.add_argument("--rounds", type=int, default=3, help="how often throughput is measured")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["model"] or _default_model()
        try:
            embedder = load_embedder(directory).warm_up()
        except (FileNotFoundError, ModelMismatch) as error:
            raise CommandError(f"The model cannot be loaded: {error}.") from error
        self.stdout.write(
            f"{embedder.version}: {embedder.card.get('backbone')}, {embedder.input_size} px, "
            f"{embedder.card.get('precision')}, {inference_threads()} inference threads on {os.cpu_count()} cores, "
            f"load {os.getloadavg()[0]:.1f} before the start"
        )
        for name, size in (("1024 px", (1024, 768)), ("12-megapixel", (4000, 3000))):
            self._one_photo(embedder, name, size)
        self._catalogue(embedder, options["photos"], options["rounds"])
        self._keras(embedder, directory)

    def _one_photo(self, embedder: Embedder, name: str, size: tuple[int, int]) -> None:
        data, side = _jpeg(size), embedder.input_size
        photo = _decode(data, side)
        pixels = model_input(photo, side)[None]
        decode = _milliseconds(lambda: _decode(data, side))
        resize = _milliseconds(lambda: model_input(photo, side))
        inference = _milliseconds(lambda: embedder.embed(pixels))
        self.stdout.write(
            f"one {name} JPEG ({len(data) / 1e6:.1f} MB): decode {decode:.1f} ms, resize {resize:.1f} ms, "
            f"inference {inference:.1f} ms; together {(decode + resize + inference) / inference:.2f} x the inference"
            "  (medians of 20 after 3 to warm up)"
        )

    def _catalogue(self, embedder: Embedder, count: int, rounds: int) -> None:
        photos = [_jpeg((1024, 768), seed) for seed in range(16)] * -(-count // 16)
        batch = np.stack([model_input(_decode(data, embedder.input_size), embedder.input_size) for data in photos[:16]])
        limits: dict[str, Any] = {"max_bytes": settings.PHOTO_MAX_BYTES, "max_pixels": settings.PHOTO_MAX_PIXELS}

        def bare() -> None:
            for _ in range(len(photos) // BATCH):
                embedder.embed(batch)

        def whole() -> None:
            for _ in embedder.embed_photos(photos, batch=BATCH, **limits):
                pass

        # Alternating, so that other load on the machine affects both equally.
        pairs = [(_seconds(bare), _seconds(whole)) for _ in range(rounds)]
        ratio = statistics.median(alone / together for alone, together in pairs)
        speed = statistics.median(len(photos) / together for _, together in pairs)
        self.stdout.write(
            f"a catalogue of {len(photos)} 1024 px JPEGs in batches of {BATCH}: {speed:.0f} photos/s, "
            f"{ratio:.2f} of bare inference (budget {BUDGET}: {'met' if ratio >= BUDGET else 'MISSED'})"
            f"  (medians of {rounds} rounds, taken in turns)"
        )

    def _keras(self, embedder: Embedder, directory: Path) -> None:
        weights = next(directory.glob("*.weights.h5"), None)
        if weights is None or not find_spec("keras"):
            missing = "its weights are not in the model's folder" if weights is None else "Keras is not installed"
            self.stdout.write(f"Keras predict: not measured, {missing}.")
            return
        from ml.network import build_network

        card = embedder.card
        facts = {key: card[key] for key in ("backbone", "input_size", "dim")}
        network = build_network(**facts | card.get("training", {}).get("network", {}))
        network.load_weights(weights)
        pixels = np.random.default_rng(0).integers(
            0, 256, (BATCH, embedder.input_size, embedder.input_size, 3), np.uint8
        )
        one = _milliseconds(lambda: network.predict(pixels[:1], verbose=0))
        many = _milliseconds(lambda: network.predict(pixels, verbose=0)) / BATCH
        ours = _milliseconds(lambda: embedder.embed(pixels[:1]))
        self.stdout.write(
            f"Keras predict, same weights: {one:.1f} ms for one photo ({one / ours:.1f} x ours), "
            f"{1000 / many:.0f} photos/s in batches of {BATCH}  (medians of 20 after 3 to warm up)"
        )


def _default_model() -> Path:
    active = ModelVersion.objects.active()
    if active:
        return active.directory
    for directory, _ in bundled_models():
        return directory
    raise CommandError("There is no active and no bundled model. Name a model's folder with --model.")


def _jpeg(size: tuple[int, int], seed: int = 0) -> bytes:
    """A photo-like JPEG: soft shapes and a little sensor noise."""
    random = np.random.default_rng(seed)
    shapes = Image.fromarray(random.integers(0, 256, (24, 32, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    noisy = np.asarray(shapes, np.int16) + random.integers(-8, 9, (size[1], size[0], 1), np.int16)
    file = BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()


def _decode(data: bytes, side: int) -> Image.Image:
    return read_photo(data, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS, target=side)


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _milliseconds(act: Callable[[], object]) -> float:
    """The median of 20 times, after 3 to warm up."""
    for _ in range(3):
        act()
    return 1000 * statistics.median(_seconds(act) for _ in range(20))
