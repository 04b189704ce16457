"""docs/benchmarks.md from one JSON file: measurements beside their budgets and the reference engines, with plots."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
from django.db import connection

Figures = dict[str, Any]
PACKAGES = ("Django", "psycopg", "pgvector", "numpy", "onnxruntime", "faiss-cpu", "hnswlib", "usearch", "lancedb")


def read_figures(file: Path) -> Figures:
    return {"search": {}} | (json.loads(file.read_text()) if file.exists() else {})


def machine() -> dict[str, str]:
    """Processor, memory and versions of this run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'),"
            " (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')"
        )
        postgres, vector = cursor.fetchone() or ("?", "none")
    versions = [f"Python {platform.python_version()}", f"PostgreSQL {postgres}", f"pgvector {vector} (server)"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load": f"{os.getloadavg()[0]:.1f}",
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "versions": ", ".join(versions),
    }


def _processor() -> str:
    try:
        return re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[0]
    except (OSError, IndexError):
        return platform.machine()


def write_page(figures: Figures, out: Path) -> None:
    """The page, its plots in images/ beside it, and the JSON it was made from."""
    out.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
    plotted = _plots(figures, out.parent / "images")
    out.write_text(
        "\n".join([*_head(figures), *_budgets(figures), *_searches(figures, plotted), *_rest(figures)]) + "\n"
    )


def _head(figures: Figures) -> Iterator[str]:
    yield "# Benchmarks\n"
    yield "Written by `make bench` (`manage.py bench`) from [benchmarks.json](benchmarks.json): do not edit it.\n"
    yield "| measured | on | load then | with |\n| --- | --- | --- | --- |"
    for part in _parts(figures):
        where = part["machine"]
        yield (
            f"| `{part['command']}`, {where['date']} | {where['processor']}, {where['memory']} | {where['load']} "
            f"| {where['versions']} |"
        )
    yield ""


def _parts(figures: Figures) -> Iterator[Figures]:
    for size in sorted(figures["search"], key=int):
        yield figures["search"][size]
    for name in ("serve", "embed"):
        if name in figures:
            yield figures[name]


def _budgets(figures: Figures) -> Iterator[str]:
    yield "## Budgets\n"
    yield "| what | budget | measured | |\n| --- | --- | --- | --- |"
    serve, embed = (figures.get(name, {}).get("text", "") for name in ("serve", "embed"))
    whole = _number(r"photo -> JSON.*?([\d.]+) x the inference", serve)
    yield _budget("photo to results, 1,024 px, 100,000 photos", "at most 1.6 x bare inference", whole, 1.6, "x")
    keras = _number(r"Keras predict \+ NumPy.*?([\d.]+) x ours", serve)
    yield _budget("the same beside Keras predict + NumPy", "at least 5 x faster", keras, 5, "x", least=True)
    if million := figures["search"].get("1000000"):
        row = _ours(million, 1.0)
        yield _budget("search, 1,000,000 photos, K 20: p50", "at most 6 ms", row["p50"], 6, "ms")
        yield _budget("the same: recall@10", "at least .99", row["recall"], 0.99, "", least=True)
    else:
        yield _budget("search, 1,000,000 photos, K 20", "p50 6 ms, recall@10 .99", None, 0, "")
    for size in sorted(figures["search"], key=int):
        if int(size) < 100_000:
            continue
        filtered = [row for row in figures["search"][size]["rows"] if row["name"] == "ours" and row["share"] < 1]
        worst = max(filtered, key=lambda row: row["ratio"])
        what = f"filtered search, {int(size):,} photos, worst share ({100 * worst['share']:g} %): p95"
        yield _budget(what, "at most 4 x unfiltered", worst["ratio"], 4, "x")
        least = min(filtered, key=lambda row: row["recall"])
        what = f"the same, worst share ({100 * least['share']:g} %): recall@10"
        yield _budget(what, "at least .98", least["recall"], 0.98, "", least=True)
        found = all(row["k_found"] for row in filtered)
        yield f"| the same | K found whenever K exist | {'always' if found else 'not always'} | {_met(found)} |"
    share = _number(r"photos/s, ([\d.]+) of bare", embed)
    yield _budget("embedding a catalogue", "at least .85 of bare inference", share, 0.85, "", least=True)
    yield _budget("web process ready", "3 s", _number(r"ready in ([\d.]+) s", serve), 3, "s")
    yield _budget("web process with the model", "250 MB", _number(r"([\d.]+) MB resident", serve), 250, "MB")
    yield ""


def _budget(what: str, budget: str, measured: float | None, limit: float, unit: str, *, least: bool = False) -> str:
    if measured is None:
        return f"| {what} | {budget} | not measured | |"
    kept = measured >= limit if least else measured <= limit
    return f"| {what} | {budget} | {measured:.3g} {unit} | {_met(kept)} |"


def _met(kept: bool) -> str:
    return "met" if kept else "**missed**"


def _number(pattern: str, text: str) -> float | None:
    found = re.search(pattern, text, re.DOTALL)
    return float(found[1]) if found else None


def _ours(report: Figures, share: float) -> Figures:
    return next(row for row in report["rows"] if row["name"] == "ours" and row["share"] == share)


def _searches(figures: Figures, plotted: bool) -> Iterator[str]:
    sizes = sorted(figures["search"], key=int)
    if not sizes:
        return
    yield "## Searches, by size\n"
    yield "Random products (`search/benchmarks/synthetic_catalogue.py`), K = 20, one query after the other.\n"
    yield (
        "| photos | p50 ms | p95 ms | recall@10 | written in | index built in | index | table |\n" + "| --- " * 8 + "|"
    )
    for size in sizes:
        report = figures["search"][size]
        row = _ours(report, 1.0)
        yield (
            f"| {report['photos']:,} | {row['p50']:.2f} | {row['p95']:.2f} | {row['recall']:.3f} "
            f"| {report['write_seconds']:.0f} s | {report['build_seconds']:.1f} s "
            f"| {report['index_megabytes']:,.0f} MB | {report['table_megabytes']:,.0f} MB |"
        )
    if plotted:
        yield "\n![p50 of a search by photos in the catalogue, ours and other engines](images/benchmarks-size.png)"
        yield "![p95 of a filtered search by the share that passes](images/benchmarks-filters.png)"
    for size in sizes:
        report = figures["search"][size]
        yield f"\n### {report['photos']:,} photos\n"
        yield (
            f"{report['queries']} queries a row; HNSW {report['index']}, ef_search {report['ef_search']},"
            f" shared_buffers {report['shared_buffers']}. Ratio: p95 over the unfiltered p95 of ours.\n"
        )
        yield "| | pass | p50 ms | p95 ms | ratio | recall@10 | found | |\n" + "| --- " * 8 + "|"
        for row in report["rows"]:
            more = [f"built in {row['build_seconds']:.1f} s"] if "build_seconds" in row else []
            more += [f"{row['index_megabytes']:,.0f} MB"] if "index_megabytes" in row else []
            more += [f"{row['per_second']:.0f} searches/s"] if "per_second" in row else []
            rest = f"{row['recall']:.3f} | {row['found'][0]}..{row['found'][1]}"
            more += [f"{row['inserts_per_second']:.0f} inserts/s"] if "inserts_per_second" in row else []
            yield (
                f"| {row['name']} | {100 * row['share']:g} % | {row['p50']:.2f} | {row['p95']:.2f} "
                f"| {row['ratio']:.1f} | {rest} | {', '.join(more)} |"
            )
        yield from (f"\n{sentence}" for sentence in report["not_measured"])
    yield ""


def _rest(figures: Figures) -> Iterator[str]:
    for name, title in (("serve", "From photo to answer"), ("embed", "Embedding")):
        if name in figures:
            yield f"## {title}\n\n```\n{figures[name]['text'].rstrip()}\n```\n"


def _plots(figures: Figures, folder: Path) -> bool:
    """False if matplotlib, which serving does not need, is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    reports = [figures["search"][size] for size in sorted(figures["search"], key=int)]
    if not reports:
        return False
    folder.mkdir(exist_ok=True)
    by_size, by_share = Figure(figsize=(7, 4)), Figure(figsize=(7, 4))
    axes = by_size.subplots()
    lines: dict[str, list[tuple[int, float]]] = {}
    for report in reports:
        for row in report["rows"]:
            if row["share"] == 1 and "client" not in row["name"]:
                lines.setdefault(row["name"], []).append((report["photos"], row["p50"]))
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=name, linewidth=3 if name == "ours" else 1)
    axes.set(xscale="log", yscale="log", xlabel="photos", ylabel="p50, ms")
    axes.legend(fontsize=7)
    by_size.savefig(folder / "benchmarks-size.png", dpi=110, bbox_inches="tight")
    axes = by_share.subplots()
    for report in reports:
        rows = [row for row in report["rows"] if row["name"] == "ours"]
        axes.plot(
            [100 * row["share"] for row in rows],
            [row["ratio"] for row in rows],
            marker="o",
            label=f"{report['photos']:,} photos",
        )
    axes.axhline(4, linestyle="--", color="grey", label="budget")
    axes.set(xscale="log", xlabel="% of products pass", ylabel="p95, x unfiltered")
    axes.legend(fontsize=8)
    by_share.savefig(folder / "benchmarks-filters.png", dpi=110, bbox_inches="tight")
    return True
