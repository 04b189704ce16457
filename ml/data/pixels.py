"""Training photos decoded once, and their labels as numbers for samplers, miners and heads."""

import contextlib
import hashlib
import json
import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from tqdm import tqdm

from ml.data.datasets import Photo
from ml.images import UnreadablePhoto, model_input, read_photo
from ml.triplet import negative_only_label

logger = logging.getLogger(__name__)

CACHE_SHARE = 1.5  # cached photos are this much larger than the input, so that a crop is not blurred
CACHE_KEPT = 30 * 24 * 3600  # seconds since the last use after which cached pixels are deleted


def cached_pixels(
    photos: list[Photo], size: int, threads: int = 2, folder: Path | None = None
) -> tuple[NDArray[np.uint8], list[int]]:
    """Decode the photos once into a memory-mapped file in `folder`: uint8 [n, size, size, 3].

    folder: default VAR_DIR/cache/pixels, where files unused for CACHE_KEPT are deleted. Returns (pixels, index into
    `photos` for each row). Unreadable files are left out and named in the log.
    """
    facts = [(str(photo.path), photo.path.stat().st_mtime_ns) for photo in photos]
    key = hashlib.sha256(json.dumps([size, facts]).encode()).hexdigest()[:16]
    folder = folder or settings.VAR_DIR / "cache" / "pixels"
    pixels_path, rows_path = folder / f"{key}.npy", folder / f"{key}.json"
    if not rows_path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _remove_unused(folder)
        partial = folder / f"{key}.{os.getpid()}.part"
        rows: list[int] = []
        try:
            pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(photos), size, size, 3))
            with ThreadPoolExecutor(threads) as pool:
                views = pool.map(lambda photo: _view(photo, size), photos)
                for index, view in enumerate(tqdm(views, total=len(photos), unit="photo", leave=False, disable=None)):
                    if view is not None:
                        pixels[len(rows)] = view
                        rows.append(index)
            pixels.flush()
            partial.replace(pixels_path)
            rows_path.write_text(json.dumps(rows))
        finally:
            partial.unlink(missing_ok=True)
    rows = json.loads(rows_path.read_text())
    pixels = np.load(pixels_path, mmap_mode="r")[: len(rows)]
    for path in (pixels_path, rows_path):
        path.touch()  # records the last use
    return pixels, rows


def _remove_unused(folder: Path) -> None:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another run removes it, too
            if path.stat().st_mtime < time.time() - CACHE_KEPT:
                path.unlink()


def _view(photo: Photo, size: int) -> NDArray[np.uint8] | None:
    try:
        opened = read_photo(
            photo.path, max_bytes=settings.PHOTO_MAX_BYTES, max_pixels=settings.PHOTO_MAX_PIXELS, target=size
        )
    except UnreadablePhoto as unreadable:
        logger.warning("%s is left out: %s", photo.path, unreadable)
        return None
    return model_input(opened, size)


class Numbered(NamedTuple):
    """Numeric labels of photos, for miners, heads and samplers.

    products: number of products with several photos; their labels are 0 to products - 1. labels: int32 [n], -1 and
    below as in ml.triplet. hard_negatives: int [m, 2] as in ml.data.sampling. kind_count: number of kinds. kinds: int32
    [n], -1 if unknown.
    """

    products: int
    labels: NDArray[np.int32]
    hard_negatives: NDArray[np.intp]
    kind_count: int
    kinds: NDArray[np.int32]


@dataclass(frozen=True)
class Labelled:
    """Photos to train on or to evaluate with.

    pixels: uint8 [n, s, s, 3]. products: n names; "" if it is unknown what the photo shows.
    hard_negatives: pairs (row, product) of photos that do not show that product but were mistaken for it. A row without
    a product is in exactly one pair.
    kinds: n names of kinds (categories), "" if unknown; None: no kinds.
    """

    pixels: NDArray[np.uint8]
    products: NDArray[np.str_]
    hard_negatives: Sequence[tuple[int, str]] = ()
    kinds: NDArray[np.str_] | None = None

    def numbered(self) -> Numbered:
        kinds, kind_count = np.full(len(self.products), -1, np.int32), 0
        if self.kinds is not None and (known_kinds := self.kinds != "").any():
            names, kinds[known_kinds] = np.unique(self.kinds[known_kinds], return_inverse=True)
            kind_count = len(names)
        shown = self.products != ""
        names, number, counts = np.unique(self.products[shown], return_inverse=True, return_counts=True)
        kind_known = np.zeros(len(names), bool)
        kind_known[number] = kinds[shown] >= 0
        several = (counts > 1) | ~kind_known  # a single photo without a kind pairs with augmented views of itself
        rank = np.empty(len(names), np.int32)
        rank[np.argsort(~several, kind="stable")] = np.arange(len(names))
        labels = np.full(len(self.products), -1, np.int32)
        labels[shown] = rank[number]
        rows = np.array([row for row, _ in self.hard_negatives], np.intp)
        others = rank[np.searchsorted(names, np.array([product for _, product in self.hard_negatives], str))]
        unknown = self.products[rows] == ""
        labels[rows[unknown]] = negative_only_label(others[unknown])
        return Numbered(int(several.sum()), labels, np.stack([rows, others], 1), kind_count, kinds)
