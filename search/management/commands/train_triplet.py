import json
import os
import time
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ml.data.datasets import UnusableDataset, photos_of_the_catalogue, read_photos
from ml.data.splitting import train_and_validation
from ml.models import ModelVersion, model_directory
from search.feedback import judged_pictures


class _FirstEpoch(Exception):
    """It is done; raised to be caught."""


class Command(BaseCommand):
    _epochs: int | None = None  # planned in all; None before that is known
    help = (
        "Learn an embedding from photos with the triplet loss. The finished model, its card, curves and history go to "
        "DIR/<version>/ and the version is registered as a candidate. A killed run goes on with --resume. With "
        "--catalogue, staff's marks on searches are learned from, too: the picture of a right answer is one more photo "
        "of its product, and that of a wrong one is shown beside the product it was taken for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--data",
            nargs="+",
            metavar="PATH",
            help="photos: <product_id>_<view_id>.jpg, a folder per product, a CSV, Stanford Online Products, In-Shop; "
            "one name in two PATHs is one product",
        )
        source.add_argument("--catalogue", action="store_true", help="learn from the shop's own products")
        source.add_argument(
            "--resume", type=Path, metavar="DIR", help="go on with the run in DIR (….unfinished), as it was begun"
        )
        parser.add_argument("--validate", metavar="PATH", help="photos of known products that search the training ones")
        parser.add_argument("--val-fraction", type=fraction, default=0.1, help="of the products, held out (default .1)")
        parser.add_argument("--weights", default="none", metavar="imagenet|none|FILE", help="where to start from")
        parser.add_argument("--teacher", metavar="VERSION|DIR", help="a model to learn from, beside the labels")
        parser.add_argument(
            "--backbone",
            default="resnet50",
            help="efficientnetlite0, …1, …2, or one of keras.applications (default resnet50)",
        )
        parser.add_argument("--input-size", type=input_size, default=96, help="pixels, a multiple of 8 (default 96)")
        parser.add_argument(
            "--fast",
            action="store_true",
            help="freeze the lower stages and learn from their outputs, computed once: minutes; needs --weights",
        )
        parser.add_argument("--epochs", type=positive, help="default 30, with --fast 8")
        parser.add_argument(
            "--minutes",
            type=positive,
            help="about how long to learn, instead of --epochs: the first epoch is timed, and as many follow as fit",
        )
        parser.add_argument("--steps", type=positive, help="batches an epoch (default 100, with --fast 40)")
        parser.add_argument("--p", type=two_or_more, default=16, help="products in a batch (default 16)")
        parser.add_argument("--k", type=two_or_more, default=4, help="photos of each (default 4)")
        parser.add_argument("--miner", choices=["batch-hard", "semi-hard", "random"], default="batch-hard")
        parser.add_argument("--margin", type=margin, default=None, help="a number, or soft (default)")
        parser.add_argument("--identity-weight", type=float, default=1.0, help="of the identity loss; 0: no head")
        parser.add_argument("--triplet-weight", type=float, default=0.5, help="of the triplet loss (default .5)")
        parser.add_argument("--kind-weight", type=float, default=0.5, help="of the kind loss; 0: no head (default .5)")
        parser.add_argument(
            "--contrast-weight", type=float, default=0.25, help="of the contrastive loss over kinds (default .25)"
        )
        parser.add_argument(
            "--teacher-weight", type=float, default=5.0, help="of the cosine to the teacher (default 5)"
        )
        parser.add_argument("--learning-rate", type=float, default=1e-3)
        parser.add_argument("--backbone-rate", type=float, help="of the learning rate (default 1, with weights .1)")
        parser.add_argument("--head-epochs", type=int, help="in which the backbone rests (default 0, with weights 1)")
        parser.add_argument("--augmentation", type=strength, default=1.0, help="0 to 1 (default 1)")
        parser.add_argument("--ema", type=fraction, default=0.99, help="moving average of the weights; 0: none")
        parser.add_argument("--patience", type=int, default=0, help="epochs without gain before stopping; 0: never")
        parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--tensorboard", action="store_true", help="event files for TensorBoard in DIR/<version>/")
        parser.add_argument("--out", type=Path, default=settings.MODELS_DIR, metavar="DIR", help="default var/models")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the card there too")
        parser.add_argument("--events", action="store_true", help="tell how it goes in lines of JSON, for programs")

    def handle(self, *args: Any, resume: Path | None, json: Path | None, **options: Any) -> None:
        self._as_events = options["events"]
        if not (options["data"] or options["catalogue"] or resume):
            raise CommandError("Say what to learn from: --data PATH, --catalogue or --resume DIR.")
        if json and not json.parent.is_dir():
            raise CommandError(f"The folder {json.parent} does not exist.")
        out = resume.resolve().parent if resume else options["out"].resolve()
        try:
            if out == settings.MODELS_DIR:
                ModelVersion.objects.exists()
        except DatabaseError as error:  # better now than after hours of training
            raise CommandError("The database is not ready to register a model. Run: manage.py migrate") from error
        # Keras takes ten seconds to load: --help and wrong arguments do without.
        try:
            from ml.network import UnknownBackbone
            from ml.training import runs
            from ml.training.callbacks import LossDiverged
            from ml.training.export import ExportMismatch
        except ModuleNotFoundError as error:
            raise CommandError(
                f"Training needs more than serving, and {error.name} is not installed. Run: make training"
            ) from error

        known = (UnusableDataset, runs.WeightsMismatch, UnknownBackbone, ExportMismatch, LossDiverged)
        try:
            folder = resume.resolve() if resume else self._begin(options)
        except known as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"The run could not be begun: {error}.") from error
        try:
            self._introduce(folder, runs.read_run(folder))
            self._learn(folder, options["minutes"])
            self._tell("exporting", "Exporting to ONNX")
            finished = runs.finish(folder)
        except known as error:
            runs.discard_if_untrained(folder)
            raise CommandError(str(error)) from error
        except (OSError, KeyboardInterrupt) as error:
            kept = runs.discard_if_untrained(folder)
            again = f"Go on with: manage.py train_triplet --resume {folder}" if kept else "Nothing of it is kept."
            raise CommandError(f"Training stopped: {_reason(error)}. {again}") from error
        self._print_summary(finished, json)

    def _begin(self, options: dict[str, Any]) -> Path:
        from ml.training import runs
        from ml.training.recipe import Recipe

        weights = options["weights"]
        if weights not in ("none", "imagenet"):
            weights = str(Path(weights).resolve())
        started, fast = weights != "none", options["fast"]
        if fast and not started:
            raise CommandError(
                "--fast keeps the lower stages as they are, so they must know something: give --weights."
            )
        if fast and options["teacher"]:
            raise CommandError("--fast learns from the labels alone: leave out --teacher, or --fast.")
        backbone = options["backbone"].lower()
        from_scratch = not backbone.startswith("efficientnetlite")
        recipe = Recipe(
            backbone=backbone,
            levels=from_scratch,
            colours=from_scratch,
            input_size=options["input_size"],
            miner=options["miner"],
            margin=options["margin"],
            p=options["p"],
            k=options["k"],
            epochs=options["epochs"] or (8 if fast else 30),
            steps=options["steps"] or (40 if fast else 100),
            frozen_stages=fast,
            learning_rate=options["learning_rate"],
            backbone_rate=options["backbone_rate"] or (0.1 if started else 1.0),
            head_epochs=options["head_epochs"] if options["head_epochs"] is not None else int(started),
            identity_weight=options["identity_weight"],
            triplet_weight=options["triplet_weight"],
            kind_weight=options["kind_weight"],
            contrast_weight=options["contrast_weight"],
            teacher_weight=options["teacher_weight"],
            augmentation=options["augmentation"],
            ema=options["ema"],
            precision=options["precision"],
            patience=options["patience"],
            seed=options["seed"],
        )
        sources = options["data"] or ["catalogue"]
        photos = (
            photos_of_the_catalogue()
            if options["catalogue"]
            else [photo for source in sources for photo in read_photos(source)]
        )
        judged = judged_pictures() if options["catalogue"] else []
        if options["validate"]:
            train, queries, gallery = photos, read_photos(options["validate"]), photos
        elif options["val_fraction"]:
            (train, queries), gallery = train_and_validation(photos, options["val_fraction"], options["seed"]), []
        else:
            train, queries, gallery = photos, [], []
        return runs.begin(
            recipe,
            train,
            queries,
            gallery,
            weights,
            sources,
            options["out"].resolve(),
            judged,
            options["tensorboard"],
            _teacher(options["teacher"]) if options["teacher"] else None,
        )

    def _learn(self, folder: Path, minutes: int | None) -> None:
        """All epochs of the run in `folder`; with `minutes`, as many as fit beside the first, which is timed."""
        from ml.training import runs

        done = runs.finished_epochs(folder)
        if minutes and len(done) <= 1:
            self._epochs = None
            seconds = done[0]["seconds"] if done else self._time_an_epoch(folder)
            epochs = max(1, round(60 * minutes / max(seconds, 0.001)))
            runs.plan_epochs(folder, epochs)
            self._epochs = epochs
            self._tell("planned", f"An epoch takes {seconds:.0f} seconds: {epochs} of them.", epochs=epochs)
        runs.go_on(folder, self._report, self._report_batch)

    def _time_an_epoch(self, folder: Path) -> float:
        """The first epoch of the run in `folder`, done: its seconds, without those of the first batch, which builds
        and compiles the network."""
        from ml.training import runs

        times: list[float] = []

        def report(row: dict[str, float]) -> None:
            self._report(row)
            times.append(time.monotonic())
            raise _FirstEpoch

        def report_batch(epoch: int, batch: int) -> None:
            self._report_batch(epoch, batch)
            times.append(time.monotonic())

        with suppress(_FirstEpoch):
            runs.go_on(folder, report, report_batch)
        batches = len(times) - 1
        return (times[-1] - times[0]) * batches / max(batches - 1, 1)

    def _introduce(self, folder: Path, facts: dict[str, Any]) -> None:
        from ml.training.recipe import Recipe

        recipe = facts["recipe"]
        self._epochs, self._recipe = recipe["epochs"], Recipe(**recipe)
        known = [product for _, product, _ in facts["train"] if product]
        judged = f" and of {facts['judged']} judged searches" if facts["judged"] else ""
        held_out = {product for _, product, _ in facts["queries"]}
        validation = f"{len(facts['queries'])} photos of {len(held_out)} products" if held_out else "none"
        self._tell(
            "begun",
            f"Training in {folder}\n"
            f"Learning from {len(known)} photos of {len(set(known))} products{judged}; validation: {validation}.",
            folder=str(folder),
            epochs=recipe["epochs"],
            batches=recipe["steps"],
            photos=len(known),
            products=len(set(known)),
            judged=facts["judged"],
            validation_photos=len(facts["queries"]),
        )

    def _report(self, row: dict[str, float]) -> None:
        from ml.training import runs

        recall = f", validation Recall@1 {row['val_recall_1']:.3f}" if "val_recall_1" in row else ""
        planned, left = "", ""
        if self._epochs:
            minutes = (self._epochs - row["epoch"]) * runs.epoch_seconds(self._recipe, row) / 60
            planned, left = f" of {self._epochs}", f", {minutes:.0f} minutes left"
        text = (
            f"epoch {row['epoch']:.0f}{planned}: loss {row['loss']:.3f}, {row['active']:.0%} of triplets active"
            f"{recall}, {row['photos_per_second']:.0f} photos/s{left}"
        )
        self._tell("epoch", text, **row)

    def _report_batch(self, epoch: int, batch: int) -> None:
        if self._as_events:
            self._tell("batch", "", epoch=epoch, batch=batch)

    def _tell(self, event: str, text: str, **facts: Any) -> None:
        """`text` for people, or the event with its facts as a line of JSON."""
        self.stdout.write(json.dumps({"event": event, **facts}) if self._as_events else text)
        self.stdout.flush()

    def _print_summary(self, finished: Path, copy: Path | None) -> None:
        card = json.loads((finished / "card.json").read_text())
        if copy:
            copy.write_text(json.dumps(card, indent=1))
        figures = card["metrics"]
        self._tell(
            "measured",
            f"{card['version']} ({card['precision']}): Recall@1 {figures['recall']['1']:.3f} "
            f"on {figures['measured_on']}",
        )
        if finished.parent == settings.MODELS_DIR:
            ModelVersion.objects.register(finished)
            self._tell(
                "registered",
                f"Registered as a candidate. Serve it with: manage.py activate_model {card['version']}",
                version=card["version"],
            )
        else:
            self._tell(
                "finished",
                f"In {finished}, not registered. To serve it, move it to {settings.MODELS_DIR} and run: "
                f"manage.py export_model {settings.MODELS_DIR / card['version']}",
            )


def _teacher(model: str) -> Path:
    """Raises CommandError."""
    try:
        return model_directory(model)
    except ModelVersion.DoesNotExist as error:
        raise CommandError(f"There is no model {model}: give a version or a model's folder.") from error


def _reason(error: OSError | KeyboardInterrupt) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return os.strerror(error.errno) if error.errno else str(error)  # HDF5 says far more than anyone wants to read


def positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise ArgumentTypeError(f"{text} is not 1 or more")
    return value


def two_or_more(text: str) -> int:
    if (value := int(text)) < 2:
        raise ArgumentTypeError(f"{text} leaves nothing to compare; 2 or more is needed")
    return value


def input_size(text: str) -> int:
    if (value := int(text)) < 32 or value % 8:
        raise ArgumentTypeError(f"{text} is not a multiple of 8 from 32 up")
    return value


def strength(text: str) -> float:
    if not 0 <= (value := float(text)) <= 1:
        raise ArgumentTypeError(f"{text} is not from 0 to 1")
    return value


def margin(text: str) -> float | None:
    if text == "soft":
        return None
    if (value := float(text)) <= 0:
        raise ArgumentTypeError(f"{text} is neither soft nor above 0")
    return value


def fraction(text: str) -> float:
    if not 0 <= (value := float(text)) < 1:
        raise ArgumentTypeError(f"{text} is not a fraction from 0 to below 1")
    return value
