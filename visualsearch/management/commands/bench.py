"""Run the benchmarks and write their page: docs/benchmarks.md, with a JSON of the figures beside it."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from search.benchmarks.page import machine, read_figures, write_page


class Command(BaseCommand):
    help = (
        "Measure searches at several sizes, a photo's way to the answer, and embedding, each in a process of its own,"
        " and write the page. Sizes that were measured before stay on it until they are measured anew."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--photos", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
        parser.add_argument("--queries", type=int, default=200)
        parser.add_argument(
            "--only", nargs="+", choices=["search", "serve", "embed"], default=["search", "serve", "embed"]
        )
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs" / "benchmarks.md", metavar="PAGE")

    def handle(self, *args: Any, photos: list[int], queries: int, only: list[str], out: Path, **options: Any) -> None:
        file = out.with_suffix(".json")
        figures = read_figures(file)
        for size in photos if "search" in only else []:
            part = out.with_suffix(f".{size}.part")
            command = ["bench_search", "--photos", str(size), "--queries", str(queries)]
            try:
                text = self._run(*command, "--json", str(part))
                report = json.loads(part.read_text())
            finally:
                part.unlink(missing_ok=True)
            figures["search"][str(size)] = report | {"command": " ".join(command), "text": text, "machine": machine()}
            write_page(figures, out)
        for name in ("serve", "embed"):
            if name in only:
                command = [f"bench_{name}"] + (["--photos", str(min(max(photos), 100_000))] if name == "serve" else [])
                text = self._run(*command)
                figures[name] = {"command": " ".join(command), "text": text, "machine": machine()}
                write_page(figures, out)
        self.stdout.write(f"Written: {out} and {file} (Python {platform.python_version()}).")

    def _run(self, *arguments: str) -> str:
        """What the benchmark prints; it is shown as it comes. Ends it when we are ended."""
        process = subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments], stdout=subprocess.PIPE, text=True
        )
        lines = []
        try:
            assert process.stdout
            for line in process.stdout:
                self.stdout.write(line, ending="")
                lines.append(line)
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
        if process.returncode:
            sys.exit(process.returncode)
        return "".join(lines)
