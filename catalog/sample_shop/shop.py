"""Writes the sample shop: a CSV to import, its pictures, and photos to search with."""

from __future__ import annotations

import csv
import json
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.imports.sources import COLUMNS
from catalog.sample_shop.catalogue import CURRENCY, SampleProduct, products
from catalog.sample_shop.design import Pose
from catalog.sample_shop.studio import at_home, by_phone, close_up, cut_out, on_backdrop, on_white

VERSION = 3  # raise it when anything drawn or written changes, so that shops already drawn are drawn anew
MANIFEST = "sample-shop.json"
VIEWS = ("front", "angle", "detail", "home")


def draw_sample_shop(directory: Path, seed: int = 0, workers: int | None = None) -> None:
    """Write products.csv, images/<sku>_<view>.jpg and queries/<sku>_<view>.jpg (photos of no catalogue) there.

    A manifest is written last; a directory that holds one for this seed and version is left as it is. workers is the
    number of processes, by default one per core.
    """
    if is_complete(directory, seed):
        return
    for folder in ("images", "queries"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
        for stale in (directory / folder).glob("*.jpg"):
            stale.unlink()
    (directory / MANIFEST).unlink(missing_ok=True)
    shop = products(seed)
    # Fresh processes: forking one that has threads (Postgres, a web server) can deadlock.
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(draw_product, directory=directory), shop, chunksize=4))
    _write_csv(directory / "products.csv", shop)
    (directory / MANIFEST).write_text(json.dumps({"version": VERSION, "seed": seed, "products": len(shop)}) + "\n")


def is_complete(directory: Path, seed: int = 0) -> bool:
    """Whether the directory already holds the whole shop for this seed, as this version draws it."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text())
    except (OSError, ValueError):
        return False
    return bool(manifest.get("version") == VERSION and manifest.get("seed") == seed)


def draw_product(product: SampleProduct, directory: Path) -> None:
    """Draw and photograph one product into directory/images and directory/queries."""
    home, design, stands = product.range, product.design, product.range.stands
    rng = np.random.default_rng([design.seed, 77])
    front = cut_out(home.draw(design, Pose(0.0, 1), 820))
    turned = cut_out(home.draw(design, Pose(float(rng.choice([-0.6, 0.55])), 2), 680))
    images = directory / "images"
    _save(on_white(front, stands), images / f"{product.sku}_front.jpg", 82)
    _save(on_backdrop(turned, stands, rng), images / f"{product.sku}_angle.jpg", 82)
    _save(close_up(front, rng), images / f"{product.sku}_detail.jpg", 82)
    _save(at_home(turned, home.scene, rng), images / f"{product.sku}_home.jpg", 80)
    for k in range(1 + design.seed % 2):
        found = cut_out(home.draw(design, Pose(float(rng.uniform(-0.8, 0.8)), 10 + k), 680))
        quality = int(rng.integers(48, 72))
        _save(by_phone(found, stands, rng), directory / "queries" / f"{product.sku}_phone{k + 1}.jpg", quality)


def _save(photo: Image.Image, path: Path, quality: int) -> None:
    photo.save(path, "JPEG", quality=quality)


def _write_csv(path: Path, shop: list[SampleProduct]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for product in shop:
            home = product.range
            images = "|".join(f"images/{product.sku}_{view}.jpg" for view in VIEWS)
            attributes = json.dumps(product.attributes, ensure_ascii=False)
            writer.writerow(
                [
                    product.sku,
                    product.title,
                    home.category,
                    home.department,
                    product.design.brand,
                    product.price,
                    CURRENCY,
                    product.description,
                    attributes,
                    images,
                ]
            )
