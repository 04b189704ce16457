"""A web process of our own that serves the database at hand, for benchmarks over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from django.conf import settings
from django.db import connection

READY_SECONDS = 60


@dataclass(frozen=True)
class WebProcess:
    port: int
    worker: psutil.Process  # the process that answers; its supervisor is its parent

    def peak(self) -> float:
        """Bytes: the most that was resident since it started."""
        with open(f"/proc/{self.worker.pid}/status") as status:  # noqa: PTH123 - not a file of ours
            kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024

    def decoders(self) -> int:
        """Bytes resident in its decoder processes now."""
        total = 0
        for child in self.worker.children():
            with suppress(psutil.Error):
                total += child.memory_info().rss
        return total


@contextmanager
def web_process(**environment: str) -> Iterator[WebProcess]:
    """Started with `environment` besides ours, and ready; stopped afterwards."""
    database, port = connection.settings_dict, _free_port()
    own = {
        "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SEARCH_RATE": "1000000/min",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "visualsearch.serving"]
    web = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env={**os.environ, **own, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _is_ready(port):
            if web.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The web process did not become ready.")
            time.sleep(0.05)
        children = psutil.Process(web.pid).children()
        yield WebProcess(port, max(children, key=lambda child: child.memory_info().rss))
    finally:
        web.terminate()
        web.wait()


def _is_ready(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/ready", timeout=5) as response:
        return bool(response.status == 200)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
