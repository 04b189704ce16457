"""How fast the search by words is in a large catalogue: each kind of question, and the suggestions while typing."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand
from django.db import connection

from catalog.models import Category, Product
from catalog.text_search import collect_search_words, find_products, suggest
from search.benchmarks.scratch_database import scratch_database

PER_PAGE = 24
VOCABULARY = 20_000  # words; a shop's titles use its frequent ones most (Zipf)
SYLLABLES = [consonant + vowel for consonant in "bcdfglmnprst" for vowel in "aeio"]
BATCH = 5000


class Command(BaseCommand):
    help = "Fill a scratch database with products of random words and measure text search. Your data is not touched."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--products", type=int, default=100_000, help="products (default 100,000)")
        parser.add_argument("--queries", type=int, default=200, help="searches a row (default 200)")

    def handle(self, *args: Any, **options: Any) -> None:
        random = np.random.default_rng(7)
        with scratch_database(options["products"]):
            titles = _fill(random, options["products"])
            count = collect_search_words()
            self.stdout.write(
                f"{options['products']:,} products, {count:,} different words; {options['queries']} searches a row, one"
                f" after the other; ms are of the whole call from Python, the {PER_PAGE} best products read."
            )
            self._measure(random, titles, options["queries"])

    def _measure(self, random: np.random.Generator, titles: list[str], queries: int) -> None:
        row = "{:<30} {:>8} {:>8} {:>8}".format
        self.stdout.write(row("", "p50 ms", "p95 ms", "found"))
        everything: list[float] = []
        for name, question in QUESTIONS.items():
            search = _suggestions if name.startswith("suggestions") else _first_page
            search(question(random, 0, titles[0].split()))
            milliseconds, found = [], 0
            for number in random.integers(len(titles), size=queries):
                text = question(random, int(number), titles[number].split())
                started = time.perf_counter()
                found += search(text) > 0
                milliseconds.append((time.perf_counter() - started) * 1000)
            everything += milliseconds
            p50, p95 = np.percentile(milliseconds, [50, 95])
            self.stdout.write(row(name, f"{p50:.1f}", f"{p95:.1f}", f"{found / queries:.2f}"))
        p50, p95 = np.percentile(everything, [50, 95])
        self.stdout.write(row("all", f"{p50:.1f}", f"{p95:.1f}", ""))


def _first_page(text: str) -> int:
    return len(list(find_products(text).products[:PER_PAGE]))


def _suggestions(text: str) -> int:
    return len(suggest(text).products)


def _typo(random: np.random.Generator, word: str) -> str:
    at = int(random.integers(1, len(word) - 1))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


Question = Callable[[np.random.Generator, int, list[str]], str]
QUESTIONS: dict[str, Question] = {
    "one word": lambda random, number, words: words[0],
    "two words": lambda random, number, words: f"{words[0]} {words[1]}",
    "plural": lambda random, number, words: f"{words[1]}s",
    "unfinished word": lambda random, number, words: words[2][:5],
    "typo": lambda random, number, words: _typo(random, words[1]),
    "SKU without its dash": lambda random, number, words: f"word{number}",
    "two words and a typo": lambda random, number, words: f"{words[0]} {_typo(random, words[2])}",
    "suggestions, 3 letters": lambda random, number, words: words[0][:3],
    "suggestions, word and 2 letters": lambda random, number, words: f"{words[0]} {words[1][:2]}",
}


def _fill(random: np.random.Generator, products: int) -> list[str]:
    """Write the products; their titles, of four words each."""
    vocabulary = ["".join(random.choice(SYLLABLES, size=random.integers(3, 6))) for _ in range(VOCABULARY)]
    categories = [Category.objects.named(f"Department {number}") for number in range(50)]
    numbers = np.minimum(
        random.zipf(1.3, size=(products, 24)) - 1 + random.integers(3, size=(products, 24)), VOCABULARY - 1
    )
    titles = []
    for start in range(0, products, BATCH):
        batch = []
        for number in range(start, min(start + BATCH, products)):
            words = [vocabulary[index] for index in numbers[number]]
            titles.append(" ".join(words[:4]))
            batch.append(
                Product(
                    sku=f"word-{number}", title=titles[-1], description=" ".join(words[4:]), price=number % 500,
                    category=categories[number % len(categories)], attributes={"material": words[4]},
                )
            )  # fmt: skip
        Product.objects.bulk_create(batch)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE catalog_product")  # also empties the index's list of pending entries
    return titles
