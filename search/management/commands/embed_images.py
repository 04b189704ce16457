"""Embed the catalogue's photos under a model."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog.models import ProductImage
from ml.models import ModelVersion
from search.indexing import looks
from search.indexing.embed import embed_awaiting
from search.indexing.queue import enqueue_photos
from search.models import Embedding, photos_awaiting


class Command(BaseCommand):
    help = "Embed photos: those that have no embedding yet, or all of them anew."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--model", metavar="V", help="the model version (default: the active one)")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--missing", action="store_true", help="photos without an embedding (the default)")
        which.add_argument("--all", action="store_true", help="every photo, broken ones included, anew")
        parser.add_argument("--now", action="store_true", help="in this process, instead of by the worker")

    def handle(self, *args: Any, **options: Any) -> None:
        model = chosen_model(options["model"])
        if not options["now"] and not ModelVersion.objects.in_use().filter(pk=model.pk).exists():
            raise CommandError(f"{model} is not in use, so the worker leaves it alone. Add --now, or activate it.")
        if options["all"]:
            ProductImage.objects.broken().update(error="")
            Embedding.objects.filter(model=model).update(photo_sha256="")  # stale, and yet found until it is replaced
        waiting = list(photos_awaiting(model).values_list("pk", flat=True))
        if not options["now"]:
            enqueue_photos(waiting)
            self.stdout.write(f"{len(waiting)} photos are queued for the worker.")
            return
        with tqdm(total=len(waiting), unit="photo", disable=None) as bar:
            embed_awaiting(model, on_progress=bar.update)
        looks.find_missing_looks(list(ProductImage.objects.not_looked_at().values_list("pk", flat=True)))
        broken = ProductImage.objects.broken().count()
        self.stdout.write(f"{len(waiting)} photos dealt with under {model}; {broken} of the catalogue cannot be read.")


def chosen_model(version: str | None) -> ModelVersion:
    """The version of that name, or the active one. Raises CommandError."""
    model = ModelVersion.objects.filter(version=version).first() if version else ModelVersion.objects.active()
    if model is None:
        raise CommandError(f"There is no model {version!r}: see list_models." if version else "No model is active.")
    return model
