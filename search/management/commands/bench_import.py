"""How fast a shop's list comes in, looked through and carried out as staff do it, and what memory that takes."""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from django.core.management.base import BaseCommand, CommandError
from django.test import override_settings
from django_q.models import OrmQ
from django_q.tasks import async_task
from PIL import Image

from catalog.imports import runs
from catalog.models import ImportRun
from search.benchmarks.scratch_database import scratch_database
from search.benchmarks.worker_process import worker_process

COLUMNS = ["sku", "title", "description", "category", "brand", "price", "colour", "image"]
COLOURS = ("red", "blue", "green", "black", "white")
PHOTO_SIDE = 600  # pixels
PAUSE = 0.5  # seconds between two looks at a worker


class Command(BaseCommand):
    help = "Measure the import of a list, without and with photos, in a scratch database and a temporary folder."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--rows", type=int, default=100_000, help="of the list without photos (default 100,000)")
        parser.add_argument("--with-photos", type=int, default=10_000, help="rows with a photo each (default 10,000)")
        parser.add_argument(
            "--worker",
            action="store_true",
            help="by a worker from the queue, as in a shop, where photos are embedded besides; not by this process",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

    def handle(self, *args: Any, **options: Any) -> None:
        figures = []
        with scratch_database(), tempfile.TemporaryDirectory(prefix="bench-import-") as folder:
            self.stdout.write(f"load {os.getloadavg()[0]:.1f} before the start")
            for rows, photos in ((options["rows"], False), (options["with_photos"], True)):
                if rows:
                    figures.append(self._measure(Path(folder), rows, photos, by_worker=options["worker"]))
        if options["json"]:
            options["json"].write_text(json.dumps(figures, indent=2))

    def _measure(self, folder: Path, rows: int, photos: bool, *, by_worker: bool) -> dict[str, Any]:
        source = _write_list(folder / ("with" if photos else "without"), rows, photos)
        if by_worker:
            run, seconds, memory = _by_worker(source, folder / "var")
        else:
            with override_settings(MEDIA_ROOT=folder / "media"):
                run, seconds, memory = _by_this_process(source)
        if run.created_count != rows:
            raise CommandError(f"{run.created_count} of {rows} rows came in: {run.error or run.get_state_display()}")
        checking, running = seconds.values()
        self.stdout.write(
            f"{rows:,} rows {'with a photo each' if photos else 'without photos'}:"
            f" looked through {rows / checking:,.0f} rows/s, carried out {rows / running:,.0f} rows/s (budget 500);"
            f" memory {memory[0] / 1e6:.0f} MB at first, {max(memory) / 1e6:.0f} MB at most"
        )
        return {
            "rows": rows,
            "photos": photos,
            "checked_per_second": round(rows / checking, 1),
            "imported_per_second": round(rows / running, 1),
            "first_memory_mb": round(memory[0] / 1e6, 1),
            "peak_memory_mb": round(max(memory) / 1e6, 1),
        }


Seconds = dict[ImportRun.State, float]


def _by_this_process(source: Path) -> tuple[ImportRun, Seconds, list[int]]:
    """(the run, seconds in each state, bytes resident after each slice)."""
    run = ImportRun.objects.create(name=source.name, source=str(source), agreed=True)
    seconds = dict.fromkeys([ImportRun.State.CHECKING, ImportRun.State.RUNNING], 0.0)
    memory: list[int] = []
    while run.is_working:
        state, started = ImportRun.State(run.state), time.perf_counter()
        runs.work(run.pk)
        seconds[state] += time.perf_counter() - started
        memory.append(psutil.Process().memory_info().rss)
        run.refresh_from_db()
    return run, seconds, memory


def _by_worker(source: Path, var_dir: Path) -> tuple[ImportRun, Seconds, list[int]]:
    """The same, of a worker that waits for work already; its peak so far twice a second."""
    OrmQ.objects.all().delete()  # of the scratch database: what an earlier list left to embed
    with worker_process(var_dir) as worker:
        first = _nothing()
        while OrmQ.objects.filter(pk=first.pk).exists() and not worker.has_ended:
            time.sleep(PAUSE)
        run = runs.start(source, source.name, None, agreed=True)
        seconds = dict.fromkeys([ImportRun.State.CHECKING, ImportRun.State.RUNNING], 0.0)
        memory: list[int] = []
        before = time.perf_counter()
        while run.is_working and not worker.has_ended:
            state = ImportRun.State(run.state)
            time.sleep(PAUSE)
            now = time.perf_counter()
            seconds[state] += now - before
            before = now
            memory.append(worker.peak())
            run.refresh_from_db(fields=["state", "created_count", "error"])
    return run, seconds, memory


def _nothing() -> OrmQ:
    """A task that does nothing, queued."""
    async_task("time.sleep", 0)
    return OrmQ.objects.latest("pk")


def _write_list(folder: Path, rows: int, photos: bool) -> Path:
    """A CSV in `folder`, beside it a photo of each product; returns what to import."""
    folder.mkdir()
    path = folder / "products.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS if photos else COLUMNS[:-1])
        for number in range(rows):
            sku = f"{'photo' if photos else 'plain'}-{number}"
            row = [
                sku,
                f"Product {number} in {COLOURS[number % 5]}",
                f"It has number {number}, and a description of about a hundred letters, as lists of shops often have.",
                f"Department {number % 5} > Category {number % 50}",
                f"Brand {number % 40}",
                f"{number % 900}.90",
                COLOURS[number % 5],
            ]
            if photos:
                (folder / f"{sku}.jpg").write_bytes(_photo(number))
                row.append(f"{sku}.jpg")
            writer.writerow(row)
    return folder if photos else path


def _photo(number: int) -> bytes:
    """A JPEG of about 40 kB, different for each number."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(256, size=(60, 60, 3), dtype=np.uint8))
    file = BytesIO()
    coarse.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()
