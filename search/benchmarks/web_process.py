"""A web process that serves the current database on loopback: for benchmarks and tests over HTTP."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
from django.conf import settings
from django.db import connection

from search.benchmarks.processes import peak_bytes

START_SECONDS = 60


class WebProcess:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def connect(self, timeout: float = 30) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """(status, headers, body). A `body` that is a generator is sent in chunks."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            client.request(method, path, body, headers or {})  # type: ignore[arg-type]
            response = client.getresponse()
            return response.status, response.headers, response.read()
        finally:
            client.close()

    def wait_for(self, path: str) -> None:
        """Until `path` is answered with 200. Raises RuntimeError if the process ends before, or after START_SECONDS."""
        deadline = time.monotonic() + START_SECONDS
        while not self._is_answered(path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The web process did not answer {path}.")
            time.sleep(0.05)

    def _is_answered(self, path: str) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self.request("GET", path)[0] == 200
        return False

    @property
    def worker(self) -> psutil.Process:
        """The process that answers requests; `process` is its supervisor."""
        children = psutil.Process(self.process.pid).children()
        return max(children, key=lambda child: child.memory_info().rss)

    def peak_memory(self) -> int:
        """Bytes: the most that was resident in the worker since it started."""
        return peak_bytes(self.worker.pid)

    def memory_of_all(self) -> tuple[int, int]:
        """Bytes resident now: (in supervisor, worker and decoders, in the decoders alone). Shared pages count once."""
        supervisor, worker = psutil.Process(self.process.pid), self.worker
        decoders = sum(proportional_bytes(child) for child in worker.children())
        return proportional_bytes(supervisor) + proportional_bytes(worker) + decoders, decoders


def proportional_bytes(process: psutil.Process) -> int:
    """Resident bytes of a process, of shared pages its part (PSS); 0 when it has ended."""
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


@contextmanager
def web_process(**environment: str) -> Iterator[WebProcess]:
    """Started with `environment` added to this process's own, and live; killed afterwards, with its children."""
    port = free_port()
    own = {
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SEARCH_RATE": "1000000/min",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "visualsearch.serving"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **own, **environment},
        start_new_session=True,
    )
    try:
        web = WebProcess(port, process)
        web.wait_for("/healthz/live")
        yield web
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def database_url(host: str | None = None) -> str:
    """DATABASE_URL of the current database; through the socket in the directory `host`, if given."""
    database = connection.settings_dict
    return f"postgres://{database['USER']}@/{database['NAME']}?host={host or database['HOST']}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
