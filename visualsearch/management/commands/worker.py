"""The worker process: django-q's cluster, which also stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from catalog.processes import die_with_parent
from search import trainings
from visualsearch.queue import NOTES, hand_back

RESTART_SECONDS = 30.0  # between two starts of the trainer, should it end by itself
STOP_SECONDS = 2.0  # a task that takes longer is handed back, and another worker does it again


class Command(BaseCommand):
    help = "Work on background tasks until SIGTERM or Ctrl-C; then stop within seconds and hand back what is not done."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """django-q's processes are a session of their own: a signal to our process group would kill the ones that the
        others wait for while they stop. We pass it on to the first of them alone."""
        with suppress(DatabaseError):
            connection.ensure_connection()  # now: at the end there is no time for it
        with tempfile.NamedTemporaryFile(prefix="visualsearch-tasks-") as notes:
            cluster = subprocess.Popen(
                [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
                env={**os.environ, NOTES: notes.name},
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
            trainer, started = _start_trainer(), time.monotonic()
            stopping = False

            def stop(number: int, frame: FrameType | None) -> None:
                nonlocal stopping
                stopping = True
                for process in filter(None, (cluster, trainer)):
                    with suppress(ProcessLookupError):
                        process.send_signal(signal.SIGTERM)

            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, stop)
            deadline = None
            while cluster.poll() is None:
                time.sleep(0.1)
                if (
                    trainer
                    and not stopping
                    and trainer.poll() is not None
                    and time.monotonic() > started + RESTART_SECONDS
                ):
                    trainer, started = _start_trainer(), time.monotonic()
                if stopping and deadline is None:
                    deadline = time.monotonic() + STOP_SECONDS
                if deadline is not None and time.monotonic() > deadline:
                    break
            with suppress(ProcessLookupError):
                os.killpg(cluster.pid, signal.SIGKILL)  # also where it ended by itself: it may have left children
            cluster.wait()
            if trainer:
                trainer.kill()  # what it trains dies with it, and goes on from its last epoch
                trainer.wait()
            with suppress(DatabaseError):  # then they come back by themselves, after Q_RETRY seconds
                if tasks := hand_back(Path(notes.name)):
                    self.stderr.write(f"Handed back what was not finished: {tasks} of the tasks.")
        self.stderr.flush()
        os._exit(0 if stopping else cluster.returncode or 1)  # nothing is left to tidy up, and who stops us is waiting


def _start_trainer() -> subprocess.Popen[bytes] | None:
    """Where training's packages are installed, a worker also trains what staff ask for, in a process of its own."""
    if not trainings.can_train_here():
        return None
    return subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "trainer"],
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
