"""Whether "Why it matched" lights the item: on pictures whose boxes are known, beside what merely stands out."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from catalog.models import ProductImage
from ml.images import model_input
from ml.localisation import Map, saliency, similarity_maps, upright_map
from ml.models import ModelVersion
from ml.objects import Box
from search.benchmarks.catalogue_photos import as_kept, of_catalogue, read
from search.benchmarks.collages import collage, screenshot


class Command(BaseCommand):
    help = (
        "How much of the light of an explanation falls on the item, on pictures of 2 to 4 of the catalogue's photos of"
        " which one is explained, and on screenshots of one."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--pictures", type=int, default=100, help="of each sort (default 100)")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        model = ModelVersion.objects.active()
        random = np.random.default_rng(options["seed"])
        photos = of_catalogue(random)
        if model is None or len(photos) < 4:
            raise CommandError("At least 4 products with several photos are needed, and an active model.")
        embedder = model.embedder()
        rows: dict[str, list[list[float]]] = {"collages": [], "screenshots": []}
        for _ in range(options["pictures"]):
            several = [photos[at] for at in random.choice(len(photos), int(random.integers(2, 5)), replace=False)]
            made = {
                "collages": collage(random, [photo for photo, _product, _image in several]),
                "screenshots": screenshot(random, several[0][0]),
            }
            result = _first_photo(several[0][1])
            for sort, (picture, placed) in made.items():
                kept = as_kept(picture)
                inputs = [model_input(each, embedder.input_size) for each in (kept, result)]
                features = [embedder.embed_with_features(pixels[None])[1][0] for pixels in inputs]
                ours, _theirs = similarity_maps(features[0], features[1])
                explained = _light(upright_map(ours, kept.size, kept.size))
                stands_out = _light(np.asarray(Image.fromarray(saliency(kept)).resize(kept.size)))
                item = _inside(placed[0].photo, kept.size)
                rows[sort].append([*_shares(explained, stands_out, item), *_brightest(explained, stands_out, item)])
        line = "{:<14} {:>12} {:>12} {:>8} {:>16} {:>16}".format
        self.stdout.write(line("light on item", "explanation", "saliency", "chance", "its peak", "saliency's peak"))
        for sort, found in rows.items():
            self.stdout.write(line(sort, *(f"{value:.3f}" for value in np.mean(found, axis=0))))
        self.stdout.write(
            "Share of the light within the item's photo, and of pictures whose brightest place lies there. Of a collage"
            " one product is explained, by its first photo, and the others are distractors; chance is the photo's area."
        )


def _first_photo(product: int) -> Image.Image:
    image = ProductImage.objects.readable().filter(product=product).order_by("position", "pk")[0]
    with image.file.open() as file:
        return read(file.read())


def _light(heat: Map) -> Map:
    """As an overlay shows it: nothing in the darkest place."""
    return heat - heat.min()


def _inside(box: Box, size: tuple[int, int]) -> tuple[slice, slice]:
    """The rows and columns of a picture of that (width, height) in the box."""
    width, height = size
    rows = slice(round(box.top * height), round(box.bottom * height))
    return rows, slice(round(box.left * width), round(box.right * width))


def _shares(explained: Map, stands_out: Map, item: tuple[slice, slice]) -> list[float]:
    """Of the light of both within the item, and of an even light."""
    maps = explained, stands_out, np.ones_like(explained)
    return [float(light[item].sum() / max(float(light.sum()), 1e-9)) for light in maps]


def _brightest(explained: Map, stands_out: Map, item: tuple[slice, slice]) -> list[float]:
    """1 where the brightest place of both lies within the item, else 0."""
    return [float(light[item].max() >= light.max()) for light in (explained, stands_out)]
