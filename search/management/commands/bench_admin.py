"""How long staff wait for the pages of a large catalogue, on the server's side: list, search, filters, form, pairs."""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import Product, ProductImage
from search.benchmarks.scratch_database import bench_model, scratch_database
from search.benchmarks.synthetic_catalogue import fill_with_random_products
from search.indexing.rollout import index_name
from search.models import Embedding

LIST = reverse("admin:catalog_product_changelist")
PAIRS = reverse("admin:search_photopair_changelist")

# Every fiftieth photo and its neighbour in the table: what comparing them all might leave.
ALIKE = """
INSERT INTO search_photopair (first_id, second_id, first_sha256, second_sha256, model_id, score)
SELECT first.id, second.id, first.sha256, second.sha256, %(model)s, 0.99
FROM catalog_productimage AS first JOIN catalog_productimage AS second ON second.id = first.id + 1
WHERE first.id %% 50 = 0
"""


class Command(BaseCommand):
    help = "Fill a scratch database with random products and measure staff pages in it. Your own data is not touched."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--products", type=int, default=100_000)
        parser.add_argument("--rounds", type=int, default=9, help="requests a row (default 9)")

    def handle(self, *args: Any, products: int, rounds: int, **options: Any) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)  # pages are served as in production
        with scratch_database(2 * products):
            model = bench_model()
            model.make_active()
            with connection.cursor() as cursor:  # no page here asks it, and filling it takes most of the time
                cursor.execute(f"DROP INDEX IF EXISTS {index_name(model)}")
            fill_with_random_products(model, products)
            newest = ProductImage.objects.order_by("-pk").values("pk")
            Embedding.objects.filter(image__in=newest[: products // 100]).delete()
            ProductImage.objects.filter(pk__in=newest[: products // 500]).update(error="This photo is cut off.")
            with connection.cursor() as cursor:
                cursor.execute(ALIKE, {"model": model.pk})
                cursor.execute("VACUUM ANALYZE")  # as autovacuum does to a shop within minutes
            self.stdout.write(f"{products:,} products, {ProductImage.objects.count():,} photos; median of {rounds}.")
            self.stdout.write(f"{'milliseconds':<32}{'all':>8}{'Python':>10}{'SQL':>10}{'queries':>9}")
            client = Client(SERVER_NAME="localhost")
            client.force_login(User.objects.create_superuser("bench"))
            some = Product.objects.order_by("pk")[products // 2]
            for name, url, query in (
                ("list", LIST, {}),
                ("list, last page", LIST, {"p": str(products // 50)}),
                ("list by price", LIST, {"o": "4"}),
                ("search: start of a SKU", LIST, {"q": "synthetic-123"}),
                ("search: a rare word", LIST, {"q": some.title.split()[-1]}),
                ("search: a word of all products", LIST, {"q": "product"}),
                ("filter: category", LIST, {"category": "category-3"}),
                ("filter: ready", LIST, {"indexing_status": "ready"}),
                ("filter: waiting", LIST, {"indexing_status": "waiting"}),
                ("filter: failed", LIST, {"indexing_status": "failed"}),
                ("filter: without photos", LIST, {"photos": "none"}),
                ("form", reverse("admin:catalog_product_change", args=[some.pk]), {}),
                ("photos to look at", PAIRS, {"show": "products"}),
                ("first page", reverse("admin:index"), {}),
            ):
                self._measure(client, name, url, query, rounds)

    def _measure(self, client: Client, name: str, url: str, query: dict[str, str], rounds: int) -> None:
        walls, cpus = [], []
        for _ in range(rounds + 1):  # the first warms up
            wall, cpu = time.perf_counter(), time.process_time()
            assert client.get(url, query).status_code == 200
            walls.append((time.perf_counter() - wall) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
        with CaptureQueriesContext(connection) as captured:
            client.get(url, query)
        in_sql = sum(float(query["time"]) for query in captured.captured_queries) * 1000
        wall, cpu = statistics.median(walls[1:]), statistics.median(cpus[1:])
        self.stdout.write(f"{name:<32}{wall:8.0f}{cpu:10.0f}{in_sql:10.0f}{len(captured):9}")
