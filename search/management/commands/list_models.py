"""The registry on the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ml.models import ModelVersion
from search.indexing import rollout


class Command(BaseCommand):
    help = "List the model versions: state, size, how much of the catalogue is embedded, Recall@1 where measured."

    def handle(self, *args: Any, **options: Any) -> None:
        row = "{:<36} {:<10} {:>6} {:>10} {:>9}".format
        self.stdout.write(row("version", "state", "input", "embedded", "recall@1"))
        for model in ModelVersion.objects.all():
            progress = rollout.progress(model)
            recall = model.metrics.get("catalogue", {}).get(model.version, {}).get("1")
            self.stdout.write(
                row(
                    model.version,
                    model.state,
                    model.input_size,
                    f"{progress.percent} %",
                    f"{recall:.3f}" if recall is not None else "-",
                )
            )
        self.stdout.write("recall@1: leave-one-out on the shop's own photos, measured when the version was prepared.")
