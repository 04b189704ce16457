import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ml.data.datasets import Photo, UnusableDataset, photos_of_the_catalogue, read_photos
from ml.embedder import Embedder, ModelMismatch, load_embedder
from ml.evaluation.recall import Evaluation, evaluate, with_colours, with_network
from ml.evaluation.report import render_report
from ml.files import whole
from ml.models import ModelVersion, model_directory
from search.indexing.ann_recall import recall_of_the_index


class Command(BaseCommand):
    help = (
        "Recall@K, mAP@R and MRR of a model on labelled photos, by exact search. With --queries alone, or with "
        "--catalogue alone, each photo searches all the others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queries", metavar="PATH", help="photos to search with, in any layout we read")
        parser.add_argument("--gallery", metavar="PATH", nargs="+", help="photos to search among")
        parser.add_argument("--catalogue", action="store_true", help="search among the photos of active products")
        parser.add_argument("--model", metavar="VERSION|DIR", help="default: the active model")
        parser.add_argument("--k", type=int, nargs="+", default=[1, 5, 10])
        parser.add_argument("--baseline", action="store_true", help="print the colour histogram's figures beside")
        parser.add_argument("--ann", action="store_true", help="with --catalogue: measure what the index loses")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as fractions")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write a web page with pictures")

    def handle(self, *args: Any, **options: Any) -> None:
        _check(options)
        try:
            queries, gallery = _photos(options)
            embedder = _embedder(options["model"])
            evaluation = evaluate(embedder.version, with_network(embedder), queries, gallery, options["k"])
            baseline = (
                evaluate("colour histogram", with_colours, queries, gallery, options["k"])
                if options["baseline"]
                else None
            )
        except (UnusableDataset, OSError) as error:
            raise CommandError(str(error)) from error
        self._print(evaluation, baseline)
        if options["ann"]:
            self._print_loss_of_the_index(embedder, max(options["k"]))
        try:
            if options["json"]:
                figures = evaluation.as_json() | ({"baseline": baseline.as_json()} if baseline else {})
                _write_whole(options["json"], json.dumps(figures, indent=2) + "\n")
            if options["report"]:
                _write_whole(options["report"], render_report(evaluation, baseline))
        except OSError as error:
            raise CommandError(f"The figures could not be written: {error}.") from error

    def _print(self, evaluation: Evaluation, baseline: Evaluation | None) -> None:
        say = self.stdout.write
        among = "the others" if evaluation.leave_one_out else f"{len(evaluation.gallery)} photos"
        say(
            f"{evaluation.model}: {len(evaluation.queries)} queries among {among} "
            f"of {evaluation.gallery_products} products, exact search"
        )
        if evaluation.left_out:
            say(f"{evaluation.left_out} more queries show a product that is not there, and are left out.")
        if evaluation.copies:
            say(f"{evaluation.copies} queries find their own file there, which flatters every figure: clean_images.")
        say(f"{'':10} {'':>7}  {'95 % interval':>15}" + (f"  {'colours':>7}" if baseline else ""))
        for i, figure in enumerate(evaluation.metrics):
            low, high = figure.interval
            beside = f"  {baseline.metrics[i].value:>7.1%}" if baseline else ""
            say(f"{figure.name:10} {figure.value:>7.1%}  {f'{low:.1%} – {high:.1%}':>15}{beside}")
        if baseline and baseline.recalls[1].value > evaluation.recalls[1].value:
            say("Colours alone find more: these photos are easy, or the model has learned too little.")
        if least := evaluation.min_score:
            say(
                f"min_score {least.score:.3f} keeps {least.kept:.0%} of the right best matches; at or above it "
                f"{least.precision:.0%} are right when every second shopper asks for what is not there."
            )
        for title, groups in (("Category", evaluation.categories), ("Worst products", evaluation.worst_products())):
            if groups:
                heads = "".join(f"{f'Recall@{k}':>11}" for k in evaluation.ks)
                say(f"\n{title:28} {'queries':>8}{heads}  mostly taken for")
            for group in groups:
                recall = "".join(f"{group.recall[k]:>11.1%}" for k in evaluation.ks)
                say(f"{group.name[:28]:28} {group.queries:>8}{recall}  {group.mistaken_for or ''}")

    def _print_loss_of_the_index(self, embedder: Embedder, k: int) -> None:
        try:
            share, asked = recall_of_the_index(ModelVersion.objects.get(version=embedder.version), k)
        except (ModelVersion.DoesNotExist, ValueError) as error:
            raise CommandError(f"The index cannot be measured: {error}") from error
        self.stdout.write(f"\nThe index finds {share:.2%} of the {k} products exact search finds ({asked} queries).")


def _check(options: dict[str, Any]) -> None:
    """Raises CommandError for what would fail only after the long work."""
    if not options["queries"] and not options["catalogue"]:
        raise CommandError("Give --queries PATH, --catalogue, or both.")
    if options["gallery"] and not options["queries"]:
        raise CommandError("Give --queries PATH to search the --gallery with.")
    if options["ann"] and not options["catalogue"]:
        raise CommandError("--ann measures the catalogue's index: give --catalogue as well.")
    if min(options["k"]) < 1:
        raise CommandError("--k takes whole numbers from 1 up.")
    for file in filter(None, (options["json"], options["report"])):
        if not file.parent.is_dir():
            raise CommandError(f"The folder {file.parent} does not exist.")


def _write_whole(file: Path, text: str) -> None:
    with whole(file) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _photos(options: dict[str, Any]) -> tuple[list[Photo], list[Photo] | None]:
    """The queries and the gallery; None: the queries search one another."""
    gallery = [photo for path in options["gallery"] or () for photo in read_photos(path)]
    if options["catalogue"]:
        gallery += photos_of_the_catalogue()
    if not options["queries"]:
        return gallery, None
    return read_photos(options["queries"]), gallery or None


def _embedder(model: str | None) -> Embedder:
    try:
        if model is None:
            active = ModelVersion.objects.active()
            if not active:
                raise CommandError("No model is active. Name one with --model.")
            return active.embedder()
        return load_embedder(model_directory(model))
    except ModelVersion.DoesNotExist as error:
        raise CommandError(f"There is no model {model}: give a version or a model's folder.") from error
    except DatabaseError as error:  # a fresh checkout: only a folder needs no database
        raise CommandError(
            "There is no database yet to look a model up in. Name a model's folder (with card.json) with --model, "
            "or run: manage.py migrate"
        ) from error
    except (FileNotFoundError, ModelMismatch, json.JSONDecodeError) as error:
        raise CommandError(f"The model cannot be loaded: {error}.") from error
