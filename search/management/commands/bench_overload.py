"""What the web process does under more than it can do: stalled connections, too many clients, costly pictures."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from ml.models import ModelVersion
from search.benchmarks.photos import hostile_photos, ordinary_photo
from search.benchmarks.scratch_database import scratch_database
from search.benchmarks.synthetic_catalogue import fill_with_random_products
from search.benchmarks.web_process import WebProcess, web_process
from search.indexing.rollout import build_index

UNLOADED = 60  # searches, one after the other
STALLED = 500  # connections
BOUNDARY = "visualsearch"


class Command(BaseCommand):
    help = (
        "Measure a web process on a scratch database with 500 stalled connections, with more clients than it can serve"
        " (160), and under pictures that cost much to decode. Budgets: health under 100 ms; 503 with Retry-After at"
        " once, accepted searches' p95 at most 4 x unloaded; 400 MB."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--photos", type=int, default=20_000, help="embeddings in the catalogue (default 20,000)")
        parser.add_argument("--clients", type=int, nargs="+", default=[160], help="at once, for each a run (160)")
        parser.add_argument("--seconds", type=int, default=20, help="of each of these runs (20)")
        parser.add_argument("--hostile", type=Path, help="a folder of further costly pictures")
        parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="leave others out")
        parser.add_argument("--json", type=Path, help="write the figures to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        figures: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "load_before": os.getloadavg()[0]}
        with scratch_database():
            model = ModelVersion.objects.active()
            if model is None:
                raise CommandError("There is no bundled model to measure.")
            fill_with_random_products(model, options["photos"] // 2)
            build_index(model)
            search = request_of(ordinary_photo())
            with web_process(LOG_LEVEL="CRITICAL") as web:
                web.wait_for("/healthz/ready")
                figures["unloaded"] = unloaded = asyncio.run(one_by_one(web, search))
                self._tell("one search at a time", unloaded)
                if "stalled" in options["parts"]:
                    figures["stalled"] = asyncio.run(with_stalled_connections(web, search))
                    self._tell(f"{STALLED} connections stall", figures["stalled"])
                for clients in options["clients"] if "load" in options["parts"] else []:
                    found = asyncio.run(under_load(web, search, clients, options["seconds"]))
                    found["p95_to_unloaded"] = round(found["accepted_p95_ms"] / unloaded["p95_ms"], 2)
                    figures[f"clients_{clients}"] = found
                    self._tell(f"{clients} clients", found)
            if "memory" in options["parts"]:
                pictures = dict(hostile_photos(options["hostile"]))
                for name, environment in MEMORY.items():
                    with web_process(LOG_LEVEL="CRITICAL", **environment) as web:
                        web.wait_for("/healthz/ready")
                        figures[name] = asyncio.run(under_hostile_photos(web, pictures))
                    self._tell(f"{name}: {len(pictures)} costly pictures, each alone and four at once", figures[name])
        if options["json"]:
            options["json"].write_text(json.dumps(figures, indent=2))

    def _tell(self, what: str, figures: dict[str, Any]) -> None:
        self.stdout.write(f"{what}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))


PARTS = ["stalled", "load", "memory"]
# What the settings become in a container of 512 MB with two cores, besides what they are here.
MEMORY = {"hostile": {}, "hostile_512_mb": {"PHOTO_MEMORY": str(512 * 2**20 // 3), "PHOTO_DECODERS": "2"}}


@dataclass
class Times:
    """Milliseconds."""

    taken: list[float] = field(default_factory=list)

    def summary(self, name: str) -> dict[str, Any]:
        if not self.taken:
            return {}
        p50, p95 = np.percentile(self.taken, [50, 95])
        return {f"{name}p50_ms": round(p50, 1), f"{name}p95_ms": round(p95, 1), f"{name}max_ms": round(max(self.taken))}


def request_of(photo: bytes) -> bytes:
    """POST /api/v1/search/ as it goes over the wire, one request a connection."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="p.jpg"\r\n\r\n'.encode()
    body = head + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    start = (
        "POST /api/v1/search/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return start.encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


async def exchange(web: WebProcess, request: bytes, times: Times | None = None) -> tuple[int, bytes]:
    """(status, head of the answer); its time, from connecting to the last byte, is added to `times`."""
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    try:
        writer.write(request)
        answer = await reader.read(-1)
    finally:
        writer.close()
    if times is not None:
        times.taken.append((time.perf_counter() - started) * 1000)
    head = answer.partition(b"\r\n\r\n")[0]
    return int(head.split(b" ", 2)[1]), head.lower()


async def one_by_one(web: WebProcess, search: bytes) -> dict[str, Any]:
    times = Times()
    for number in range(UNLOADED + 5):
        status, head = await exchange(web, search, times if number >= 5 else None)
        if status != 200:
            raise CommandError(f"A search failed: {head!r}")
    return times.summary("")


async def with_stalled_connections(web: WebProcess, search: bytes) -> dict[str, Any]:
    """Half of them announce a photo and send its first bytes, half of them never finish their head."""
    stalled = []
    for number in range(STALLED):
        reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
        writer.write(search[:1000] if number % 2 else b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow")
        await writer.drain()
        stalled.append((reader, writer))
    health, searches = Times(), Times()
    for _ in range(20):
        await exchange(web, get("/healthz/live"), health)
        await exchange(web, get("/healthz/ready"), health)
        status, head = await exchange(web, search, searches)
        if status != 200:
            raise CommandError(f"A search failed: {head!r}")
    for _reader, writer in stalled:
        writer.close()
    return {**health.summary("health_"), **searches.summary("search_")}


async def under_load(web: WebProcess, search: bytes, clients: int, seconds: int) -> dict[str, Any]:
    """Each client searches again as soon as it has its answer, or when Retry-After says so."""
    accepted, refused, health = Times(), Times(), Times()
    untold = failed = 0
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal untold, failed
        while time.perf_counter() < end:
            took = Times()
            try:
                status, head = await exchange(web, search, took)
            except (OSError, IndexError):
                failed += 1
                continue
            if status == 200:
                accepted.taken += took.taken
            elif status == 503:
                refused.taken += took.taken
                _, told, after = head.partition(b"retry-after: ")
                untold += not told
                await asyncio.sleep(int(after.split(b"\r")[0] or 1) if told else 1)
            else:
                failed += 1

    async def prober() -> None:
        while time.perf_counter() < end:
            for path in ("/healthz/live", "/healthz/ready"):
                await exchange(web, get(path), health)
            await asyncio.sleep(0.1)

    started = time.perf_counter()
    await asyncio.gather(prober(), *(client() for _ in range(clients)))
    took = time.perf_counter() - started
    return {
        "accepted": len(accepted.taken),
        "accepted_per_second": round(len(accepted.taken) / took, 1),
        **accepted.summary("accepted_"),
        "refused": len(refused.taken),
        **refused.summary("refused_"),
        "refused_without_retry_after": untold,
        "failed": failed,
        **health.summary("health_"),
    }


async def under_hostile_photos(web: WebProcess, pictures: dict[str, bytes]) -> dict[str, Any]:
    """Each by itself and then all of them, four at a time."""
    before, statuses, slowest, done = web.peak_memory(), Counter[int](), (0.0, ""), False
    whole = decoders = 0
    health = Times()

    async def watch() -> None:
        nonlocal whole, decoders
        while not done:
            now = web.memory_of_all()
            whole, decoders = max(whole, now[0]), max(decoders, now[1])
            await exchange(web, get("/healthz/live"), health)
            await asyncio.sleep(0.05)

    async def send(name: str) -> None:
        nonlocal slowest
        times = Times()
        with suppress(ConnectionError):  # of a body that is refused by its length
            status, _head = await exchange(web, request_of(pictures[name]), times)
            statuses[status] += 1
            slowest = max(slowest, (times.taken[0], name))

    watching = asyncio.create_task(watch())
    for name in pictures:
        await send(name)
    for four in _in_fours(list(pictures)):
        await asyncio.gather(*(send(name) for name in four))
    done = True
    await watching
    return {
        "statuses": dict(sorted(statuses.items())),
        "peak_mb_before": round(before / 1e6),
        "peak_mb": round(web.peak_memory() / 1e6),
        "decoders_peak_mb": round(decoders / 1e6),
        "all_processes_peak_mb": round(whole / 1e6),
        "slowest": f"{slowest[0]:.0f} ms, {slowest[1]}",
        **health.summary("health_"),
    }


def _in_fours(names: list[str]) -> Iterator[tuple[str, ...]]:
    """Each beside itself, and each beside three others."""
    for name in names:
        yield (name,) * 4
    for start in range(0, len(names), 4):
        yield tuple(itertools.islice(names, start, start + 4))
