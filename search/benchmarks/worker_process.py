"""A worker of our own on the database at hand, for benchmarks of what happens in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from django.conf import settings

from search.benchmarks.processes import peak_bytes
from search.benchmarks.web_process import database_url


class WorkerProcess:
    def __init__(self, cluster: subprocess.Popen[bytes]) -> None:
        self.cluster = cluster
        self.most = 0

    def peak(self) -> int:
        """Bytes: the most that was resident so far in the one process that took most, which is the one at the tasks."""
        for process in psutil.Process(self.cluster.pid).children(recursive=True):
            with suppress(psutil.Error, OSError, StopIteration):
                self.most = max(self.most, peak_bytes(process.pid))
        return self.most

    @property
    def has_ended(self) -> bool:
        return self.cluster.poll() is not None


@contextmanager
def worker_process(var_dir: Path) -> Iterator[WorkerProcess]:
    """A cluster with one worker, its files in `var_dir`; killed afterwards."""
    own = {
        "DATABASE_URL": database_url(),
        "VAR_DIR": str(var_dir),
        "SECRET_KEY": settings.SECRET_KEY,  # tasks are signed
        "Q_WORKERS": "1",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    cluster = subprocess.Popen(
        command, env={**os.environ, **own}, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield WorkerProcess(cluster)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait()
