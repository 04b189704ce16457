"""A real qcluster in its own process, on the test's database and directories."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from search.benchmarks.web_process import database_url

Worker = subprocess.Popen


@contextmanager
def workers(var_dir: Path, timeout: int = 3) -> Iterator[Callable[[], Worker]]:
    """start() -> a worker whose tasks may take `timeout` seconds; a task lost with it is handed out a second later."""
    environment = {
        **os.environ,
        "VAR_DIR": str(var_dir),
        "SECRET_KEY": settings.SECRET_KEY,  # tasks are signed
        "DATABASE_URL": database_url(),
        "Q_TIMEOUT": str(timeout),
        "Q_RETRY": str(timeout + 1),
    }
    started: list[Worker] = []

    def start() -> Worker:
        command = [sys.executable, "manage.py", "qcluster"]
        started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True))
        return started[-1]

    try:
        yield start
    finally:
        for worker in started:
            kill(worker)


def run_until_it_ends(command: list[str], var_dir: Path) -> int:
    """The exit status of `command` on the test database; of a process that was killed, the signal, negative."""
    environment = {
        **os.environ,
        "VAR_DIR": str(var_dir),
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "visualsearch.settings",
        "DATABASE_URL": database_url(),
    }
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment).returncode


def kill(worker: Worker) -> None:
    """SIGKILL to the cluster and all its children, at once."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
