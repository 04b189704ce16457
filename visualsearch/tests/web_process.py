"""A real web process on the test database, on loopback."""

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
from pathlib import Path

from django.conf import settings
from django.db import connection

START_SECONDS = 60


class Web:
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

    def is_alive(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/healthz/live")[0] == 200
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url(host: str) -> str:
    """Of the test database, reached through the socket in the directory `host`."""
    database = connection.settings_dict
    return f"postgres://{database['USER']}@/{database['NAME']}?host={host}"


@contextmanager
def web_process(var_dir: Path, **environment: str) -> Iterator[Web]:
    """Waits until it answers; gone afterwards, with its children."""
    database, port = connection.settings_dict, free_port()
    own = {
        "VAR_DIR": str(var_dir),
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(str(database["HOST"])),
        "PORT": str(port),
        "SEARCH_RATE": "10000/min",
    }
    command = [sys.executable, "-m", "visualsearch.serving"]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env={**os.environ, **own, **environment}, start_new_session=True
    )
    web = Web(port, process)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not web.is_alive():
            assert process.poll() is None, "the web process ended"
            assert time.monotonic() < deadline, "the web process does not answer"
            time.sleep(0.1)
        yield web
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
