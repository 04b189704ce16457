"""How many items of a picture get a box, and what choosing one for the shopper does to the first hit."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from ml.images import Crop, model_input
from ml.models import ModelVersion
from ml.objects import Box, propose_boxes, salient_boxes
from search.benchmarks.catalogue_photos import as_kept, of_catalogue, of_folder
from search.benchmarks.collages import Placed, collage, screenshot
from search.chosen_item import GAIN, SURE
from search.models import Embedding
from search.query import ANSWER

Pictures = list[tuple[Image.Image, list[Placed], list[int]]]  # with the product of each item


class Command(BaseCommand):
    help = "Boxes and first hits on pictures made of 2 to 4 of the catalogue's photos, and on screenshots of one."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--pictures", type=int, default=100, help="of each sort (default 100)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--photos", type=Path, metavar="DIR", help="boxes on photos of a folder; no search")

    def handle(self, *args: Any, **options: Any) -> None:
        random = np.random.default_rng(options["seed"])
        photos = of_folder(options["photos"]) if options["photos"] else of_catalogue(random)
        if len(photos) < 4:
            raise CommandError("There are too few photos to make pictures of: at least 4 are needed.")
        number = options["pictures"]
        sorts: dict[str, Pictures] = {"collages": [], "screenshots": [], "single photos": []}
        for _ in range(number):
            several = [photos[at] for at in random.choice(len(photos), int(random.integers(2, 5)), replace=False)]
            picture, placed = collage(random, [photo for photo, _owner, _image in several])
            sorts["collages"].append((as_kept(picture), placed, [owner for _photo, owner, _image in several]))
            photo, owner, _image = photos[int(random.integers(len(photos)))]
            picture, placed = screenshot(random, photo)
            sorts["screenshots"].append((as_kept(picture), placed, [owner]))
            photo, owner, _image = photos[int(random.integers(len(photos)))]
            sorts["single photos"].append((as_kept(photo), [], [owner]))
        self._boxes(sorts)
        if not options["photos"]:
            self._first_hits(sorts, [image for _photo, _owner, image in photos])

    def _boxes(self, sorts: dict[str, Pictures]) -> None:
        row = "{:<16} {:>18} {:>18} {:>12} {:>12}".format
        self.stdout.write(row("items boxed", "saliency, former", "edges, now", "first is one", "ms, median"))
        for name in ("collages", "screenshots"):
            former = _share_boxed(sorts[name], lambda photo: [box.crop() for box in salient_boxes(photo)])
            took = []
            for picture, _placed, _owners in sorts[name]:
                started = time.perf_counter()
                propose_boxes(picture)
                took.append(1000 * (time.perf_counter() - started))
            first = _share_of_first(sorts[name])
            now = _share_boxed(sorts[name], propose_boxes)
            self.stdout.write(row(name, f"{former:.3f}", f"{now:.3f}", f"{first:.3f}", f"{np.median(took):.1f}"))
        self.stdout.write("A box counts from an IoU of .5 on, with the photo on the canvas or with the item in it.\n\n")

    def _first_hits(self, sorts: dict[str, Pictures], used: list[int]) -> None:
        model = ModelVersion.objects.active()
        gallery = Embedding.objects.filter(model=model, is_active=True).exclude(image__in=used).order_by("product")
        rows = list(gallery.values_list("product_id", "vector"))
        if model is None or not rows:
            raise CommandError("No photos are embedded under an active model.")
        owners, vectors = np.asarray([pk for pk, _ in rows]), np.asarray([vector for _, vector in rows], np.float32)
        embedder = model.embedder()

        starts = np.flatnonzero(np.diff(owners, prepend=-1))  # of each product's rows

        def nearest(photo: Image.Image, crop: Crop | None) -> tuple[int, float, float]:
            """The best product, its score, and the probability that it is the one in the photo."""
            (vector,) = embedder.embed(model_input(photo, embedder.input_size, crop)[None])
            scores = np.maximum.reduceat(vectors @ vector, starts)
            best = np.sort(scores)[::-1][:ANSWER]
            likely = model.calibration.likelihoods(best[:1], best)[0].product if model.calibration else 0.0
            return int(owners[starts][scores.argmax()]), float(best[0]), likely

        row = "{:<16} {:>12} {:>14} {:>14} {:>12} {:>12}".format
        self.stdout.write(
            row("first hit right", "whole photo", "with the item", "always a box", "item chosen", "sure at once")
        )
        for name, pictures in sorts.items():
            whole = chosen = always = times = sure = 0
            for picture, _placed, wanted in pictures:
                owner, score, likely = nearest(picture, None)
                boxes = propose_boxes(picture, limit=1)
                part, part_score, _likely = nearest(picture, boxes[0]) if boxes else (owner, score, likely)
                is_sure = likely >= SURE or score + GAIN >= 1
                wins = not is_sure and part_score > score + GAIN
                whole += owner in wanted
                always += part in wanted
                chosen += (part if wins else owner) in wanted
                times += wins
                sure += is_sure
            shares = [f"{count / len(pictures):.3f}" for count in (whole, chosen, always, times, sure)]
            self.stdout.write(row(name, *shares))
        self.stdout.write(
            f"Exact search among {len(rows)} photos; those the pictures are made of are not among them. Of a collage"
            " any of its products is right. Sure at once: no item is looked for, which spares the search an inference."
        )


def _share_boxed(pictures: Pictures, propose: Callable[[Image.Image], list[Crop]]) -> float:
    hits = [
        any(item.is_boxed_by(_box(crop)) for crop in crops)
        for picture, placed, _owners in pictures
        for crops in [propose(picture)]
        for item in placed
    ]
    return sum(hits) / len(hits)


def _share_of_first(pictures: Pictures) -> float:
    hits = [
        any(item.is_boxed_by(_box(crop)) for crop in propose_boxes(picture, limit=1) for item in placed)
        for picture, placed, _owners in pictures
    ]
    return sum(hits) / len(hits)


def _box(crop: Crop) -> Box:
    return Box(crop.x, crop.y, crop.x + crop.width, crop.y + crop.height)
