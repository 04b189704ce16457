from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ml.datasets import UnusableDataset
from ml.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Make a servable model of the best weights of a training run that was stopped early, or whose export failed: "
        "ONNX checked against Keras, int8 if it loses at most half a point of Recall@1, card and curves."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path, metavar="DIR", help="var/models/<version>.unfinished")

    def handle(self, *args: Any, directory: Path, **options: Any) -> None:
        # Keras takes ten seconds to load: --help does without.
        from ml import runs
        from ml.export import ExportRefused

        try:
            finished = runs.finish(directory.resolve())
        except (UnusableDataset, ExportRefused) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The model could not be written, the run is as it was: {error}.") from error
        self.stdout.write(f"Exported to {finished}.")
        if finished.parent == settings.MODELS_DIR:
            ModelVersion.objects.register(finished)
            self.stdout.write("Registered as a candidate.")
