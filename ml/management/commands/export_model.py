from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ml.data.datasets import UnusableDataset
from ml.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Make a servable model of the best weights of a training run that was stopped early, or whose export failed: "
        "ONNX checked against Keras, int8 if it loses at most half a point of Recall@1, card and curves. A finished "
        "model, such as one trained on another machine and moved to var/models, is only registered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="var/models/<version>.unfinished, or <version>")

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        finished = directory.resolve()
        if not (finished / "card.json").is_file() or finished.name.endswith(".unfinished"):
            finished = self._finish(finished)
        if finished.parent != settings.MODELS_DIR:
            self.stdout.write(f"Not registered: move it to {settings.MODELS_DIR} and call export_model again.")
            return
        try:
            ModelVersion.objects.register(finished)
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"{finished} cannot be registered: {error}") from error
        self.stdout.write(f"Registered as a candidate. Serve it with: manage.py activate_model {finished.name}")

    def _finish(self, directory: Path) -> Path:
        # Keras takes ten seconds to load: --help does without.
        from ml.training import runs
        from ml.training.export import ExportMismatch

        try:
            finished = runs.finish(directory)
        except (UnusableDataset, ExportMismatch) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The model could not be written, the run is as it was: {error.strerror}.") from error
        self.stdout.write(f"Exported to {finished}.")
        return finished
