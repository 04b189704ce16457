"""A model takes over; or, with the former version, a rollback."""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from ml.models import ModelVersion
from search.indexing import rollout
from search.indexing.embed import embed_awaiting
from search.management.commands.embed_images import chosen_model


class Command(BaseCommand):
    help = "Embed the catalogue with VERSION, build its index, compare it with the active one, and switch to it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("version")
        parser.add_argument("--now", action="store_true", help="embed in this process, not waiting for the worker")

    def handle(self, *args: Any, **options: Any) -> None:
        model = chosen_model(options["version"])
        former = ModelVersion.objects.active()
        if former == model:
            self.stdout.write(f"{model} is active already.")
            return
        try:
            rollout.prepare(model)
        except (FileNotFoundError, RuntimeError) as error:
            raise CommandError(f"{model} cannot be loaded: {error}") from error
        self._embed(model, options["now"])
        rollout.finish(model)
        if not model.metrics["catalogue"]:
            self.stdout.write("Not compared: no product has two photos that are embedded with both models.")
        for version, figures in model.metrics["catalogue"].items():
            recall = "  ".join(f"recall@{k} {figures[str(k)]:.3f}" for k in rollout.KS)
            self.stdout.write(f"{version:<36} {recall}  ({figures['queries']} photos of the catalogue, leave-one-out)")
        rollout.switch(model)
        back = f" Back: activate_model {former}" if former else ""
        self.stdout.write(self.style.SUCCESS(f"{model} is active.{back}"))

    def _embed(self, model: ModelVersion, now: bool) -> None:
        progress = rollout.progress(model)
        with tqdm(total=progress.total, initial=progress.embedded, unit="photo", disable=None) as bar:
            if now:
                embed_awaiting(model, on_progress=bar.update)
            while (progress := rollout.progress(model)).embedded < progress.total:
                bar.update(progress.embedded - bar.n)
                time.sleep(1)
                model.refresh_from_db()
                if model.state == ModelVersion.State.CANDIDATE:
                    raise CommandError(f"The preparation of {model} was cancelled.")
