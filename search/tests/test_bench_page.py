"""`manage.py bench` as an operator runs it, at a tiny size: the page it writes, and the budgets on it."""

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from search.benchmarks.page import write_page

WHERE = {"processor": "2 cores", "memory": "8 GiB", "load": "0.1", "date": "2026-01-01 10:00", "versions": "all"}


def row(name, share, **more):
    return {"name": name, "share": share, "p50": 5.0, "p95": 8.0, "ratio": 1.0, "recall": 0.995, "found": [20, 20],
            "k_found": True} | more  # fmt: skip


def figures(*rows, photos=1_000_000, serve=""):
    report = {"photos": photos, "write_seconds": 1, "build_seconds": 2, "index_megabytes": 3, "table_megabytes": 4,
              "index": "m = 16", "ef_search": "100", "shared_buffers": "1GB", "queries": 9, "rows": list(rows),
              "not_measured": ["faiss is not installed: not measured."],
              "command": "bench_search", "machine": WHERE}  # fmt: skip
    return {"search": {str(photos): report}, "serve": {"text": serve, "command": "bench_serve", "machine": WHERE}}


def test_each_budget_is_met_or_missed_by_what_was_measured(tmp_path):
    serve = "photo -> JSON, in process  20.0 ms  1.50 x the inference\nready in 4.5 s (budget 3), 200 MB resident"
    write_page(figures(row("ours", 1.0), row("ours", 0.1, ratio=4.5, p95=36.0), serve=serve), tmp_path / "b.md")
    page = (tmp_path / "b.md").read_text()
    assert "p50 | at most 6 ms | 5 ms | met |" in page
    assert "worst share (10 %): p95 | at most 4 x unfiltered | 4.5 x | **missed** |" in page
    assert "at most 1.6 x bare inference | 1.5 x | met |" in page
    assert "| web process ready | 3 s | 4.5 s | **missed** |" in page
    assert "| embedding a catalogue | at least .85 of bare inference | not measured | |" in page
    assert "faiss is not installed: not measured." in page
    assert (tmp_path / "images" / "benchmarks-size.png").exists()


def test_the_page_keeps_the_sizes_that_were_measured_before(tmp_path):
    page = tmp_path / "benchmarks.md"
    write_page(figures(row("ours", 1.0), row("ours", 0.1)), page)
    command = [
        sys.executable,
        "manage.py",
        "bench",
        "--photos",
        "200",
        "--queries",
        "3",
        "--only",
        "search",
        "--out",
        page,
    ]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert set(json.loads((tmp_path / "benchmarks.json").read_text())["search"]) == {"200", "1000000"}
    text = page.read_text()
    assert "`bench_search --photos 200 --queries 3`" in text and "### 1,000,000 photos" in text
    assert "PostgreSQL 1" in text and "pgvector" in text
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.django_db(transaction=True)
def test_the_benchmark_of_staff_pages_asks_for_each_at_a_tiny_size():
    out = StringIO()
    call_command("bench_admin", products=120, rounds=1, stdout=out)
    assert "photos to look at" in out.getvalue()
