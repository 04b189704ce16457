"""A search by photo on the command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ml.images import UnreadablePhoto
from search.models import Query
from search.query import NoActiveModel, answer, create_query


class Command(BaseCommand):
    help = "Find the products that look like PHOTO."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("photo", type=Path)
        parser.add_argument("-k", type=int, default=10, help="how many products (default 10)")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["k"] < 1:
            raise CommandError("-k must be at least 1.")
        try:
            query = create_query([options["photo"]], source=Query.Source.COMMAND)
            results = answer(query, k=options["k"])
        except NoActiveModel as error:
            raise CommandError("No model is active. Run: manage.py activate_model VERSION") from error
        except UnreadablePhoto as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            found = [
                {"score": round(result.score, 4), "sku": result.product.sku, "title": result.product.title}
                for result in results
            ]
            document = {
                "query": str(query.pk),
                "model": query.model.version,
                "took_ms": query.took_ms,
                "results": found,
            }
            self.stdout.write(json.dumps(document, indent=2))
            return
        for rank, result in enumerate(results, 1):
            self.stdout.write(f"{rank:>3}  {result.score:6.3f}  {result.product.sku:<20} {result.product.title}")
        if not results:
            self.stdout.write("Nothing is embedded yet: is the worker running? (embed_images --now does it here)")
