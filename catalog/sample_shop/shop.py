"""Writes the sample shop: a CSV to import, its pictures, and photos to search with."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread

import numpy as np
from PIL import Image

from catalog.sample_shop.catalogue import CURRENCY, SampleProduct, products
from catalog.sample_shop.design import Pose
from catalog.sample_shop.studio import at_home, by_phone, close_up, cut_out, on_backdrop, on_white

VERSION = 3  # raise it when anything drawn or written changes, so that shops already drawn are drawn anew
MANIFEST = "sample-shop.json"
UNFINISHED = ".unfinished"
# The import's names for them, not imported from there: that brings the models along, and the processes that draw have
# no Django set up.
COLUMNS = (
    "sku",
    "title",
    "category",
    "department",
    "brand",
    "price",
    "currency",
    "description",
    "attributes",
    "images",
)
VIEWS = ("front", "angle", "detail", "home")


def draw_sample_shop(
    directory: Path,
    seed: int = 0,
    workers: int | None = None,
    on_product: Callable[[int, int], None] = lambda drawn, total: None,
) -> None:
    """Write products.csv, images/<sku>_<view>.jpg and queries/<sku>_<view>.jpg (photos of no catalogue) there.

    A manifest is written last; a directory that holds one for this seed and version is left as it is. workers is the
    number of processes, by default one per core; the bytes are the same for any. on_product(drawn, total) is called
    once before the first product and after each. Interrupted, it ends its processes and leaves no half-written file.
    """
    if is_complete(directory, seed):
        return
    for folder in ("images", "queries"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
        for stale in (*(directory / folder).glob("*.jpg"), *(directory / folder).glob("*" + UNFINISHED)):
            stale.unlink()
    (directory / MANIFEST).unlink(missing_ok=True)
    shop = products(seed)
    try:
        _draw_in_parallel(shop, directory, workers or os.cpu_count() or 1, on_product)
        _write_csv(directory / "products.csv", shop)
        with _whole_or_not_at_all(directory / MANIFEST) as path:
            path.write_text(json.dumps({"version": VERSION, "seed": seed, "products": len(shop)}) + "\n")
    finally:
        for unfinished in directory.rglob("*" + UNFINISHED):
            unfinished.unlink()


def _draw_in_parallel(
    shop: list[SampleProduct], directory: Path, workers: int, on_product: Callable[[int, int], None]
) -> None:
    # Fresh processes: forking one that has threads (Postgres, a web server) can deadlock.
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    with theirs, ours, ProcessPoolExecutor(workers, context, initializer=_end_when_closed, initargs=(theirs,)) as pool:
        try:
            on_product(0, len(shop))
            drawing = [pool.submit(draw_product, product, directory) for product in shop]
            for drawn, future in enumerate(as_completed(drawing), 1):
                future.result()
                on_product(drawn, len(shop))
        except BaseException:  # Ctrl-C too: leaving the pool would wait for the products that are being drawn
            ours.close()
            raise


def _end_when_closed(pipe: Connection) -> None:
    """End this process as soon as the other end of the pipe is closed, be it because its owner was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the owner decides

    def watch() -> None:
        pipe.poll(None)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


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
    with _whole_or_not_at_all(path) as unfinished:
        photo.save(unfinished, "JPEG", quality=quality)


@contextmanager
def _whole_or_not_at_all(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes path once all is written."""
    unfinished = path.with_name(path.name + UNFINISHED)
    yield unfinished
    unfinished.replace(path)


def _write_csv(path: Path, shop: list[SampleProduct]) -> None:
    with _whole_or_not_at_all(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
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
