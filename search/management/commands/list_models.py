"""The registry on the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ml.models import ModelVersion
from search.indexing import rollout


class Command(BaseCommand):
    help = (
        "List the model versions: state, size, how much of the catalogue is embedded, and how well each finds, side by "
        "side: Recall@1 on the shop's own photos, on products it was trained on, on products it never saw, and the "
        "share of its first six answers that are of the same kind."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        row = "{:<36} {:<10} {:>6} {:>9} {:>8} {:>8} {:>8} {:>9}".format
        self.stdout.write(row("version", "state", "input", "embedded", "own", "trained", "unseen", "same kind"))
        for model in ModelVersion.objects.all():
            own = model.metrics.get("catalogue", {}).get(model.version, {}).get("1")
            figures = [own, *model.headline.values()]
            self.stdout.write(
                row(
                    model.version,
                    model.state,
                    model.input_size,
                    f"{rollout.progress(model).percent} %",
                    *("-" if figure is None else f"{figure:.3f}" for figure in figures),
                )
            )
        self.stdout.write(
            "own: Recall@1, leave-one-out on the shop's photos, measured when the version was prepared. trained, "
            "unseen: Recall@1 on photos of products it was trained on, and of others. same kind: precision@6. The last "
            "three were measured after training, on the photos that the card names: compare models of the same photos."
        )
