"""Which processes of an embedded Postgres run."""

import time
from pathlib import Path

import psutil

STOP_SECONDS = 30


def postgres_of(var: Path) -> list[int]:
    """Process ids of the server in the VAR_DIR `var`."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and str(var) in " ".join(process.info["cmdline"] or ())
    ]


def wait_until_stopped(var: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while postgres_of(var):
        assert time.monotonic() < deadline, f"the server in {var} still runs"
        time.sleep(0.1)
