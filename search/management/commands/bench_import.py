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
from PIL import Image

from catalog.imports import runs
from catalog.models import ImportRun
from search.benchmarks.scratch_database import scratch_database

COLUMNS = ["sku", "title", "description", "category", "brand", "price", "colour", "image"]
COLOURS = ("red", "blue", "green", "black", "white")
PHOTO_SIDE = 600  # pixels


class Command(BaseCommand):
    help = "Measure the import of a list, without and with photos, in a scratch database and a temporary folder."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--rows", type=int, default=100_000, help="of the list without photos (default 100,000)")
        parser.add_argument("--with-photos", type=int, default=10_000, help="rows with a photo each (default 10,000)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")

    def handle(self, *args: Any, **options: Any) -> None:
        figures = []
        with scratch_database(), tempfile.TemporaryDirectory(prefix="bench-import-") as folder:
            self.stdout.write(f"load {os.getloadavg()[0]:.1f} before the start")
            for rows, photos in ((options["rows"], False), (options["with_photos"], True)):
                if rows:
                    figures.append(self._measure(Path(folder), rows, photos))
        if options["json"]:
            options["json"].write_text(json.dumps(figures, indent=2))

    def _measure(self, folder: Path, rows: int, photos: bool) -> dict[str, Any]:
        source = _write_list(folder / ("with" if photos else "without"), rows, photos)
        with override_settings(MEDIA_ROOT=folder / "media"):
            run = ImportRun.objects.create(name=source.name, source=str(source), agreed=True)
            seconds = dict.fromkeys([ImportRun.State.CHECKING, ImportRun.State.RUNNING], 0.0)
            memory: list[int] = []
            while run.is_working:
                state, started = ImportRun.State(run.state), time.perf_counter()
                runs.work(run.pk)
                seconds[state] += time.perf_counter() - started
                memory.append(psutil.Process().memory_info().rss)
                run.refresh_from_db()
        if run.created_count != rows:
            raise CommandError(f"{run.created_count} of {rows} rows came in: {run.error or run.get_state_display()}")
        checking, running = seconds.values()
        self.stdout.write(
            f"{rows:,} rows {'with a photo each' if photos else 'without photos'}:"
            f" looked through {rows / checking:,.0f} rows/s, carried out {rows / running:,.0f} rows/s (budget 500);"
            f" memory {memory[0] / 1e6:.0f} MB after the first slice, {max(memory) / 1e6:.0f} MB at most"
        )
        return {
            "rows": rows,
            "photos": photos,
            "checked_per_second": round(rows / checking, 1),
            "imported_per_second": round(rows / running, 1),
            "first_memory_mb": round(memory[0] / 1e6, 1),
            "peak_memory_mb": round(max(memory) / 1e6, 1),
        }


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
